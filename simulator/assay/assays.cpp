#include "assay/assays.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>

#include "assay/loads.h"

namespace firebreak::assay {

namespace {

constexpr int kTries = 3;
constexpr std::string_view kScannedBy = "; scanner: ";

// What key() has put there; "" without a scanner of somebody's own.
std::string identity_in(const std::string& key) {
    const size_t found = key.rfind(kScannedBy);
    return found == std::string::npos ? "" : key.substr(found + kScannedBy.size());
}

}  // namespace

std::string key(const Environment& environment, const Stimulus& stimulus) {
    std::string out = text(stimulus);
    if (!environment.program_identity.empty()) {
        out.append(kScannedBy).append(environment.program_identity);
    }
    return out;
}

Assays::Assays(Environment environment, Log log)
    : environment_(std::move(environment)), log_(std::move(log)) {
    environment_.loads = &loads_;
}

void Assays::replay_from(std::vector<Transition> recorded) {
    replaying_ = true;
    // The record answers for the scanner that it was made with, which need not be on this machine.
    if (!recorded.empty()) {
        environment_.program_identity = identity_in(recorded.front().stimulus);
    }
    for (Transition& transition : recorded) {
        std::string stimulus = transition.stimulus;
        recorded_[std::move(stimulus)].push_back(std::move(transition));
    }
}

StateId Assays::intern(const Snapshot& snapshot) {
    const StateId next{static_cast<uint32_t>(states_.size())};
    const auto [place, is_new] = state_ids_.emplace(digest(snapshot), next);
    if (is_new) {
        states_.push_back(snapshot);
    }
    return place->second;
}

base::Result<Transition> Assays::obtain(const Request& request, const std::string& text) {
    if (replaying_) {
        const auto found = recorded_.find(text);
        if (found != recorded_.end()) {
            for (const Transition& candidate : found->second) {
                if (holds(candidate, state(request.before), clock_of(request.stimulus))) {
                    return candidate;
                }
            }
        }
        return base::Error{"the recording has no outcome for: " + text, "",
                           "replay it with the version and the fixtures that recorded it"};
    }
    for (int attempt = 1;; ++attempt) {
        auto done = perform_once(environment_, blobs_, state(request.before), request.stimulus);
        if (done.ok() || attempt == kTries) {
            return done;
        }
    }
}

bool Assays::in_time(const Transition& transition, const Request& request) {
    const base::UtcTime clock = clock_of(request.stimulus);
    return clock >= transition.clock_from && clock < transition.clock_until;
}

std::optional<TransitionId> Assays::known(const Work& work) const {
    const auto candidates = by_stimulus_.find(work.text);
    if (candidates == by_stimulus_.end()) {
        return std::nullopt;
    }
    for (const TransitionId id : candidates->second) {
        if (holds(transitions_[id.value], state(work.request->before),
                  clock_of(work.request->stimulus))) {
            return id;
        }
    }
    return std::nullopt;
}

// In rounds: of those with the same stimulus one is performed, and then it may hold for others.
base::Result<std::vector<TransitionId>> Assays::perform(std::span<const Request> requests) {
    std::vector<TransitionId> ids(requests.size());
    std::vector<Work> open;
    for (size_t i = 0; i < requests.size(); ++i) {
        std::string stimulus = key(environment_, requests[i].stimulus);
        std::string key = fmt::format("{} {}", requests[i].before.value, stimulus);
        const auto exact = known_.find(key);
        if (exact != known_.end() && in_time(transitions_[exact->second.value], requests[i])) {
            ids[i] = exact->second;
        } else {
            open.push_back({&requests[i], i, std::move(stimulus), std::move(key), std::nullopt});
        }
    }
    while (!open.empty()) {
        std::vector<Work> round, later;
        std::set<std::string> underway;
        for (Work& work : open) {
            if (const auto id = known(work)) {
                ids[work.place] = *id;
                known_.insert_or_assign(std::move(work.key), *id);
            } else if (underway.insert(work.text).second) {
                round.push_back(std::move(work));
            } else {
                later.push_back(std::move(work));
            }
        }
        FB_CHECK(perform_round(round, ids));
        open = std::move(later);
    }
    return ids;
}

base::Status Assays::perform_round(std::vector<Work>& round, std::vector<TransitionId>& ids) {
    std::atomic<size_t> next{0};
    const auto drain = [&] {
        for (size_t i; (i = next++) < round.size();) {
            round[i].done = obtain(*round[i].request, round[i].text);
        }
    };
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min<size_t>(environment_.jobs, round.size()); ++i) {
        helpers.emplace_back(drain);
    }
    drain();
    helpers.clear();
    for (Work& work : round) {
        if (!work.done->ok()) {
            return work.done->error();
        }
        transitions_.push_back(std::move(**work.done));
        const TransitionId id{static_cast<uint32_t>(transitions_.size() - 1)};
        ids[work.place] = id;
        known_.insert_or_assign(std::move(work.key), id);
        by_stimulus_[work.text].push_back(id);
        FB_CHECK(log_(work.request->before, transitions_.back()));
    }
    return {};
}

}  // namespace firebreak::assay
