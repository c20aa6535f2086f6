// The tables that say what happens in a run: what is published, planted and done, what goes wrong,
// and what was measured elsewhere.
#include "base/harm.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

std::vector<std::string> harm_names() {
    std::vector<std::string> out;
    for (const base::HarmInfo& info : base::harms()) {
        out.emplace_back(info.name);
    }
    return out;
}

const Key& feed_key() {
    static const Key kKey{.name = "feed",
                          .type = Type::kFeed,
                          .description = "One of the 17 feeds.",
                          .required = true};
    return kKey;
}

const Key& source_key() {
    static const Key kKey{.name = "source",
                          .type = Type::kSource,
                          .description =
                              "The folder with the content: under fixtures/content, or "
                              "beside this file when it begins with ./",
                          .required = true};
    return kKey;
}

const Key& with_key() {
    static const Key kKey{.name = "with",
                          .type = Type::kTexts,
                          .description =
                              "Further folders, named as `source` is, whose files join "
                              "those of `source`."};
    return kKey;
}

const Key& kind_of_fault_key() {
    static const Key kKey{
        .name = "kind",
        .type = Type::kWord,
        .description =
            "On the way. bit_flip: one bit of a target is wrong; truncate: its end is missing; "
            "replay: another release is served, an older one or a plant; freeze: what was served "
            "when the fault began is served for ever; cross_group: what another group is "
            "offered; missing: a target is not there; black_hole: no answer to anything; endless: "
            "a target goes on for ever; inflate: it unpacks to far more than was promised; slow: "
            "one byte of it every three seconds. On the endpoint. wrong_clock: its clock; "
            "state_lost: what its update client remembers is gone; store_full: no room for "
            "anything more; store_read_only: nothing can be written.",
        .required = true,
        .words = words_of(kFaultKinds)};
    return kKey;
}

// Who meets it, and when.
std::vector<Key> keys_of_reach() {
    return {{.name = "edge",
             .type = Type::kInteger,
             .description = "Only this edge of the CDN is bad, of those that [update] has; "
                            "default: all. On the way.",
             .min = 1,
             .max = kMostEdges},
            {.name = "groups",
             .type = Type::kNames,
             .description = "The groups that meet it; default: all."},
            {.name = "share",
             .type = Type::kShare,
             .description = "Of the endpoints in those groups.",
             .fallback = "100%",
             .above_min = true},
            {.name = "from",
             .type = Type::kDuration,
             .description = "When it begins, since the start.",
             .fallback = "0s"},
            {.name = "until",
             .type = Type::kDuration,
             .description = "When it ends; default: with the run."}};
}

std::vector<Key> keys_of_kinds() {
    return {
        {.name = "target",
         .type = Type::kWord,
         .description =
             "For bit_flip, truncate, missing, endless, inflate and slow: a payload "
             "file, the signed package, the head that names it, or the set "
             "manifest across feeds. For bit_flip alone, of the package: its signature, its "
             "chain of certificates, its manifest, a length or a tag of its encoding.",
         .fallback = word_for(FaultTarget::kPayload, kFaultTargets),
         .words = words_of(kFaultTargets)},
        {.name = "variants",
         .type = Type::kInteger,
         .description = "For bit_flip and truncate: how many distinct damages there are; an "
                        "endpoint meets one of them.",
         .fallback = "8",
         .min = 1,
         .max = 1000},
        {.name = "byte",
         .type = Type::kInteger,
         .description = "For bit_flip and truncate, in place of `variants`: the damage falls on "
                        "this byte of the target, counted from 0 over all that damage to it may "
                        "strike. A target that is shorter is not damaged.",
         .max = kLastByte},
        {.name = "bit",
         .type = Type::kInteger,
         .description = "For bit_flip with `byte`: the bit that is wrong, from the lowest; "
                        "default: 0.",
         .max = 7},
        {.name = "replayed",
         .type = Type::kName,
         .description = "For replay: the id of the release that is served, or \"baseline\"."},
        {.name = "stolen_heads",
         .type = Type::kInteger,
         .description = "For replay: of the vendor's head keys, so many are the attacker's.",
         .fallback = "0",
         .max = kMostStolenHeads},
        {.name = "from_group",
         .type = Type::kName,
         .description = "For cross_group: the group whose offer is served to those hit; not one "
                        "of them."},
        {.name = "ahead",
         .type = Type::kDuration,
         .description = "For wrong_clock: by so much the clock is fast."},
        {.name = "behind",
         .type = Type::kDuration,
         .description = "For wrong_clock, in place of `ahead`: by so much it is slow."},
    };
}

std::vector<Key> keys_of_a_fault() {
    std::vector<Key> out{
        kind_of_fault_key(),
        {.name = "feed",
         .type = Type::kFeed,
         .description = "Whose files; default: every feed's. A replay needs one; what goes wrong "
                        "on the endpoint has none."}};
    for (const auto& more : {keys_of_kinds(), keys_of_reach()}) {
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

}  // namespace

const Table& baseline_format() {
    static const Table kTable{.name = "baseline",
                              .description = "The content of one feed at the beginning.",
                              .keys = {feed_key(),
                                       {.name = "version",
                                        .type = Type::kVersion,
                                        .description = "Unique within the feed, releases included.",
                                        .required = true},
                                       source_key(),
                                       with_key()}};
    return kTable;
}

const Table& release_format() {
    static const Table kTable{
        .name = "release",
        .description =
            "A version of a feed, published during the run; or one that an attacker plants.",
        .keys = {{.name = "id",
                  .type = Type::kName,
                  .description = "Unique; by it acts, faults and expectations name the release. "
                                 "Not \"baseline\".",
                  .required = true},
                 feed_key(),
                 {.name = "version",
                  .type = Type::kVersion,
                  .description = "Unique within the feed; default: the id."},
                 source_key(),
                 with_key(),
                 {.name = "at",
                  .type = Type::kDuration,
                  .description = "When it is signed and published to the first group, since the "
                                 "start. A plant exists from then; default: from the start."},
                 {.name = "fixes",
                  .type = Type::kName,
                  .description = "In place of `at`: the release upon whose halt this one is made. "
                                 "If that is never halted, this one never comes."},
                 {.name = "after_halt",
                  .type = Type::kDuration,
                  .description = "With `fixes`: from the halt to this release.",
                  .fallback = "0s"},
                 {.name = "by_hand",
                  .type = Type::kBoolean,
                  .description = "In place of `at`, and true: an act releases it, at its time. It "
                                 "is numbered after all others."},
                 {.name = "kind",
                  .type = Type::kWord,
                  .description =
                      "A fix does not count as exposure. A plant is an attacker's: never "
                      "published, only faults serve it, and without `expedited`, "
                      "`fixes` and acts. Default: fix for what `fixes` something, else "
                      "update.",
                  .words = words_of(kReleaseKinds)},
                 {.name = "expedited",
                  .type = Type::kBoolean,
                  .description = "Published to all groups at once, past gates and promotions.",
                  .fallback = "false"},
                 {.name = "platform",
                  .type = Type::kPlatform,
                  .description = "The platform that its manifest names; any: all of them.",
                  .fallback = std::string(kAnyPlatform)},
                 {.name = "only_groups",
                  .type = Type::kNames,
                  .description = "The groups that its manifest binds it to; default: none, all "
                                 "may have it."},
                 {.name = "signed_at",
                  .type = Type::kTime,
                  .description = "The signing time that it bears, written as `start`; default: "
                                 "the time at which it comes."},
                 {.name = "signed_by",
                  .type = Type::kWord,
                  .description = "vendor: with the vendor's key for the feed, stolen in case of a "
                                 "plant. Of plants alone: other_feed: with the vendor's key for "
                                 "another feed; other_root: with a chain of the attacker's own; "
                                 "wrong_usage, expired: with a chain of the vendor's that is not "
                                 "for signing code, or was over by then; nobody: the signature is "
                                 "cut off.",
                  .fallback = word_for(SignedBy::kVendor, kSigners),
                  .words = words_of(kSigners)}},
        .one_of = {{"at"}, {"fixes"}, {"by_hand"}},
        .but_for = {"kind", word_for(ReleaseKind::kPlant, kReleaseKinds)}};
    return kTable;
}

const Table& act_format() {
    static const Table kTable{
        .name = "act",
        .description = "One deed of an operator.",
        .keys = {{.name = "at",
                  .type = Type::kDuration,
                  .description = "When, since the start.",
                  .required = true},
                 {.name = "promote",
                  .type = Type::kName,
                  .description = "The release to take to the next stage."},
                 {.name = "to",
                  .type = Type::kWord,
                  .description = "With `promote`: the stage to take it to.",
                  .words = words_of(kDestinations)},
                 {.name = "halt",
                  .type = Type::kName,
                  .description = "The release to halt; by policy it is taken back as well."},
                 {.name = "withdraw",
                  .type = Type::kName,
                  .description = "The release to take back, and to halt if it is not halted yet."},
                 {.name = "resume",
                  .type = Type::kName,
                  .description = "The release to go on with after a halt."},
                 {.name = "release",
                  .type = Type::kName,
                  .description = "The release to publish to the first group, one that has "
                                 "`by_hand`."},
                 {.name = "by_hand",
                  .type = Type::kBoolean,
                  .description = "It was done while a run went on, and comes after what else is "
                                 "due at its time; whether it can do anything is not asked.",
                  .fallback = "false"}},
        .one_of = {{"promote", "to"}, {"halt"}, {"withdraw"}, {"resume"}, {"release"}}};
    return kTable;
}

const Table& fault_format() {
    static const Table kTable{
        .name = "fault", .description = "One thing that goes wrong.", .keys = keys_of_a_fault()};
    return kTable;
}

const Table& campaign_format() {
    static const Table kTable{
        .name = "campaign",
        .description =
            "A threat: whoever runs content that does not find its sample, or runs "
            "none, is infected at a rate.",
        .keys = {{.name = "id",
                  .type = Type::kName,
                  .description = "Unique; names it in reports.",
                  .required = true},
                 {.name = "sample",
                  .type = Type::kSource,
                  .description = "The file that it carries: under fixtures/samples, or beside "
                                 "this file when it begins with ./",
                  .required = true},
                 {.name = "at",
                  .type = Type::kDuration,
                  .description = "When it begins, since the start.",
                  .required = true},
                 {.name = "until",
                  .type = Type::kDuration,
                  .description = "When it ends; default: with the run."},
                 {.name = "per_hour",
                  .type = Type::kNumber,
                  .description = "Infections per unprotected endpoint and hour online.",
                  .required = true,
                  .max = kMostPerHour,
                  .above_min = true}}};
    return kTable;
}

const Table& measured_format() {
    static const Table kTable{
        .name = "measured",
        .description = "Either `file`, or one measurement in the other keys.",
        .keys = {{.name = "file",
                  .type = Type::kBeside,
                  .description = "Measurements in a file: \"./farm.csv\", with the header "
                                 "release,persona,harm,what,events,hours, or \"./farm.json\", a "
                                 "list of objects with these members. At most 1 MiB."},
                 {.name = "release",
                  .type = Type::kName,
                  .description = "The release that was watched."},
                 {.name = "persona",
                  .type = Type::kName,
                  .description = "The kind of machine that it was watched on."},
                 {.name = "harm",
                  .type = Type::kWord,
                  .description = "What came of it; none: nothing, in all these hours.",
                  .words = harm_names()},
                 {.name = "what",
                  .type = Type::kLine,
                  .description = "What set it off, for people. Not for none."},
                 {.name = "events",
                  .type = Type::kInteger,
                  .description = "How often it came about. Not for none.",
                  .min = 1,
                  .max = kMostEvents},
                 {.name = "hours",
                  .type = Type::kNumber,
                  .description = "Machine-hours that were watched.",
                  .max = kMostHours,
                  .above_min = true}},
        .one_of = {{"file"}, {"release", "persona", "harm", "hours"}}};
    return kTable;
}

}  // namespace firebreak::scenario
