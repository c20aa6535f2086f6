#include "checks/excerpt.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace firebreak::checks {

Excerpt excerpt(const record::Run& run, size_t most) {
    std::map<std::string, size_t> seen;
    std::vector<std::pair<size_t, size_t>> order;  // how many of its kind came before; its place
    for (size_t i = 0; i < run.timeline.size(); ++i) {
        order.emplace_back(seen[run.timeline[i].kind]++, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<size_t> kept;
    std::map<std::string, size_t> left_out;
    for (const auto& [rank, place] : order) {
        if (kept.size() < most) {
            kept.push_back(place);
        } else {
            ++left_out[run.timeline[place].kind];
        }
    }
    std::sort(kept.begin(), kept.end());
    Excerpt out;
    for (const size_t place : kept) {
        out.entries.push_back(&run.timeline[place]);
    }
    out.left_out.assign(left_out.begin(), left_out.end());
    return out;
}

std::string left_out_text(const Excerpt& excerpt) {
    std::string out;
    for (const auto& [kind, count] : excerpt.left_out) {
        out += fmt::format("{}{} more of kind {}", out.empty() ? "" : ", ",
                           base::with_thousands(static_cast<int64_t>(count)),
                           base::printable(kind, 40));
    }
    return out;
}

}  // namespace firebreak::checks
