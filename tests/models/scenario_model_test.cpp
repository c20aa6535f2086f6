#include "models/scenario_model.h"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QTest>
#include <fstream>

#include "support/paths.h"

namespace firebreak::models {
namespace {

using FailureMode = QAbstractItemModelTester::FailureReportingMode;
using testing::HasSubstr;

// The tree as text, a row a line, two spaces a level.
std::string printed(const QAbstractItemModel& model, const QModelIndex& parent = {},
                    const std::string& margin = "") {
    std::string out;
    for (int row = 0; row < model.rowCount(parent); ++row) {
        const QModelIndex index = model.index(row, 0, parent);
        out += margin + index.data().toString().toStdString();
        out += index.data(ScenarioModel::kIsFolder).toBool() ? "/\n" : "\n";
        out += printed(model, index, margin + "  ");
    }
    return out;
}

class ScenarioModelTest : public testing::Test {
  protected:
    ScenarioModelTest() {
        write("fast/_fleet.toml", "schema = 1\ntags = [\"fast\", \"weekly\"]\n");
        write("fast/good.toml", "schema = 1\nextends = \"_fleet.toml\"\ntitle = \"All is well\"\n");
        write("fast/bad.toml",
              "schema = 1\nextends = \"_fleet.toml\"\ntitle = \"Rules kill tills\"\n");
        write("own/deep/mine.toml", "schema = 1\ntitle = \"My own\"\n");
        write("readme.md", "no scenario");
        write("empty/notes.txt", "no scenario");
        write("top.toml", "schema = 1\ntitle = \"At the top\"\ntags = [\"slow\"]\n");
    }
    std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
    void write(const std::string& name, const std::string& text) {
        std::filesystem::create_directories(path(name).parent_path());
        std::ofstream(path(name)) << text;
    }
    static void read_all(const ScenarioModel& model) {
        ASSERT_TRUE(QTest::qWaitFor([&] { return model.is_described(); }));
    }
    test::TemporaryFolder folder_;
};

TEST_F(ScenarioModelTest, IsTheTreeOfWhatCanBeRun) {
    ScenarioModel model(folder_.path());
    const QAbstractItemModelTester tester(&model, FailureMode::Fatal);
    EXPECT_EQ(printed(model),
              "fast/\n  bad\n  good\n"
              "own/\n  deep/\n    mine\n"
              "top\n");
    read_all(model);
    const QModelIndex good = model.index_of(path("fast/good.toml"));
    EXPECT_EQ(good.data(ScenarioModel::kTitle).toString(), "All is well");
    EXPECT_EQ(good.data(ScenarioModel::kTags).toStringList(), QStringList({"fast", "weekly"}))
        << "what it extends says its tags";
}

TEST_F(ScenarioModelTest, SaysWhyAFileHasNoTitle) {
    write("fast/broken.toml", "title = \n");
    ScenarioModel model(folder_.path());
    read_all(model);
    const QModelIndex broken = model.index_of(path("fast/broken.toml"));
    EXPECT_EQ(broken.data(ScenarioModel::kTitle).toString(), "");
    EXPECT_NE(broken.data(ScenarioModel::kProblem).toString(), "");
}

TEST_F(ScenarioModelTest, FollowsTheDiskAndKeepsTheRowsThatStay) {
    ScenarioModel model(folder_.path());
    const QAbstractItemModelTester tester(&model, FailureMode::Fatal);
    const QPersistentModelIndex good = model.index_of(path("fast/good.toml"));
    std::filesystem::remove(path("fast/bad.toml"));
    std::filesystem::remove_all(path("own"));
    write("fast/later.toml", "title = \"Later\"\n");
    write("fresh/one.toml", "title = \"Fresh\"\n");
    const std::string wanted = "fast/\n  good\n  later\nfresh/\n  one\ntop\n";
    ASSERT_TRUE(QTest::qWaitFor([&] { return printed(model) == wanted; })) << printed(model);
    EXPECT_TRUE(good.isValid());
    EXPECT_EQ(model.index_of(path("fast/good.toml")), good);
}

TEST_F(ScenarioModelTest, ReadsAgainWhatWasWrittenAndWhatExtendsIt) {
    ScenarioModel model(folder_.path());
    read_all(model);
    const auto search = [&](const char* name) {
        return model.index_of(path(name)).data(ScenarioModel::kSearch).toString();
    };
    write("fast/_fleet.toml", "schema = 1\ntags = [\"renamed\"]\n");
    EXPECT_TRUE(QTest::qWaitFor([&] { return search("fast/good.toml").contains("renamed"); }));
    write("top.toml", "schema = 1\ntitle = \"Another title\"\n");
    EXPECT_TRUE(QTest::qWaitFor([&] { return search("top.toml").contains("Another title"); }));
}

TEST_F(ScenarioModelTest, NoticesAFolderThatComesLater) {
    const std::filesystem::path late = path("late/scenarios");
    ScenarioModel model(late);
    EXPECT_EQ(model.rowCount(), 0);
    write("late/scenarios/one.toml", "schema = 1\ntitle = \"One\"\n");
    EXPECT_TRUE(QTest::qWaitFor([&] { return model.rowCount() == 1; }));
    std::filesystem::remove_all(late);
    EXPECT_TRUE(QTest::qWaitFor([&] { return model.rowCount() == 0; }));
}

TEST_F(ScenarioModelTest, CountsResultsInFolders) {
    ScenarioModel model(folder_.path());
    model.set_result(path("fast/good.toml"), {Outcome::kPassed, "0 of 10 affected"});
    model.set_result(path("fast/../fast/bad.toml"), {Outcome::kFailed, "9 of 10 affected"});
    const QModelIndex fast = model.index(0, 0);
    EXPECT_EQ(fast.data(ScenarioModel::kFiles).toInt(), 2);
    EXPECT_EQ(fast.data(ScenarioModel::kPassed).toInt(), 1);
    EXPECT_EQ(fast.data(ScenarioModel::kFailed).toInt(), 1);
    EXPECT_THAT(model.index(0, 0, fast).data(Qt::ToolTipRole).toString().toStdString(),
                HasSubstr("9 of 10 affected"));
}

TEST_F(ScenarioModelTest, IsFilteredByNameFolderTitleAndTag) {
    ScenarioModel model(folder_.path());
    read_all(model);
    ScenarioFilter filter;
    filter.setSourceModel(&model);
    const QAbstractItemModelTester tester(&filter, FailureMode::Fatal);
    const auto left = [&](const QString& words) {
        filter.set_words(words);
        return printed(filter);
    };
    EXPECT_EQ(left("KILL"), "fast/\n  bad\n");
    EXPECT_EQ(left("weekly good"), "fast/\n  good\n");
    EXPECT_EQ(left("deep"), "own/\n  deep/\n    mine\n");
    EXPECT_EQ(left("slow"), "top\n");
    EXPECT_EQ(left("nothing is called so"), "");
    EXPECT_EQ(left(" "), printed(model));
}

}  // namespace
}  // namespace firebreak::models
