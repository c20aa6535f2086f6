#include "endpoint/supervision/restarts.h"

#include <gtest/gtest.h>

namespace firebreak::endpoint::supervision {
namespace {

TEST(Restarts, AreAllowedAtOnceAfterTheFirstDeath) {
    Restarts restarts;
    EXPECT_TRUE(restarts.may_start({0}));
    restarts.note_death({10});
    EXPECT_TRUE(restarts.may_start({10}));
}

TEST(Restarts, WaitTwiceAsLongAfterEachDeathInARowUpToALimit) {
    Restarts restarts;
    base::Duration now{0};
    restarts.note_death(now);
    for (const int64_t pause : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
        restarts.note_death(now);
        EXPECT_EQ(restarts.pause(now).seconds, pause);
        EXPECT_FALSE(restarts.may_start({now.seconds + pause - 1}));
        EXPECT_TRUE(restarts.may_start({now.seconds + pause}));
        now.seconds += pause;
    }
}

TEST(Restarts, BeginAnewAfterAQuietTime) {
    Restarts restarts;
    for (int64_t n = 0; n < 4; ++n) {
        restarts.note_death({n});
    }
    EXPECT_FALSE(restarts.may_start({3}));
    const base::Duration quiet{3 + Restarts::kQuiet.seconds};
    restarts.note_death(quiet);
    EXPECT_TRUE(restarts.may_start(quiet));
    restarts.note_death({quiet.seconds + 1});
    EXPECT_EQ(restarts.pause({quiet.seconds + 1}), Restarts::kFirstPause);
}

}  // namespace
}  // namespace firebreak::endpoint::supervision
