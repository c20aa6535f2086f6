// Faults: what goes wrong on the way to endpoints, and around their update clients.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "scenario/amend.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Result;
using base::Status;
using base::TomlTable;

bool has_baseline(const Experiment& so_far, content::Feed feed) {
    return std::any_of(so_far.baseline.begin(), so_far.baseline.end(),
                       [feed](const Baseline& entry) { return entry.feed == feed; });
}

bool is_damage(FaultKind kind) {
    return kind == FaultKind::kBitFlip || kind == FaultKind::kTruncate;
}

// A fault of a feed that nobody publishes would strike nothing, and so weaken the experiment.
Result<std::optional<content::Feed>> read_feed_hit(TomlTable& in, const Experiment& so_far,
                                                   FaultKind kind) {
    if (!in.has("feed") && kind != FaultKind::kReplay) {
        return std::optional<content::Feed>();
    }
    FB_TRY(const content::Feed feed, read_feed(in));
    if (is_published(feed, so_far)) {
        return std::optional(feed);
    }
    return in.error("feed",
                    fmt::format("nothing of {} is published here", content::info(feed).name),
                    "the fault would strike nothing: add a release, or name another feed");
}

Status read_edge(TomlTable& in, const Experiment& so_far, Fault& out) {
    if (!in.has("edge")) {
        return {};
    }
    FB_TRY(const int64_t edge, in.integer("edge", 1, kMostEdges));
    const uint32_t edges = so_far.update.edges;
    if (edge > edges) {
        return in.error(
            "edge", fmt::format("the CDN has {} edge{}", edges, edges == 1 ? "" : "s"),
            fmt::format("write a number from 1 to {}, or raise `edges` in [update]", edges));
    }
    out.edge = static_cast<uint32_t>(edge);
    return {};
}

Status read_target(TomlTable& in, Fault& out) {
    const std::vector<FaultTarget> targets = targets_of(out.kind);
    if (targets.empty()) {
        return {};
    }
    FB_TRY(out.target, in.word("target", kFaultTargets, out.target));
    if (std::find(targets.begin(), targets.end(), out.target) == targets.end()) {
        std::vector<std::string> valid;
        for (const FaultTarget target : targets) {
            valid.push_back(word_of(target));
        }
        return in.error("target",
                        fmt::format("`target` cannot be `{}` for kind = \"{}\"",
                                    word_of(out.target), word_of(out.kind)),
                        fmt::format("valid: {}", fmt::join(valid, ", ")));
    }
    return {};
}

// Whose offer is served: not that of a group that is hit, which would be no change.
Status read_from_group(TomlTable& in, const Experiment& so_far, Fault& out) {
    FB_TRY(out.from_group, in.string("from_group"));
    FB_CHECK(check_group(out.from_group, so_far, in.place("from_group")));
    const bool hit = out.groups.empty() || std::find(out.groups.begin(), out.groups.end(),
                                                     out.from_group) != out.groups.end();
    if (hit) {
        return in.error("from_group",
                        fmt::format("`{}` would be served its own offer", out.from_group),
                        "list in `groups` those that the fault hits, without this one");
    }
    return {};
}

Status read_shift(TomlTable& in, Fault& out) {
    const bool ahead = in.has("ahead");
    if (ahead && in.has("behind")) {
        return in.error("behind", "both `ahead` and `behind`", "write one of them");
    }
    if (!ahead && !in.has("behind")) {
        return in.error("ahead", "a wrong clock that is right",
                        "add `ahead` or `behind`, such as ahead = \"1d\"");
    }
    const std::string_view key = ahead ? "ahead" : "behind";
    FB_TRY(const base::Duration shift, in.duration(key));
    if (shift.seconds == 0) {
        return in.error(key, fmt::format("`{}` is zero: the clock would be right", key),
                        "write a longer time, or remove the fault");
    }
    out.shift = {ahead ? shift.seconds : -shift.seconds};
    return {};
}

// What is served in place of the newest release: it must be of that feed, and exist by then.
Status read_replayed(TomlTable& in, const Experiment& so_far, Fault& out) {
    FB_TRY(out.replayed, in.string("replayed"));
    const std::string_view feed = content::info(*out.feed).name;
    if (out.replayed == "baseline") {
        if (has_baseline(so_far, *out.feed)) {
            return {};
        }
        return in.error("replayed", fmt::format("{} has no baseline", feed),
                        "add one, or name a release");
    }
    FB_TRY(const Release* release, find_release(out.replayed, so_far, in.place("replayed")));
    if (release->feed != out.feed) {
        return in.error("replayed", fmt::format("release `{}` is not of {}", out.replayed, feed),
                        fmt::format("it is of {}", content::info(release->feed).name));
    }
    if (release->fixes) {
        return in.error("replayed", fmt::format("release `{}` may never come", out.replayed),
                        fmt::format("it is made only if `{}` is halted: name one that has an `at`",
                                    *release->fixes));
    }
    if (out.from < release->at) {
        return in.error(
            "replayed",
            fmt::format("release `{}` does not exist when the fault begins", out.replayed),
            fmt::format("write `from` no earlier than the release at {}", release->place));
    }
    return {};
}

// Who meets it, and when.
Status read_reach(TomlTable& in, const Experiment& so_far, Fault& out) {
    if (is_on_the_way(out.kind)) {
        FB_TRY(out.feed, read_feed_hit(in, so_far, out.kind));
        FB_CHECK(read_edge(in, so_far, out));
    }
    FB_TRY(out.groups, read_group_names(in, "groups", so_far));
    if (in.has("share")) {
        FB_TRY(out.share, in.share("share"));
        if (out.share <= 0) {
            return in.error("share", "`share` is zero: the fault would strike nothing",
                            "write it above 0%, or remove the fault");
        }
    }
    return read_window(in, "from", "the fault", so_far, out.from, out.until);
}

// Where damage falls: at drawn places, or at one that is named.
Status read_damage(TomlTable& in, Fault& out) {
    if (!in.has("byte")) {
        if (in.has("bit")) {
            return in.error("bit", "`bit` says which bit of a byte, and no byte is named",
                            "add `byte`, or leave both out: the place is drawn then");
        }
        FB_TRY(const int64_t variants, in.integer("variants", 1, 1000, out.variants));
        out.variants = static_cast<uint32_t>(variants);
        return {};
    }
    FB_TRY(const int64_t byte, in.integer("byte", 0, kLastByte));
    if (in.has("variants")) {
        return in.error("variants",
                        "`variants` are drawn places, and `byte` names the one there is",
                        "write one of them");
    }
    out.byte = static_cast<uint64_t>(byte);
    out.variants = 1;
    if (out.kind == FaultKind::kBitFlip) {
        FB_TRY(const int64_t bit, in.integer("bit", 0, 7, 0));
        out.bit = static_cast<uint8_t>(bit);
    }
    return {};
}

// What only this kind of fault can be told.
Status read_kind(TomlTable& in, const Experiment& so_far, Fault& out) {
    FB_CHECK(read_target(in, out));
    if (is_damage(out.kind)) {
        FB_CHECK(read_damage(in, out));
    }
    if (out.kind == FaultKind::kReplay) {
        FB_CHECK(read_replayed(in, so_far, out));
        FB_TRY(const int64_t stolen, in.integer("stolen_heads", 0, kMostStolenHeads, 0));
        out.stolen_heads = static_cast<uint32_t>(stolen);
    }
    if (out.kind == FaultKind::kCrossGroup) {
        FB_CHECK(read_from_group(in, so_far, out));
    }
    if (out.kind == FaultKind::kWrongClock) {
        FB_CHECK(read_shift(in, out));
    }
    return {};
}

Result<Fault> read_fault(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, fault_format()));
    Fault out;
    out.place = in.place();
    FB_TRY(out.kind, in.word("kind", kFaultKinds));
    FB_CHECK(read_reach(in, so_far, out));
    FB_CHECK(read_kind(in, so_far, out));
    FB_CHECK(in.finish(fmt::format("to kind = \"{}\"", word_for(out.kind, kFaultKinds))));
    return out;
}

}  // namespace

Result<std::vector<Fault>> read_faults(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("fault"));
    std::vector<Fault> out;
    for (const TomlTable& table : tables) {
        FB_TRY(Fault fault, read_fault(table, so_far));
        out.push_back(std::move(fault));
    }
    return out;
}

}  // namespace firebreak::scenario
