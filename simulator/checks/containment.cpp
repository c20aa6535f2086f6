#include "checks/containment.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/harm.h"
#include "base/text.h"
#include "checks/series.h"

namespace firebreak::checks {

namespace {

// An endpoint whose machine was lost in two ways counts once only as far as the numbers tell.
uint64_t ever_lost(const record::Run& run, int32_t group, uint64_t affected) {
    uint64_t by_kind = 0;
    for (const base::HarmInfo& harm : base::harms()) {
        if (harm.lost) {
            const record::SeriesKey key{base::Metric::kHarm, group, record::kAll,
                                        static_cast<int32_t>(harm.harm)};
            by_kind +=
                static_cast<uint64_t>(record::value_at(run.series, key, run.reached).value_or(0));
        }
    }
    const double most_at_a_time = peak(points_of(run, {base::Metric::kLost, group}));
    return std::max(std::min(by_kind, affected), static_cast<uint64_t>(most_at_a_time));
}

Containment scope(const record::Run& run, int32_t group, std::string name, uint64_t endpoints) {
    const auto value = [&](base::Metric metric) {
        return record::value_at(run.series, {metric, group}, run.reached);
    };
    const auto count = [&](base::Metric metric) {
        return static_cast<uint64_t>(std::max(value(metric).value_or(0), 0.0));
    };
    const auto duration = [&](base::Metric metric) -> std::optional<base::Duration> {
        const auto seconds = value(metric);
        return seconds ? std::optional(base::Duration{static_cast<int64_t>(*seconds)})
                       : std::nullopt;
    };
    Containment row;
    row.group = std::move(name);
    row.endpoints = endpoints;
    row.exposed = count(base::Metric::kExposed);
    row.affected = count(base::Metric::kAffected);
    row.refused = count(base::Metric::kRefused);
    row.alerts = count(base::Metric::kAlerts);
    row.harmed = count(base::Metric::kHarmed);
    row.lost = ever_lost(run, group, row.affected);
    row.lost_now = count(base::Metric::kLost);
    row.overshoot = count(base::Metric::kOvershoot);
    row.unreached = count(base::Metric::kUnreached);
    row.infections = count(base::Metric::kInfections);
    row.protection_gap_h = value(base::Metric::kProtectionGap).value_or(0);
    row.recovered = {count(base::Metric::kRecoveredItself), count(base::Metric::kRecoveredUpdate),
                     count(base::Metric::kRecoveredReboot),
                     count(base::Metric::kRecoveredRepairKit), count(base::Metric::kRecoveredHand)};
    row.time_to_detect = duration(base::Metric::kTimeToDetect);
    row.time_to_halt = duration(base::Metric::kTimeToHalt);
    if (row.harmed == 0) {  // else it is a time so far
        row.time_to_recover = duration(base::Metric::kTimeToRecover);
    }
    return row;
}

std::string number(uint64_t n) {
    return base::with_thousands(static_cast<int64_t>(n));
}

std::string counted(uint64_t n, const char* one, const char* more) {
    return fmt::format("{} {}", number(n), n == 1 ? one : more);
}

std::string where(const std::vector<Containment>& rows, uint64_t Containment::*count) {
    std::vector<std::string> names;
    for (size_t i = 0; i + 1 < rows.size(); ++i) {
        if (rows[i].*count > 0) {
            names.push_back(rows[i].group);
        }
    }
    if (names.size() == 1) {
        return rows.size() > 2 ? ", all in " + names[0] : "";
    }
    return names.size() + 1 == rows.size()
               ? ", in every group"
               : fmt::format(", in {} of {} groups", names.size(), rows.size() - 1);
}

// How far it got, and when it was stopped.
std::string reach(const std::vector<Containment>& rows) {
    const Containment& all = rows.back();
    std::string out;
    if (all.affected > 0) {
        out = fmt::format("{} of {} endpoints affected{}", number(all.affected),
                          number(all.endpoints), where(rows, &Containment::affected));
    } else if (all.refused > 0) {
        out =
            fmt::format("No endpoint affected; {} of {} refused bad content{}", number(all.refused),
                        number(all.endpoints), where(rows, &Containment::refused));
    } else {
        out = fmt::format("No endpoint of {} affected", number(all.endpoints));
    }
    if (all.time_to_halt) {
        out += fmt::format("; halted after {}", to_text(*all.time_to_halt));
    } else if (const auto halted = std::ranges::count_if(
                   rows, [](const Containment& row) { return row.time_to_halt.has_value(); });
               halted > 0) {  // something else failed elsewhere
        out += fmt::format("; halted in {} of {} groups", halted, rows.size() - 1);
    } else if (all.affected + all.refused > 0) {
        out += "; never halted";
    }
    return out;
}

// What else a reader has to know: machines lost, recovery, infections, false halts.
std::string aftermath(const Containment& all, uint64_t halts_in_error) {
    std::vector<std::string> parts;
    if (all.lost > 0) {
        parts.push_back(counted(all.lost, "machine lost", "machines lost"));
    }
    if (all.harmed > 0) {
        parts.push_back(counted(all.harmed, "endpoint", "endpoints") + " still harmed");
    } else if (all.time_to_recover) {
        parts.push_back("all recovered after " + to_text(*all.time_to_recover));
    }
    if (all.infections > 0) {
        parts.push_back(counted(all.infections, "endpoint", "endpoints") + " infected");
    }
    if (halts_in_error > 0) {
        parts.push_back(counted(halts_in_error, "false halt", "false halts"));
    }
    std::string out;
    for (const std::string& part : parts) {
        out += (out.empty() ? "" : "; ") + part;
    }
    if (!out.empty() && out[0] == 'a') {
        out[0] = 'A';
    }
    return out;
}

}  // namespace

std::vector<Containment> containment(const record::Run& run) {
    std::vector<Containment> rows;
    uint64_t total = 0;
    for (size_t i = 0; i < run.header.groups.size(); ++i) {
        const record::Group& group = run.header.groups[i];
        total += group.endpoints;
        rows.push_back(scope(run, static_cast<int32_t>(i), group.name, group.endpoints));
    }
    rows.push_back(scope(run, record::kAll, "all", total));
    return rows;
}

std::vector<Containment> by_persona(const record::Run& run) {
    std::vector<Containment> rows;
    for (size_t i = 0; i < run.header.personas.size(); ++i) {
        const auto points = [&](base::Metric metric) {
            return points_of(run, {metric, record::kAll, record::kAll, static_cast<int32_t>(i)});
        };
        const auto last = [&](base::Metric metric) {
            const std::vector<record::Point> all = points(metric);
            return all.empty() ? 0.0 : std::max(all.back().value, 0.0);
        };
        const auto count = [&](base::Metric metric) { return static_cast<uint64_t>(last(metric)); };
        Containment row;
        row.group = run.header.personas[i].name;
        row.endpoints = run.header.personas[i].endpoints;
        row.exposed = count(base::Metric::kExposed);
        row.affected = count(base::Metric::kAffected);
        row.refused = count(base::Metric::kRefused);
        row.harmed = count(base::Metric::kHarmed);
        row.lost = static_cast<uint64_t>(peak(points(base::Metric::kLost)));
        row.lost_now = count(base::Metric::kLost);
        row.infections = count(base::Metric::kInfections);
        row.protection_gap_h = last(base::Metric::kProtectionGap);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<record::Tenant> worst_tenants(const record::Run& run, size_t most) {
    std::vector<record::Tenant> tenants = run.tenants;
    const auto badness = [](const record::Tenant& tenant) {
        return std::tuple(tenant.lost, tenant.affected, tenant.infected, tenant.refused);
    };
    std::stable_sort(
        tenants.begin(), tenants.end(),
        [&](const record::Tenant& a, const record::Tenant& b) { return badness(a) > badness(b); });
    tenants.resize(std::min(tenants.size(), most));
    return tenants;
}

uint64_t false_halts(const record::Run& run) {
    const record::SeriesKey key{base::Metric::kFalseHalts};
    return static_cast<uint64_t>(
        std::max(record::value_at(run.series, key, run.reached).value_or(0), 0.0));
}

std::string headline(const record::Run& run) {
    const std::vector<Containment> rows = containment(run);
    std::string out = reach(rows);
    const std::string rest = aftermath(rows.back(), false_halts(run));
    return rest.empty() ? out : out + ". " + rest;
}

}  // namespace firebreak::checks
