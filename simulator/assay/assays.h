// Runs real components over simulated machines, each distinct transition once, and logs it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "assay/environment.h"
#include "assay/loads.h"
#include "assay/transition.h"

namespace firebreak::assay {

// The words of a stimulus, and what meets it, where that is not the lab's own.
std::string key(const Environment& environment, const Stimulus& stimulus);

// Performs one transition, without memory: what the memo table below is checked against.
// Thread-safe as long as `environment` and `blobs` are. Errors: about this machine or the lab
// itself, never about content.
base::Result<Transition> perform_once(const Environment& environment, BlobPool& blobs,
                                      const Snapshot& before, const Stimulus& stimulus);

// The memo table and the outcome log. Not thread-safe; perform() uses threads of its own.
class Assays {
  public:
    struct Request {
        StateId before;
        Stimulus stimulus;
    };
    // Called once for each transition that is performed, with the state in which it was.
    using Log = std::function<base::Status(StateId before, const Transition&)>;

    // `environment.loads` is its own affair.
    Assays(Environment environment, Log log);
    Assays(const Assays&) = delete;
    Assays& operator=(const Assays&) = delete;

    // Answers from recorded outcomes alone: a request that is not among them is an error.
    void replay_from(std::vector<Transition> recorded);

    // The transition of every request, in order. One that is known for another state holds for all
    // that look the same to the component. New ones are performed now, `jobs` at a time; a
    // trial that fails for this machine's sake (an overloaded machine passes the wall deadline,
    // say) is repeated twice. Ids do not depend on which finished first.
    base::Result<std::vector<TransitionId>> perform(std::span<const Request> requests);

    const Transition& operator[](TransitionId id) const { return transitions_[id.value]; }
    size_t size() const { return transitions_.size(); }

    StateId intern(const Snapshot& snapshot);
    const Snapshot& state(StateId id) const { return states_[id.value]; }
    StateId changed(StateId before, const ports::Changes& changes) {
        return changes.empty() ? before : intern(applied(state(before), changes));
    }

    const Environment& environment() const { return environment_; }

  private:
    struct Work {
        const Request* request;
        size_t place;           // among the requests
        std::string text, key;  // of the stimulus, and with the state
        std::optional<base::Result<Transition>> done;
    };
    static bool in_time(const Transition& transition, const Request& request);
    std::optional<TransitionId> known(const Work& work) const;
    base::Status perform_round(std::vector<Work>& round, std::vector<TransitionId>& ids);
    base::Result<Transition> obtain(const Request& request, const std::string& text);

    Environment environment_;
    Log log_;
    BlobPool blobs_;
    Loads loads_;
    std::deque<Transition> transitions_;
    std::deque<Snapshot> states_;
    std::unordered_map<base::Digest, StateId> state_ids_;
    std::unordered_map<std::string, TransitionId> known_;  // "<state id> <stimulus text>"
    std::unordered_map<std::string, std::vector<TransitionId>> by_stimulus_;
    std::unordered_map<std::string, std::vector<Transition>> recorded_;  // by stimulus
    bool replaying_ = false;
};

}  // namespace firebreak::assay
