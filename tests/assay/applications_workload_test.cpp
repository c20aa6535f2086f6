// Application detection in assays: what it finds on personas, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "assay/encrypted_feeds.h"
#include "assay/workloads.h"

namespace firebreak::assay {
namespace {

using base::Category;
using endpoint::applications::Exclusion;
using endpoint::applications::ExclusionKind;
using testing::IsEmpty;
using testing::Not;

class ApplicationsWorkload : public EncryptedFeeds {
  protected:
    static std::vector<std::string> paths(const Transition& done, bool refused) {
        std::vector<std::string> out;
        for (const ExclusionUse& use : done.exclusions) {
            if (use.refusal.empty() != refused) {
                out.push_back(use.path);
            }
        }
        return out;
    }
};

TEST_F(ApplicationsWorkload, GrantsExclusionsOfWhatIsInstalledAndRefusesTheRest) {
    Assays all = assays("office-laptop");
    const auto good = package(Feed::kAPPFEED, "1", 0, "good/APPFEED/2026-03-02");
    const auto bad = package(Feed::kAPPFEED, "2", 3600, "good/APPFEED/2026-03-02",
                             {"malicious/APPFEED/whole-drive", "malicious/APPFEED/wildcards"});
    const auto of_users = package(Feed::kUSERAPPFEED, "1", 0, "good/USERAPPFEED/2026-03-02");
    const Transition honest = day(all, {&good, &of_users});
    EXPECT_THAT(honest.triggers, IsEmpty());
    EXPECT_THAT(paths(honest, false), Not(IsEmpty()));
    EXPECT_THAT(paths(honest, true), IsEmpty());
    EXPECT_TRUE(honest.reads.contains("applications/APPFEED/running"));
    EXPECT_EQ(parse_transition(to_json(honest)).value().exclusions, honest.exclusions);

    const Transition beside = day(all, {&bad, &of_users});
    EXPECT_THAT(beside.triggers, IsEmpty());
    EXPECT_EQ(paths(beside, false), paths(honest, false));
    EXPECT_THAT(paths(beside, true), Not(IsEmpty()));
}

// Nothing else tells of them: what a failed rule says does not count.
TEST_F(ApplicationsWorkload, TellsOfRulesThatFail) {
    Assays all = assays("office-laptop");
    const auto bad =
        package(Feed::kAPPFEED, "1", 0, "good/APPFEED/2026-03-02",
                {"malicious/APPFEED/thousand-exclusions", "malicious/APPFEED/loop-in-pcall"});
    const Transition done = day(all, {&bad});
    std::vector<std::string> failed;
    for (const RuleUse& use : done.rules) {
        EXPECT_EQ(use.feed, Feed::kAPPFEED);
        EXPECT_EQ(use.calls, 1u) << use.rule;
        EXPECT_GT(use.nanoseconds, 0u) << use.rule;
        if (use.errors > 0) {
            failed.push_back(use.rule);
        }
    }
    EXPECT_THAT(failed,
                testing::UnorderedElementsAre("loop-in-pcall.lua", "thousand-exclusions.lua"));
    EXPECT_THAT(done.rules, testing::SizeIs(8)) << "the good ones, too";
}

TEST_F(ApplicationsWorkload, HasNothingToSayWithoutContent) {
    Assays all = assays("server");
    const Transition done = one(all, all.intern({}), WorkloadStimulus{{0}, "persona", nullptr});
    EXPECT_THAT(done.exclusions, IsEmpty());
    EXPECT_TRUE(done.reads.contains("applications/USERAPPFEED/running"));
}

TEST(Exclusions, CoverAFileOrAFolderWithAllBelowIt) {
    const std::vector<Exclusion> some = {{ExclusionKind::kFolder, "D:\\Data"},
                                         {ExclusionKind::kFile, "C:\\a\\b.db"},
                                         {ExclusionKind::kProcess, "C:\\c\\d.exe"}};
    EXPECT_TRUE(is_excluded("d:\\data\\x\\y.mdf", some));
    EXPECT_FALSE(is_excluded("D:\\Database\\y.mdf", some));
    EXPECT_TRUE(is_excluded("C:\\A\\B.DB", some));
    EXPECT_FALSE(is_excluded("C:\\a\\b.db.exe", some));
    EXPECT_FALSE(is_excluded("C:\\c\\d.exe", some)) << "what it does, not what it is";
}

}  // namespace
}  // namespace firebreak::assay
