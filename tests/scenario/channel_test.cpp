// The content channel and attacks on it: what valid tables become.
#include <gtest/gtest.h>

#include <fstream>

#include "base/sandbox_layers.h"
#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

using base::days;
using base::Duration;
using base::hours;
using base::minutes;
using base::SimTime;

constexpr std::string_view kSmall = R"(schema = 1
title = "Small"
start = 2026-03-02T00:00:00Z
duration = "10d"
[[group]]
name = "engineering"
stage = "engineering"
endpoints = 1
personas = { server = 1 }
[[group]]
name = "all"
stage = "public"
endpoints = 100
personas = { server = 1 }
[[baseline]]
feed = "DatasetA"
version = "1"
source = "good/x"
)";

constexpr std::string_view kPlant = R"([[release]]
id = "planted"
kind = "plant"
feed = "DatasetA"
source = "bad/x"
)";

base::Result<Experiment> small(std::string_view more) {
    return parse(std::string(kSmall) + std::string(more), kFile);
}

class Channel : public testing::Test {
  protected:
    void SetUp() override { ASSERT_OK_AND(experiment_, parse(kEveryKey, kFile)); }
    Experiment experiment_;
};

TEST_F(Channel, IsDescribed) {
    const Update& update = experiment_.update;
    EXPECT_EQ(update.profile, Profile::kHardened);
    EXPECT_EQ(update.edges, 3u);
    EXPECT_EQ(update.invalidation, minutes(20));
    EXPECT_TRUE(update.http);
    EXPECT_EQ(update.platform, "windows-arm64");
    EXPECT_EQ(update.head_valid, hours(12));
    EXPECT_EQ(update.head_refresh, minutes(90));
}

TEST_F(Channel, HasTheDocumentedDefaults) {
    ASSERT_OK_AND(const Experiment experiment, small(""));
    EXPECT_EQ(experiment.update, Update{});
    EXPECT_EQ(experiment.update.profile, Profile::kPublished);
    EXPECT_EQ(experiment.attack, std::nullopt);
    ASSERT_OK_AND(const Experiment said, small("[update]\ninvalidation = \"cdn_ttl\"\n"));
    EXPECT_EQ(said.update, Update{});
}

TEST_F(Channel, MayRequireLayersOfTheSandbox) {
    EXPECT_EQ(experiment_.required_layers, base::kNamespaces | base::kLandlock);
    ASSERT_OK_AND(const Experiment none, small(""));
    EXPECT_EQ(none.required_layers, 0u);
}

TEST_F(Channel, MayDropCopiesAtOnce) {
    ASSERT_OK_AND(const Experiment experiment, small("[update]\ninvalidation = \"0s\"\n"));
    EXPECT_EQ(experiment.update.invalidation, Duration{0});
}

TEST_F(Channel, IsKnownToThePlantThatIsSaidInFull) {
    const Release& plant = experiment_.releases[2];
    EXPECT_EQ(plant.id, "planted");
    EXPECT_EQ(plant.kind, ReleaseKind::kPlant);
    EXPECT_EQ(plant.at, SimTime{} + days(4));
    EXPECT_EQ(plant.version, "planted");
    EXPECT_EQ(plant.platform, "linux-x64");
    EXPECT_EQ(plant.only_groups, (std::vector<std::string>{"engineering", "public-1"}));
    ASSERT_TRUE(plant.signed_at.has_value());
    EXPECT_EQ(base::to_text(*plant.signed_at), "2099-12-31T23:59:59Z");
    EXPECT_EQ(plant.signed_by, SignedBy::kOtherFeed);
}

TEST(Plants, ExistFromTheStartAndAreSignedWithTheVendorsKeyUnlessToldOtherwise) {
    ASSERT_OK_AND(const Experiment experiment, small(kPlant));
    ASSERT_EQ(experiment.releases.size(), 1u);
    const Release& plant = experiment.releases[0];
    EXPECT_EQ(plant.kind, ReleaseKind::kPlant);
    EXPECT_EQ(plant.at, SimTime{});
    EXPECT_EQ(plant.platform, "any");
    EXPECT_TRUE(plant.only_groups.empty());
    EXPECT_EQ(plant.signed_at, std::nullopt);
    EXPECT_EQ(plant.signed_by, SignedBy::kVendor);
}

TEST(Plants, MayBeSignedByAnybody) {
    const std::pair<const char*, SignedBy> signers[] = {
        {"vendor", SignedBy::kVendor},        {"other_feed", SignedBy::kOtherFeed},
        {"other_root", SignedBy::kOtherRoot}, {"wrong_usage", SignedBy::kWrongUsage},
        {"expired", SignedBy::kExpired},      {"nobody", SignedBy::kNobody}};
    for (const auto& [word, signer] : signers) {
        ASSERT_OK_AND(const Experiment experiment,
                      small(std::string(kPlant) + "signed_by = \"" + word + "\"\n"));
        EXPECT_EQ(experiment.releases[0].signed_by, signer) << word;
    }
}

TEST(Plants, AreNotPublished) {
    const std::string elsewhere = changed(kPlant, "\"DatasetA\"", "\"ESH\"");
    EXPECT_ERROR(small(elsewhere + "[[fault]]\nkind = \"bit_flip\"\nfeed = \"ESH\"\n"),
                 "nothing of ESH is published here");
    EXPECT_ERROR(small(elsewhere + "[load_context]\nESH = \"kernel\"\n"),
                 "nothing of ESH is published here");
    EXPECT_ERROR(small(std::string(kPlant) + "[[expect]]\nmetric = \"running\"\nequals = 0\n"),
                 "`running` needs a release, and there is none; name a plant in `release`, or add "
                 "a [[release]] that is published");
}

TEST(Plants, AreNeverTheReleaseThatAnExpectationMeans) {
    const std::string late = changed(kPlant, "source", "at = \"9d\"\nsource");
    ASSERT_OK_AND(const Experiment experiment,
                  small(late + "[[release]]\nid = \"real\"\nfeed = \"DatasetA\"\nat = \"1d\"\n"
                               "source = \"good/y\"\n"
                               "[[expect]]\nmetric = \"running\"\nat_least = 1\n"));
    EXPECT_EQ(experiment.releases.back().id, "planted");
    EXPECT_EQ(experiment.expectations[0].release, "real");
}

TEST(Releases, OfTheVendorMayBeBoundToGroupsAPlatformAndATime) {
    ASSERT_OK_AND(const Experiment experiment,
                  small("[[release]]\nid = \"real\"\nfeed = \"DatasetA\"\nat = \"1d\"\n"
                        "source = \"good/y\"\nplatform = \"linux-x64\"\nonly_groups = [\"all\"]\n"
                        "signed_at = 2099-01-01T00:00:00Z\nsigned_by = \"vendor\"\n"));
    EXPECT_EQ(experiment.releases[0].platform, "linux-x64");
    EXPECT_EQ(experiment.releases[0].only_groups, std::vector<std::string>{"all"});
    EXPECT_TRUE(experiment.releases[0].signed_at.has_value());
}

base::Result<Fault> fault(std::string_view keys, std::string_view update = "") {
    auto result =
        small(std::string(kPlant) + std::string(update) + "[[fault]]\n" + std::string(keys) + "\n");
    if (!result.ok()) {
        return result.error();
    }
    return result->faults.at(0);
}

TEST_F(Channel, HasFaultsOfItsOwn) {
    ASSERT_EQ(experiment_.faults.size(), 5u);
    const Fault& replay = experiment_.faults[2];
    EXPECT_EQ(replay.replayed, "planted");
    EXPECT_EQ(replay.stolen_heads, 2u);
    EXPECT_EQ(replay.edge, 3u);
    const Fault& cross = experiment_.faults[3];
    EXPECT_EQ(cross.kind, FaultKind::kCrossGroup);
    EXPECT_EQ(cross.from_group, "engineering");
    EXPECT_EQ(cross.feed, std::nullopt);
    EXPECT_EQ(cross.groups, std::vector<std::string>{"public-1"});
    EXPECT_EQ(cross.edge, std::nullopt);
    const Fault& clock = experiment_.faults[4];
    EXPECT_EQ(clock.kind, FaultKind::kWrongClock);
    EXPECT_EQ(clock.shift, (Duration{-30 * 86400}));
}

TEST(Faults, OfEachKindNeedNoMoreThanWhatTellsThemApart) {
    const std::pair<const char*, FaultKind> kinds[] = {
        {"kind = \"bit_flip\"", FaultKind::kBitFlip},
        {"kind = \"truncate\"", FaultKind::kTruncate},
        {"kind = \"replay\"\nfeed = \"DatasetA\"\nreplayed = \"planted\"", FaultKind::kReplay},
        {"kind = \"freeze\"", FaultKind::kFreeze},
        {"kind = \"cross_group\"\ngroups = [\"all\"]\nfrom_group = \"engineering\"",
         FaultKind::kCrossGroup},
        {"kind = \"missing\"", FaultKind::kMissing},
        {"kind = \"black_hole\"", FaultKind::kBlackHole},
        {"kind = \"endless\"", FaultKind::kEndless},
        {"kind = \"inflate\"", FaultKind::kInflate},
        {"kind = \"slow\"", FaultKind::kSlow},
        {"kind = \"wrong_clock\"\nahead = \"3650d\"", FaultKind::kWrongClock},
        {"kind = \"state_lost\"", FaultKind::kStateLost},
        {"kind = \"store_full\"", FaultKind::kStoreFull},
        {"kind = \"store_read_only\"", FaultKind::kStoreReadOnly}};
    for (const auto& [keys, kind] : kinds) {
        ASSERT_OK_AND(const Fault read, fault(keys));
        EXPECT_EQ(read.kind, kind) << keys;
        EXPECT_EQ(read.feed.has_value(), kind == FaultKind::kReplay) << keys;
        EXPECT_EQ(read.target, FaultTarget::kPayload) << keys;
        EXPECT_EQ(read.stolen_heads, 0u) << keys;
        EXPECT_EQ(read.until, SimTime{} + days(10)) << keys;
    }
}

// Which targets a kind takes, in the order of the format.
std::string targets_of(const std::string& kind) {
    std::string out;
    for (const char* target : {"payload", "package", "signature", "chain", "manifest", "length",
                               "encoding", "head", "set"}) {
        const auto read = fault("kind = \"" + kind + "\"\ntarget = \"" + target + "\"");
        out += read.ok() ? (out.empty() ? "" : " ") + std::string(target) : "";
    }
    return out;
}

TEST(Faults, TakeTheTargetsOfTheirKind) {
    EXPECT_EQ(targets_of("bit_flip"),
              "payload package signature chain manifest length encoding head set");
    for (const char* kind : {"truncate", "missing", "endless", "inflate", "slow"}) {
        EXPECT_EQ(targets_of(kind), "payload package head set") << kind;
    }
    for (const char* kind : {"freeze", "black_hole", "state_lost", "store_full"}) {
        EXPECT_EQ(targets_of(kind), "") << kind;
    }
}

TEST(Faults, HitTheTargetThatTheyName) {
    const std::pair<const char*, FaultTarget> targets[] = {{"payload", FaultTarget::kPayload},
                                                           {"package", FaultTarget::kPackage},
                                                           {"signature", FaultTarget::kSignature},
                                                           {"chain", FaultTarget::kChain},
                                                           {"manifest", FaultTarget::kManifest},
                                                           {"length", FaultTarget::kLength},
                                                           {"encoding", FaultTarget::kEncoding},
                                                           {"head", FaultTarget::kHead},
                                                           {"set", FaultTarget::kSet}};
    for (const auto& [word, target] : targets) {
        ASSERT_OK_AND(const Fault read,
                      fault(std::string("kind = \"bit_flip\"\ntarget = \"") + word + "\""));
        EXPECT_EQ(read.target, target) << word;
    }
}

// Whether the kind takes the key.
bool takes(const std::string& kind, const std::string& key) {
    const auto read = fault("kind = \"" + kind + "\"\n" + key, "[update]\nedges = 2\n");
    const bool refused = !read.ok();
    EXPECT_TRUE(!refused ||
                read.error().message.find("does not apply to kind") != std::string::npos)
        << read.error().text();
    return !refused;
}

TEST(Faults, OnTheEndpointHaveNeitherFeedNorEdge) {
    for (const char* kind : {"state_lost", "store_full", "store_read_only"}) {
        EXPECT_FALSE(takes(kind, "feed = \"DatasetA\"")) << kind;
        EXPECT_FALSE(takes(kind, "edge = 1")) << kind;
        EXPECT_TRUE(takes(kind, "share = \"5%\"\ngroups = [\"all\"]\nfrom = \"1d\"")) << kind;
    }
    for (const char* kind : {"bit_flip", "truncate", "freeze", "missing", "black_hole", "endless",
                             "inflate", "slow"}) {
        EXPECT_TRUE(takes(kind, "feed = \"DatasetA\"\nedge = 2")) << kind;
    }
}

TEST(Faults, HaveVariantsIfTheyDamage) {
    EXPECT_TRUE(takes("bit_flip", "variants = 3"));
    EXPECT_TRUE(takes("truncate", "variants = 3"));
    EXPECT_FALSE(takes("slow", "variants = 3"));
    EXPECT_FALSE(takes("freeze", "variants = 3"));
    EXPECT_FALSE(takes("freeze", "replayed = \"planted\""));
    EXPECT_FALSE(takes("freeze", "stolen_heads = 1"));
    EXPECT_FALSE(takes("freeze", "from_group = \"all\""));
    EXPECT_FALSE(takes("freeze", "ahead = \"1d\""));
}

TEST(Faults, MayNameThePlaceOfTheDamage) {
    ASSERT_OK_AND(const Fault flip, fault("kind = \"bit_flip\"\nbyte = 12\nbit = 7"));
    EXPECT_EQ(flip.byte, 12u);
    EXPECT_EQ(flip.bit, 7);
    EXPECT_EQ(flip.variants, 1u);
    ASSERT_OK_AND(const Fault end, fault("kind = \"truncate\"\nbyte = 0"));
    EXPECT_EQ(end.byte, 0u);
    EXPECT_EQ(end.variants, 1u);
    EXPECT_FALSE(takes("truncate", "byte = 1\nbit = 1"));
    for (const char* wrong :
         {"bit = 1", "byte = 1\nbit = 8", "byte = -1", "byte = 1\nvariants = 1"}) {
        EXPECT_FALSE(fault(std::string("kind = \"bit_flip\"\n") + wrong).ok()) << wrong;
    }
    EXPECT_FALSE(takes("missing", "byte = 1"));
}

TEST(Faults, MaySetClocksAheadAndBack) {
    ASSERT_OK_AND(const Fault ahead, fault("kind = \"wrong_clock\"\nahead = \"1d 1s\""));
    EXPECT_EQ(ahead.shift, (Duration{86401}));
    ASSERT_OK_AND(const Fault behind, fault("kind = \"wrong_clock\"\nbehind = \"1d 1s\""));
    EXPECT_EQ(behind.shift, (Duration{-86401}));
}

TEST_F(Channel, IsAttacked) {
    ASSERT_TRUE(experiment_.attack.has_value());
    const Attack& attack = *experiment_.attack;
    EXPECT_EQ(attack.row, "key compromise");
    EXPECT_EQ(attack.aim, "Rules of the attacker's own run.");
    ASSERT_EQ(attack.held.size(), 2u);
    EXPECT_EQ(attack.held[0].text, "running of planted: at most 7, at 2d");
    EXPECT_EQ(attack.held[0].release, "planted");
    EXPECT_EQ(attack.held[0].at, SimTime{} + days(2));
    EXPECT_EQ(attack.held[1].text, "refused: exactly 0, at the end");
    ASSERT_EQ(attack.contained.size(), 1u);
    EXPECT_EQ(attack.contained[0].text, "running of planted: at most 10%, at the end");
    EXPECT_TRUE(attack.contained[0].is_share);
    EXPECT_EQ(attack.expected,
              (std::map<Profile, Standing>{{Profile::kPublished, Standing::kFell},
                                           {Profile::kHardened, Standing::kContained}}));
    EXPECT_EQ(attack.place.substr(0, attack.place.find(':')), kFile);
}

constexpr std::string_view kAttack = R"([attack]
row = "rollback"
aim = "Old rules run."
held = [{ metric = "refused", at_least = 0 }]
expect = { published = "held", hardened = "fell" }
)";

TEST(Attacks, NeedNoConditionForBeingContained) {
    ASSERT_OK_AND(const Experiment experiment, small(kAttack));
    EXPECT_TRUE(experiment.attack->contained.empty());
    EXPECT_TRUE(experiment.expectations.empty());
    ASSERT_OK_AND(const Experiment said,
                  small(changed(kAttack, "expect", "contained = []\nexpect")));
    EXPECT_EQ(experiment.attack->expected, said.attack->expected);
}

TEST(Attacks, CannotBeExpectedToBeContainedWithoutOne) {
    EXPECT_ERROR(small(changed(kAttack, "\"fell\"", "\"contained\"")),
                 ":23:43: no attack can be contained here; add a table [[attack.contained]], or "
                 "write held or fell");
}

TEST(Attacks, NeedAConditionForBeingHeld) {
    const char* const error =
        ": nothing says when the attack was held; add a table [[attack.held]]";
    const std::string_view condition = "held = [{ metric = \"refused\", at_least = 0 }]";
    EXPECT_ERROR(small(changed(kAttack, condition, "held = []")), ":22:8" + std::string(error));
    EXPECT_ERROR(small(changed(kAttack, condition, "")), ":19:1" + std::string(error));
}

TEST(Attacks, MayContainByWhatElseWouldHold) {
    ASSERT_OK(small(changed(kAttack, "expect",
                            "contained = [{ metric = \"refused\", at_least = 0 }]\nexpect")));
}

TEST(Expectations, CountUnderTheirProfile) {
    const std::string text =
        "[[expect]]\nmetric = \"refused\"\nequals = 1\n"
        "[[expect]]\nmetric = \"alerts\"\nequals = 2\nprofile = \"published\"\n"
        "[[expect]]\nmetric = \"alerts\"\nequals = 3\nprofile = \"hardened\"\n";
    ASSERT_OK_AND(const Experiment published, small(text));
    ASSERT_EQ(published.expectations.size(), 2u);
    EXPECT_EQ(published.expectations[0].profile, std::nullopt);
    EXPECT_EQ(published.expectations[1].profile, Profile::kPublished);
    EXPECT_EQ(published.expectations[1].bound, 2);
    ASSERT_OK_AND(const Experiment hardened, small(text + "[update]\nprofile = \"hardened\"\n"));
    ASSERT_EQ(hardened.expectations.size(), 2u);
    EXPECT_EQ(hardened.expectations[1].bound, 3);
}

TEST(Expectations, OfTheOtherProfileAreCheckedAllTheSame) {
    EXPECT_ERROR(small("[[expect]]\nmetric = \"refusd\"\nequals = 1\nprofile = \"hardened\"\n"),
                 "no metric is called `refusd`; did you mean `refused`?");
    const std::string once = "[[expect]]\nmetric = \"refused\"\nequals = 1\n";
    const std::string hardened = once + "profile = \"hardened\"\n";
    EXPECT_ERROR(small(hardened + hardened), "the same expectation twice: refused: exactly 1");
    EXPECT_ERROR(small(once + hardened), "the same expectation twice: refused: exactly 1");
    ASSERT_OK(small(hardened + once + "profile = \"published\"\n"));
}

TEST(Profiles, AreChosenOnTheCommandLine) {
    const test::TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "a.toml";
    std::ofstream(file) << kSmall << kAttack;
    ASSERT_OK_AND(const Experiment published, load(file));
    EXPECT_EQ(published.update.profile, Profile::kPublished);
    ASSERT_OK_AND(const Experiment hardened,
                  load(file, std::vector<std::string>{"update.profile=hardened"}));
    EXPECT_EQ(hardened.update.profile, Profile::kHardened);
    ASSERT_OK_AND(const Experiment again, parse(hardened.toml, kFile));
    EXPECT_EQ(without_places(hardened), without_places(again));
}

TEST(Profiles, LeaveOutTheTimesOfHeadsThatAreNotSigned) {
    const auto told = [](const Experiment& experiment, std::string_view key) {
        for (const Setting& setting : experiment.settings) {
            if (setting.section == "update" && setting.key == key) {
                return setting.value + (setting.given ? " (given)" : ": " + setting.source);
            }
        }
        return std::string("not in force");
    };
    ASSERT_OK_AND(const Experiment published, small("[update]\nhead_valid = \"12h\"\n"));
    EXPECT_EQ(told(published, "head_valid"), "not in force");
    EXPECT_EQ(told(published, "head_refresh"), "not in force");
    EXPECT_EQ(told(published, "profile"), "published: published: the modelled vendor, 2024");
    EXPECT_EQ(told(published, "edges"), "1: assumed");
    EXPECT_EQ(told(published, "invalidation"), "cdn_ttl: assumed");
    EXPECT_EQ(told(published, "transport"), "in_process: assumed");
    EXPECT_EQ(told(published, "platform"), "windows-x64: assumed");
    ASSERT_OK_AND(const Experiment hardened,
                  small("[update]\nprofile = \"hardened\"\nhead_valid = \"12h\"\n"
                        "invalidation = \"20m\"\ntransport = \"http\"\n"));
    EXPECT_EQ(told(hardened, "profile"), "hardened (given)");
    EXPECT_EQ(told(hardened, "head_valid"), "12h (given)");
    EXPECT_EQ(told(hardened, "head_refresh"), "6h: assumed");
    EXPECT_EQ(told(hardened, "invalidation"), "20m (given)");
    EXPECT_EQ(told(hardened, "transport"), "http (given)");
}

}  // namespace
}  // namespace firebreak::scenario
