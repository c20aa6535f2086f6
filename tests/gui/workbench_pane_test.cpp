#include "gui/workbench_pane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QtTest>
#include <fstream>

#include "bridge/trial_scenario.h"
#include "gui/content_files.h"
#include "gui/facts_table.h"
#include "gui/notice_strip.h"
#include "gui/small_desk.h"
#include "gui/trial_changes_form.h"
#include "gui/trial_result_view.h"
#include "support/result_matchers.h"

namespace firebreak::gui {
namespace {

using models::TrialStanding;
using Change = models::WorkingCopy::Change;

class WorkbenchPaneTest : public testing::Test {
  protected:
    WorkbenchPaneTest() : pane_(desk_.desk) {
        pane_.resize(900, 560);
        pane_.show();
    }
    template <class Widget>
    Widget& child(const char* name) {
        auto* found = pane_.findChild<Widget*>(QLatin1String(name));
        EXPECT_NE(found, nullptr) << name;
        return *found;
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.path() / name, std::ios::binary) << text;
    }
    void open_own() { pane_.open(content::Feed::kDatasetA, folder_.path()); }
    void open_rules(const std::string& name) {
        pane_.open(content::Feed::kDatasetA, desk_.desk.places().fixtures / "rules" / name);
    }
    void press(const char* name) { QTest::mouseClick(&child<QPushButton>(name), Qt::LeftButton); }
    // The button of a strip.
    void answer(const char* strip, const QString& text) {
        for (auto* button : child<NoticeStrip>(strip).findChildren<QPushButton*>()) {
            if (button->text() == text && !button->isHidden()) {
                QTest::mouseClick(button, Qt::LeftButton);
                return;
            }
        }
        ADD_FAILURE() << text.toStdString();
    }
    void only(const std::string& persona) {
        for (auto* box : pane_.findChildren<QCheckBox*>()) {
            box->setChecked(box->objectName() ==
                            QString::fromStdString("workbench_persona_" + persona));
        }
    }
    QString run_to_end() {
        auto& view = *pane_.findChild<TrialResultView*>();
        pane_.run();
        EXPECT_TRUE(QTest::qWaitFor([&] { return !view.headline().isEmpty(); }, 60'000));
        return view.headline();
    }
    base::Bytes bytes_of(const std::string& name) {
        const auto entry = pane_.copy().entry(name);
        return entry ? *entry->bytes : base::Bytes{};
    }

    SmallDesk desk_;
    test::TemporaryFolder folder_;
    WorkbenchPane pane_;
};

TEST_F(WorkbenchPaneTest, TeachesWhatItIsForAndOpensAFirstRuleSet) {
    EXPECT_TRUE(child<QLabel>("workbench_empty").isVisible());
    EXPECT_FALSE(child<QPushButton>("workbench_run_button").isEnabled());
    press("workbench_first");
    EXPECT_EQ(pane_.copy().name(), "good/DatasetA/2026-03-02");
    EXPECT_FALSE(child<QLabel>("workbench_empty").isVisible());
    EXPECT_TRUE(child<QPushButton>("workbench_run_button").isEnabled());
    EXPECT_TRUE(child<QLabel>("workbench_result_empty").isVisible());
    EXPECT_TRUE(child<QComboBox>("workbench_fixture").currentText().contains("2026-03-02"));
}

TEST_F(WorkbenchPaneTest, ListsVersionsOfEachFeedThatAComponentRuns) {
    auto& feed = child<QComboBox>("workbench_feed");
    EXPECT_EQ(feed.count(), static_cast<int>(bridge::feeds_with_component().size()));
    feed.setCurrentIndex(feed.findText("RepairKit"));
    Q_EMIT feed.activated(feed.currentIndex());
    auto& fixture = child<QComboBox>("workbench_fixture");
    EXPECT_GE(fixture.findText("malicious: loop – A loop without end", Qt::MatchStartsWith), 0);
    EXPECT_GE(fixture.findText("good: ", Qt::MatchStartsWith), 0);
}

TEST_F(WorkbenchPaneTest, SaysWhyAFolderCannotBeOpened) {
    pane_.open(content::Feed::kDatasetA, folder_.path() / "nowhere");
    EXPECT_TRUE(child<NoticeStrip>("workbench_notice").text().contains("nowhere"));
    open_own();  // there is nothing in it
    EXPECT_TRUE(
        child<NoticeStrip>("workbench_notice").text().contains("there is no file of content"));
    EXPECT_FALSE(pane_.copy().is_open());
}

TEST_F(WorkbenchPaneTest, AddsRemovesAndRestoresFiles) {
    write("a.yar", "rule A { condition: true }");
    open_own();
    auto& name = child<QLineEdit>("workbench_new_file");
    QTest::keyClicks(&name, "b.yar");
    QTest::keyClick(&name, Qt::Key_Return);
    EXPECT_EQ(pane_.copy().entry("b.yar")->change, Change::kAdded);
    QTest::keyClicks(&child<QPlainTextEdit>("workbench_text"), "rule B { condition: true }");
    EXPECT_EQ(base::text_of(bytes_of("b.yar")), "rule B { condition: true }");
    QTest::keyClicks(&name, "a.yar");
    QTest::keyClick(&name, Qt::Key_Return);
    EXPECT_TRUE(child<NoticeStrip>("workbench_file_notice").text().contains("of that name"));

    auto& files = *pane_.findChild<ContentFiles*>();
    files.show_file("a.yar");
    press("workbench_remove_file");
    EXPECT_EQ(pane_.copy().entry("a.yar")->change, Change::kRemoved);
    EXPECT_TRUE(child<QPlainTextEdit>("workbench_text").isReadOnly());
    answer("workbench_file_notice", "Undo");
    EXPECT_EQ(pane_.copy().entry("a.yar")->change, Change::kNone);
    press("workbench_remove_file");
    EXPECT_EQ(child<QPushButton>("workbench_remove_file").text(), "R&estore");
    press("workbench_remove_file");
    EXPECT_EQ(pane_.copy().entry("a.yar")->change, Change::kNone);
}

TEST_F(WorkbenchPaneTest, MarksEditedFilesAndRestoresThemSoThatItCanBeUndone) {
    write("a.yar", "rule A { condition: true }\r\nrule B { condition: true }\r\n");
    open_own();
    auto& edit = child<QPlainTextEdit>("workbench_text");
    QTest::keyClicks(&edit, "// x ");
    EXPECT_TRUE(child<QListWidget>("workbench_files").item(0)->text().contains("edited"));
    EXPECT_EQ(base::text_of(bytes_of("a.yar")),
              "// x rule A { condition: true }\r\nrule B { condition: true }\r\n");
    press("workbench_remove_file");  // restores
    EXPECT_FALSE(pane_.is_modified());
    EXPECT_TRUE(edit.toPlainText().startsWith("rule A"));
    answer("workbench_file_notice", "Undo");
    EXPECT_TRUE(edit.toPlainText().startsWith("// x rule A"));
    EXPECT_TRUE(pane_.is_modified());
}

TEST_F(WorkbenchPaneTest, ShowsOtherFilesAsBytesThatCanBeDamaged) {
    write("packed.live.so", std::string("\x7f"
                                        "ELF\0\1\2\3",
                                        8));
    write("bad.yar", "rule \xff\xfe");
    open_own();
    auto& files = *pane_.findChild<ContentFiles*>();
    files.show_file("bad.yar");
    EXPECT_TRUE(child<QLabel>("workbench_bytes_facts").text().contains("not UTF-8"));
    files.show_file("packed.live.so");
    EXPECT_TRUE(child<QLabel>("workbench_bytes_facts").text().contains("8 bytes"));
    EXPECT_TRUE(child<QPlainTextEdit>("workbench_bytes").toPlainText().contains("7f 45 4c 46"));
    child<QSpinBox>("workbench_byte").setValue(1);
    child<QSpinBox>("workbench_bit").setValue(1);
    press("workbench_flip");
    EXPECT_EQ(bytes_of("packed.live.so")[1], 'E' ^ 2);
    EXPECT_TRUE(child<NoticeStrip>("workbench_file_notice")
                    .text()
                    .contains("byte 1 of 8 was 0x45 and is 0x47 (bit 1)"));
    answer("workbench_file_notice", "Undo");
    EXPECT_FALSE(pane_.is_modified());
    press("workbench_flip_drawn");
    EXPECT_TRUE(pane_.is_modified());
    press("workbench_remove_file");  // restores
    child<QSpinBox>("workbench_byte").setValue(5);
    press("workbench_cut");
    EXPECT_EQ(bytes_of("packed.live.so").size(), 5u);
}

TEST_F(WorkbenchPaneTest, AsksBeforeChangesAreLost) {
    open_rules("good");
    QTest::keyClicks(&child<QPlainTextEdit>("workbench_text"), "// mine ");
    open_rules("blind");
    EXPECT_TRUE(child<NoticeStrip>("workbench_notice").text().contains("are not saved"));
    answer("workbench_notice", "Stay");
    EXPECT_TRUE(pane_.copy().folder().string().ends_with("good"));
    EXPECT_TRUE(pane_.is_modified());
    open_rules("blind");
    answer("workbench_notice", "Discard them");
    EXPECT_TRUE(pane_.copy().folder().string().ends_with("blind"));
    EXPECT_FALSE(pane_.is_modified());
}

TEST_F(WorkbenchPaneTest, SavesACopyElsewhereAndNeverOverAFixture) {
    open_rules("good");
    QTest::keyClicks(&child<QPlainTextEdit>("workbench_text"), "// mine ");
    EXPECT_FALSE(pane_.save_copy(desk_.desk.places().fixtures / "content/good/DatasetA/mine"));
    EXPECT_TRUE(child<NoticeStrip>("workbench_notice").text().contains("stay as they are"));
    write("there", "is something");
    EXPECT_FALSE(pane_.save_copy(folder_.path()));
    EXPECT_TRUE(pane_.is_modified());
    ASSERT_TRUE(pane_.save_copy(folder_.path() / "copy"));
    EXPECT_FALSE(pane_.is_modified());
    ASSERT_OK_AND(const auto files, bridge::read_content(folder_.path() / "copy"));
    EXPECT_TRUE(base::text_of(*files.at("rules.yar")).starts_with("// mine "));
}

TEST_F(WorkbenchPaneTest, SavesAgainWhereItHasSaved) {
    write("a.yar", "rule A { condition: true }");
    write("b.yar", "rule B { condition: true }");
    open_own();
    const auto folder = folder_.path() / "copy";
    ASSERT_TRUE(pane_.save_copy(folder));
    pane_.findChild<ContentFiles*>()->show_file("b.yar");
    press("workbench_remove_file");
    pane_.findChild<ContentFiles*>()->show_file("a.yar");
    auto& edit = child<QPlainTextEdit>("workbench_text");
    pane_.activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(&pane_));
    edit.setFocus();
    QTest::keyClicks(&edit, "// x ");
    QTest::keyClick(&edit, Qt::Key_S, Qt::ControlModifier);
    EXPECT_FALSE(pane_.is_modified());
    ASSERT_OK_AND(const auto files, bridge::read_content(folder));
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(base::text_of(*files.at("a.yar")), "// x rule A { condition: true }");
    ASSERT_OK_AND(const auto opened, bridge::read_content(folder_.path()));
    EXPECT_EQ(base::text_of(*opened.at("a.yar")), "rule A { condition: true }");
}

TEST_F(WorkbenchPaneTest, DiscardsSoThatItCanBeUndone) {
    open_rules("good");
    QTest::keyClicks(&child<QPlainTextEdit>("workbench_text"), "// mine ");
    for (QAction* action : pane_.acts()) {
        if (action->objectName() == "workbench_discard") {
            action->trigger();
        }
    }
    EXPECT_FALSE(pane_.is_modified());
    answer("workbench_notice", "Undo");
    EXPECT_TRUE(pane_.is_modified());
    EXPECT_TRUE(child<QPlainTextEdit>("workbench_text").toPlainText().startsWith("// mine "));
}

TEST_F(WorkbenchPaneTest, SavesATrialAsAScenarioAndGivesItsCommandLine) {
    open_rules("dies");
    only("workstation");
    EXPECT_EQ(pane_.command_line(), QString());
    ASSERT_TRUE(pane_.save_scenario(folder_.path() / "my trial.toml"));
    ASSERT_OK_AND(const auto experiment, scenario::load(folder_.path() / "my trial.toml", {}));
    EXPECT_EQ(experiment.groups.size(), 1u);
    EXPECT_EQ(pane_.command_line().toStdString(),
              "./firebreak run '" + (folder_.path() / "my trial.toml").string() + "'");
    answer("workbench_notice", "Copy as command line");
    EXPECT_EQ(QApplication::clipboard()->text(), pane_.command_line());
    EXPECT_FALSE(pane_.save_scenario(folder_.path() / ".toml"));
}

TEST_F(WorkbenchPaneTest, NeedsAPersona) {
    open_rules("good");
    only("none");
    EXPECT_FALSE(child<QPushButton>("workbench_run_button").isEnabled());
    EXPECT_FALSE(child<QLabel>("workbench_personas_problem").isHidden());
    only("workstation");
    EXPECT_TRUE(child<QPushButton>("workbench_run_button").isEnabled());
    EXPECT_TRUE(child<QLabel>("workbench_personas_problem").isHidden());
}

TEST_F(WorkbenchPaneTest, ShowsWhatDiesOfItWithItsEvidence) {
    open_rules("dies");
    only("workstation");
    EXPECT_EQ(run_to_end().toStdString(),
              "Does harm on the one persona: killed at a forbidden system call, set off by "
              "C:\\work\\plan.txt.");
    const auto& rows = pane_.findChild<TrialResultView*>()->table().rows();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows.front().tried.standing, TrialStanding::kHarms);
    EXPECT_FALSE(rows.front().unmodified.has_value());
    const QString facts = child<FactsTable>("workbench_facts").as_text();
    EXPECT_TRUE(facts.contains("system call: openat")) << facts.toStdString();
}

TEST_F(WorkbenchPaneTest, CanBeCancelledAndSaysWhatIsOutOfDate) {
    open_rules("slow");
    only("workstation");
    pane_.run();
    EXPECT_TRUE(child<QPushButton>("workbench_cancel_button").isVisible());
    EXPECT_FALSE(child<QPushButton>("workbench_run_button").isEnabled());
    press("workbench_cancel_button");
    EXPECT_TRUE(child<QLabel>("workbench_result_empty").isVisible());
    EXPECT_TRUE(child<QPushButton>("workbench_run_button").isEnabled());
    open_rules("good");
    EXPECT_EQ(run_to_end(), "Works on the one persona.");
    EXPECT_FALSE(child<QLabel>("workbench_result_note").text().contains("Changed since"));
    QTest::keyClicks(&child<QPlainTextEdit>("workbench_text"), " ");
    EXPECT_TRUE(child<QLabel>("workbench_result_note").text().contains("Changed since"));
    EXPECT_TRUE(run_to_end().endsWith("the same comes of the unmodified content."));
}

TEST_F(WorkbenchPaneTest, LeadsFromWhatCannotBeSignedToItsLine) {
    write("files.csv", "kind,sha256,reputation\nfile,nonsense,1\n");
    pane_.open(content::Feed::kLocalRepData, folder_.path());
    only("workstation");
    EXPECT_TRUE(run_to_end().startsWith("Not tried on the one persona"));
    EXPECT_TRUE(child<NoticeStrip>("workbench_problem").text().contains("cannot be signed"));
    answer("workbench_problem", "Go to files.csv:2");
    EXPECT_EQ(child<TomlEdit>("workbench_text").textCursor().blockNumber(), 1);
}

TEST_F(WorkbenchPaneTest, TellsOfAByteThatIsNotThere) {
    open_rules("good");
    only("workstation");
    child<QComboBox>("workbench_where").setCurrentIndex(1);
    child<QSpinBox>("workbench_fault_byte").setValue(100'000);
    press("workbench_add_fault");
    EXPECT_TRUE(run_to_end().startsWith("Works on the one persona"));
    EXPECT_TRUE(child<FactsTable>("workbench_facts").as_text().contains("has no such byte"));
}

TEST_F(WorkbenchPaneTest, IsWhollyNamedForScreenReaders) {
    open_rules("good");
    for (auto* widget : pane_.findChildren<QWidget*>()) {
        const bool is_control = qobject_cast<QAbstractButton*>(widget) != nullptr ||
                                qobject_cast<QComboBox*>(widget) != nullptr ||
                                qobject_cast<QAbstractSpinBox*>(widget) != nullptr ||
                                qobject_cast<QAbstractItemView*>(widget) != nullptr ||
                                qobject_cast<QPlainTextEdit*>(widget) != nullptr;
        if (!is_control || !widget->objectName().startsWith("workbench_") ||
            widget->objectName() == "workbench_go") {
            continue;
        }
        EXPECT_FALSE(widget->accessibleName().isEmpty()) << widget->objectName().toStdString();
        EXPECT_NE(widget->focusPolicy(), Qt::NoFocus) << widget->objectName().toStdString();
    }
}

TEST(TrialChangesFormTest, CombinesWhatMakesSenseAndNoMore) {
    TrialChangesForm form;
    form.show();
    auto& add = *form.findChild<QPushButton*>("workbench_add_fault");
    auto& kind = *form.findChild<QComboBox*>("workbench_fault_kind");
    auto& target = *form.findChild<QComboBox*>("workbench_fault_target");
    EXPECT_EQ(form.changes(), bridge::TrialChanges{});
    EXPECT_EQ(target.count(), 9);
    add.click();
    EXPECT_FALSE(add.isEnabled()) << "one bit flip or one cut";
    EXPECT_TRUE(form.findChild<QPushButton*>("workbench_redraw")->isEnabled());
    form.findChild<QPushButton*>("workbench_redraw")->click();
    EXPECT_EQ(form.seed(), 2u);
    kind.setCurrentIndex(2);
    EXPECT_EQ(target.count(), 4);
    EXPECT_TRUE(add.isEnabled());
    target.setCurrentIndex(1);
    add.click();
    add.click();
    EXPECT_FALSE(add.isEnabled()) << "three";
    ASSERT_EQ(form.changes().faults.size(), 3u);
    EXPECT_EQ(words(form.changes().faults[0]), "One bit flipped: the payload, at a drawn place");
    EXPECT_EQ(words(form.changes().faults[1]), "Oversized when unpacked: the signed package");
    form.findChild<QPushButton*>("workbench_remove_fault")->click();
    EXPECT_EQ(form.changes().faults.size(), 2u);
    form.findChild<QComboBox*>("workbench_when")->setCurrentIndex(1);
    EXPECT_EQ(form.changes().signed_after, base::hours(-720));
    form.findChild<QComboBox*>("workbench_signer")->setCurrentIndex(2);
    EXPECT_EQ(form.changes().signed_by, scenario::SignedBy::kOtherRoot);
    form.reset();
    EXPECT_EQ(form.changes(), bridge::TrialChanges{});
}

}  // namespace
}  // namespace firebreak::gui
