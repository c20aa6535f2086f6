// Baseline, releases and acts: what is published when.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::SimTime;
using base::Status;
using base::TomlTable;

Status check_version(const TomlTable& in, std::string_view key, const std::string& version) {
    const bool valid = !version.empty() && version.size() <= 64 &&
                       std::all_of(version.begin(), version.end(), [](unsigned char c) {
                           return std::isalnum(c) || c == '.' || c == '_' || c == '-';
                       });
    if (!valid) {
        return in.error(key, fmt::format("`{}` is no valid version", base::printable(version, 80)),
                        "write 1 to 64 of A-Z, a-z, 0-9, '.', '_' and -");
    }
    return {};
}

// Versions are what tells two packages of a feed apart.
class Versions {
  public:
    explicit Versions(const std::vector<Baseline>& baseline) {
        for (const Baseline& entry : baseline) {
            places_.emplace(std::pair(entry.feed, entry.version), entry.place);
        }
    }
    Status add(const Release& release) {
        const auto [known, fresh] =
            places_.emplace(std::pair(release.feed, release.version), release.place);
        if (fresh) {
            return {};
        }
        return Error{fmt::format("version `{}` of {} exists already", release.version,
                                 content::info(release.feed).name),
                     release.place,
                     fmt::format("it is used at {}: write another `version`", known->second)};
    }

  private:
    std::map<std::pair<content::Feed, std::string>, Place> places_;
};

// When it comes: at a time, or once another release has been halted.
Status read_release_time(TomlTable& in, const Experiment& so_far, Release& out) {
    if (!in.has("fixes")) {
        if (!in.has("at")) {
            return in.error("at", "a release without a time",
                            "add `at`, or `fixes` with the id of another release");
        }
        FB_TRY(out.at, read_moment(in, "at", so_far));
        return {};
    }
    FB_TRY(out.fixes, in.string("fixes"));
    FB_TRY(out.after_halt, in.duration("after_halt", base::Duration{0}));
    if (out.after_halt > so_far.duration) {
        return in.error("after_halt", "`after_halt` is longer than the run",
                        fmt::format("the run lasts {}", base::to_text(so_far.duration)));
    }
    return {};
}

Result<Release> read_release(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, release_format()));
    Release out;
    out.place = in.place();
    FB_TRY(out.id, read_name(in, "id"));
    if (out.id == "baseline") {
        return in.error("id", "a release cannot be called `baseline`",
                        "faults mean the content of [[baseline]] by it: choose another name");
    }
    FB_TRY(out.feed, read_feed(in));
    FB_TRY(out.version, in.string("version", out.id));
    FB_CHECK(check_version(in, "version", out.version));
    FB_TRY(out.source, read_source(in, "source", "content"));
    FB_CHECK(read_release_time(in, so_far, out));
    const ReleaseKind usual = out.fixes ? ReleaseKind::kFix : ReleaseKind::kUpdate;
    FB_TRY(out.kind, in.word("kind", kReleaseKinds, usual));
    FB_TRY(out.expedited, in.boolean("expedited", false));
    FB_CHECK(in.finish(out.fixes ? "beside `fixes`" : "without `fixes`"));
    return out;
}

// What a fix fixes is another release of its feed, and no two wait for one another.
Status check_fixes(const std::vector<Release>& releases, const std::vector<TomlTable>& tables) {
    Experiment known;
    known.releases = releases;
    for (size_t r = 0; r < releases.size(); ++r) {
        if (!releases[r].fixes) {
            continue;
        }
        const std::string place = tables[r].place("fixes");
        FB_TRY(const Release* fixed, find_release(*releases[r].fixes, known, place));
        if (fixed->feed != releases[r].feed) {
            return Error{fmt::format("release `{}` is of another feed", fixed->id), place,
                         fmt::format("it is of {}", content::info(fixed->feed).name)};
        }
        for (size_t steps = 0; fixed->fixes; ++steps) {
            if (steps == releases.size()) {
                return Error{"releases that wait for one another's halt", place,
                             "give one of them an `at`"};
            }
            FB_TRY(fixed, find_release(*fixed->fixes, known, place));
        }
    }
    return {};
}

struct Deed {
    std::string_view key;
    ActKind kind;
    std::string_view finish;
};
constexpr std::array<Deed, 4> kDeeds{{{"promote", ActKind::kPromoteToInternal, "to a promotion"},
                                      {"halt", ActKind::kHalt, "to a halt"},
                                      {"withdraw", ActKind::kWithdraw, "to a withdrawal"},
                                      {"resume", ActKind::kResume, "to a resumption"}}};

Result<Act> read_act(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, act_format()));
    Act out;
    out.place = in.place();
    FB_TRY(out.at, read_moment(in, "at", so_far));
    const auto deed = std::find_if(kDeeds.begin(), kDeeds.end(),
                                   [&in](const Deed& known) { return in.has(known.key); });
    if (deed == kDeeds.end()) {
        return in.error("promote", "an act without a deed",
                        "add `promote` with `to`, `halt`, `withdraw` or `resume`, with the id of "
                        "a release");
    }
    out.kind = deed->kind;
    FB_TRY(out.release, in.string(deed->key));
    if (out.kind == ActKind::kPromoteToInternal) {
        FB_TRY(out.kind, in.word("to", kDestinations));
    }
    FB_CHECK(find_release(out.release, so_far, in.place(deed->key)));
    FB_CHECK(in.finish(deed->finish));
    return out;
}

// Follows what acts and the policy make of each release, and refuses acts that could do nothing.
// Halts by machine or by people are not known beforehand: what may depend on one, may be.
class Deeds {
  public:
    explicit Deeds(const Experiment& so_far) : so_far_(so_far) {}

    Status apply(const Act& act) {
        FB_TRY(const Release* release, find_release(act.release, so_far_, act.place));
        FB_CHECK(check_released(act, *release));
        State& state = states_.at(act.release);
        if (!state.halted) {
            promote_by_policy(state, act.at);
        }
        switch (act.kind) {
            case ActKind::kHalt:
                return halt(act, state);
            case ActKind::kWithdraw:
                return withdraw(act, state);
            case ActKind::kResume:
                return resume(act, state);
            case ActKind::kPromoteToInternal:
                return promote(act, *release, state, GroupStage::kInternal);
            case ActKind::kPromoteToPublic:
                return promote(act, *release, state, GroupStage::kPublic);
        }
        return {};
    }

  private:
    struct State {
        GroupStage reached = GroupStage::kEngineering;
        SimTime since;                  // when it got there, had it never been halted
        std::optional<SimTime> halted;  // by an act
        std::optional<SimTime> first_halt;
        bool withdrawn = false;
    };

    static Error refuse(const Act& act, std::string_view reason, std::string remedy) {
        return {fmt::format("release `{}` {}", act.release, reason), act.place, std::move(remedy)};
    }
    bool has(GroupStage stage) const {
        return std::any_of(so_far_.groups.begin(), so_far_.groups.end(),
                           [stage](const Group& group) { return group.stage == stage; });
    }

    // When it comes for certain: a fix does once an act has halted what it fixes.
    std::optional<SimTime> comes_at(const Release& release) const {
        if (!release.fixes) {
            return release.at;
        }
        const auto fixed = states_.find(*release.fixes);
        if (fixed == states_.end() || !fixed->second.first_halt) {
            return std::nullopt;
        }
        return *fixed->second.first_halt + release.after_halt;
    }

    Status check_released(const Act& act, const Release& release) {
        const std::optional<SimTime> comes = comes_at(release);
        if (!comes) {
            return refuse(act, "may never come",
                          fmt::format("it is made only if `{}` is halted: give it an `at`, halt "
                                      "that one by an act before, or remove this act",
                                      *release.fixes));
        }
        if (act.at < *comes) {
            return refuse(act, "is not released yet",
                          fmt::format("it is released at {}", release.place));
        }
        states_.try_emplace(act.release, State{so_far_.groups.front().stage, *comes, {}, {}, {}});
        return {};
    }

    void promote_by_policy(State& state, SimTime now) const {
        const auto& to_internal = so_far_.policy.internal_after;
        const auto& to_public = so_far_.policy.public_after;
        if (state.reached == GroupStage::kEngineering && has(GroupStage::kInternal) &&
            to_internal && state.since + *to_internal <= now) {
            state.reached = GroupStage::kInternal;
            state.since = state.since + *to_internal;
        }
        const bool public_is_next =
            state.reached == GroupStage::kInternal ||
            (state.reached == GroupStage::kEngineering && !has(GroupStage::kInternal));
        if (public_is_next && to_public && state.since + *to_public <= now) {
            state.reached = GroupStage::kPublic;
        }
    }

    Status halt(const Act& act, State& state) const {
        if (state.halted) {
            return refuse(act, "is halted by then", "remove the act, or the halt before");
        }
        state.halted = act.at;
        state.first_halt = state.first_halt.value_or(act.at);
        state.withdrawn = so_far_.policy.withdraw;
        return {};
    }

    Status withdraw(const Act& act, State& state) const {
        if (state.withdrawn) {
            return refuse(act, "is withdrawn by then",
                          so_far_.policy.withdraw ? "by policy a halt withdraws it: remove the act"
                                                  : "remove one of the acts");
        }
        state.halted = state.halted.value_or(act.at);
        state.first_halt = state.first_halt.value_or(act.at);
        state.withdrawn = true;
        return {};
    }

    static Status resume(const Act& act, State& state) {
        if (state.halted) {
            state.since = state.since + (act.at - *state.halted);
        }
        state.halted.reset();
        state.withdrawn = false;
        return {};
    }

    Status promote(const Act& act, const Release& release, State& state, GroupStage to) const {
        if (state.halted) {
            return refuse(act, "is halted by then", "remove the act, or the halt");
        }
        if (release.expedited || !so_far_.policy.staged) {
            return refuse(act,
                          release.expedited
                              ? "is expedited: it is published to all groups at once"
                              : "is published to all groups at once: nothing is staged",
                          "remove the act");
        }
        if (!has(to)) {
            return refuse(act, "has nowhere to go", "add a group of that stage, or remove the act");
        }
        if (state.reached >= to) {
            return refuse(act, "is there already, by an earlier act or by the policy",
                          "remove the act, or set `internal_after` and `public_after` to "
                          "\"by_hand\"");
        }
        if (to == GroupStage::kPublic && has(GroupStage::kInternal) &&
            state.reached < GroupStage::kInternal) {
            return refuse(act, "goes public before the internal group has it",
                          "promote it to internal first, or make it expedited");
        }
        state.reached = to;
        state.since = act.at;
        return {};
    }

    const Experiment& so_far_;
    std::map<std::string, State> states_;
};

// What happens at the same time stays in the order of the file.
template <class Timed>
bool by_time(const Timed& a, const Timed& b) {
    return a.at < b.at;
}

}  // namespace

Result<std::vector<Baseline>> read_baseline(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("baseline"));
    std::vector<Baseline> out;
    for (TomlTable in : tables) {
        FB_CHECK(allow(in, baseline_format()));
        Baseline entry;
        entry.place = in.place();
        FB_TRY(entry.feed, read_feed(in));
        const auto same = [&entry](const Baseline& other) { return other.feed == entry.feed; };
        const auto known = std::find_if(out.begin(), out.end(), same);
        if (known != out.end()) {
            return in.error("feed",
                            fmt::format("a second baseline of {}", content::info(entry.feed).name),
                            "the first is at " + known->place);
        }
        FB_TRY(entry.version, in.string("version"));
        FB_CHECK(check_version(in, "version", entry.version));
        FB_TRY(entry.source, read_source(in, "source", "content"));
        FB_CHECK(in.finish());
        out.push_back(std::move(entry));
    }
    return out;
}

Result<std::vector<Release>> read_releases(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("release"));
    std::vector<Release> out;
    std::map<std::string, Place> ids;
    Versions versions(so_far.baseline);
    for (const TomlTable& table : tables) {
        FB_TRY(Release release, read_release(table, so_far));
        const auto [known, fresh] = ids.emplace(release.id, release.place);
        if (!fresh) {
            return Error{fmt::format("a second release is called `{}`", release.id), release.place,
                         "the first is at " + known->second};
        }
        FB_CHECK(versions.add(release));
        out.push_back(std::move(release));
    }
    FB_CHECK(check_fixes(out, tables));
    // Those that wait for a halt come last, as they stand in the file.
    const auto waiting = std::stable_partition(
        out.begin(), out.end(), [](const Release& release) { return !release.fixes; });
    std::stable_sort(out.begin(), waiting, by_time<Release>);
    return out;
}

Result<std::vector<Act>> read_acts(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("act"));
    std::vector<Act> out;
    for (const TomlTable& table : tables) {
        FB_TRY(Act act, read_act(table, so_far));
        out.push_back(std::move(act));
    }
    std::stable_sort(out.begin(), out.end(), by_time<Act>);
    Deeds deeds(so_far);
    for (const Act& act : out) {
        FB_CHECK(deeds.apply(act));
    }
    return out;
}

}  // namespace firebreak::scenario
