#include "lab/census.h"

#include <algorithm>

namespace firebreak::lab {

void Standing::add(const Standing& other) {
    endpoints += other.endpoints;
    is_protected += other.is_protected;
    down += other.down;
    harmed += other.harmed;
    lost += other.lost;
    unreached += other.unreached;
    gap += other.gap;
    online += other.online;
    contacts += other.contacts;
}

Census::Census(std::vector<size_t> group_of, size_t groups, size_t releases,
               std::vector<fleet::OnlinePattern> patterns, uint32_t first_hour)
    : group_of_(std::move(group_of)),
      patterns_(std::move(patterns)),
      first_hour_(first_hour),
      groups_(groups),
      personas_(patterns_.size()),
      running_(groups, std::vector<uint64_t>(releases)),
      mix_(groups, std::vector<uint64_t>(patterns_.size())),
      running_online_(groups, std::vector<double>(releases)) {}

void Census::add_release() {
    for (size_t g = 0; g < groups_.size(); ++g) {
        running_[g].push_back(0);
        running_online_[g].push_back(0);
    }
}

double Census::online(size_t persona, base::SimTime at) const {
    const auto hour = static_cast<size_t>(first_hour_ + at.seconds / 3600) % 168;
    return static_cast<double>(patterns_[persona][hour]);
}

base::Status Census::learn(uint32_t set, ControlPlane& control) {
    if (set >= views_.size()) {
        views_.resize(set + 1);
    }
    if (views_[set].known) {
        return {};
    }
    View view;
    view.known = true;
    FB_TRY(view.is_protected, control.is_protected({set}));
    const base::HarmMask harms = control.harms({set});
    view.harmed = harms != 0;
    for (const base::HarmInfo& one : base::harms()) {
        view.lost |= one.lost && (harms & bit(one.harm)) != 0;
        view.cut_off |= one.cut_off && (harms & bit(one.harm)) != 0;
    }
    for (size_t f = 0; f < control.feeds().size(); ++f) {
        const auto release = control.running_release({set}, f);
        view.down |= !release.has_value();
        if (release && *release != ControlPlane::kNoRelease) {
            view.releases.push_back(*release);
        }
    }
    views_[set] = std::move(view);
    return {};
}

base::Status Census::update(base::SimTime now, const fleet::Fleet& fleet, ControlPlane& control,
                            const std::vector<bool>& halted) {
    std::fill(groups_.begin(), groups_.end(), Standing{});
    std::fill(personas_.begin(), personas_.end(), Standing{});
    all_ = {};
    for (size_t g = 0; g < groups_.size(); ++g) {
        std::fill(running_[g].begin(), running_[g].end(), 0);
        std::fill(running_online_[g].begin(), running_online_[g].end(), 0.0);
        std::fill(mix_[g].begin(), mix_[g].end(), 0);
    }
    for (size_t segment = 0; segment < group_of_.size(); ++segment) {
        const size_t g = group_of_[segment];
        for (size_t p = 0; p < patterns_.size(); ++p) {
            const double online_share = online(p, now);
            const auto census = fleet.census(segment, static_cast<uint8_t>(p));
            Standing here;
            for (uint32_t set = 0; set < census.size(); ++set) {
                const uint32_t n = census[set];
                if (n == 0) {
                    continue;
                }
                FB_CHECK(learn(set, control));
                const View& view = views_[set];
                const double expected = n * online_share;
                bool stays = view.lost || view.cut_off;
                for (const uint32_t release : view.releases) {
                    running_[g][release] += n;
                    running_online_[g][release] += view.cut_off ? 0 : expected;
                    stays |= halted[release];
                }
                here.endpoints += n;
                here.is_protected += view.is_protected && !view.lost ? n : 0;
                here.gap += !view.is_protected && !view.lost ? n : 0;
                here.down += view.down ? n : 0;
                here.harmed += view.harmed ? n : 0;
                here.lost += view.lost ? n : 0;
                here.unreached += stays ? n : 0;
                here.online += expected;
                here.contacts += view.cut_off ? 0 : expected;
            }
            mix_[g][p] += here.endpoints;
            groups_[g].add(here);
            personas_[p].add(here);
            all_.add(here);
        }
    }
    return {};
}

}  // namespace firebreak::lab
