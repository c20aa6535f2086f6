// What must be true of an endpoint's store whenever somebody looks, and where a round must bring
// it. Reads keys as client_state.h describes them and shares no code with the update client.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "endpoint/update/release_story.h"
#include "ports/store.h"

namespace firebreak::endpoint::update::test {

// The keys of the tests' own component: manifest digests in hex, what it runs and what it goes back
// to if that fails.
std::string running_key(content::Feed feed);
std::string before_key(content::Feed feed);

// What a store says about one endpoint. Absent numbers are 0.
struct Standing {
    struct OfFeed {
        int64_t floor = 0;
        std::string installed;
        int version = 0;  // of `installed`; 0: none
    };
    uint64_t sequence = 0, trust = 0;
    std::string set;
    std::map<content::Feed, OfFeed> feeds;
};
Standing standing(ports::Store& store);

// The version that each feed must run after one undisturbed round.
std::map<content::Feed, int> expected(const Standing& before, const Moment& moment,
                                      bool signed_sets);

// Looks at one endpoint again and again. A value.
//  - What `installed` names is what the component says that it runs; its manifest and payloads are
//    there as a whole, and so are those of what the component would go back to.
//  - No version, floor, sequence or number of a root statement goes back; no floor is older than
//    what is installed. Nothing that the component refuses is installed.
//  - Where sets are signed, all feeds run the same one, and it is the one that is noted as active.
class MachineJudge {
  public:
    explicit MachineJudge(bool signed_sets) : signed_sets_(signed_sets) {}
    // The first thing that is wrong; empty: nothing.
    std::string operator()(ports::Store& store);

  private:
    std::string going_back(const Standing& now) const;
    std::string broken_set(const Standing& now) const;

    bool signed_sets_;
    Standing last_;
};

}  // namespace firebreak::endpoint::update::test
