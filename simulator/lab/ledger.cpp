#include "lab/ledger.h"

#include <algorithm>

namespace firebreak::lab {

namespace {

int32_t number(uint32_t release) {
    return release == ControlPlane::kNoRelease ? record::kAll : static_cast<int32_t>(release);
}

}  // namespace

void Ledger::count(size_t group, const fleet::RowEvent& event) {
    const bool failed = event.refused || event.harmed;
    for (Counts* counts : {&groups_[group], &all_}) {
        counts->exposed += (event.first & fleet::kExposed) != 0;
        counts->refused += (event.first & fleet::kRefused) != 0;
        counts->affected += (event.first & fleet::kAffected) != 0;
        counts->alerts += event.alerts;
        if (failed && (!counts->first_failure || event.at < *counts->first_failure)) {
            counts->first_failure = event.at;
            counts->failed_release = event.release;
        }
    }
    ++tally_[{static_cast<int32_t>(group), number(event.release), event.category, event.code}];
}

void Ledger::detected(size_t group, base::SimTime at) {
    for (Counts* counts : {&groups_[group], &all_}) {
        if (counts->first_failure && !counts->time_to_detect) {
            counts->time_to_detect = at - *counts->first_failure;
        }
    }
}

void Ledger::halted(uint32_t release, base::SimTime in_force) {
    halts_.emplace(release, in_force);
}

void Ledger::note_halt(Counts& counts) {
    if (!counts.first_failure || counts.time_to_halt) {
        return;
    }
    if (const auto halt = halts_.find(counts.failed_release); halt != halts_.end()) {
        counts.time_to_halt = std::max(halt->second - *counts.first_failure, base::Duration{0});
    }
}

void Ledger::set(base::SimTime at, const record::SeriesKey& key, std::optional<double> value) {
    if (!value) {
        return;
    }
    const auto [place, is_new] = written_.emplace(key, *value);
    if (is_new || place->second != *value) {
        place->second = *value;
        writer_.add(key, {at, *value});
    }
}

void Ledger::write_counts(base::SimTime at, int32_t group, const Counts& counts) {
    const auto put = [&](base::Metric metric, uint64_t value) {
        set(at, {metric, group, record::kAll}, static_cast<double>(value));
    };
    const auto put_time = [&](base::Metric metric, const std::optional<base::Duration>& value) {
        if (value) {
            set(at, {metric, group, record::kAll}, static_cast<double>(value->seconds));
        }
    };
    put(base::Metric::kExposed, counts.exposed);
    put(base::Metric::kAffected, counts.affected);
    put(base::Metric::kRefused, counts.refused);
    put(base::Metric::kAlerts, counts.alerts);
    put_time(base::Metric::kTimeToDetect, counts.time_to_detect);
    put_time(base::Metric::kTimeToHalt, counts.time_to_halt);
}

void Ledger::write_census(base::SimTime at, const fleet::Fleet& fleet, const ControlPlane& control,
                          size_t releases) {
    uint64_t protected_in_all = 0;
    uint64_t down_in_all = 0;
    std::vector<uint64_t> running_in_all(releases);
    for (size_t g = 0; g < groups_.size(); ++g) {
        uint64_t is_protected = 0;
        uint64_t down = 0;
        std::vector<uint64_t> running(releases);
        const std::span<const uint32_t> census = fleet.census(g);
        for (uint32_t s = 0; s < census.size(); ++s) {
            if (census[s] == 0) {
                continue;
            }
            bool all_run = true;
            for (size_t f = 0; f < control.feeds().size(); ++f) {
                const auto release = control.running_release({s}, f);
                all_run &= release.has_value();
                if (release && *release < releases) {
                    running[*release] += census[s];
                }
            }
            (all_run ? is_protected : down) += census[s];
        }
        const auto group = static_cast<int32_t>(g);
        set(at, {base::Metric::kProtected, group, record::kAll}, static_cast<double>(is_protected));
        set(at, {base::Metric::kDown, group, record::kAll}, static_cast<double>(down));
        for (size_t r = 0; r < releases; ++r) {
            set(at, {base::Metric::kRunning, group, static_cast<int32_t>(r)},
                static_cast<double>(running[r]));
            running_in_all[r] += running[r];
        }
        protected_in_all += is_protected;
        down_in_all += down;
    }
    set(at, {base::Metric::kProtected, record::kAll, record::kAll},
        static_cast<double>(protected_in_all));
    set(at, {base::Metric::kDown, record::kAll, record::kAll}, static_cast<double>(down_in_all));
    for (size_t r = 0; r < releases; ++r) {
        const auto release = static_cast<int32_t>(r);
        set(at, {base::Metric::kRunning, record::kAll, release},
            static_cast<double>(running_in_all[r]));
        set(at, {base::Metric::kHalted, record::kAll, release},
            halts_.contains(static_cast<uint32_t>(r)) ? 1 : 0);
    }
}

void Ledger::write(base::SimTime at, const fleet::Fleet& fleet, const ControlPlane& control,
                   size_t releases) {
    note_halt(all_);
    write_counts(at, record::kAll, all_);
    for (size_t g = 0; g < groups_.size(); ++g) {
        note_halt(groups_[g]);
        write_counts(at, static_cast<int32_t>(g), groups_[g]);
    }
    write_census(at, fleet, control, releases);
}

}  // namespace firebreak::lab
