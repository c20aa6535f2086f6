// What an update client checks: one named set of answers to the attacks on a content channel.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/sim_time.h"

namespace firebreak::endpoint::update {

// Each member can be told off for one row of the attack matrix (scenarios/attacks).
struct Profile {
    std::string_view name;  // "published", "hardened"

    // Heads and set manifests signed by so many keys, short-lived and counted. 0: heads are plain
    // pointers and there are no sets.
    unsigned threshold = 0;
    // A set is activated as a whole or not at all.
    bool whole_sets = false;
    bool bind_feed = false;      // the manifest's feed is the one that was asked for
    bool bind_platform = false;  // … and its platform this machine's
    bool bind_group = false;     // … and its release groups include this endpoint's
    // A package signed further ahead than this of the newest signed head is refused.
    std::optional<base::Duration> allowed_skew;
    // Alert if the newest head that was ever taken is older than this.
    std::optional<base::Duration> stale_after;
    // What the product was built with is the first floor, so that a lost state is no way back.
    bool build_floor = false;
    // No file is longer than what was signed for it, packed or not.
    bool byte_caps = false;
    // A file's total deadline, and the average rate that it must keep after the first minute.
    std::optional<std::chrono::milliseconds> deadline;
    uint64_t least_bytes_per_s = 0;
    // A file that one edge does not give, or gives damaged, is asked of the next.
    bool other_edges = false;
};

// What the modelled vendor describes: a private certificate chain, SHA-384, no signature older than
// the newest authenticated download. (Its article does not say that anything else is checked.)
Profile published();
// The above with what The Update Framework 1.0.34 and the Uptane standard add. Numbers are ours.
Profile hardened();
// nullopt: there is no such profile.
std::optional<Profile> find_profile(std::string_view name);

}  // namespace firebreak::endpoint::update
