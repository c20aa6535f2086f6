// Settings from the command line.
#include <gtest/gtest.h>

#include <fstream>

#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

class Overrides : public testing::Test {
  protected:
    void SetUp() override { std::ofstream(file_) << kEveryKey; }
    base::Result<Experiment> with(const std::vector<std::string>& overrides) const {
        return load(file_, overrides);
    }
    const test::TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "a.toml";
};

TEST_F(Overrides, StandInPlaceOfWhatTheFileSays) {
    ASSERT_OK_AND(const Experiment experiment,
                  with({"policy.cdn_ttl=10m", "seed=7", "policy.gates=true", "title = Two words",
                        "policy.halt.share=1%", "people.response=45m",
                        "signal.support_call.loss=\"5%\"", "tags=[\"other\"]"}));
    EXPECT_EQ(experiment.policy.cdn_ttl, base::minutes(10));
    EXPECT_EQ(experiment.seed, 7u);
    EXPECT_TRUE(experiment.policy.gates);
    EXPECT_EQ(experiment.title, "Two words");
    EXPECT_DOUBLE_EQ(experiment.policy.halt_share, 0.01);
    EXPECT_EQ(experiment.policy.halt_reports, 20u);  // the rest of the table stays
    EXPECT_EQ(experiment.people.response, base::minutes(45));
    EXPECT_DOUBLE_EQ(experiment.signals.at(static_cast<size_t>(base::Channel::kSupportCall)).loss,
                     0.05);
    EXPECT_EQ(experiment.tags, std::vector<std::string>{"other"});
}

TEST_F(Overrides, OfTheSameKeyEndWithTheLast) {
    ASSERT_OK_AND(const Experiment experiment, with({"seed=7", "seed=8"}));
    EXPECT_EQ(experiment.seed, 8u);
}

TEST_F(Overrides, ReachTablesOfListsByNameAndByNumber) {
    ASSERT_OK_AND(const Experiment experiment,
                  with({"release.rules-2.at=3h", "group.public-2.personas.developer=2",
                        "fault.1.share=50%", "campaign.wave.per_hour=1", "update.edges=4",
                        "attack.held.1.equals=7", "attack.expect.published=held"}));
    EXPECT_EQ(experiment.releases[0].at, base::SimTime{} + base::hours(3));
    EXPECT_EQ(experiment.groups[3].personas,
              (std::map<std::string, double>{{"developer", 2}, {"office-laptop", 1}}));
    EXPECT_DOUBLE_EQ(experiment.faults[0].share, 0.05);
    EXPECT_DOUBLE_EQ(experiment.faults[1].share, 0.5);
    EXPECT_DOUBLE_EQ(experiment.campaigns[0].per_hour, 1);
    EXPECT_EQ(experiment.update.edges, 4u);
    EXPECT_EQ(experiment.attack->held[1].bound, 7);
    EXPECT_EQ(experiment.attack->expected.at(Profile::kPublished), Standing::kHeld);
}

TEST_F(Overrides, AreGivenSettingsAndStandInTheResolvedText) {
    ASSERT_OK_AND(const Experiment experiment, with({"policy.cdn_ttl=10m", "crew.repair=1h"}));
    ASSERT_OK_AND(const Experiment again, parse(experiment.toml, kFile));
    EXPECT_EQ(without_places(experiment), without_places(again));
    EXPECT_EQ(again.crew.repair, base::hours(1));
}

TEST_F(Overrides, WinOverTheFilesThatAreExtended) {
    const auto child = folder_.path() / "child.toml";
    std::ofstream(child) << "schema = 1\nextends = \"a.toml\"\nseed = 5\n";
    ASSERT_OK_AND(const Experiment experiment,
                  load(child, std::vector<std::string>{"seed=9", "policy.cdn_ttl=1h"}));
    EXPECT_EQ(experiment.seed, 9u);
    EXPECT_EQ(experiment.policy.cdn_ttl, base::hours(1));
}

TEST_F(Overrides, NameTheirPlaceInErrors) {
    const struct {
        const char* text;
        const char* error;
    } cases[] = {
        {"policy.cdn_tll=10m",
         "--set policy.cdn_tll: unknown key `cdn_tll`; did you mean `cdn_ttl`? valid keys: "},
        {"polcy.cdn_ttl=10m", "--set polcy.cdn_ttl: unknown key `polcy`; did you mean `policy`?"},
        {"policy.cdn_ttl=soon", "--set policy.cdn_ttl: `soon` is not a duration; write"},
        {"policy.cdn_ttl=10",
         "--set policy.cdn_ttl: `cdn_ttl` must be a duration such as \"90m\" or \"2d 6h\", not the "
         "integer 10"},
        {"policy.cdn_ttl", "--set policy.cdn_ttl: a setting without a value; write key=value"},
        {"=5", "--set : `` is no key; write keys of a-z, A-Z, 0-9, _ and -, joined by dots"},
        {".seed=5", "--set .seed: `.seed` is no key"},
        {"policy.=5", "--set policy.: `policy.` is no key"},
        {"poli cy=5", "--set poli cy: `poli cy` is no key"},
        {"seed=1\ntitle=\"x\"", "--set seed: the value holds control characters; write it in one"},
        {"title=\xff", "--set title: "},
        {"seed.x=1", "--set seed.x: `seed` must be a whole number, not a table"},
        {"release.rules-3.at=3h",
         "--set release.rules-3.at: no release is called `rules-3`; did you mean `rules-2`? valid: "
         "late, mend, rules-2, planted"},
        {"fault.5.share=1", "--set fault.5.share: `fault` has no table 5; count from 0 to 4"},
        {"release.rules-2={}", "--set release.rules-2: `release` must be a list of tables"},
        {"extends=a.toml", "--set extends: `extends` does not apply here; remove it"},
        {"schema=2", "--set schema: this is not a schema that we read"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1", "nested more than 16 levels deep"},
        {"duration=1m", "--set duration: `duration` is too short; a run lasts at least 5m"},
    };
    for (const auto& [text, error] : cases) {
        EXPECT_ERROR(with({text}), error);
        EXPECT_TRUE(with({text}).error().place.starts_with("--set ")) << text;
    }
}

TEST_F(Overrides, AreTomlOrElseTheWordAsItStands) {
    const auto title = [this](const std::string& value) {
        const auto result = with({"title=" + value});
        return result.ok() ? result->title : result.error().message;
    };
    EXPECT_EQ(title("\"in quotes\""), "in quotes");
    EXPECT_EQ(title("'it''s"), "'it''s");
    EXPECT_EQ(title("say \"hi\" \\ bye"), "say \"hi\" \\ bye");
    EXPECT_EQ(title("a=b # c"), "a=b # c");
    EXPECT_EQ(title("Grüße"), "Grüße");
    EXPECT_EQ(title("12"), "`title` must be a string in quotes, not the integer 12");
}

}  // namespace
}  // namespace firebreak::scenario
