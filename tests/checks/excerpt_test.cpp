#include "checks/excerpt.h"

#include <gtest/gtest.h>

#include "checks/failures.h"
#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

record::Run flooded() {
    record::Run run;
    for (int i = 0; i < 1'000; ++i) {
        run.timeline.push_back({{i}, "harm", record::kAll, record::kAll, std::to_string(i)});
    }
    run.timeline.insert(run.timeline.begin() + 500,
                        {{499}, "halt", record::kAll, record::kAll, "the one that counts"});
    run.timeline.push_back({{1'000}, "resume", record::kAll, record::kAll, "and it goes on"});
    return run;
}

TEST(Excerpt, KeepsWhatIsRareInAFlood) {
    const record::Run run = flooded();
    const Excerpt few = excerpt(run, 10);
    ASSERT_EQ(few.entries.size(), 10u);
    EXPECT_EQ(few.entries[0]->text, "0");
    EXPECT_EQ(few.entries[7]->text, "7");
    EXPECT_EQ(few.entries[8]->kind, "halt");
    EXPECT_EQ(few.entries[9]->kind, "resume");
    EXPECT_EQ(left_out_text(few), "992 more of kind harm");
}

TEST(Excerpt, OfAShortTimelineIsAllOfIt) {
    const record::Run run = flooded();
    const Excerpt all = excerpt(run, 5'000);
    EXPECT_EQ(all.entries.size(), run.timeline.size());
    EXPECT_EQ(left_out_text(all), "");
}

TEST(Failures, AreTheDistinctOnesWithTheFirstThatMetThem) {
    record::Run run = test::rich_run();
    run.assays.push_back(run.assays[0]);
    run.assays.back().evidence = "another";
    run.assays.push_back(run.assays[0]);
    run.assays.back().code = "";
    run.assays.push_back(run.assays[0]);
    run.assays.back().imported = true;
    const std::vector<Failure> all = failures(run);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].what, "false positive at run: a file that starts Windows is held");
    EXPECT_EQ(all[0].example, &run.assays[0]);
    EXPECT_EQ(all[0].assays, 2u);
    EXPECT_TRUE(all[2].example->imported) << "what was measured elsewhere stands by itself";
}

}  // namespace
}  // namespace firebreak::checks
