// What a reputation means: its bands, where it came from, the tag that a process or a file carries,
// and how that tag changes what is done to it.
#pragma once

#include <optional>
#include <string_view>


#include "base/sha256.h"

namespace firebreak::endpoint::reputation {

using base::Sha256;

// As the modelled vendor publishes them for its file look-up, `reputationScore` of
// FileLookupResponse in api.labs.sophos.com/doc/lookup/files.html (quoted at
// stackoverflow.com/questions/56751555): 0-19 malware, 20-29 potentially unwanted application,
// 30-69 unknown or suspicious, 70-100 known good. That its endpoint's table has the same bands is
// our assumption.
enum class Band { kKnownBad, kPotentiallyUnwanted, kUnknown, kKnownGood };

// Of a score up to 100.
Band band_of(uint8_t score);
// "known bad", "potentially unwanted", "unknown", "known good".
std::string_view to_text(Band band);

enum class Source {
    kNone,         // nobody knows it
    kTableHash,    // LocalRepData, by the file's hash
    kTableSigner,  // LocalRepData, by who signed it
    kCloud,        // the cloud, just now
    kCloudCache,   // the cloud, earlier
};
std::string_view to_text(Source source);

// What the published look-up gives a file that it does not know.
inline constexpr uint8_t kScoreOfTheUnknown = 30;

struct Reputation {
    uint8_t score = kScoreOfTheUnknown;
    Source source = Source::kNone;
    friend bool operator==(const Reputation&, const Reputation&) = default;
};

struct Treatment {
    bool detected = false;    // held, and reported
    bool cleaned_up = false;  // taken off the machine; never without `detected`
    friend bool operator==(const Treatment&, const Treatment&) = default;
};

// What becomes of a process or file with this reputation, its tag. `rules_detect`: the scanner's
// rules or models found something.
// - Known bad is detected and cleaned up, whatever rules say.
// - Known good is never cleaned up (published). What rules find in it is still held and reported:
//   either the rules or the reputation are wrong, and only the first can be undone on the machine.
// - Of all others rules decide. That goes for the potentially unwanted too: whether it is wanted
//   is the administrator's to say, by policy, which speaks through the rules.
Treatment treatment_of(const Reputation& tag, bool rules_detect);

}  // namespace firebreak::endpoint::reputation
