#include "endpoint/reputation/reputation.h"

namespace firebreak::endpoint::reputation {

Band band_of(uint8_t score) {
    if (score < 20) {
        return Band::kKnownBad;
    }
    if (score < 30) {
        return Band::kPotentiallyUnwanted;
    }
    return score < 70 ? Band::kUnknown : Band::kKnownGood;
}

std::string_view to_text(Band band) {
    switch (band) {
        case Band::kKnownBad:
            return "known bad";
        case Band::kPotentiallyUnwanted:
            return "potentially unwanted";
        case Band::kUnknown:
            return "unknown";
        case Band::kKnownGood:
            return "known good";
    }
    return "";
}

std::string_view to_text(Source source) {
    switch (source) {
        case Source::kNone:
            return "nobody";
        case Source::kTableHash:
            return "local table, by hash";
        case Source::kTableSigner:
            return "local table, by signer";
        case Source::kCloud:
            return "cloud";
        case Source::kCloudCache:
            return "cloud, kept";
    }
    return "";
}

Treatment treatment_of(const Reputation& tag, bool rules_detect) {
    switch (band_of(tag.score)) {
        case Band::kKnownBad:
            return {true, true};
        case Band::kKnownGood:
            return {rules_detect, false};
        case Band::kPotentiallyUnwanted:
        case Band::kUnknown:
            break;
    }
    return {rules_detect, rules_detect};
}

}  // namespace firebreak::endpoint::reputation
