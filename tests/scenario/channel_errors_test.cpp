// Every way to get the content channel wrong: [update], plants, faults and attacks.
#include <gtest/gtest.h>

#include "scenario/mistakes.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

INSTANTIATE_TEST_SUITE_P(
    OfTheChannel, Mistakes,
    testing::Values(
        Mistake{"Key", "edges = 3", "edgs = 3",
                "<edgs>: unknown key `edgs`; did you mean `edges`? valid keys: profile, edges, "
                "invalidation, transport, platform, head_valid, head_refresh"},
        Mistake{"Profile", "[update]\nprofile = \"hardened\"", "[update]\nprofile = \"hard\"",
                "<\"hard\">: `profile` cannot be `hard`; valid: published, hardened"},
        Mistake{"Edges", "edges = 3", "edges = 9",
                "<edges = |9>: `edges` is out of range: 9; write a whole number from 1 to 8"},
        Mistake{"Invalidation", "invalidation = \"20m\"", "invalidation = \"cdn-ttl\"",
                "<\"cdn-ttl\">: `invalidation` cannot be `cdn-ttl`; write a duration such as "
                "\"20m\", or \"cdn_ttl\""},
        Mistake{"InvalidationInNumbers", "invalidation = \"20m\"", "invalidation = 20",
                "<invalidation = |20>: `invalidation` must be a duration such as \"90m\" or "
                "\"2d 6h\", not the integer 20"},
        Mistake{
            "Layer", "\"landlock\"]", "\"landlok\"]",
            "<require = |[\"namespaces\", \"landlok\"]>: the sandbox has no layer `landlok`; did "
            "you mean `landlock`?"},
        Mistake{"LayersThatAreNoList", "require = [\"namespaces\", \"landlock\"]",
                "require = \"landlock\"",
                "<require = |\"landlock\">: `require` must be a list of strings, not the string "
                "\"landlock\""},
        Mistake{"Transport", "transport = \"http\"", "transport = \"https\"",
                "<\"https\">: `transport` cannot be `https`; did you mean `http`? valid: "
                "in_process, http"},
        Mistake{"Platform", "platform = \"windows-arm64\"", "platform = \"Windows ARM\"",
                "<\"Windows ARM\">: `Windows ARM` is no platform; write 1 to 32 of a-z, 0-9 and "
                "-, such as \"windows-x64\""},
        Mistake{"PlatformOfAll", "platform = \"windows-arm64\"", "platform = \"any\"",
                "<\"any\">: no endpoint is of `any` platform; name one, such as \"windows-x64\""},
        Mistake{"HeadRefreshTooOften", "head_refresh = \"90m\"", "head_refresh = \"1m\"",
                "<\"1m\">: `head_refresh` is shorter than the lab can tell; it decides in slices "
                "of five minutes: write at least 5m"},
        Mistake{"HeadsThatExpire", "head_refresh = \"90m\"", "head_refresh = \"12h\"",
                "<head_refresh = |\"12h\">: heads expire before they are signed anew; write "
                "`head_refresh`, now 12h, less than `head_valid`, now 12h"},
        Mistake{"HeadsThatExpireBeforeTheDefault", "head_valid = \"12h\"\nhead_refresh = \"90m\"",
                "head_valid = \"1h\"",
                "<head_valid = |\"1h\">: heads expire before they are signed anew; write "
                "`head_refresh`, now 6h, less than `head_valid`, now 1h"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfPlants, Mistakes,
    testing::Values(
        Mistake{"Expedited", "kind = \"plant\"", "kind = \"plant\"\nexpedited = false",
                "<expedited = false>: `expedited` does not apply to a plant; remove it"},
        Mistake{"Fix", "kind = \"plant\"", "kind = \"plant\"\nfixes = \"late\"",
                "<fixes = \"late\">: `fixes` does not apply to a plant; remove it"},
        Mistake{"AfterTheEnd", "at = \"4d\"", "at = \"8d\"",
                "<\"8d\">: `at` is after the end of the run; the run lasts 7 d"},
        Mistake{"Platform", "platform = \"linux-x64\"",
                "platform = \"linux-x64-with-a-name-that-is-33-\"",
                "<\"linux-x64-with-a-name-that-is-33-\">: `linux-x64-with-a-name-that-is-33-` is "
                "no platform; write 1 to 32 of a-z, 0-9 and -, such as \"windows-x64\""},
        Mistake{"OnlyGroups", "only_groups = [\"engineering\", \"public-1\"]",
                "only_groups = [\"internal\", \"public-3\"]",
                "<[\"internal\", \"public-3\"]>: no group is called `public-3`; did you mean "
                "`public-1`? valid: engineering, internal, public-1, public-2"},
        Mistake{"OnlyGroupsTwice", "only_groups = [\"engineering\", \"public-1\"]",
                "only_groups = [\"internal\", \"internal\"]",
                "<[\"internal\", \"internal\"]>: `internal` is named twice; name it once"},
        Mistake{"NoOnlyGroups", "only_groups = [\"engineering\", \"public-1\"]", "only_groups = []",
                "<[]>: `only_groups` names none; leave it out to mean all groups"},
        Mistake{"SignedAt", "signed_at = 2099-12-31T23:59:59Z", "signed_at = \"2099-12-31\"",
                "<\"2099-12-31\">: `signed_at` must be a time such as 2026-03-02T08:00:00Z, "
                "without quotes, not the string \"2099-12-31\""},
        Mistake{
            "SignedBy", "signed_by = \"other_feed\"", "signed_by = \"other_feeds\"",
            "<\"other_feeds\">: `signed_by` cannot be `other_feeds`; did you mean "
            "`other_feed`? valid: vendor, other_feed, other_root, wrong_usage, expired, nobody"},
        Mistake{"SignedByAStrangerAndPublished", "expedited = true",
                "expedited = true\nsigned_by = \"nobody\"",
                "<\"nobody\">: the vendor publishes what it has signed itself; write kind = "
                "\"plant\" for what an attacker made, or remove `signed_by`"},
        Mistake{"Promoted", "at = \"2d\"\nhalt = \"rules-2\"",
                "at = \"5d\"\npromote = \"planted\"\nto = \"public\"",
                "<promote = |\"planted\">: release `planted` is a plant; the vendor does not know "
                "of it: name another one, or remove the act"},
        Mistake{"Halted", "halt = \"rules-2\"", "halt = \"planted\"",
                "<halt = |\"planted\">: release `planted` is a plant; the vendor does not know of "
                "it: name another one, or remove the act"},
        Mistake{"Fixed", "fixes = \"rules-2\"", "fixes = \"planted\"",
                "<fixes = |\"planted\">: release `planted` is a plant, and never halted; name a "
                "release that is published, or give this one an `at`"},
        Mistake{"VersionOfAnotherRelease", "kind = \"plant\"",
                "kind = \"plant\"\nversion = \"2026.03.01\" # copied",
                "<[[release]]\nid = \"planted\">: version `2026.03.01` of DatasetA exists "
                "already; it is used at <[[baseline]]>: write another `version`"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfFaults, Mistakes,
    testing::Values(
        Mistake{"Kind", "kind = \"bit_flip\"", "kind = \"bitflip\"",
                "<\"bitflip\">: `kind` cannot be `bitflip`; did you mean `bit_flip`? valid: "
                "bit_flip, truncate, replay, freeze, cross_group, missing, black_hole, endless, "
                "inflate, slow, wrong_clock, state_lost, store_full, store_read_only"},
        Mistake{"FeedThatNobodyPublishes", "feed = \"DatasetA\"\ntarget", "feed = \"ESH\"\ntarget",
                "<\"ESH\">: nothing of ESH is published here; the fault would strike nothing: add "
                "a release, or name another feed"},
        Mistake{"Target", "target = \"package\"", "target = \"manifests\"",
                "<\"manifests\">: `target` cannot be `manifests`; did you mean `manifest`? valid: "
                "payload, package, signature, chain, manifest, length, encoding, head, set"},
        Mistake{"PartOfAFileThatEndsEarly",
                "kind = \"bit_flip\"\nfeed = \"DatasetA\"\ntarget = \"package\"",
                "kind = \"truncate\"\nfeed = \"DatasetA\"\ntarget = \"chain\"",
                "<\"chain\">: `target` cannot be `chain` for kind = \"truncate\"; valid: payload, "
                "package, head, set"},
        Mistake{"PartOfAFileThatIsMissing",
                "kind = \"bit_flip\"\nfeed = \"DatasetA\"\ntarget = \"package\"",
                "kind = \"missing\"\nfeed = \"DatasetA\"\ntarget = \"signature\"",
                "<\"signature\">: `target` cannot be `signature` for kind = \"missing\"; valid: "
                "payload, package, head, set"},
        Mistake{"VariantsOfAFileThatIsMissing", "kind = \"bit_flip\"", "kind = \"missing\"",
                "<variants = 16>: `variants` does not apply to kind = \"missing\"; remove it"},
        Mistake{"FeedOfTheEndpoint", "behind = \"30d\"",
                "behind = \"30d\"\nfeed = \"DatasetA\" # here",
                "<feed = \"DatasetA\" # here>: `feed` does not apply to kind = \"wrong_clock\"; "
                "remove it"},
        Mistake{"EdgeOfTheEndpoint", "kind = \"wrong_clock\"\nbehind = \"30d\"",
                "kind = \"state_lost\"\nedge = 1",
                "<edge = 1>: `edge` does not apply to kind = \"state_lost\"; remove it"},
        Mistake{"TargetOfAFullStore", "kind = \"wrong_clock\"\nbehind = \"30d\"",
                "kind = \"store_full\"\ntarget = \"payload\"",
                "<target = \"payload\">: `target` does not apply to kind = \"store_full\"; remove "
                "it"},
        Mistake{"ClockThatIsRight", "behind = \"30d\"\n", "",
                "<[[fault]]\nkind = \"wrong_clock\">: a wrong clock that is right; add `ahead` or "
                "`behind`, such as ahead = \"1d\""},
        Mistake{"ClockThatIsWrongByNothing", "behind = \"30d\"", "ahead = \"0s\"",
                "<ahead = |\"0s\">: `ahead` is zero: the clock would be right; write a longer "
                "time, or remove the fault"},
        Mistake{"ClockThatIsFastAndSlow", "behind = \"30d\"", "behind = \"30d\"\nahead = \"30d\"",
                "<behind = |\"30d\">: both `ahead` and `behind`; write one of them"},
        Mistake{"ClockTooFarOff", "behind = \"30d\"", "behind = \"3651d\"",
                "<\"3651d\">: `3651d` is not a duration; write a number with s, m, h or d, "
                "such as \"90m\" or \"2d 6h\", at most 3650d"},
        Mistake{"EdgeThatTheCdnDoesNotHave", "edge = 3\nfrom", "edge = 4\nfrom",
                "<edge = |4>: the CDN has 3 edges; write a number from 1 to 3, or raise `edges` in "
                "[update]"},
        Mistake{"EdgeOfOne", "edges = 3\n", "",
                "<edge = |3>: the CDN has 1 edge; write a number from 1 to 1, or raise `edges` in "
                "[update]"},
        Mistake{"EdgeZero", "edge = 3\nfrom", "edge = 0\nfrom",
                "<edge = |0>: `edge` is out of range: 0; write a whole number from 1 to 8"},
        Mistake{"StolenHeads", "stolen_heads = 2", "stolen_heads = 4",
                "<stolen_heads = |4>: `stolen_heads` is out of range: 4; write a whole number from "
                "0 to 3"},
        Mistake{"StolenHeadsOfNoReplay", "variants = 16", "stolen_heads = 1",
                "<stolen_heads = 1>: `stolen_heads` does not apply to kind = \"bit_flip\"; remove "
                "it"},
        Mistake{"ReplayOfNoFeed", "kind = \"replay\"\nfeed = \"DatasetA\"\nreplayed = \"planted\"",
                "kind = \"replay\"\nreplayed = \"planted\"",
                "<[[fault]]\nkind = \"replay\"\nreplayed>: `feed` is missing; add `feed = …`"},
        Mistake{"ReplayOfAPlantBeforeItExists", "edge = 3\nfrom = \"4d\"",
                "edge = 3\nfrom = \"3d\"",
                "<replayed = |\"planted\">: release `planted` does not exist when the fault "
                "begins; write `from` no earlier than the release at <[[release]]\nid = "
                "\"planted\">"},
        Mistake{"FromNoGroup", "from_group = \"engineering\"\n", "",
                "<[[fault]]\nkind = \"cross_group\">: `from_group` is missing; add `from_group = "
                "…`"},
        Mistake{"FromAnUnknownGroup", "from_group = \"engineering\"", "from_group = \"engineers\"",
                "<\"engineers\">: no group is called `engineers`; did you mean `engineering`? "
                "valid: engineering, internal, public-1, public-2"},
        Mistake{"FromTheSameGroup", "from_group = \"engineering\"", "from_group = \"public-1\"",
                "<from_group = |\"public-1\">: `public-1` would be served its own offer; list in "
                "`groups` those that the fault hits, without this one"},
        Mistake{"FromAGroupOfAll", "from_group = \"engineering\"\ngroups = [\"public-1\"]",
                "from_group = \"engineering\"",
                "<from_group = |\"engineering\">: `engineering` would be served its own offer; "
                "list in `groups` those that the fault hits, without this one"},
        Mistake{"UnknownGroup", "groups = [\"public-1\", \"public-2\"]", "groups = [\"publik-1\"]",
                "<[\"publik-1\"]>: no group is called `publik-1`; did you mean `public-1`? valid: "
                "engineering, internal, public-1, public-2"},
        Mistake{"GroupTwice", "groups = [\"public-1\", \"public-2\"]",
                "groups = [\"public-1\", \"public-1\"]",
                "<[\"public-1\", \"public-1\"]>: `public-1` is named twice; name it once"},
        Mistake{"NoGroups", "groups = [\"public-1\", \"public-2\"]", "groups = []",
                "<[]>: `groups` names none; leave it out to mean all groups"},
        Mistake{"Share", "share = \"5%\"", "share = 0.0",
                "<share = |0.0>: `share` is zero: the fault would strike nothing; write it above "
                "0%, or "
                "remove the fault"},
        Mistake{"ReplayOfAFixThatMayNeverCome", "replayed = \"baseline\"", "replayed = \"mend\"",
                "<replayed = |\"mend\">: release `mend` may never come; it is made only if "
                "`rules-2` is halted: name one that has an `at`"},
        Mistake{"BitWithoutAByte", "variants = 16", "bit = 3",
                "<bit = |3>: `bit` says which bit of a byte, and no byte is named; add `byte`, or "
                "leave both out: the place is drawn then"},
        Mistake{"VariantsOfAByte", "variants = 16", "variants = 16\nbyte = 3",
                "<variants = |16>: `variants` are drawn places, and `byte` names the one there is; "
                "write one of them"},
        Mistake{"Variants", "variants = 16", "variants = 1001",
                "<1001>: `variants` is out of range: 1,001; write a whole number from 1 to 1,000"},
        Mistake{
            "Window", "until = \"5d\"", "until = \"1h\"",
            "<until = |\"1h\">: the fault ends before it begins; write `until` later than `from`"},
        Mistake{
            "FromTheEnd", "from = \"1h\"\nuntil = \"5d\"", "from = \"7d\"",
            "<from = |\"7d\">: the fault ends before it begins; write `until` later than `from`"},
        Mistake{"Until", "until = \"5d\"", "until = \"8d\"",
                "<\"8d\">: `until` is after the end of the run; the run lasts 7 d"},
        Mistake{"ReplayedMissing", "replayed = \"baseline\"\n", "",
                "<[[fault]]\nkind = \"replay\"\nfeed = \"DatasetA\"\n\n>: `replayed` is missing; "
                "add `replayed = …`"},
        Mistake{"ReplayedElsewhere", "variants = 16", "replayed = \"baseline\"",
                "<replayed = \"baseline\"\nfrom = \"1h\">: `replayed` does not apply to kind = "
                "\"bit_flip\"; remove it"},
        Mistake{"ReplayOfATarget", "replayed = \"baseline\"",
                "replayed = \"baseline\"\ntarget = \"head\"",
                "<target = \"head\">: `target` does not apply to kind = \"replay\"; remove it"},
        Mistake{"ReplayOfVariants", "replayed = \"baseline\"",
                "replayed = \"baseline\"\nvariants = 2",
                "<variants = 2>: `variants` does not apply to kind = \"replay\"; remove it"},
        Mistake{
            "UnknownReplayed", "replayed = \"baseline\"", "replayed = \"basline\"",
            "<\"basline\">: no release is called `basline`; valid: rules-2, late, planted, mend"},
        Mistake{
            "ReplayedBeforeItExists", "replayed = \"baseline\"", "replayed = \"rules-2\"",
            "<replayed = |\"rules-2\">: release `rules-2` does not exist when the fault begins; "
            "write `from` no earlier than the release at <[[release]]\nid = \"rules-2\">"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfAttacks, Mistakes,
    testing::Values(
        Mistake{"Key", "aim = \"Rules", "aims = \"Rules",
                "<aims>: unknown key `aims`; did you mean `aim`? valid keys: row, aim, held, "
                "contained, expect"},
        Mistake{"NoRow", "row = \"key compromise\"\n", "",
                "<[attack]>: `row` is missing; add `row = …`"},
        Mistake{"EmptyRow", "row = \"key compromise\"", "row = \"\"",
                "<row = |\"\">: `row` must be one line of text; write 1 to 200 bytes without "
                "control characters"},
        Mistake{"NoAim", "aim = \"Rules of the attacker's own run.\"\n", "",
                "<[attack]>: `aim` is missing; add `aim = …`"},
        Mistake{"NoExpectation", "expect = { published = \"fell\", hardened = \"contained\" }\n",
                "",
                "<[attack]>: an attack without an expectation; add `expect = { published = "
                "\"fell\", hardened = \"held\" }`, as it must come out"},
        Mistake{"ExpectationUnderOneProfile", "published = \"fell\", hardened = \"contained\"",
                "published = \"fell\"",
                "<{ published = \"fell\" }>: `hardened` is missing; add `hardened = …`"},
        Mistake{"Standing", "published = \"fell\"", "published = \"fall\"",
                "<\"fall\">: `published` cannot be `fall`; did you mean `fell`? valid: held, "
                "contained, fell"},
        Mistake{"OtherProfile", "published = \"fell\", hardened", "publishd = \"fell\", hardened",
                "<publishd>: unknown key `publishd`; did you mean `published`? valid keys: "
                "published, hardened"},
        Mistake{
            "ConditionKey", "[[attack.held]]\nmetric = \"refused\"",
            "[[attack.held]]\nprofile = \"hardened\"\nmetric = \"refused\"",
            "<profile = \"hardened\"\nmetric = \"refused\">: unknown key `profile`; valid keys: "
            "metric, group, release, part, equals, at_most, at_least, when"},
        Mistake{"ConditionMetric", "metric = \"refused\"", "metric = \"refusals\"",
                "<\"refusals\">: no metric is called `refusals`; valid: exposed, affected, "
                "refused, alerts, running, protected, down, halted, time_to_detect, time_to_halt, "
                "lost, "
                "harmed, overshoot, unreached, recovered_by_itself, recovered_by_update, "
                "recovered_by_reboot, recovered_by_repair_kit, recovered_by_hand, time_to_recover, "
                "false_halts, protection_gap, infections, signals, harm, reached_by_halt, "
                "reached_by_fix, "
                "installed, evidence"},
        Mistake{"ConditionBound", "metric = \"refused\"\nequals = 0", "metric = \"refused\"",
                "<[[attack.held]]\nmetric = \"refused\">: an expectation without a bound; add "
                "`equals`, `at_most` or `at_least`"},
        Mistake{"ConditionOfAnUnknownRelease",
                "[[attack.contained]]\nmetric = \"running\"\nrelease = \"planted\"",
                "[[attack.contained]]\nmetric = \"running\"\nrelease = \"plant\"",
                "<release = |\"plant\"\nat_most>: no release is called `plant`; did you mean "
                "`planted`? valid: "
                "rules-2, late, planted, mend"},
        Mistake{
            "ConditionTwice", "[[attack.held]]\nmetric = \"refused\"\nequals = 0",
            "[[attack.held]]\nmetric = \"running\"\nrelease = \"planted\"\nat_most = "
            "7\nwhen = \"2d\"",
            "<when = \"2d\"\n\n|[[attack.held]]>: the same condition twice: running of planted: at "
            "most 7, at 2d; the first is at <hardened = \"contained\" "
            "}\n\n|[[attack.held]]>"}),
    name_of);

}  // namespace
}  // namespace firebreak::scenario
