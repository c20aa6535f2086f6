#include "base/channel.h"

#include <gtest/gtest.h>

#include <set>

namespace firebreak::base {
namespace {

TEST(Channels, StandInTheOrderOfTheirNumbersAndAreFoundByName) {
    std::set<std::string_view> names;
    const Channels usual = usual_channels();
    for (size_t i = 0; i < kChannels; ++i) {
        const ChannelInfo& entry = channels()[i];
        EXPECT_EQ(static_cast<size_t>(entry.channel), i);
        EXPECT_EQ(&info(entry.channel), &entry);
        EXPECT_EQ(find_channel(entry.name), entry.channel);
        EXPECT_FALSE(entry.meaning.empty());
        EXPECT_FALSE(entry.source.empty());
        EXPECT_EQ(usual.at(i), entry.usual);
        names.insert(entry.name);
    }
    EXPECT_EQ(names.size(), kChannels);
    EXPECT_EQ(find_channel("Alert"), std::nullopt);
    EXPECT_EQ(find_channel(""), std::nullopt);
}

TEST(Channels, AreNoFasterThanASliceAndLoseNoMoreThanThereIs) {
    for (const ChannelInfo& entry : channels()) {
        EXPECT_GE(entry.usual.delay, minutes(5)) << entry.name;
        for (const double share : {entry.usual.loss, entry.usual.opt_out}) {
            EXPECT_GE(share, 0) << entry.name;
            EXPECT_LT(share, 1) << entry.name;
        }
        EXPECT_EQ(entry.usual.interval.seconds != 0, entry.channel == Channel::kTelemetry)
            << entry.name;
    }
    EXPECT_EQ(info(Channel::kTelemetry).usual.interval, Duration{86'400}) << "published";
}

TEST(Channels, LeavePeopleToThePhoneInOfficeHours) {
    for (const ChannelInfo& entry : channels()) {
        const bool people = entry.channel == Channel::kSupportCall ||
                            entry.channel == Channel::kFalsePositiveReport;
        EXPECT_EQ(entry.usual.office_hours, people) << entry.name;
    }
}

TEST(ChanceOfASignal, IsNoneWithoutHarmAndAlwaysAChance) {
    for (const ChannelInfo& entry : channels()) {
        for (const HarmInfo& harm : harms()) {
            const double p = chance(entry.channel, harm.harm);
            EXPECT_GE(p, 0) << entry.name << ", " << harm.name;
            EXPECT_LE(p, 1) << entry.name << ", " << harm.name;
        }
        EXPECT_EQ(chance(entry.channel, Harm::kNone), 0) << entry.name;
    }
}

TEST(ChanceOfASignal, IsThatOfACallAloneFromAMachineThatIsCutOff) {
    for (const HarmInfo& harm : harms()) {
        EXPECT_EQ(chance(Channel::kSupportCall, harm.harm), harm.calls) << harm.name;
        if (harm.cut_off) {
            EXPECT_GT(harm.calls, 0) << harm.name;
            EXPECT_EQ(chance(Channel::kCrashReport, harm.harm), 0) << harm.name;
            EXPECT_EQ(chance(Channel::kTelemetry, harm.harm), 0) << harm.name;
            EXPECT_EQ(chance(Channel::kFalsePositiveReport, harm.harm), 0) << harm.name;
        }
    }
}

TEST(ChanceOfASignal, IsNoneForSilentHarm) {
    for (const ChannelInfo& entry : channels()) {
        EXPECT_EQ(chance(entry.channel, Harm::kBlind), 0) << entry.name;
        EXPECT_EQ(chance(entry.channel, Harm::kOverExclusion), 0) << entry.name;
    }
}

TEST(ChanceOfASignal, IsThatOfWhatTheChannelSees) {
    EXPECT_EQ(chance(Channel::kCrashReport, Harm::kRestart), 1);
    EXPECT_EQ(chance(Channel::kCrashReport, Harm::kDown), 1);
    EXPECT_EQ(chance(Channel::kCrashReport, Harm::kSlow), 0);
    EXPECT_EQ(chance(Channel::kTelemetry, Harm::kSlow), 1);
    EXPECT_GT(chance(Channel::kFalsePositiveReport, Harm::kFileHeld), 0);
    EXPECT_LT(chance(Channel::kFalsePositiveReport, Harm::kFileHeld), 1) << "few send one in";
    EXPECT_EQ(chance(Channel::kFalsePositiveReport, Harm::kRestart), 0);
    for (const HarmInfo& harm : harms()) {
        EXPECT_EQ(chance(Channel::kAlert, harm.harm), 0) << harm.name;
        EXPECT_EQ(chance(Channel::kSilence, harm.harm), 0) << harm.name;
    }
}

}  // namespace
}  // namespace firebreak::base
