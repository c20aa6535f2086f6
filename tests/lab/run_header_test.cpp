// What is known before the first second: stages, what each can find, and what appears where first.
#include "lab/run_header.h"

#include <gmock/gmock.h>

#include <cmath>

#include "lab/recorded_lab.h"

namespace firebreak::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RunHeaderTest : public RecordedLab {
  protected:
    std::vector<record::Stage> stages(const std::string& policy) {
        run("schema = 1\ntitle = \"stages\"\nstart = 2026-03-02T00:00:00Z\nduration = \"2d\"\n" +
            policy + R"(
[signal.crash_report]
loss = "2%"
opt_out = "10%"
[[group]]
name = "engineering"
stage = "engineering"
endpoints = 12
personas = { workstation = 1 }
[[group]]
name = "internal"
stage = "internal"
endpoints = 20
personas = { workstation = 1 }
[[group]]
name = "public-1"
stage = "public"
endpoints = 100
personas = { workstation = 1, desk = 1 }
[[group]]
name = "public-2"
stage = "public"
endpoints = 200
personas = { workstation = 1, desk = 1 }
)" + test::kTinyBaseline +
            test::release("two", "good", "at = \"1h\""));
        return run_.header.stages;
    }
};

constexpr char kBaked[] = R"([policy]
internal_after = "8h"
public_after = "16h"
public_interval = "6h"
)";

TEST_F(RunHeaderTest, StagesFollowThePolicyWithTheirBakeTimes) {
    const auto stages = this->stages(kBaked);
    ASSERT_EQ(stages.size(), 4u);
    EXPECT_EQ(stages[0].name, "engineering");
    EXPECT_EQ(stages[1].name, "internal");
    EXPECT_EQ(stages[3].name, "public-2");
    EXPECT_EQ(stages[0].bake, base::hours(8));
    EXPECT_EQ(stages[1].bake, base::hours(16));
    EXPECT_EQ(stages[2].bake, base::hours(6));
    EXPECT_EQ(stages[3].bake, base::hours(48 - 31)) << "until the end of the run";
    EXPECT_DOUBLE_EQ(stages[0].endpoint_hours, 12 * 8) << "never off";
    EXPECT_LT(stages[2].endpoint_hours, 100 * 6) << "half of them are off at night";
}

TEST_F(RunHeaderTest, NotesNameFeedsThatAreReleasedWithoutABaseline) {
    stages(kBaked);
    EXPECT_THAT(run_.header.notes, Not(HasSubstr("no baseline")));
    run(std::string(test::kOneGroup) + test::kTinyBaseline +
        "[[release]]\nid = \"esh-1\"\nfeed = \"ESH\"\nsource = \"./rules/good\"\nat = \"1h\"\n"
        "[[release]]\nid = \"plant\"\nkind = \"plant\"\nfeed = \"Hmpa_data\"\n"
        "source = \"./rules/good\"\nat = \"1h\"\n");
    EXPECT_THAT(run_.header.notes, HasSubstr("ESH has no baseline: until its first release"));
    EXPECT_THAT(run_.header.notes, Not(HasSubstr("DatasetA has no baseline")));
    EXPECT_THAT(run_.header.notes, Not(HasSubstr("Hmpa_data"))) << "nobody is offered it";
    EXPECT_EQ(at({0}, base::Metric::kProtected), 0);
    EXPECT_EQ(at_end(base::Metric::kProtected), 60);
}

// The rule of three over the reports that arrive.
TEST_F(RunHeaderTest, AGateFindsWhatBringsOneReportInItsBakeTime) {
    const auto stages = this->stages(kBaked);
    ASSERT_EQ(stages.size(), 4u);
    EXPECT_NEAR(stages[0].finds_per_h.value_or(0), -std::log(0.05) / (12 * 8 * 0.98 * 0.9), 1e-6);
    EXPECT_NEAR(stages[1].finds_per_h.value_or(0), -std::log(0.05) / (20 * 16 * 0.98 * 0.9), 1e-6);
    EXPECT_NEAR(stages[2].finds_per_h.value_or(0),
                smallest_found_by_count(10, stages[2].endpoint_hours * 0.98 * 0.9), 1e-9)
        << "the threshold's ten reports";
}

TEST_F(RunHeaderTest, NamesWhatNoEarlierStageHas) {
    const auto stages = this->stages(kBaked);
    ASSERT_EQ(stages.size(), 4u);
    EXPECT_THAT(stages[0].first_seen_here,
                ElementsAre("persona workstation", "Windows 10.0.19045.4529",
                            "driver workstation.sys 1.0.0.1"));
    EXPECT_THAT(stages[1].first_seen_here, IsEmpty());
    EXPECT_THAT(stages[2].first_seen_here, ElementsAre("persona desk", "driver desk.sys 1.0.0.1"));
    EXPECT_THAT(stages[3].first_seen_here, IsEmpty());
}

TEST_F(RunHeaderTest, AStepOfARampIsAStageAcrossGroups) {
    const auto stages = this->stages(R"([policy]
internal_after = "8h"
public_after = "16h"
ramp = [{ share = "10%", after = "0s" }, { share = "100%", after = "6h" }]
)");
    ASSERT_EQ(stages.size(), 4u);
    EXPECT_EQ(stages[2].name, "public, 10 %");
    EXPECT_EQ(stages[2].endpoints, 30u);
    EXPECT_EQ(stages[2].bake, base::hours(6));
    EXPECT_EQ(stages[3].endpoints, 270u);
}

}  // namespace
}  // namespace firebreak::lab
