#include "endpoint/update/profile.h"

#include <gtest/gtest.h>

namespace firebreak::endpoint::update {
namespace {

TEST(ProfileTest, IsFoundByItsNameAlone) {
    ASSERT_TRUE(find_profile("published"));
    EXPECT_EQ(find_profile("published")->name, "published");
    ASSERT_TRUE(find_profile("hardened"));
    EXPECT_EQ(find_profile("hardened")->name, "hardened");
    for (const char* other : {"", "Hardened", "hardened ", "none"}) {
        EXPECT_FALSE(find_profile(other)) << other;
    }
}

TEST(ProfileTest, ChecksNoMoreThanWasPublished) {
    const Profile profile = published();
    EXPECT_EQ(profile.threshold, 0u);
    EXPECT_FALSE(profile.whole_sets || profile.bind_feed || profile.bind_platform ||
                 profile.bind_group || profile.build_floor || profile.byte_caps ||
                 profile.other_edges);
    EXPECT_FALSE(profile.allowed_skew || profile.stale_after || profile.deadline);
    EXPECT_EQ(profile.least_bytes_per_s, 0u);
}

TEST(ProfileTest, LeavesNoCheckOutWhenHardened) {
    const Profile profile = hardened();
    EXPECT_GE(profile.threshold, 2u) << "one stolen key must not be enough";
    EXPECT_TRUE(profile.whole_sets && profile.bind_feed && profile.bind_platform &&
                profile.bind_group && profile.build_floor && profile.byte_caps &&
                profile.other_edges);
    EXPECT_TRUE(profile.allowed_skew && profile.stale_after && profile.deadline);
    EXPECT_GT(profile.least_bytes_per_s, 0u);
}

}  // namespace
}  // namespace firebreak::endpoint::update
