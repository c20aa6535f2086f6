// What a viewer sees of the lab at one moment.
#include <fmt/format.h>

#include <algorithm>

#include "lab/lab.h"
#include "lab/parts.h"

namespace firebreak::lab {

// The rows of a release group: those of its segments, which stand side by side.
std::pair<uint32_t, uint32_t> Lab::rows_of(size_t group) const {
    const fleet::Population& rows = parts_->fleet->population();
    fleet::Row begin = 0;
    fleet::Row end = 0;
    for (size_t s = 0; s < parts_->segments.size(); ++s) {
        if (parts_->segments[s].group == group) {
            begin = end == 0 ? rows.begin(s) : begin;
            end = rows.end(s);
        }
    }
    return {begin, end};
}

namespace {

// The newest release that some component runs of which content set, worked out once for each.
class NewestReleases {
  public:
    NewestReleases(const ControlPlane& control, size_t feeds)
        : control_(control), feeds_(feeds), known_(control.sets(), kUnknown) {}

    // By number; kAll: the baseline alone, or nothing.
    int32_t of(fleet::SetId set) {
        int32_t& newest = known_[set.value];
        if (newest == kUnknown) {
            newest = record::kAll;
            for (size_t feed = 0; feed < feeds_; ++feed) {
                const auto release = control_.running_release(set, feed);
                if (release && *release != ControlPlane::kNoRelease) {
                    newest = std::max(newest, static_cast<int32_t>(*release));
                }
            }
        }
        return newest;
    }

  private:
    static constexpr int32_t kUnknown = record::kAll - 1;
    const ControlPlane& control_;
    size_t feeds_;
    std::vector<int32_t> known_;  // by set
};

void count(Cell& cell, fleet::Marks marks, base::HarmMask harms, int32_t release) {
    ++cell.endpoints;
    cell.exposed += (marks & fleet::kExposed) != 0;
    cell.refused += (marks & fleet::kRefused) != 0;
    cell.affected += (marks & fleet::kAffected) != 0;
    cell.harmed += harms != 0;
    cell.lost += (harms & (bit(base::Harm::kUnbootable) | bit(base::Harm::kBootLoop))) != 0;
    if (release > cell.release) {
        cell.release = release;
        cell.on_release = 0;
    }
    cell.on_release += release == cell.release;
}

}  // namespace

Snapshot Lab::snapshot(const Viewport& viewport) const {
    const fleet::Population& rows = parts_->fleet->population();
    Snapshot out;
    out.at = parts_->now;
    out.polls = parts_->fleet->polls();
    NewestReleases releases(*parts_->control, parts_->feeds.size());
    for (size_t g = 0; g < parts_->experiment.groups.size(); ++g) {
        const Counts& counts = parts_->ledger->group(g);
        GroupSnapshot group{parts_->experiment.groups[g].name,
                            parts_->experiment.groups[g].endpoints,
                            counts.exposed,
                            counts.affected,
                            counts.refused,
                            counts.alerts,
                            parts_->census->group(g).harmed,
                            parts_->census->group(g).lost,
                            {},
                            0};
        const auto [begin, end_row] = rows_of(g);
        group.first = begin;
        const uint64_t size = end_row - begin;
        group.cells.resize(std::min<uint64_t>(viewport.cells_per_group, size));
        for (uint64_t i = 0; i < size && !group.cells.empty(); ++i) {
            Cell& cell = group.cells[i * group.cells.size() / size];
            const fleet::Row row = begin + static_cast<uint32_t>(i);
            if (cell.endpoints == 0) {
                cell.persona = rows.persona(row);
            }
            count(cell, parts_->fleet->marks(row), parts_->control->harms(rows.set(row)),
                  releases.of(rows.set(row)));
        }
        out.groups.push_back(std::move(group));
    }
    for (const uint32_t row : viewport.endpoints) {
        if (row >= rows.size()) {
            continue;
        }
        EndpointSnapshot endpoint;
        endpoint.endpoint = row;
        endpoint.group =
            parts_->experiment.groups[parts_->segments[rows.segment_of(row)].group].name;
        endpoint.persona = parts_->assays->environment().personas[rows.persona(row)].name;
        endpoint.tenant = rows.tenant(row);
        const fleet::Marks marks = parts_->fleet->marks(row);
        endpoint.exposed = (marks & fleet::kExposed) != 0;
        endpoint.refused = (marks & fleet::kRefused) != 0;
        endpoint.affected = (marks & fleet::kAffected) != 0;
        endpoint.infected = (marks & fleet::kInfected) != 0;
        for (const base::HarmInfo& one : base::harms()) {
            if ((parts_->control->harms(rows.set(row)) & bit(one.harm)) != 0) {
                endpoint.harms.emplace_back(one.name);
            }
        }
        for (size_t f = 0; f < parts_->feeds.size(); ++f) {
            const auto release = parts_->control->running_release(rows.set(row), f);
            endpoint.running.push_back(fmt::format("{} {}", content::info(parts_->feeds[f]).name,
                                                   !release ? "nothing"
                                                   : *release == ControlPlane::kNoRelease
                                                       ? "baseline"
                                                       : parts_->release_name(*release)));
        }
        out.endpoints.push_back(std::move(endpoint));
    }
    return out;
}

}  // namespace firebreak::lab
