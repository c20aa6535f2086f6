#include "gui/scenario_pane.h"

#include <gmock/gmock.h>

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QToolButton>
#include <QTreeView>

#include "gui/notice_strip.h"
#include "gui/scenario_folder.h"

namespace firebreak::gui {
namespace {

using models::Outcome;
using models::ScenarioModel;
using testing::HasSubstr;
using State = bridge::RunSession::State;

class ScenarioPaneTest : public ScenarioFolder {
  protected:
    ScenarioPaneTest() {
        QSettings().clear();
        open();
    }
    void open() {
        pane_.reset();
        desk_ = std::make_unique<Desk>(places());
        pane_ = std::make_unique<ScenarioPane>(*desk_);
        pane_->resize(300, 500);
        pane_->show();
        EXPECT_TRUE(wait_for([&] { return pane_->model().is_described(); }));
    }
    template <class Widget>
    Widget* child(const char* name) const {
        auto* out = pane_->findChild<Widget*>(name);
        EXPECT_NE(out, nullptr) << name;
        return out;
    }
    QTreeView* tree() const { return child<QTreeView>("scenario_tree"); }
    std::string notice() const {
        return child<NoticeStrip>("scenario_notice")->text().toStdString();
    }
    Outcome outcome(const std::string& name) { return pane_->model().result(path(name)).outcome; }
    // As a person does who knows part of its name.
    void find(const QString& words) {
        auto* filter = child<QLineEdit>("scenario_filter");
        filter->clear();
        QTest::keyClicks(filter, words);
    }

    std::unique_ptr<Desk> desk_;
    std::unique_ptr<ScenarioPane> pane_;
};

TEST_F(ScenarioPaneTest, RunsWhatTheFilterFoundWithEnterAndShowsWhatBecameOfIt) {
    find("held");
    EXPECT_EQ(pane_->chosen(), std::vector{path("fast/bad.toml")});
    QTest::keyClick(tree(), Qt::Key_Return);
    EXPECT_EQ(outcome("fast/bad.toml"), Outcome::kRunning);
    ASSERT_TRUE(wait_for([&] { return outcome("fast/bad.toml") == Outcome::kFailed; }));
    EXPECT_THAT(pane_->model().result(path("fast/bad.toml")).headline.toStdString(),
                HasSubstr("affected"));
    EXPECT_EQ(outcome("fast/good.toml"), Outcome::kNone);
}

TEST_F(ScenarioPaneTest, KeepsResultsFromOneStartToTheNext) {
    pane_->select(path("top.toml"));
    QTest::keyClick(tree(), Qt::Key_Return);
    ASSERT_TRUE(wait_for([&] { return outcome("top.toml") == Outcome::kPassed; }));
    const QString headline = pane_->model().result(path("top.toml")).headline;
    open();
    EXPECT_EQ(outcome("top.toml"), Outcome::kPassed);
    EXPECT_EQ(pane_->model().result(path("top.toml")).headline, headline);
}

TEST_F(ScenarioPaneTest, RunsAFolderAndCountsWhatPassedAndFailed) {
    pane_->select(path("fast/good.toml"));
    tree()->setCurrentIndex(tree()->currentIndex().parent());
    EXPECT_EQ(child<QAction>("scenario_run")->text(), "Run folder");
    QTest::mouseClick(child<QToolButton>("scenario_run_button"), Qt::LeftButton);
    EXPECT_TRUE(pane_->is_running_folder());
    EXPECT_EQ(outcome("fast/good.toml"), Outcome::kWaiting) << "bad comes first";
    ASSERT_TRUE(wait_for([&] { return !pane_->is_running_folder(); }));
    EXPECT_EQ(outcome("fast/good.toml"), Outcome::kPassed);
    EXPECT_EQ(outcome("fast/bad.toml"), Outcome::kFailed);
    EXPECT_EQ(notice(), "fast: 1 of 2 passed, 1 failed");
    const QModelIndex fast = tree()->model()->index(0, 0);
    EXPECT_EQ(fast.data(ScenarioModel::kPassed).toInt(), 1);
    EXPECT_EQ(fast.data(Qt::AccessibleTextRole).toString(), "fast, 1/2 passed, 1 failed");
}

TEST_F(ScenarioPaneTest, GoesOnWithTheFolderWhenAScenarioCannotBeRead) {
    write("fast/_part.toml", "");
    write("fast/a-broken.toml", "schema = 1\nthis is no TOML\n");
    ASSERT_TRUE(
        wait_for([&] { return pane_->model().index_of(path("fast/a-broken.toml")).isValid(); }));
    pane_->run_all({path("fast/a-broken.toml"), path("fast/good.toml")});
    ASSERT_TRUE(wait_for([&] { return !pane_->is_running_folder(); }));
    EXPECT_EQ(outcome("fast/a-broken.toml"), Outcome::kFailed);
    EXPECT_EQ(outcome("fast/good.toml"), Outcome::kPassed);
    EXPECT_THAT(notice(), HasSubstr("1 of 2 passed, 1 failed"));
}

TEST_F(ScenarioPaneTest, CancelsAFolderAndKeepsTheResultsOfThoseItDidNotReach) {
    pane_->model().set_result(path("top.toml"), {Outcome::kPassed, "from before"});
    desk_->session().set_speed(1);  // it would take hours
    pane_->run_all({path("fast/good.toml"), path("top.toml")});
    ASSERT_TRUE(wait_for([&] { return desk_->session().state() == State::kRunning; }));
    QTest::keyClick(tree(), Qt::Key_Escape);
    EXPECT_FALSE(pane_->is_running_folder());
    EXPECT_EQ(outcome("fast/good.toml"), Outcome::kStopped);
    EXPECT_EQ(outcome("top.toml"), Outcome::kPassed);
    EXPECT_THAT(notice(), HasSubstr("cancelled"));
    EXPECT_TRUE(wait_for([&] { return desk_->session().state() == State::kStopped; }));
}

TEST_F(ScenarioPaneTest, EndsTheFolderWhenSomethingElseIsRun) {
    desk_->session().set_speed(1);
    pane_->run_all({path("fast/good.toml"), path("fast/bad.toml")});
    ASSERT_TRUE(wait_for([&] { return desk_->session().state() == State::kRunning; }));
    desk_->session().set_speed(bridge::RunSession::kExpress);
    ASSERT_TRUE(desk_->run(path("top.toml")));
    EXPECT_FALSE(pane_->is_running_folder());
    EXPECT_EQ(outcome("fast/good.toml"), Outcome::kStopped);
    EXPECT_EQ(outcome("fast/bad.toml"), Outcome::kNone);
    EXPECT_TRUE(wait_for([&] { return outcome("top.toml") == Outcome::kPassed; }))
        << "also what others start is shown here";
}

TEST_F(ScenarioPaneTest, RunsWithTheSeedOfTheFieldOrTheNextOne) {
    pane_->select(path("top.toml"));
    QTest::keyClicks(child<QLineEdit>("scenario_seed"), "x77");
    EXPECT_EQ(child<QLineEdit>("scenario_seed")->text(), "77") << "digits alone";
    QTest::keyClick(child<QLineEdit>("scenario_seed"), Qt::Key_Return);
    EXPECT_EQ(desk_->seed(), 77U);
    child<QLineEdit>("scenario_seed")->clear();
    ASSERT_TRUE(wait_for([&] { return desk_->session().state() == State::kEnded; }));
    child<QAction>("scenario_run_seed")->trigger();
    EXPECT_EQ(desk_->seed(), 78U);
    EXPECT_EQ(child<QLineEdit>("scenario_seed")->text(), "78");
}

TEST_F(ScenarioPaneTest, RefusesASeedThatIsTooLarge) {
    pane_->select(path("top.toml"));
    child<QLineEdit>("scenario_seed")->setText("9999999999999999999");
    QTest::keyClick(tree(), Qt::Key_Return);
    EXPECT_EQ(desk_->session().state(), State::kNone);
    EXPECT_THAT(notice(), HasSubstr("seed is too large"));
}

TEST_F(ScenarioPaneTest, RunsPaused) {
    pane_->select(path("top.toml"));
    child<QAction>("scenario_run_paused")->trigger();
    EXPECT_TRUE(wait_for([&] { return desk_->session().state() == State::kPaused; }));
    EXPECT_EQ(desk_->store().at().seconds, 0);
}

TEST_F(ScenarioPaneTest, SaysWhatIsWrongAndWhereAndLeadsThere) {
    write("wrong.toml", "schema = 1\nseeed = 3\n");
    ASSERT_TRUE(wait_for([&] { return pane_->model().index_of(path("wrong.toml")).isValid(); }));
    const QSignalSpy opened(pane_.get(), &ScenarioPane::open_requested);
    pane_->select(path("wrong.toml"));
    QTest::keyClick(tree(), Qt::Key_Return);
    EXPECT_EQ(outcome("wrong.toml"), Outcome::kFailed);
    EXPECT_THAT(notice(), HasSubstr("wrong.toml:2:"));
    EXPECT_THAT(notice(), HasSubstr("did you mean `seed`?"));
    QTest::mouseClick(child<QPushButton>("notice_button"), Qt::LeftButton);
    ASSERT_EQ(opened.count(), 1);
    EXPECT_EQ(opened[0][0].toString().toStdString(), path("wrong.toml").string());
    EXPECT_EQ(opened[0][1].toInt(), 2);
}

TEST_F(ScenarioPaneTest, SaysThatAFileIsGone) {
    pane_->select(path("top.toml"));
    std::filesystem::remove(path("top.toml"));
    QTest::keyClick(tree(), Qt::Key_Return);
    EXPECT_THAT(notice(), HasSubstr("no longer on the disk"));
    EXPECT_EQ(desk_->session().state(), State::kNone);
}

TEST_F(ScenarioPaneTest, SaysThatWhatRunsWasDeletedAndLetsItRun) {
    desk_->session().set_speed(1);
    pane_->select(path("top.toml"));
    QTest::keyClick(tree(), Qt::Key_Return);
    ASSERT_TRUE(wait_for([&] { return desk_->session().state() == State::kRunning; }));
    std::filesystem::remove(path("top.toml"));
    EXPECT_TRUE(wait_for([&] { return notice().find("was deleted") != std::string::npos; }));
    EXPECT_EQ(desk_->session().state(), State::kRunning);
}

TEST_F(ScenarioPaneTest, OpensTheEditorAndCopiesTheCommandLine) {
    const QSignalSpy opened(pane_.get(), &ScenarioPane::open_requested);
    pane_->select(path("fast/bad.toml"));
    QTest::keyClick(tree(), Qt::Key_F4);
    ASSERT_EQ(opened.count(), 1);
    EXPECT_EQ(opened[0][0].toString().toStdString(), path("fast/bad.toml").string());
    child<QLineEdit>("scenario_seed")->setText("5");
    child<QAction>("scenario_copy")->trigger();
    EXPECT_EQ(QGuiApplication::clipboard()->text().toStdString(),
              "./firebreak run " + path("fast/bad.toml").string() + " --seed 5");
}

TEST_F(ScenarioPaneTest, TeachesWhenThereIsNothing) {
    find("nothing is called so");
    EXPECT_TRUE(child<QLabel>("scenario_empty")->isVisible());
    QTest::mouseClick(child<QPushButton>("scenario_empty_button"), Qt::LeftButton);
    EXPECT_TRUE(tree()->isVisible());
    std::filesystem::remove_all(path("fast"));
    std::filesystem::remove(path("top.toml"));
    ASSERT_TRUE(wait_for([&] { return child<QLabel>("scenario_empty")->isVisible(); }));
    EXPECT_THAT(child<QLabel>("scenario_empty")->text().toStdString(),
                HasSubstr("There are no scenarios in"));
    write("fresh.toml", good_scenario());
    EXPECT_TRUE(wait_for([&] { return tree()->isVisible(); }));
}

}  // namespace
}  // namespace firebreak::gui
