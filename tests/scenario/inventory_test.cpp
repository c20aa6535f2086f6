// Groups from an inventory.
#include <gtest/gtest.h>

#include <fstream>

#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead =
    "schema = 1\ntitle = \"x\"\nstart = 2026-03-02T00:00:00Z\nduration = \"1d\"\n";
constexpr std::string_view kFleet =
    "group,stage,tenants,persona,weight\n"
    "staff,internal,,office-laptop,30\n"
    "staff,internal,,server,10\n"
    "customers,public,3,office-laptop,100\n"
    "customers,public,3,till,50\n"
    "customers,public,3,office-laptop,10\n";

class Inventory : public testing::Test {
  protected:
    fs::path write(const std::string& name, const std::string& content) const {
        const fs::path file = folder_.path() / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }
    base::Result<Experiment> with(std::string_view csv, const std::string& more = "") const {
        write("fleet.csv", std::string(csv));
        return load(write(
            "a.toml", std::string(kHead) + "inventory = { file = \"./fleet.csv\"" + more + " }\n"));
    }
    std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

  private:
    const test::TemporaryFolder folder_;
};

TEST_F(Inventory, CountsEndpointsByGroupAndPersona) {
    ASSERT_OK_AND(const Experiment experiment, with(kFleet));
    ASSERT_EQ(experiment.groups.size(), 2u);
    const Group& staff = experiment.groups[0];
    EXPECT_EQ(staff.name, "staff");
    EXPECT_EQ(staff.stage, GroupStage::kInternal);
    EXPECT_EQ(staff.endpoints, 40u);
    EXPECT_EQ(staff.tenants, 1u);
    EXPECT_EQ(staff.personas,
              (std::map<std::string, double>{{"office-laptop", 30}, {"server", 10}}));
    EXPECT_EQ(staff.place, at("fleet.csv") + ":2:1");
    const Group& customers = experiment.groups[1];
    EXPECT_EQ(customers.endpoints, 160u);
    EXPECT_EQ(customers.tenants, 3u);
    EXPECT_EQ(customers.personas,
              (std::map<std::string, double>{{"office-laptop", 110}, {"till", 50}}));
}

TEST_F(Inventory, DividesEndpointsByWeight) {
    ASSERT_OK_AND(const Experiment experiment, with(kFleet, ", endpoints = 1_001"));
    EXPECT_EQ(experiment.groups[0].endpoints, 200u);  // 200.2
    EXPECT_EQ(experiment.groups[1].endpoints, 801u);  // 800.8
    EXPECT_EQ(experiment.groups[1].personas.at("till"), 50);
}

TEST_F(Inventory, LosesNobodyInRounding) {
    std::string csv = "group,stage,tenants,persona,weight\n";
    for (int i = 0; i < 7; ++i) {
        csv += "g" + std::to_string(i) + ",public,1,server,0." + std::to_string(i + 1) + "\n";
    }
    for (const uint32_t endpoints : {30u, 31u, 97u, 100'003u, 20'000'000u}) {
        ASSERT_OK_AND(const Experiment experiment,
                      with(csv, ", endpoints = " + std::to_string(endpoints)));
        uint32_t sum = 0;
        for (const Group& group : experiment.groups) {
            sum += group.endpoints;
        }
        EXPECT_EQ(sum, endpoints);
    }
}

TEST_F(Inventory, IsReplacedByGroupsInTheResolvedText) {
    ASSERT_OK_AND(const Experiment experiment, with(kFleet, ", endpoints = 1_001"));
    EXPECT_EQ(experiment.toml.find("inventory"), std::string::npos);
    ASSERT_OK_AND(const Experiment again, parse(experiment.toml, "elsewhere/alone.toml"));
    EXPECT_EQ(without_places(experiment), without_places(again));
    EXPECT_EQ(experiment.toml, again.toml);
}

TEST_F(Inventory, StaysBesideTheFileThatNamesIt) {
    write("family/fleet.csv", std::string(kFleet));
    write("family/parent.toml", std::string(kHead) + "inventory = { file = \"./fleet.csv\" }\n");
    const fs::path child =
        write("child/a.toml", "schema = 1\nextends = \"../family/parent.toml\"\n");
    ASSERT_OK_AND(const Experiment experiment, load(child));
    EXPECT_EQ(experiment.groups.size(), 2u);
}

TEST_F(Inventory, AndGroupsStandInEachOthersPlace) {
    const std::string group =
        "[[group]]\nname = \"all\"\nstage = \"public\"\nendpoints = 9\npersonas = { till = 1 }\n";
    write("fleet.csv", std::string(kFleet));
    const std::string inventory = "inventory = { file = \"./fleet.csv\" }\n";
    EXPECT_ERROR(load(write("both.toml", std::string(kHead) + inventory + group)),
                 "both `inventory` and `group`; an inventory stands in place of groups: remove");
    write("groups.toml", std::string(kHead) + group);
    write("inventory.toml", std::string(kHead) + inventory);
    ASSERT_OK_AND(const Experiment counted,
                  load(write("a.toml", "schema = 1\nextends = \"groups.toml\"\n" + inventory)));
    EXPECT_EQ(counted.groups.size(), 2u);
    ASSERT_OK_AND(const Experiment listed,
                  load(write("b.toml", "schema = 1\nextends = \"inventory.toml\"\n" + group)));
    EXPECT_EQ(listed.groups.size(), 1u);
    ASSERT_OK_AND(
        const Experiment set,
        load(at("groups.toml"), std::vector<std::string>{"inventory={ file = \"./fleet.csv\" }",
                                                         "inventory.endpoints=500"}));
    EXPECT_EQ(set.groups[0].endpoints, 100u);
}

TEST_F(Inventory, NamesEveryMistakeWithPlaceAndRemedy) {
    const std::string head = "group,stage,tenants,persona,weight\n";
    const struct {
        std::string csv, error;
    } cases[] = {
        {head, at("fleet.csv") +
                   ": an inventory without a line; add one for each group and "
                   "persona; it is the inventory of " +
                   at("a.toml") + ":5:22"},
        {"group,persona\n", "no column `stage`; begin it with group,stage,tenants,persona,weight"},
        {head + "All,public,1,till,1\n", "fleet.csv:2:1: `All` is no valid name; write 1 to 40"},
        {head + "all,pubic,1,till,1\n",
         "fleet.csv:2:5: no stage is called `pubic`; did you mean `public`? valid: engineering, "
         "internal, public; it is the inventory of "},
        {head + "all,public,0,till,1\n",
         "fleet.csv:2:12: `0` is no number of tenants; write a whole number from 1 to 65,535"},
        {head + "all,public,1.5,till,1\n", "`1.5` is no number of tenants"},
        {head + "all,public,65536,till,1\n", "`65536` is no number of tenants"},
        {head + "all,public,1,../till,1\n", "fleet.csv:2:14: `../till` is no valid name"},
        {head + "all,public,1,till,0\n",
         "fleet.csv:2:19: `0` is no weight; write a number above 0 and at most 20,000,000"},
        {head + "all,public,1,till,-1\n", "`-1` is no weight"},
        {head + "all,public,1,till,nan\n", "`nan` is no weight"},
        {head + "all,public,1,till,inf\n", "`inf` is no weight"},
        {head + "all,public,1,till,20000001\n", "`20000001` is no weight"},
        {head + "all,public,1,till,1x\n", "`1x` is no weight"},
        {head + "all,public,1,till,\n", "`` is no weight"},
        {head + "all,public,1,till,1.5\n",
         "fleet.csv:2:19: `1.5` endpoints; write whole numbers, or say how many `endpoints` the "
         "inventory stands for"},
        {head + "all,public,1,till,20000000\nall,public,1,till,1\n",
         "fleet.csv:3:19: the weights of `till` in `all` add up to more than 20,000,000"},
        {head + "all,public,1,till,20000000\nall,public,1,server,1\n",
         "fleet.csv:2:1: 20,000,001 endpoints up to here; have at most 20,000,000"},
        {head + "all,public,1,till,1\nall,internal,1,server,1\n",
         "fleet.csv:3:5: another stage for `all`; the group begins at "},
        {head + "all,public,1,till,1\nall,public,2,server,1\n",
         "fleet.csv:3:12: another number of tenants for `all`; the group begins at "},
        {head + "all,public,2,till,1\n",
         "fleet.csv:2:1: 2 tenants cannot share 1 endpoints; each tenant has at least one"},
        {head + "all,public,1,till,1\nstaff,internal,1,till,1\n",
         "fleet.csv:3:1: group `staff` comes too late; list groups in the order of release"},
        {head + "a,internal,1,till,1\nb,internal,1,till,1\n",
         "fleet.csv:3:1: `b` is a second group of its stage"},
    };
    for (const auto& [csv, error] : cases) {
        SCOPED_TRACE(csv);
        EXPECT_ERROR(with(csv), error);
    }
    EXPECT_ERROR(with(head + "a,public,1,till,1\nb,public,1,till,999\n", ", endpoints = 2"),
                 "`a` is too small for any endpoint; give it more weight, or the inventory more");
}

TEST_F(Inventory, NamesAFileBesideTheScenario) {
    EXPECT_ERROR(load(write("a.toml", std::string(kHead) + "inventory = { file = \"x.csv\" }\n")),
                 "a.toml:5:22: `x.csv` is not beside the scenario; write it relative to this file");
    EXPECT_ERROR(load(write("a.toml", std::string(kHead) + "inventory = { file = \"./x.csv\" }\n")),
                 at("x.csv") + ": cannot open: No such file or directory; it is the inventory of ");
    write("x.csv", std::string(16 * 1024 * 1024 + 1, ','));
    EXPECT_ERROR(load(at("a.toml")), "x.csv: larger than 16777216 bytes");
}

TEST_F(Inventory, MayHaveALineForEachMachine) {
    std::string csv = "group,stage,tenants,persona,weight\n";
    for (int i = 0; i < 400'000; ++i) {
        csv += i % 4 == 0 ? "everyone,public,100,server,1\n" : "everyone,public,100,till,1\n";
    }
    ASSERT_OK_AND(const Experiment experiment, with(csv));
    EXPECT_EQ(experiment.groups[0].personas,
              (std::map<std::string, double>{{"server", 100'000}, {"till", 300'000}}));
    EXPECT_EQ(experiment.groups[0].endpoints, 400'000u);
}

TEST_F(Inventory, MayHaveAThousandGroupsAndNoMore) {
    std::string csv = "group,stage,tenants,persona,weight\n";
    for (int i = 0; i < 1000; ++i) {
        csv += "g" + std::to_string(i) + ",public,1,till,1\n";
    }
    ASSERT_OK_AND(const Experiment experiment, with(csv));
    EXPECT_EQ(experiment.groups.size(), 1000u);
    EXPECT_ERROR(with(csv + "more,public,1,till,1\n"),
                 "fleet.csv:1002:1: more than 1,000 groups; put some of them together");
}

TEST_F(Inventory, MustLeaveAScenarioThatARunFileCanKeep) {
    std::string csv = "group,stage,tenants,persona,weight\n";
    for (int i = 0; i < 1000; ++i) {
        for (int k = 0; k < 50; ++k) {
            csv += "g" + std::to_string(i) + ",public,1,a-persona-with-quite-a-name-" +
                   std::to_string(k) + ",1\n";
        }
    }
    EXPECT_ERROR(with(csv), "too large to be kept in a run file; make them smaller");
}

}  // namespace
}  // namespace firebreak::scenario
