#include "gui/timeline_pane.h"

#include <gmock/gmock.h>

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QTest>
#include <QTreeView>

#include "gui/small_desk.h"
#include "support/sample_run.h"

namespace firebreak::gui {
namespace {

using bridge::RunSession;
using models::TimelineModel;

struct TimelineWindow {
    explicit TimelineWindow(Desk& desk) : pane(desk) {
        pane.resize(900, 160);
        pane.show();
        EXPECT_TRUE(QTest::qWaitForWindowExposed(&pane));
        pane.activateWindow();
        list()->setFocus();
    }
    QTreeView* list() { return pane.findChild<QTreeView*>(); }
    QAction* action(const char* name) { return pane.findChild<QAction*>(name); }
    QPushButton* button(const char* name) { return pane.findChild<QPushButton*>(name); }
    QAbstractItemModel& rows() { return *list()->model(); }
    int row_with(const QString& text) {
        for (int row = 0; row < rows().rowCount(); ++row) {
            if (rows().index(row, TimelineModel::kText).data().toString().contains(text)) {
                return row;
            }
        }
        return -1;
    }
    TimelinePane pane;
};

class TimelineOfFile : public testing::Test {
  protected:
    TimelineOfFile() { desk_.store().load(test::rich_run(), "a.run"); }
    Desk desk_{{}};
    TimelineWindow window_{desk_};
};

TEST_F(TimelineOfFile, EnterGoesBackToAnEntry) {
    window_.list()->setCurrentIndex(window_.rows().index(window_.row_with("threshold: 12"), 0));
    QTest::keyClick(window_.list(), Qt::Key_Return);
    EXPECT_EQ(desk_.store().shown().seconds, 33 * 3600 - 2400);
    EXPECT_TRUE(desk_.store().is_back());
    EXPECT_FALSE(window_.button("timeline-until-button")->isEnabled());
}

TEST_F(TimelineOfFile, DoubleClickGoesBackToAnEntry) {
    const QModelIndex row = window_.rows().index(window_.row_with("first support call"), 5);
    window_.list()->scrollTo(row);
    const QPoint where = window_.list()->visualRect(row).center();
    QTest::mouseClick(window_.list()->viewport(), Qt::LeftButton, {}, where);
    QTest::mouseDClick(window_.list()->viewport(), Qt::LeftButton, {}, where);
    EXPECT_EQ(desk_.store().shown().seconds, 26 * 3600);
}

TEST_F(TimelineOfFile, BracketsStepThroughEvents) {
    QTest::keyClick(window_.list(), Qt::Key_BracketLeft);
    EXPECT_EQ(desk_.store().shown().seconds, 90 * 3600);
    QTest::keyClick(window_.list(), Qt::Key_BracketLeft);
    EXPECT_EQ(desk_.store().shown().seconds, 50 * 3600);
    QTest::keyClick(window_.list(), Qt::Key_BracketRight);
    EXPECT_EQ(desk_.store().shown().seconds, 90 * 3600);
    for (int i = 0; i < 30; ++i) {
        QTest::keyClick(window_.list(), Qt::Key_BracketLeft);
    }
    EXPECT_EQ(desk_.store().shown().seconds, 3600);  // the first one
}

TEST_F(TimelineOfFile, FilterBoxAndSelectionNarrowIt) {
    QTest::keyClick(window_.list(), Qt::Key_F, Qt::ControlModifier);
    auto* const words = window_.pane.findChild<QLineEdit*>();
    ASSERT_TRUE(words->hasFocus());
    QTest::keyClicks(words, "rules-2 public");
    EXPECT_EQ(window_.rows().rowCount(), 8);
    EXPECT_EQ(window_.pane.findChild<QLabel*>("timeline-count")->text(), "8 of 14 entries");
    words->clear();
    desk_.selection().set_time({{{0}, {4000}}});
    EXPECT_EQ(window_.rows().rowCount(), 1);
}

TEST_F(TimelineOfFile, FiltersAllPanesToAnEntry) {
    window_.list()->setCurrentIndex(window_.rows().index(window_.row_with("threshold: 12"), 0));
    QTest::keyClick(window_.list(), Qt::Key_F);
    ASSERT_TRUE(desk_.selection().time());
    EXPECT_EQ(desk_.selection().time()->first.seconds, 33 * 3600 - 2400);
}

TEST_F(TimelineOfFile, CopiesRowsInOrder) {
    window_.list()->setFocus();
    window_.list()->selectAll();
    QTest::keyClick(window_.list(), Qt::Key_C, Qt::ControlModifier);
    const QStringList lines = QApplication::clipboard()->text().split('\n');
    ASSERT_EQ(lines.size(), 14);
    EXPECT_EQ(lines[0],
              "day 1 01:00\tR\tpublication\tengineering\trules-1\trules-1 to engineering");
}

TEST_F(TimelineOfFile, StopsFollowingWhenScrolledAndGoesOnOnRequest) {
    EXPECT_TRUE(window_.pane.follows());
    QScrollBar* const bar = window_.list()->verticalScrollBar();
    EXPECT_EQ(bar->value(), bar->maximum());
    window_.pane.findChild<QLineEdit*>()->setText("rules");  // fewer rows: nobody scrolled
    QTest::qWait(0);
    EXPECT_TRUE(window_.pane.follows());
    window_.pane.findChild<QLineEdit*>()->clear();
    QTest::qWait(0);
    EXPECT_TRUE(window_.pane.follows());
    EXPECT_EQ(bar->value(), bar->maximum());
    bar->triggerAction(QAbstractSlider::SliderToMinimum);
    QTest::qWait(0);
    EXPECT_FALSE(window_.pane.follows());
    QTest::mouseClick(window_.button("timeline-newest"), Qt::LeftButton);
    EXPECT_TRUE(window_.pane.follows());
    EXPECT_EQ(bar->value(), bar->maximum());
}

TEST(TimelineOfARun, RunsUntilAPlannedEntry) {
    SmallDesk small;
    TimelineWindow window(small.desk);
    ASSERT_TRUE(window.button("empty-run")->isHidden());  // there is no scenario yet
    ASSERT_TRUE(small.desk.run(small.bad_release(), std::nullopt, true));
    ASSERT_TRUE(small.wait_for(RunSession::State::kPaused));
    ASSERT_TRUE(QTest::qWaitFor([&] { return window.rows().rowCount() == 2; }));
    EXPECT_EQ(window.rows().index(0, TimelineModel::kKind).data(), "planned: publication");
    EXPECT_EQ(window.rows().index(1, TimelineModel::kText).data(), "halt bad");

    window.list()->setCurrentIndex(window.rows().index(0, 0));
    ASSERT_TRUE(window.button("timeline-until-button")->isEnabled());
    QTest::mouseClick(window.button("timeline-until-button"), Qt::LeftButton);
    ASSERT_TRUE(QTest::qWaitFor([&] { return small.desk.store().at().seconds >= 7200; }, 60'000));
    ASSERT_TRUE(small.wait_for(RunSession::State::kPaused));
    EXPECT_LE(small.desk.store().at().seconds, 7200 + 300);

    const int halt = window.row_with("halt bad");
    ASSERT_GE(halt, 0);
    window.list()->setCurrentIndex(window.rows().index(halt, 0));
    window.list()->setFocus();
    QTest::keyClick(window.list(), Qt::Key_U);
    ASSERT_TRUE(
        QTest::qWaitFor([&] { return small.desk.store().at().seconds >= 36 * 3600; }, 60'000));
    small.desk.session().run();
    ASSERT_TRUE(small.wait_for(RunSession::State::kEnded));
    EXPECT_EQ(window.row_with("halt bad"), -1);  // planned no more
    EXPECT_GE(window.row_with("by an operator"), 0);
    EXPECT_GE(window.row_with("first in public"), 0);
    EXPECT_FALSE(window.button("timeline-until-button")->isEnabled());
}

}  // namespace
}  // namespace firebreak::gui
