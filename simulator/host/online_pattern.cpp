#include "host/online_pattern.h"

namespace firebreak::host {

namespace {

// A day in blocks of hours, each with the chance that a machine is online in any hour of it.
// All figures are assumed: no vendor publishes its own.
struct Block {
    int until_hour;
    float chance;
};
using Day = std::array<Block, 4>;

struct Week {
    Day weekday;
    Day weekend;
};

constexpr Week kAlways{{{{24, 1.0f}, {24, 1.0f}, {24, 1.0f}, {24, 1.0f}}},
                       {{{24, 1.0f}, {24, 1.0f}, {24, 1.0f}, {24, 1.0f}}}};
// On from eight to six; a few stay on over night and at weekends.
constexpr Week kOffice{{{{8, 0.05f}, {18, 0.95f}, {22, 0.15f}, {24, 0.05f}}},
                       {{{8, 0.03f}, {18, 0.08f}, {22, 0.05f}, {24, 0.03f}}}};
// In trains, hotels and at home: lower, and spread over the day.
constexpr Week kRoaming{{{{7, 0.05f}, {19, 0.45f}, {23, 0.30f}, {24, 0.10f}}},
                        {{{9, 0.05f}, {19, 0.25f}, {23, 0.25f}, {24, 0.10f}}}};

const Week& week(OnlineKind kind) {
    switch (kind) {
        case OnlineKind::kAlways:
            return kAlways;
        case OnlineKind::kOffice:
            return kOffice;
        case OnlineKind::kRoaming:
            return kRoaming;
    }
    return kAlways;
}

float chance_at(const Day& day, int hour) {
    for (const Block& block : day) {
        if (hour < block.until_hour) {
            return block.chance;
        }
    }
    return 0;
}

}  // namespace

OnlinePattern online_pattern(OnlineKind kind) {
    constexpr int kSaturday = 5;
    OnlinePattern out{};
    for (int hour = 0; hour < static_cast<int>(out.size()); ++hour) {
        const bool weekend = hour / 24 >= kSaturday;
        const Day& day = weekend ? week(kind).weekend : week(kind).weekday;
        out[static_cast<size_t>(hour)] = chance_at(day, hour % 24);
    }
    return out;
}

}  // namespace firebreak::host
