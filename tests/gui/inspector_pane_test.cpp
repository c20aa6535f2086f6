#include "gui/inspector_pane.h"

#include <gtest/gtest.h>

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QTest>

#include "gui/facts_table.h"
#include "gui/fleet_desk.h"
#include "support/sample_run.h"

namespace firebreak::gui {
namespace {

class InspectorPaneTest : public testing::Test {
  protected:
    InspectorPaneTest() : pane_(small_.desk()) {
        pane_.resize(420, 640);
        pane_.show();
    }
    template <class Widget>
    Widget& child(const char* name) {
        auto* found = pane_.findChild<Widget*>(name);
        EXPECT_NE(found, nullptr) << name;
        return *found;
    }
    // The value that stands beside the name; "" if there is none.
    QString fact(const char* table, const QString& name) {
        for (const Fact& fact : child<FactsTable>(table).facts()) {
            if (fact.name == name) {
                return fact.value;
            }
        }
        return {};
    }
    int tab() { return child<QTabWidget>("inspector_tabs").currentIndex(); }
    models::Selection& selection() { return small_.desk().selection(); }
    void show_sample() { small_.desk().store().load(test::sample_run(), "a.run"); }

    test::FleetDesk small_;
    InspectorPane pane_;
};

TEST_F(InspectorPaneTest, SaysWhatItWillShowWhenThereIsNoRun) {
    EXPECT_TRUE(child<QLabel>("inspector_empty").isVisible());
    show_sample();
    EXPECT_FALSE(child<QLabel>("inspector_empty").isVisible());
}

TEST_F(InspectorPaneTest, TellsHowFarItGotInAllGroupsAndInOne) {
    show_sample();
    EXPECT_EQ(fact("inspector_group_facts", "Endpoints"), "1,060");
    EXPECT_EQ(fact("inspector_group_facts", "Affected"), "12");
    EXPECT_EQ(fact("inspector_group_facts", "Time to detect"), "15 min");
    selection().set_group(0);
    EXPECT_EQ(fact("inspector_group_facts", "Endpoints"), "60");
    EXPECT_EQ(fact("inspector_group_facts", "Affected"), "0");
    EXPECT_EQ(child<QComboBox>("inspector_group").currentText(), "engineering");
    QTest::keyClick(&child<QComboBox>("inspector_group"), Qt::Key_Down);
    EXPECT_EQ(selection().group(), 1) << "chosen here, it is chosen everywhere";
    EXPECT_EQ(fact("inspector_group_facts", "Affected"), "12");
}

TEST_F(InspectorPaneTest, TellsHowItWasAtAMomentOfThePast) {
    show_sample();
    selection().set_group(1);
    small_.desk().store().show(base::SimTime{7600});
    EXPECT_EQ(fact("inspector_group_facts", "Affected"), "5");
    EXPECT_EQ(fact("inspector_group_facts", "Shown"), "day 1 02:06");
}

TEST_F(InspectorPaneTest, TurnsToWhatIsSelected) {
    show_sample();
    selection().set_assay(0);
    EXPECT_EQ(tab(), 2);
    selection().set_group(1);
    EXPECT_EQ(tab(), 0);
    selection().set_endpoint(3);
    EXPECT_EQ(tab(), 1);
    selection().clear();
    EXPECT_EQ(tab(), 1) << "nothing jumps when something is taken back";
}

TEST_F(InspectorPaneTest, ListsAssaysFromWhichOneIsChosenWithTheKeyboard) {
    record::Run run = test::RichRun().take();
    small_.desk().store().load(run, "a.run");
    child<QTabWidget>("inspector_tabs").setCurrentIndex(2);
    auto& list = child<QTableView>("inspector_assays");
    EXPECT_EQ(list.model()->rowCount(), 2);
    QTest::keyClicks(&child<QLineEdit>("inspector_assay_filter"), "e1d68x64");
    ASSERT_EQ(list.model()->rowCount(), 1);
    EXPECT_EQ(child<QLabel>("inspector_assay_counts").text(), "1 of 2 assays");
    list.setFocus();
    QTest::keyClick(&list, Qt::Key_Down);
    EXPECT_EQ(selection().assay(), 0u);
    EXPECT_EQ(fact("inspector_assay_facts", "rule"), "Loader_Generic");
    EXPECT_EQ(fact("inspector_assay_facts", "Outcome"),
              "false positive: a file that starts Windows is held");
    EXPECT_EQ(fact("inspector_assay_facts", "rule explorer-child (rules-2)"),
              "20 calls, 20 errors, 3 detections; switched off");
}

TEST_F(InspectorPaneTest, CopiesTheEvidence) {
    show_sample();
    selection().set_assay(0);
    child<QPushButton>("inspector_copy_evidence").click();
    EXPECT_EQ(QApplication::clipboard()->text(), "signal: SIGSEGV");
    auto& facts = child<FactsTable>("inspector_assay_facts");
    facts.setFocus();
    facts.selectRow(2);
    QTest::keyClick(&facts, Qt::Key_C, Qt::ControlModifier);
    EXPECT_EQ(QApplication::clipboard()->text(), "Outcome: crash: killed by a signal");
}

TEST_F(InspectorPaneTest, SpellsOutWhatEvidenceHides) {
    record::Run run = test::sample_run();
    run.assays[0].evidence = "file: a\x1b[31mb";
    small_.desk().store().load(run, "a.run");
    selection().set_assay(0);
    EXPECT_EQ(fact("inspector_assay_facts", "file"), "a\\x1b[31mb");
}

TEST_F(InspectorPaneTest, SaysWhyAnEndpointOfARunFromAFileCannotBeShown) {
    show_sample();
    selection().set_endpoint(3);
    EXPECT_TRUE(child<QLabel>("inspector_endpoint_missing").text().contains("from a file"));
    EXPECT_FALSE(child<QPushButton>("inspector_work_out").isEnabled());
    EXPECT_FALSE(child<QPushButton>("inspector_next_failed").isEnabled());
}

TEST_F(InspectorPaneTest, ExplainsAnEndpointOfARealRun) {
    small_.run_to_the_end();
    child<QTabWidget>("inspector_tabs").setCurrentIndex(1);
    auto& number = child<QSpinBox>("inspector_endpoint");
    EXPECT_EQ(number.maximum(), 59);
    QTest::keyClick(&number, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(&number, "7");
    QTest::keyClick(&number, Qt::Key_Return);
    EXPECT_EQ(selection().endpoint(), 7u);
    ASSERT_TRUE(QTest::qWaitFor(
        [this] { return !fact("inspector_endpoint_facts", "Affected").isEmpty(); }));
    EXPECT_EQ(fact("inspector_endpoint_facts", "Affected"), "yes");
    EXPECT_EQ(fact("inspector_endpoint_facts", "Group"), "public");
    EXPECT_TRUE(fact("inspector_endpoint_facts", "Persona").contains("workstation"));
    EXPECT_FALSE(fact("inspector_endpoint_facts", "Runs of DatasetA").isEmpty());
    EXPECT_GT(child<QListView>("inspector_history").model()->rowCount(), 0);
}

TEST_F(InspectorPaneTest, WorksOutAWholeHistoryThatAgreesWithTheRun) {
    small_.run_to_the_end();
    selection().set_endpoint(7);
    auto& list = child<QListView>("inspector_history");
    const auto lines = [&list] {
        QStringList out;
        for (int row = 0; row < list.model()->rowCount(); ++row) {
            out << list.model()->index(row, 0).data().toString();
        }
        return out;
    };
    const QStringList seen = lines();
    auto& button = child<QPushButton>("inspector_work_out");
    QTest::mouseClick(&button, Qt::LeftButton);
    EXPECT_TRUE(child<QProgressBar>("inspector_busy").isVisible());
    EXPECT_FALSE(button.isEnabled());
    ASSERT_TRUE(QTest::qWaitFor([&button] { return button.isEnabled(); }, 60'000));
    EXPECT_FALSE(child<QProgressBar>("inspector_busy").isVisible());
    EXPECT_TRUE(child<QLabel>("inspector_history_title").text().startsWith("Whole history"));
    EXPECT_EQ(lines(), seen) << "worked out alone and anew, it is the same";
    selection().set_endpoint(8);
    EXPECT_EQ(child<QLabel>("inspector_history_title").text(), "Events in this run");
}

TEST_F(InspectorPaneTest, GoesFromOneEndpointThatFailedToTheNext) {
    small_.run_to_the_end();
    child<QTabWidget>("inspector_tabs").setCurrentIndex(1);
    auto& next = child<QPushButton>("inspector_next_failed");
    ASSERT_TRUE(QTest::qWaitFor([&next] { return next.isEnabled(); }));
    next.click();
    EXPECT_EQ(selection().endpoint(), 0u);
    next.click();
    EXPECT_EQ(selection().endpoint(), 1u);
}

}  // namespace
}  // namespace firebreak::gui
