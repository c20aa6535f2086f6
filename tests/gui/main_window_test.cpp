// The whole window with the real engine, by keyboard and mouse.
#include "gui/main_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSlider>
#include <QTableWidget>
#include <QtTest>
#include <fstream>
#include <set>

#include "gui/command_palette.h"
#include "gui/release_console.h"
#include "record/run_reader.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak::gui {
namespace {

using State = bridge::RunSession::State;
using testing::IsEmpty;
using testing::Not;

constexpr int kPatience_ms = 120'000;

class MainWindowTest : public testing::Test {
  protected:
    MainWindowTest() : window_(places(), true) {
        window_.resize(1280, 720);
        window_.show();
    }
    template <class Widget>
    Widget& child(const char* name) {
        auto* found = window_.findChild<Widget*>(QLatin1String(name));
        EXPECT_NE(found, nullptr) << name;
        return *found;
    }
    QAction& action(const char* name) {
        for (QAction* one : window_.all_actions()) {
            if (one->objectName() == QLatin1String(name)) {
                return *one;
            }
        }
        ADD_FAILURE() << name;
        static QAction none;
        return none;
    }
    QString headline() { return child<QLabel>("headline").text(); }
    State state() { return window_.desk().session().state(); }
    models::RunStore& store() { return window_.desk().store(); }
    void wait_for(State wanted) {
        ASSERT_TRUE(QTest::qWaitFor([&] { return state() == wanted; }, kPatience_ms))
            << headline().toStdString();
    }
    std::filesystem::path scenario() const { return folder() / "scenarios/fast/deadly.toml"; }
    void pause_at(int64_t hour) {
        ASSERT_TRUE(window_.desk().run(scenario(), std::nullopt, true));
        wait_for(State::kPaused);
        window_.desk().session().run_until(base::SimTime{hour * 3600});
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return store().at().seconds >= hour * 3600 && state() == State::kPaused; },
            kPatience_ms));
    }
    std::filesystem::path folder() const { return fixtures_.options().fixtures; }

  private:
    // The first scenario of the window stands where the project has it.
    Desk::Places places() {
        std::filesystem::create_directories(folder() / "scenarios/fast");
        const std::string text = std::string(test::kOneGroup) + test::kTinyBaseline +
                                 test::release("rules-2", "dies", "at = \"1h\"");
        for (const char* name : {"deadly", "rare-trigger-escapes"}) {
            std::ofstream(folder() / "scenarios/fast" / (std::string(name) + ".toml")) << text;
        }
        std::filesystem::create_directory_symlink(folder() / "rules",
                                                  folder() / "scenarios/fast/rules");
        return {folder(), folder() / "scenarios", test::worker_binary(), folder() / "runs"};
    }

    test::SmallFixtures fixtures_;

  protected:
    MainWindow window_;  // last: its engine uses the fixtures
};

TEST_F(MainWindowTest, RunsAFirstScenarioWithOneClick) {
    EXPECT_TRUE(headline().contains("Choose a scenario"));
    QTest::mouseClick(&child<QPushButton>("first-run"), Qt::LeftButton);
    wait_for(State::kEnded);
    EXPECT_TRUE(headline().contains("of 60 endpoints affected")) << headline().toStdString();
    EXPECT_FALSE(child<QPushButton>("first-run").isVisible());
    EXPECT_TRUE(child<QLabel>("facts").text().contains("seed 5"));
    EXPECT_TRUE(window_.windowTitle().contains("one group"));
}

TEST_F(MainWindowTest, PausesStepsAndRunsOnByKeyboard) {
    ASSERT_TRUE(window_.desk().run(scenario(), std::nullopt, true));
    wait_for(State::kPaused);
    action("step").trigger();
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return store().at() == base::SimTime{300} && state() == State::kPaused; },
        kPatience_ms));
    QTest::keyClick(&window_, Qt::Key_Space);
    wait_for(State::kEnded);
}

TEST_F(MainWindowTest, PausesAtTheFirstFailure) {
    action("break-at-failure").trigger();
    ASSERT_TRUE(window_.desk().run(scenario()));
    wait_for(State::kPaused);
    EXPECT_GE(store().at(), base::SimTime{3600});
    EXPECT_LT(store().at(), base::SimTime{2 * 86400});
}

TEST_F(MainWindowTest, GoesBackToAMomentAndToTheNewestAgain) {
    pause_at(6);
    const QString newest = headline();
    child<QSlider>("time").setValue(100);  // of 10,000: half an hour, before the release
    EXPECT_TRUE(store().is_back());
    EXPECT_TRUE(headline().contains("0 of 60 endpoints affected so far"))
        << headline().toStdString();
    action("newest").trigger();
    EXPECT_FALSE(store().is_back());
    EXPECT_EQ(headline(), newest);
}

// A session that was played replays from the scenario that it is saved as.
TEST_F(MainWindowTest, ActsOfTheConsoleAreRecordedAndReplayToTheSameFingerprint) {
    pause_at(3);
    child<QTableWidget>("releases").setCurrentCell(0, 0);
    QTest::mouseClick(&child<QPushButton>("halt"), Qt::LeftButton);
    ASSERT_TRUE(QTest::qWaitFor([&] { return !child<QLabel>("console-said").text().isEmpty(); },
                                kPatience_ms));
    EXPECT_EQ(child<QLabel>("console-said").text(), "rules-2: done");
    window_.desk().session().run();
    wait_for(State::kEnded);
    const std::string played = store().fingerprint();
    const auto saved = folder() / "scenarios/fast/played.toml";
    ASSERT_OK_AND(const std::string text, window_.desk().played(saved.parent_path()));
    std::ofstream(saved) << text;
    ASSERT_TRUE(window_.desk().run(saved));
    wait_for(State::kEnded);
    EXPECT_EQ(store().fingerprint(), played);
}

TEST_F(MainWindowTest, RefusesAnActWithAReason) {
    pause_at(3);
    QTest::mouseClick(&child<QPushButton>("resume"), Qt::LeftButton);
    ASSERT_TRUE(QTest::qWaitFor([&] { return !child<QLabel>("console-said").text().isEmpty(); },
                                kPatience_ms));
    EXPECT_TRUE(child<QLabel>("console-said").text().startsWith("rules-2: "));
    EXPECT_FALSE(child<QLabel>("console-said").text().endsWith("done"));
}

TEST_F(MainWindowTest, FindsACommandByAPartOfItsName) {
    action("palette").trigger();
    auto* palette = window_.findChild<CommandPalette*>();
    ASSERT_NE(palette, nullptr);
    auto* field = palette->findChild<QLineEdit*>("palette-field");
    QTest::keyClicks(field, "dark");
    auto* list = palette->findChild<QListWidget*>("palette-list");
    ASSERT_EQ(list->count(), 1);
    QTest::keyClick(field, Qt::Key_Return);
    ASSERT_TRUE(QTest::qWaitFor([] { return theme() == Theme::kDark; }, kPatience_ms));
    EXPECT_TRUE(colours().dark());
    apply(Theme::kLight);
    EXPECT_FALSE(colours().dark());
}

TEST_F(MainWindowTest, SaysWhatIsWrongWithAScenarioAndWhere) {
    const auto wrong = folder() / "scenarios/fast/wrong.toml";
    std::ofstream(wrong) << "schema = 1\ntitel = \"x\"\n";
    EXPECT_FALSE(window_.desk().run(wrong));
    const QString problem = child<QLabel>("problem").text();
    EXPECT_TRUE(problem.contains("wrong.toml:2:1")) << problem.toStdString();
    EXPECT_TRUE(problem.contains("did you mean `title`")) << problem.toStdString();
    EXPECT_TRUE(child<QLabel>("problem").isVisible());
}

TEST_F(MainWindowTest, OpensARunThatWasRecordedAndRefusesADamagedOne) {
    ASSERT_TRUE(window_.desk().run(scenario()));
    wait_for(State::kEnded);
    const QString before = headline();
    const auto file = store().file();
    ASSERT_TRUE(window_.desk().open_run(file));
    EXPECT_EQ(headline(), before);
    EXPECT_EQ(window_.desk().command_line(),
              QString::fromStdString("./firebreak report " + file.string()));
    std::ofstream(folder() / "damaged.run") << "this is no run";
    EXPECT_FALSE(window_.desk().open_run(folder() / "damaged.run"));
    EXPECT_TRUE(child<QLabel>("problem").isVisible());
    EXPECT_EQ(headline(), before) << "what was shown stays";
}

TEST_F(MainWindowTest, CopiesTheRunAsACommandLine) {
    ASSERT_TRUE(window_.desk().run(scenario(), 7));
    action("copy-command").trigger();
    EXPECT_EQ(QApplication::clipboard()->text(),
              QString::fromStdString("./firebreak run " + scenario().string() + " --seed 7"));
    wait_for(State::kEnded);
}

TEST_F(MainWindowTest, ClosesDuringARunAndLosesNothing) {
    ASSERT_TRUE(window_.desk().run(scenario(), std::nullopt, true));
    wait_for(State::kPaused);
    const auto file = store().file();
    window_.desk().session().run();
    EXPECT_TRUE(window_.close());
    window_.desk().session().stop();
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return state() == State::kStopped || state() == State::kEnded; }, kPatience_ms));
    ASSERT_OK(record::read_run(file));
}

TEST_F(MainWindowTest, BringsEveryPaneBackWithAKey) {
    const QList<QDockWidget*> panes = window_.panes();
    for (QDockWidget* pane : panes) {
        EXPECT_FALSE(pane->toggleViewAction()->shortcut().isEmpty());
        pane->close();
        EXPECT_FALSE(pane->isVisible());
        pane->toggleViewAction()->trigger();
        EXPECT_FALSE(pane->isHidden());
    }
    window_.reset_layout();
    EXPECT_FALSE(panes[1]->isHidden());
}

TEST_F(MainWindowTest, GivesEveryActionAndWidgetAName) {
    std::set<QString> keys;
    for (const QAction* one : window_.all_actions()) {
        if (!one->isSeparator()) {
            EXPECT_FALSE(one->text().isEmpty());
        }
        const QString key = one->shortcut().toString();
        if (!key.isEmpty() && one->shortcutContext() == Qt::WindowShortcut) {
            EXPECT_TRUE(keys.insert(key).second) << key.toStdString() << " twice";
        }
    }
    EXPECT_THAT(keys, Not(IsEmpty()));
}

}  // namespace
}  // namespace firebreak::gui
