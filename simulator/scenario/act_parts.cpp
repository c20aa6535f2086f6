// Acts: what operators do with releases, and when.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

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

struct Deed {
    std::string_view key;
    ActKind kind;
    std::string_view finish;
};
constexpr std::array<Deed, 5> kDeeds{{{"promote", ActKind::kPromoteToInternal, "to a promotion"},
                                      {"halt", ActKind::kHalt, "to a halt"},
                                      {"withdraw", ActKind::kWithdraw, "to a withdrawal"},
                                      {"resume", ActKind::kResume, "to a resumption"},
                                      {"release", ActKind::kRelease, "to a release"}}};

Result<Act> read_act(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, act_format()));
    Act out;
    out.place = in.place();
    FB_TRY(out.at, read_moment(in, "at", so_far));
    const auto deed = std::find_if(kDeeds.begin(), kDeeds.end(),
                                   [&in](const Deed& known) { return in.has(known.key); });
    if (deed == kDeeds.end()) {
        return in.error("promote", "an act without a deed",
                        "add `promote` with `to`, `halt`, `withdraw`, `resume` or `release`, with "
                        "the id of a release");
    }
    out.kind = deed->kind;
    FB_TRY(out.release, in.string(deed->key));
    if (out.kind == ActKind::kPromoteToInternal) {
        FB_TRY(out.kind, in.word("to", kDestinations));
    }
    FB_TRY(const Release* release, find_release(out.release, so_far, in.place(deed->key)));
    if (release->kind == ReleaseKind::kPlant) {
        return in.error(deed->key, fmt::format("release `{}` is a plant", release->id),
                        "the vendor does not know of it: name another one, or remove the act");
    }
    if (out.kind == ActKind::kRelease && !release->by_hand) {
        return in.error(deed->key, fmt::format("release `{}` comes by itself", release->id),
                        "write by_hand = true in its table, in place of its time");
    }
    FB_TRY(out.by_hand, in.boolean("by_hand", false));
    FB_CHECK(in.finish(deed->finish));
    return out;
}

// Follows what acts and the policy make of each release, and refuses acts that could do nothing.
// Halts by machine or by people are not known beforehand: what may depend on one, may be.
class Deeds {
  public:
    Deeds(const Experiment& so_far, const std::map<std::string, SimTime>& by_hand)
        : so_far_(so_far), by_hand_(by_hand) {}

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
            case ActKind::kRelease:
                break;
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
        if (release.by_hand) {
            return by_hand_.at(release.id);
        }
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
    const std::map<std::string, SimTime>& by_hand_;  // when those releases come
    std::map<std::string, State> states_;
};

// When each release that comes by hand does so: each by one act.
Result<std::map<std::string, SimTime>> times_by_hand(const std::vector<Act>& acts,
                                                     const Experiment& so_far) {
    std::map<std::string, SimTime> out;
    for (const Act& act : acts) {
        if (act.kind == ActKind::kRelease && !out.emplace(act.release, act.at).second) {
            return Error{fmt::format("release `{}` comes twice", act.release), act.place,
                         "remove one of the acts"};
        }
    }
    for (const Release& release : so_far.releases) {
        if (release.by_hand && !out.contains(release.id)) {
            return Error{fmt::format("release `{}` never comes", release.id), release.place,
                         "add an act that releases it, or write `at` in place of `by_hand`"};
        }
    }
    return out;
}

}  // namespace

Result<std::vector<Act>> read_acts(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("act"));
    std::vector<Act> out;
    for (const TomlTable& table : tables) {
        FB_TRY(Act act, read_act(table, so_far));
        out.push_back(std::move(act));
    }
    // What happens at the same time stays in the order of the file.
    std::stable_sort(out.begin(), out.end(),
                     [](const Act& a, const Act& b) { return a.at < b.at; });
    FB_TRY(const auto by_hand, times_by_hand(out, so_far));
    Deeds deeds(so_far, by_hand);
    for (const Act& act : out) {
        if (!act.by_hand) {
            FB_CHECK(deeds.apply(act));
        }
    }
    return out;
}

}  // namespace firebreak::scenario
