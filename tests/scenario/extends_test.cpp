// Scenarios that rest on others.
#include <gtest/gtest.h>

#include <fstream>

#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

namespace fs = std::filesystem;

class Extends : public testing::Test {
  protected:
    fs::path write(const std::string& name, const std::string& content) const {
        const fs::path file = folder_.path() / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << content;
        return file;
    }
    std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

  private:
    test::TemporaryFolder folder_;
};

TEST_F(Extends, MergesTablesAndReplacesListsAndValues) {
    const fs::path parent = write("parent.toml", std::string(kEveryKey));
    const fs::path child = write("child.toml", R"(schema = 1
extends = "parent.toml"
title = "Child"
act = []
[policy]
gates = true
halt.reports = 5
[[expect]]
metric = "affected"
equals = 0
)");
    ASSERT_OK_AND(const Experiment from_parent, load(parent));
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.name, "child");
    EXPECT_EQ(experiment.title, "Child");
    EXPECT_EQ(experiment.seed, 42u);
    EXPECT_TRUE(experiment.acts.empty());
    EXPECT_TRUE(experiment.policy.gates);
    EXPECT_EQ(experiment.policy.halt_reports, 5u);
    EXPECT_DOUBLE_EQ(experiment.policy.halt_share, 0.0025);
    EXPECT_EQ(experiment.groups, from_parent.groups);  // places and all
    EXPECT_EQ(experiment.groups[0].place, at("parent.toml") + ":11:1");
    ASSERT_EQ(experiment.expectations.size(), 1u);
    EXPECT_EQ(experiment.expectations[0].place, at("child.toml") + ":8:1");
}

TEST_F(Extends, TakesSeveralParentsOfWhichLaterOnesWin) {
    write("fleet.toml", std::string(kEveryKey));
    write("slow.toml", "schema = 1\n[policy]\ncdn_ttl = \"1h\"\ndownload = \"1h\"\n");
    write("slower.toml", "schema = 1\n[policy]\ncdn_ttl = \"2h\"\n");
    const fs::path child =
        write("child.toml",
              "schema = 1\nextends = [\"fleet.toml\", \"slow.toml\", \"slower.toml\"]\nseed = 7\n");
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.policy.cdn_ttl, base::hours(2));
    EXPECT_EQ(experiment.policy.download, base::hours(1));
    EXPECT_EQ(experiment.policy.halt_reports, 20u);
    EXPECT_EQ(experiment.seed, 7u);
    write("child.toml", "schema = 1\nextends = [\"fleet.toml\", \"./x/../child.toml\"]\n");
    EXPECT_ERROR(load(child), "extends itself by way of `./x/../child.toml`");
    write("slow.toml", "schema = 1\nextends = [\"slower.toml\", \"none.toml\"]\n");
    write("child.toml", "schema = 1\nextends = [\"slow.toml\"]\n");
    EXPECT_ERROR(load(child), "it is extended at " + at("slow.toml") + ":2:11");
}

// Not a circle: both parents rest on the same file.
TEST_F(Extends, MayComeToAFileByTwoWays) {
    write("root.toml", std::string(kEveryKey));
    write("a.toml", "schema = 1\nextends = \"root.toml\"\n[policy]\ncdn_ttl = \"1h\"\n");
    write("b.toml", "schema = 1\nextends = \"root.toml\"\n");
    const fs::path child = write("child.toml", "schema = 1\nextends = [\"a.toml\", \"b.toml\"]\n");
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.policy.cdn_ttl, base::minutes(0));  // as b.toml has it
}

TEST_F(Extends, ResolvesToATextThatStandsAlone) {
    write("parent.toml", std::string(kEveryKey));
    const fs::path child =
        write("child.toml", "schema = 1\nextends = \"parent.toml\"\nseed = 7\n[policy]\n");
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.toml.find("extends"), std::string::npos);
    ASSERT_OK_AND(const Experiment again, parse(experiment.toml, "elsewhere/alone.toml"));
    EXPECT_EQ(without_places(experiment), without_places(again));
}

TEST_F(Extends, NamesTheFileWhereTheWrongValueStands) {
    write("parent.toml", changed(kEveryKey, "cdn_ttl = \"0s\"", "cdn_ttl = \"5x\""));
    const fs::path child =
        write("child.toml", "schema = 1\nextends = \"parent.toml\"\n[policy]\ngates = true\n");
    EXPECT_ERROR(load(child), at("parent.toml") + ":45:11: `5x` is not a duration");
    write("parent.toml", changed(kEveryKey, "[[act]]\nat = \"2d\"", "[[act]]\nta = \"2d\""));
    EXPECT_ERROR(load(child), at("parent.toml") + ":168:1: unknown key `ta`");
    write("parent.toml", changed(kEveryKey, "seed = 42", "sed = 42"));
    EXPECT_ERROR(load(child), at("parent.toml") + ":5:1: unknown key `sed`");
    write("parent.toml", changed(kEveryKey, "schema = 1\n", ""));
    EXPECT_ERROR(load(child), at("parent.toml") + ":1:1: `schema` is missing");
}

TEST_F(Extends, TakesParentsThatAreNoScenariosByThemselves) {
    write("policy.toml", "schema = 1\n[policy]\ngates = true\nhalt = { reports = 77 }\n");
    const fs::path child =
        write("child.toml",
              "extends = \"policy.toml\"\n" +
                  changed(kEveryKey,
                          "halt = { share = \"0.25%\", reports = 20, on_alerts = false, by = "
                          "\"people\", withdraw = false }",
                          "halt = { withdraw = false }"));
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.policy.halt_reports, 77u);
    EXPECT_FALSE(experiment.policy.gates);
}

TEST_F(Extends, LooksBesideTheFileAndKeepsContentBesideTheOneThatNamesIt) {
    write("family/grandparent.toml", std::string(kEveryKey));
    write("family/near/parent.toml", "schema = 1\nextends = \"../grandparent.toml\"\n");
    const fs::path child =
        write("child/child.toml", "schema = 1\nextends = \"../family/near/parent.toml\"\n");
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.releases[1].source, "./../family/late");
    EXPECT_EQ(experiment.keys, "./../family/our-ca");
    EXPECT_EQ(experiment.campaigns[0].sample, "./../family/wave.txt");
    EXPECT_EQ(experiment.releases[0].source, "good/DatasetA/2026-03-02");
    ASSERT_OK_AND(const Experiment again, parse(experiment.toml, child));
    EXPECT_EQ(without_places(experiment), without_places(again));
}

TEST_F(Extends, RefusesCircles) {
    const fs::path a = write("a.toml", "schema = 1\nextends = \"b.toml\"\n");
    write("b.toml", "schema = 1\nextends = \"./x/../a.toml\"\n");
    EXPECT_ERROR(load(a), at("b.toml") +
                              ":2:11: extends itself by way of `./x/../a.toml`; "
                              "remove one `extends` from the circle");
    const fs::path self = write("self.toml", "schema = 1\nextends = \"self.toml\"\n");
    EXPECT_ERROR(load(self), "extends itself");
    fs::create_symlink(self, at("link.toml"));
    const fs::path linked = write("linked.toml", "schema = 1\nextends = \"link.toml\"\n");
    EXPECT_ERROR(load(linked), "extends itself");
}

TEST_F(Extends, AllowsEightAncestorsAndNoMore) {
    write("0.toml", std::string(kEveryKey));
    for (int i = 1; i <= 9; ++i) {
        write(std::to_string(i) + ".toml",
              "schema = 1\nextends = \"" + std::to_string(i - 1) + ".toml\"\n");
    }
    ASSERT_OK(load(at("8.toml")));
    EXPECT_ERROR(load(at("9.toml")),
                 at("1.toml") + ":2:11: more than 8 files extend one another; merge some of them");
}

TEST_F(Extends, SaysWhoExtendsAFileThatCannotBeRead) {
    const fs::path child = write("child.toml", "schema = 1\nextends = \"none.toml\"\n");
    EXPECT_EQ(load(child).error().text(), at("none.toml") +
                                              ": cannot open: No such file or directory; it is "
                                              "extended at " +
                                              at("child.toml") + ":2:11");
    write("none.toml", "schema = \n");
    EXPECT_ERROR(load(child), at("none.toml") + ":1:");
    EXPECT_ERROR(load(child), "it is extended at " + at("child.toml") + ":2:11");
    fs::remove(at("none.toml"));
    fs::create_directory(at("none.toml"));
    EXPECT_ERROR(load(child), "not a regular file; it is extended at");
}

TEST_F(Extends, TakesRelativeNamesOnly) {
    for (const char* bad : {"\"\"", "\"/etc/passwd\""}) {
        EXPECT_ERROR(parse(std::string("schema = 1\nextends = ") + bad, kFile),
                     "every-key.toml:2:11: `extends` must name files relative to this one");
    }
    EXPECT_ERROR(parse("schema = 1\nextends = 1", kFile), "`extends` must be a list of strings");
    EXPECT_ERROR(parse("schema = 1\nextends = [\"/a\"]", kFile),
                 "`extends` must name files relative to this one; such as \"base.toml\"");
}

}  // namespace
}  // namespace firebreak::scenario
