#include "checks/containment.h"

#include <fmt/format.h>

#include "base/text.h"

namespace firebreak::checks {

namespace {

Containment scope(const record::Run& run, int32_t group, std::string name, uint64_t endpoints) {
    const auto value = [&](base::Metric metric) {
        return record::value_at(run.series, {metric, group, record::kAll}, run.reached);
    };
    const auto count = [&](base::Metric metric) {
        return static_cast<uint64_t>(value(metric).value_or(0));
    };
    const auto duration = [&](base::Metric metric) -> std::optional<base::Duration> {
        const auto seconds = value(metric);
        return seconds ? std::optional(base::Duration{static_cast<int64_t>(*seconds)})
                       : std::nullopt;
    };
    return {std::move(name),
            endpoints,
            count(base::Metric::kExposed),
            count(base::Metric::kAffected),
            count(base::Metric::kRefused),
            count(base::Metric::kAlerts),
            duration(base::Metric::kTimeToDetect),
            duration(base::Metric::kTimeToHalt)};
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

std::string headline(const record::Run& run) {
    const std::vector<Containment> rows = containment(run);
    const Containment& all = rows.back();
    const auto number = [](uint64_t n) { return base::with_thousands(static_cast<int64_t>(n)); };
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
    } else if (all.affected + all.refused > 0) {
        out += "; never halted";
    }
    return out;
}

}  // namespace firebreak::checks
