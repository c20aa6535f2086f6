// Content tried in the real window, by keyboard and mouse, with real signatures and real workers.
#include <gtest/gtest.h>

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QDockWidget>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QTabWidget>
#include <QTableView>
#include <QTextBlock>
#include <QtTest>
#include <fstream>

#include "gui/facts_table.h"
#include "gui/main_window.h"
#include "gui/notice_strip.h"
#include "gui/toml_edit.h"
#include "gui/trial_result_view.h"
#include "gui/workbench_pane.h"
#include "support/small_lab.h"

namespace firebreak::gui {
namespace {

constexpr int kPatienceOfTrials_ms = 120'000;

class WorkbenchStory : public testing::Test {
  protected:
    // With the project's content; `real`: on the project's personas, else on those of a few files.
    void open_window(bool real) {
        const auto fixtures = real ? test::fixtures_dir() : small_.options().fixtures;
        window_ =
            std::make_unique<MainWindow>(Desk::Places{fixtures, test::source_dir() / "scenarios",
                                                      test::worker_binary(), runs_.path()},
                                         true);
        window_->resize(1280, 720);
        window_->show();
        window_->activateWindow();
        auto* toggle = child<QDockWidget>("pane-workbench").toggleViewAction();
        EXPECT_EQ(toggle->shortcut(), QKeySequence("Ctrl+9"));
        for (int times = 0; times < 2; ++times) {  // closed, and opened in front
            toggle->trigger();
        }
        for (const char* name : {"workstation", "desk"}) {  // they have threats of their own
            if (!real) {
                child<QCheckBox>((std::string("workbench_persona_") + name).c_str())
                    .setChecked(false);
            }
        }
        QTest::qWait(50);
    }
    template <class Widget>
    Widget& child(const char* name) {
        auto* found = window_->findChild<Widget*>(QLatin1String(name));
        EXPECT_NE(found, nullptr) << name;
        return *found;
    }
    // Opens the list of a box and chooses an entry in it by the keyboard.
    void choose(const char* name, const QString& text) {
        auto& box = child<QComboBox>(name);
        const int row = box.findText(text, Qt::MatchContains);
        ASSERT_GE(row, 0) << text.toStdString();
        box.setFocus();
        QTest::keyClick(&box, Qt::Key_F4);
        for (int at = box.currentIndex(); at != row; at += at < row ? 1 : -1) {
            QTest::keyClick(box.view(), at < row ? Qt::Key_Down : Qt::Key_Up);
        }
        QTest::keyClick(box.view(), Qt::Key_Return);
        ASSERT_TRUE(QTest::qWaitFor([&] { return !box.view()->isVisible(); }));
        EXPECT_TRUE(box.currentText().contains(text)) << box.currentText().toStdString();
        window_->activateWindow();
        ASSERT_TRUE(QTest::qWaitForWindowActive(window_.get()));
    }
    void click(const char* name) { QTest::mouseClick(&child<QPushButton>(name), Qt::LeftButton); }
    void show_tab(int number) { child<QTabWidget>("workbench_tabs").setCurrentIndex(number); }
    QString result() { return child_view().headline(); }
    TrialResultView& child_view() { return *window_->findChild<TrialResultView*>(); }
    // Ctrl+Return, and waits for the answer.
    void run(QWidget& focus) {
        focus.setFocus();
        QTest::keyClick(&focus, Qt::Key_Return, Qt::ControlModifier);
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return child<QPushButton>("workbench_cancel_button").isVisible(); }, 5'000));
        ASSERT_TRUE(QTest::qWaitFor([&] { return !result().isEmpty(); }, kPatienceOfTrials_ms));
    }
    QString evidence() { return child<FactsTable>("workbench_facts").as_text(); }

    test::SmallFixtures small_;
    test::TemporaryFolder runs_;
    std::unique_ptr<MainWindow> window_;
};

TEST_F(WorkbenchStory, ABrokenRuleIsFoundByItsLineAndMended) {
    open_window(false);
    click("workbench_first");
    auto& files = child<QListWidget>("workbench_files");
    ASSERT_GT(files.count(), 3);
    files.setFocus();
    QTest::keyClick(&files, Qt::Key_Down);
    EXPECT_EQ(files.currentItem()->data(Qt::UserRole), "executables.yar");
    auto& edit = child<TomlEdit>("workbench_text");
    edit.setFocus();
    QTest::keyClick(&edit, Qt::Key_End, Qt::ControlModifier);
    const int line = edit.textCursor().blockNumber() + 1;
    QTest::keyClicks(&edit, "rule Slip { condition: $nothing }");
    EXPECT_TRUE(files.currentItem()->text().contains("edited"));

    run(edit);
    EXPECT_TRUE(result().startsWith("Refused on all 5 personas: rules do not compile"))
        << result().toStdString();
    EXPECT_TRUE(result().contains("unmodified: works on all 5 personas")) << result().toStdString();
    EXPECT_TRUE(evidence().contains(QString("executables.yar:%1").arg(line)))
        << evidence().toStdString();

    // From the evidence to the line.
    QTest::keyClick(&edit, Qt::Key_Home, Qt::ControlModifier);
    QTest::keyClick(&files, Qt::Key_Home);
    click("workbench_go");
    EXPECT_EQ(files.currentItem()->data(Qt::UserRole), "executables.yar");
    EXPECT_EQ(edit.textCursor().blockNumber() + 1, line);
    EXPECT_FALSE(edit.marked_text().isEmpty());

    // Mended by undoing what was typed.
    while (files.currentItem()->text().contains("edited") && edit.document()->isUndoAvailable()) {
        QTest::keyClick(&edit, Qt::Key_Z, Qt::ControlModifier);
    }
    EXPECT_FALSE(window_->findChild<WorkbenchPane*>()->is_modified());
    EXPECT_TRUE(child<QLabel>("workbench_result_note").text().contains("Changed since"));
    run(edit);
    EXPECT_EQ(result(), "Works on all 5 personas.");
}

TEST_F(WorkbenchStory, AFlippedBitOfTheSignatureIsRefusedBesideTheUnmodified) {
    open_window(false);
    choose("workbench_fixture", "good: 2026-03-03");
    show_tab(1);
    choose("workbench_fault_target", "the signature");
    click("workbench_add_fault");
    EXPECT_EQ(child<QListWidget>("workbench_faults").count(), 1);
    run(child<QListWidget>("workbench_faults"));
    EXPECT_EQ(result(),
              "Refused on all 5 personas: signature is wrong; unmodified: works on all 5 "
              "personas.");
    EXPECT_TRUE(evidence().contains("package.p7m: byte ")) << evidence().toStdString();
    EXPECT_TRUE(evidence().contains("the signature, byte ")) << evidence().toStdString();
    EXPECT_TRUE(evidence().contains("Firebreak test signer DatasetA"));
    // Beside it, what became of the unmodified one.
    auto& rows = child<QTableView>("workbench_rows");
    rows.setFocus();
    QTest::keyClick(&rows, Qt::Key_Right);
    EXPECT_TRUE(evidence().contains("Outcome: works")) << evidence().toStdString();
    EXPECT_TRUE(child<QLabel>("workbench_whose").text().contains("unmodified"));

    const QString before = evidence();
    QTest::keyClick(&rows, Qt::Key_Left);
    const QString place = evidence();
    click("workbench_redraw");
    run(child<QListWidget>("workbench_faults"));
    EXPECT_NE(evidence(), place) << "another place";
}

TEST_F(WorkbenchStory, ARuleThatLoopsIsStoppedAndTheEvidenceSaysSo) {
    open_window(true);
    choose("workbench_feed", "Behavior");
    choose("workbench_fixture", "malicious: loop –");
    auto& pane = *window_->findChild<WorkbenchPane*>();
    EXPECT_EQ(pane.copy().content().with.size(), 1u);
    show_tab(2);
    for (auto* box : window_->findChildren<QCheckBox*>()) {
        if (box->objectName().startsWith("workbench_persona_") &&
            box->objectName() != "workbench_persona_office-laptop") {
            QTest::mouseClick(box, Qt::LeftButton, {}, {5, box->height() / 2});
        }
    }
    ASSERT_EQ(pane.trial().personas, std::vector<std::string>{"office-laptop"});
    show_tab(0);
    run(child<TomlEdit>("workbench_text"));
    EXPECT_EQ(result(), "A rule fails on the one persona: rule loop is stopped and switched off.");
    EXPECT_TRUE(evidence().contains("deadline")) << evidence().toStdString();
    EXPECT_TRUE(evidence().contains("switched off")) << evidence().toStdString();
    click("workbench_go");
    EXPECT_FALSE(child<TomlEdit>("workbench_text").marked_text().isEmpty());
}

TEST_F(WorkbenchStory, AnotherKeyAndAStaleTimeAreRefusedWithTheCertificatesError) {
    open_window(false);
    click("workbench_first");
    show_tab(1);
    choose("workbench_signer", "somebody else: another root");
    run(child<QComboBox>("workbench_signer"));
    EXPECT_TRUE(result().startsWith(
        "Refused on all 5 personas: certificate chain is untrusted; unmodified: works"))
        << result().toStdString();
    EXPECT_TRUE(evidence().contains("unable to get local issuer certificate"))
        << evidence().toStdString();
    choose("workbench_signer", "the vendor, for this feed");
    choose("workbench_when", "stale");
    run(child<QComboBox>("workbench_signer"));
    EXPECT_TRUE(result().startsWith("Refused on all 5 personas: signed before"))
        << result().toStdString();
}

TEST_F(WorkbenchStory, AskedToCloseTheWindowKeepsChangesUntilTheyAreDiscarded) {
    open_window(false);
    click("workbench_first");
    auto& edit = child<TomlEdit>("workbench_text");
    QTest::keyClicks(&edit, "// mine");
    window_->close();
    EXPECT_TRUE(window_->isVisible());
    auto& notice = child<NoticeStrip>("workbench_notice");
    EXPECT_TRUE(notice.text().contains("are not saved"));
    EXPECT_TRUE(edit.toPlainText().startsWith("// mine"));
    for (auto* button : notice.findChildren<QPushButton*>()) {
        if (button->isVisible() && button->text() == "Discard them") {
            QTest::mouseClick(button, Qt::LeftButton);
            break;
        }
    }
    EXPECT_FALSE(window_->isVisible());
}

TEST_F(WorkbenchStory, WhatARunReleasedIsOpenedAndTriedAlone) {
    open_window(false);
    const auto scenario = runs_.path() / "a.toml";
    std::filesystem::copy(small_.options().fixtures / "rules", runs_.path() / "rules",
                          std::filesystem::copy_options::recursive);
    std::ofstream(scenario) << std::string(test::kOneGroup) + test::kTinyBaseline +
                                   test::release("bad", "dies", "at = \"1h\"");
    QAction* open_released = nullptr;
    for (QAction* action : window_->all_actions()) {
        open_released = action->objectName() == "workbench_open_released" ? action : open_released;
    }
    ASSERT_NE(open_released, nullptr);
    EXPECT_FALSE(open_released->isEnabled());
    ASSERT_TRUE(window_->desk().run(scenario));
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return window_->desk().session().state() == bridge::RunSession::State::kEnded; },
        kPatienceOfTrials_ms));
    child<QDockWidget>("pane-timeline").raise();
    open_released->trigger();
    EXPECT_TRUE(child<TomlEdit>("workbench_text").isVisible()) << "it is in front";
    auto& pane = *window_->findChild<WorkbenchPane*>();
    EXPECT_EQ(pane.copy().folder(), runs_.path() / "rules" / "dies");
    EXPECT_FALSE(pane.is_modified());
    run(child<TomlEdit>("workbench_text"));
    EXPECT_EQ(result(), "Works on all 5 personas.");  // none of which has the file that kills
}

TEST_F(WorkbenchStory, LeavesTheWindowAsSmallAsItWas) {
    open_window(false);
    window_->reset_layout();
    window_->resize(1280, 720);
    QTest::qWait(50);
    EXPECT_LE(window_->minimumSizeHint().height(), 720);
    EXPECT_EQ(window_->size(), QSize(1280, 720));
}

TEST_F(WorkbenchStory, OtherPanesStandAsideAndComeBack) {
    open_window(false);
    window_->reset_layout();
    QTest::qWait(50);
    const auto size = [&](const char* pane) { return child<QDockWidget>(pane).size(); };
    const QSize fleet = size("pane-fleet"), timeline = size("pane-timeline"),
                inspector = size("pane-inspector");
    const auto front = [&](const char* pane) { child<QDockWidget>(pane).raise(); };
    front("pane-workbench");
    ASSERT_TRUE(QTest::qWaitFor([&] { return child<QDockWidget>("pane-charts").isHidden(); }));
    EXPECT_TRUE(child<QDockWidget>("pane-fleet").isHidden());
    EXPECT_TRUE(QTest::qWaitFor(
        [&] { return size("pane-workbench").height() > 2 * timeline.height(); }, 2'000))
        << size("pane-workbench").height() << " of " << timeline.height();
    front("pane-timeline");
    ASSERT_TRUE(QTest::qWaitFor([&] { return child<QDockWidget>("pane-charts").isVisible(); }));
    for (const char* pane : {"pane-fleet", "pane-inspector", "pane-scenarios", "pane-console"}) {
        EXPECT_FALSE(child<QDockWidget>(pane).isHidden()) << pane;
    }
    QTest::qWait(50);
    EXPECT_EQ(size("pane-fleet"), fleet);
    EXPECT_EQ(size("pane-inspector"), inspector);
    EXPECT_EQ(size("pane-timeline"), timeline);
    // Closing it, too, brings them back.
    front("pane-workbench");
    ASSERT_TRUE(QTest::qWaitFor([&] { return child<QDockWidget>("pane-charts").isHidden(); }));
    child<QDockWidget>("pane-workbench").close();
    ASSERT_TRUE(QTest::qWaitFor([&] { return child<QDockWidget>("pane-charts").isVisible(); }));
    child<QDockWidget>("pane-workbench").toggleViewAction()->trigger();
    ASSERT_TRUE(QTest::qWaitFor([&] { return child<QDockWidget>("pane-charts").isHidden(); }));
    window_->reset_layout();
    ASSERT_TRUE(QTest::qWaitFor([&] { return child<QDockWidget>("pane-charts").isVisible(); }));
}

}  // namespace
}  // namespace firebreak::gui
