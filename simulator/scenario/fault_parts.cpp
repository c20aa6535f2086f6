// Faults: what happens to bytes on their way.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
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

// A fault of a feed that nobody publishes would strike nothing, and so weaken the experiment.
Status check_published(const TomlTable& in, const Experiment& so_far, content::Feed feed) {
    if (is_published(feed, so_far)) {
        return {};
    }
    return in.error("feed",
                    fmt::format("nothing of {} is published here", content::info(feed).name),
                    "the fault would strike nothing: add a release, or name another feed");
}

Status read_groups_hit(TomlTable& in, const Experiment& so_far, std::vector<std::string>& out) {
    FB_TRY(out, in.strings("groups"));
    if (out.empty() && in.has("groups")) {
        return in.error("groups", "`groups` names none", "leave it out to mean all groups");
    }
    for (auto name = out.begin(); name != out.end(); ++name) {
        FB_CHECK(check_group(*name, so_far, in.place("groups")));
        if (std::find(out.begin(), name, *name) != name) {
            return in.error("groups", fmt::format("`{}` is named twice", *name), "name it once");
        }
    }
    return {};
}

// What is served in place of the newest release: it must be of that feed, and exist by then.
Status read_replayed(TomlTable& in, const Experiment& so_far, Fault& out) {
    FB_TRY(out.replayed, in.string("replayed"));
    const std::string_view feed = content::info(out.feed).name;
    if (out.replayed == "baseline") {
        if (has_baseline(so_far, out.feed)) {
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

Result<Fault> read_fault(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, fault_format()));
    Fault out;
    out.place = in.place();
    FB_TRY(out.kind, in.word("kind", kFaultKinds));
    FB_TRY(out.feed, read_feed(in));
    FB_CHECK(check_published(in, so_far, out.feed));
    FB_CHECK(read_groups_hit(in, so_far, out.groups));
    if (in.has("share")) {
        FB_TRY(out.share, in.share("share"));
        if (out.share <= 0) {
            return in.error("share", "`share` is zero: the fault would strike nothing",
                            "write it above 0%, or remove the fault");
        }
    }
    FB_CHECK(read_window(in, "from", "the fault", so_far, out.from, out.until));
    if (out.kind == FaultKind::kReplay) {
        FB_CHECK(read_replayed(in, so_far, out));
        FB_CHECK(in.finish("to kind = \"replay\""));
        return out;
    }
    FB_TRY(out.target, in.word("target", kFaultTargets, out.target));
    FB_TRY(const int64_t variants, in.integer("variants", 1, 1000, out.variants));
    out.variants = static_cast<uint32_t>(variants);
    FB_CHECK(in.finish("to this kind of fault"));
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
