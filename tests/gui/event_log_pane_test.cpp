#include "gui/event_log_pane.h"

#include <gmock/gmock.h>

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QTableView>

#include "gui/scenario_folder.h"

namespace firebreak::gui {
namespace {

using base::Category;
using base::Code;
using testing::HasSubstr;

class EventLogPaneTest : public ScenarioFolder {
  protected:
    EventLogPaneTest() : desk_(places()), pane_(desk_) {
        pane_.resize(800, 300);
        pane_.show();
    }
    template <class Widget>
    Widget* child(const char* name) {
        auto* out = pane_.findChild<Widget*>(name);
        EXPECT_NE(out, nullptr) << name;
        return out;
    }
    QTableView* table() { return child<QTableView>("event_table"); }
    std::string status() { return child<QLabel>("event_status")->text().toStdString(); }
    int rows() const { return pane_.model().rowCount(); }
    // Events of a fleet of two groups of 1,000, without an engine.
    void give(uint64_t first, uint64_t count, uint64_t left_out = 0) {
        bridge::RunUpdate update;
        if (first == 0) {
            desk_.store().begin(1);
            auto header = std::make_shared<record::Header>();
            header->groups = {{"near", "internal", 1000, 1}, {"far", "public", 1000, 1}};
            update.header = header;
        }
        update.run = 1;
        for (uint64_t i = first; i < first + count; ++i) {
            const bool crash = i % 10 == 0;
            update.events.push_back({{static_cast<int64_t>(i)},
                                     static_cast<uint32_t>(i % 2000),
                                     crash ? Category::kCrash : Category::kInstalled,
                                     crash ? Code::kKilledBySignal : Code::kNone});
        }
        update.at = {static_cast<int64_t>(first + count)};
        update.events_left_out = left_out;
        desk_.store().apply(update);
    }
    bool at_the_end() {
        return table()->verticalScrollBar()->value() == table()->verticalScrollBar()->maximum();
    }

    Desk desk_;
    EventLogPane pane_;
};

TEST_F(EventLogPaneTest, ShowsTheEventsOfARealRun) {
    EXPECT_TRUE(child<QLabel>("event_empty")->isVisible());
    EXPECT_THAT(child<QLabel>("event_empty")->text().toStdString(), HasSubstr("press Enter"));
    ASSERT_TRUE(run_to_end(desk_, "fast/bad.toml"));
    ASSERT_TRUE(wait_for([&] { return pane_.model().all() == desk_.store().events().size(); }));
    EXPECT_GT(pane_.model().count(Category::kFalsePositive), 0U);
    EXPECT_TRUE(table()->isVisible());
    EXPECT_EQ(pane_.model().index(0, 2).data().toString(), "public");
}

TEST_F(EventLogPaneTest, FollowsTheNewestUntilSomebodyScrollsAway) {
    EXPECT_TRUE(child<QCheckBox>("event_follow")->isChecked());
    give(0, 500);
    ASSERT_TRUE(wait_for([&] { return rows() == 500 && at_the_end(); }));
    give(500, 500);
    ASSERT_TRUE(wait_for([&] { return rows() == 1000 && at_the_end(); }));
    table()->verticalScrollBar()->setValue(10);
    EXPECT_FALSE(child<QCheckBox>("event_follow")->isChecked());
    give(1000, 500);
    ASSERT_TRUE(wait_for([&] { return rows() == 1500; }));
    EXPECT_EQ(table()->verticalScrollBar()->value(), 10);
    QTest::mouseClick(child<QCheckBox>("event_follow"), Qt::LeftButton, {},
                      QPoint(8, child<QCheckBox>("event_follow")->height() / 2));
    EXPECT_TRUE(at_the_end());
}

TEST_F(EventLogPaneTest, FiltersByWordsAndSaysHowManyAreLeft) {
    give(0, 1000, 70);
    ASSERT_TRUE(wait_for([&] { return rows() == 1000; }));
    EXPECT_THAT(status(), HasSubstr("1,000 events"));
    EXPECT_THAT(status(), HasSubstr("70 more were left out"));
    pane_.focus_filter();
    QTest::keyClicks(child<QLineEdit>("event_filter"), "crash");
    ASSERT_TRUE(wait_for([&] { return rows() == 100; }));
    EXPECT_THAT(status(), HasSubstr("100 of 1,000 events"));
    QTest::keyClicks(child<QLineEdit>("event_filter"), " nothing");
    ASSERT_TRUE(wait_for([&] { return child<QLabel>("event_empty")->isVisible(); }));
    QTest::mouseClick(child<QPushButton>("event_clear"), Qt::LeftButton);
    EXPECT_EQ(rows(), 1000);
    EXPECT_TRUE(table()->isVisible());
}

TEST_F(EventLogPaneTest, SharesItsGroupAndTimeWithTheSelection) {
    give(0, 4000);
    desk_.selection().set_group(1);
    EXPECT_EQ(rows(), 2000);
    EXPECT_EQ(child<QComboBox>("event_group")->currentText(), "far");
    desk_.selection().set_time({{{1000}, {1100}}});
    EXPECT_EQ(rows(), 100);
    EXPECT_THAT(status(), HasSubstr("day 1 00:16 to day 1 00:18"));
    auto* groups = child<QComboBox>("event_group");
    groups->setFocus();
    QTest::keyClick(groups, Qt::Key_Home);
    EXPECT_EQ(desk_.selection().group(), std::nullopt);
}

TEST_F(EventLogPaneTest, OffersTheKindsThatThereAreWithTheirNumbers) {
    give(0, 1000);
    ASSERT_TRUE(wait_for([&] { return rows() == 1000; }));
    auto* menu = child<QPushButton>("event_kinds")->menu();
    Q_EMIT menu->aboutToShow();
    QStringList names;
    for (const QAction* action : menu->actions()) {
        names.push_back(action->text());
    }
    EXPECT_EQ(names,
              QStringList({"Everything", "Failures only", "", "installed (900)", "crash (100)"}));
    menu->actions()[1]->trigger();
    EXPECT_EQ(rows(), 100);
    EXPECT_EQ(child<QPushButton>("event_kinds")->text(), "Failures only");
}

TEST_F(EventLogPaneTest, SelectsTheEndpointOfARowAndGoesToItsTime) {
    give(0, 1000);
    ASSERT_TRUE(wait_for([&] { return rows() == 1000; }));
    table()->setFocus();
    table()->selectRow(7);
    EXPECT_EQ(desk_.selection().endpoint(), 7U);
    QTest::keyClick(table(), Qt::Key_Down);
    EXPECT_EQ(desk_.selection().endpoint(), 8U);
    QTest::keyClick(table(), Qt::Key_Return);
    EXPECT_EQ(desk_.store().shown().seconds, 8);
    child<QCheckBox>("event_only_endpoint")->click();
    EXPECT_EQ(rows(), 1);
}

TEST_F(EventLogPaneTest, CopiesRowsAsCsvAndSaysWhenThereAreTooMany) {
    give(0, 150'000);
    ASSERT_TRUE(wait_for([&] { return rows() == 150'000; }));
    pane_.activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(&pane_));
    table()->setFocus();
    table()->selectRow(20);
    QTest::keyClick(table(), Qt::Key_C, Qt::ControlModifier);
    EXPECT_EQ(QGuiApplication::clipboard()->text().toStdString(),
              "time,seconds,endpoint,group,category,code\n"
              "day 1 00:00,20,20,near,crash,killed by a signal\n");
    EXPECT_THAT(status(), HasSubstr("Copied 1 row"));
    table()->selectAll();
    pane_.copy();
    EXPECT_EQ(QGuiApplication::clipboard()->text().count('\n'), EventLogPane::kMostCopied + 1);
    EXPECT_THAT(status(), HasSubstr("first 100,000 of 150,000 rows"));
}

TEST_F(EventLogPaneTest, ForgetsTheRunBefore) {
    give(0, 1000);
    ASSERT_TRUE(wait_for([&] { return rows() == 1000; }));
    table()->selectRow(7);
    ASSERT_TRUE(run_to_end(desk_, "top.toml"));
    ASSERT_TRUE(wait_for([&] { return pane_.model().all() == desk_.store().events().size(); }));
    EXPECT_EQ(child<QComboBox>("event_group")->count(), 2) << "all, and the only one";
    EXPECT_EQ(pane_.model().count(Category::kCrash), 0U);
}

}  // namespace
}  // namespace firebreak::gui
