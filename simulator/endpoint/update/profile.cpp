#include "endpoint/update/profile.h"

namespace firebreak::endpoint::update {

Profile published() {
    Profile profile;
    profile.name = "published";
    return profile;
}

Profile hardened() {
    Profile profile;
    profile.name = "hardened";
    profile.threshold = 2;
    profile.whole_sets = true;
    profile.bind_feed = true;
    profile.bind_platform = true;
    profile.bind_group = true;
    profile.allowed_skew = base::hours(24);
    profile.stale_after = base::hours(48);
    profile.build_floor = true;
    profile.byte_caps = true;
    profile.deadline = std::chrono::minutes(30);
    profile.least_bytes_per_s = 1024;
    profile.other_edges = true;
    return profile;
}

std::optional<Profile> find_profile(std::string_view name) {
    for (const Profile& profile : {published(), hardened()}) {
        if (profile.name == name) {
            return profile;
        }
    }
    return std::nullopt;
}

}  // namespace firebreak::endpoint::update
