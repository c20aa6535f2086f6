// Outcomes that were measured elsewhere.
#include <gtest/gtest.h>

#include <fstream>

#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScenario = R"(schema = 1
title = "x"
start = 2026-03-02T00:00:00Z
duration = "1d"
[[group]]
name = "all"
stage = "public"
endpoints = 10
personas = { server = 1, till = 1 }
[[release]]
id = "rules-2"
feed = "DatasetA"
source = "x"
at = "1h"
)";
constexpr std::string_view kCsv =
    "release,persona,harm,what,events,hours\n"
    "rules-2,till,boot_loop,\"a print job, \"\"A4\"\"\",3,120.5\n"
    "rules-2,server,none,,,400\n";
constexpr std::string_view kJson = R"([
  { "release": "rules-2", "persona": "till", "harm": "boot_loop",
    "what": "a print job, \"A4\"", "events": 3, "hours": 120.5 },
  { "release": "rules-2", "persona": "server", "harm": "none", "hours": 400 }
])";

class Measured : public testing::Test {
  protected:
    fs::path write(const std::string& name, std::string_view content) const {
        const fs::path file = folder_.path() / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }
    base::Result<Experiment> with(const std::string& name, std::string_view content) const {
        write(name, content);
        return load(
            write("a.toml", std::string(kScenario) + "[[measured]]\nfile = \"./" + name + "\"\n"));
    }
    std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

  private:
    const test::TemporaryFolder folder_;
};

void expect_both_rows(const Experiment& experiment) {
    ASSERT_EQ(experiment.measurements.size(), 2u);
    const Measurement& loop = experiment.measurements[0];
    EXPECT_EQ(loop.release, "rules-2");
    EXPECT_EQ(loop.persona, "till");
    EXPECT_EQ(loop.harm, base::Harm::kBootLoop);
    EXPECT_EQ(loop.what, "a print job, \"A4\"");
    EXPECT_EQ(loop.events, 3u);
    EXPECT_EQ(loop.hours, 120.5);
    const Measurement& nothing = experiment.measurements[1];
    EXPECT_EQ(nothing.persona, "server");
    EXPECT_EQ(nothing.harm, base::Harm::kNone);
    EXPECT_EQ(nothing.events, 0u);
    EXPECT_EQ(nothing.hours, 400);
}

TEST_F(Measured, ComeFromCsv) {
    ASSERT_OK_AND(const Experiment experiment, with("farm.csv", kCsv));
    expect_both_rows(experiment);
    EXPECT_EQ(experiment.measurements[1].place, at("farm.csv") + ":3:1");
}

TEST_F(Measured, ComeFromJson) {
    ASSERT_OK_AND(const Experiment experiment, with("farm.json", kJson));
    expect_both_rows(experiment);
    EXPECT_EQ(experiment.measurements[1].place, at("farm.json") + "[1]");
}

TEST_F(Measured, StandInTheResolvedText) {
    for (const auto& [name, content] :
         {std::pair("farm.csv", kCsv), std::pair("farm.json", kJson)}) {
        ASSERT_OK_AND(const Experiment experiment, with(name, content));
        EXPECT_EQ(experiment.toml.find("farm."), std::string::npos);
        ASSERT_OK_AND(const Experiment again, parse(experiment.toml, "elsewhere/alone.toml"));
        EXPECT_EQ(without_places(experiment), without_places(again));
        EXPECT_EQ(experiment.toml, again.toml);
        expect_both_rows(again);
    }
}

TEST_F(Measured, FromFilesAndFromTheScenarioStandTogether) {
    write("farm.csv", "release,persona,harm,what,events,hours\nrules-2,server,none,,,400\n");
    const fs::path file =
        write("a.toml",
              std::string(kScenario) +
                  "[[measured]]\nrelease = \"rules-2\"\npersona = \"till\"\nharm = \"slow\"\n"
                  "what = \"Grüße\"\nevents = 1\nhours = 2\n[[measured]]\nfile = \"./farm.csv\"\n");
    ASSERT_OK_AND(const Experiment experiment, load(file));
    ASSERT_EQ(experiment.measurements.size(), 2u);
    EXPECT_EQ(experiment.measurements[0].what, "Grüße");
    EXPECT_EQ(experiment.measurements[1].persona, "server");
}

TEST_F(Measured, StayBesideTheFileThatNamesThem) {
    write("family/farm.csv", kCsv);
    write("family/parent.toml", std::string(kScenario) + "[[measured]]\nfile = \"./farm.csv\"\n");
    ASSERT_OK_AND(const Experiment experiment,
                  load(write("child/a.toml", "schema = 1\nextends = \"../family/parent.toml\"\n")));
    expect_both_rows(experiment);
}

TEST_F(Measured, NameEveryMistakeInCsv) {
    const std::string head = "release,persona,harm,what,events,hours\n";
    const struct {
        std::string csv;
        const char* error;
    } cases[] = {
        {head,
         "farm.csv: no measurement in it; remove the file from the scenario; it is named at "},
        {"release\n", "no column `persona`"},
        {head + "rules-3,till,none,,,1\n",
         "farm.csv:2:1: no release is called `rules-3`; did you mean `rules-2`? valid: rules-2; it "
         "is named at "},
        {head + "rules-2,tilt,none,,,1\n",
         "farm.csv:2:9: no persona is called `tilt`; did you mean"},
        {head + "rules-2,till,bsod,,,1\n", "farm.csv:2:14: no harm is called `bsod`; valid: none,"},
        {head + "rules-2,till,slow,x,,1\n", "farm.csv:2:21: `slow` without a number of events"},
        {head + "rules-2,till,slow,x,0,1\n", "farm.csv:2:21: `slow` without a number of events"},
        {head + "rules-2,till,slow,x,1.5,1\n", "farm.csv:2:21: `1.5` is no number"},
        {head + "rules-2,till,slow,x,99999999999999999999,1\n", "is no number"},
        {head + "rules-2,till,slow,x,-1,1\n", "`slow` without a number of events"},
        {head + "rules-2,till,slow,,1,1\n", "farm.csv:2:19: `slow` of unknown cause"},
        {head + "rules-2,till,none,,1,1\n", "farm.csv:2:20: events of no harm"},
        {head + "rules-2,till,none,x,,1\n", "farm.csv:2:19: something set no harm off"},
        {head + "rules-2,till,none,,,\n", "farm.csv:2:21: `` is no number"},
        {head + "rules-2,till,none,,,0\n",
         "farm.csv:2:21: `0` hours; write how many machine-hours were watched: above 0"},
        {head + "rules-2,till,none,,,nan\n", "`nan` hours"},
        {head + "rules-2,till,none,,,inf\n", "`inf` hours"},
        {head + "rules-2,till,none,,,\"1,000\"\n",
         "`1,000` is no number; write it with digits alone, without blanks or commas"},
        {head + "rules-2,till,slow,x,1,1\nrules-2,till,slow,x,2,2\n",
         "farm.csv:3:1: `rules-2` on `till` was measured twice; the other measurement is at "},
        {head + "rules-2,till,none,,,1\nrules-2,till,slow,x,2,2\n",
         "farm.csv:3:1: `rules-2` did harm on `till`, and it did none; the other measurement is"},
    };
    for (const auto& [csv, error] : cases) {
        SCOPED_TRACE(csv);
        EXPECT_ERROR(with("farm.csv", csv), error);
    }
}

TEST_F(Measured, NameEveryMistakeInJson) {
    const auto row = [](const std::string& members) {
        return R"([{ "release": "rules-2", "persona": "till", )" + members + " }]";
    };
    const struct {
        std::string json;
        const char* error;
    } cases[] = {
        {"", "farm.json:1:1: not JSON; write a list of objects with the members release, persona"},
        {"[\n {,\n]", "farm.json:2:3: not JSON"},
        {"[\"\xff\"]", "farm.json:1:3: not JSON"},
        {"{}", "farm.json: not a list; write a list of objects: [ { … }, { … } ]"},
        {"[]", "farm.json: no measurement in it"},
        {"[3]", "farm.json[0]: not an object; write one with the members release, persona, harm,"},
        {row(R"("harm": "none", "hour": 1)"),
         "farm.json[0]: no member is called `hour`; did you mean `hours`? valid: release"},
        {row(R"("harm": "none", "hours": 1, "hours": 2)"),
         "farm.json: an object with two members `hours`; remove one of them"},
        {row(R"("harm": "none")"), "farm.json[0].hours: `hours` must be a number"},
        {row(R"("harm": "none", "hours": "1")"), "farm.json[0].hours: `hours` must be a number"},
        {row(R"("harm": "none", "hours": 0)"), "farm.json[0].hours: `0` hours"},
        {row(R"("harm": "none", "hours": 1e999)"), "farm.json: a number out of range"},
        {row(R"("harm": 1, "hours": 1)"), "farm.json[0].harm: `harm` must be a string"},
        {row(R"("hours": 1)"), "farm.json[0].harm: no harm is called ``"},
        {row(R"("harm": "slow", "what": "x", "events": 1.0, "hours": 1)"),
         "farm.json[0].events: `events` must be a whole number"},
        {row(R"("harm": "slow", "what": "x", "events": -1, "hours": 1)"),
         "farm.json[0].events: `slow` without a number of events"},
        {row(R"("harm": "slow", "what": "x", "events": 18446744073709551615, "hours": 1)"),
         "farm.json[0].events: `slow` without a number of events"},
        {row(R"("harm": "slow", "what": "\u001b[2J", "events": 1, "hours": 1)"),
         "farm.json[0].what: `what` must be one line of text"},
        {std::string(500'000, '['), "not JSON"},
    };
    for (const auto& [json, error] : cases) {
        SCOPED_TRACE(json.substr(0, 120));
        EXPECT_ERROR(with("farm.json", json), error);
    }
}

TEST_F(Measured, AreFilesOfAKnownKindAndSize) {
    EXPECT_ERROR(with("farm.xml", "<x/>"),
                 "a.toml:16:8: measurements in a file of unknown kind; name one that ends in .csv");
    EXPECT_ERROR(with("farm.csv", std::string(1024 * 1024 + 1, ',')), "larger than 1048576 bytes");
    EXPECT_ERROR(with("farm.json", std::string(1024 * 1024 + 1, ' ')), "larger than 1048576 bytes");
    EXPECT_ERROR(
        load(write("a.toml", std::string(kScenario) + "[[measured]]\nfile = \"./no.csv\"\n")),
        at("no.csv") + ": cannot open: No such file or directory; it is named at ");
    EXPECT_ERROR(
        load(write("a.toml", std::string(kScenario) + "[[measured]]\nfile = \"no.csv\"\n")),
        "`no.csv` is not beside the scenario");
}

}  // namespace
}  // namespace firebreak::scenario
