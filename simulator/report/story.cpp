#include "report/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "checks/flag_letters.h"
#include "checks/series.h"

namespace firebreak::report {

namespace {

// The first moment of a kind in the timeline.
std::optional<base::SimTime> first_of(const record::Run& run, std::string_view kind) {
    const auto found = std::find_if(run.timeline.begin(), run.timeline.end(),
                                    [&](const auto& entry) { return entry.kind == kind; });
    return found == run.timeline.end() ? std::nullopt : std::optional(found->at);
}

// Down to a whole hour, or up.
base::SimTime whole_hour(base::SimTime at, bool up) {
    return {(at.seconds + (up ? 3599 : 0)) / 3600 * 3600};
}

}  // namespace

Stretch eventful(const record::Run& run) {
    base::SimTime last;
    for (const base::Metric metric :
         {base::Metric::kExposed, base::Metric::kAffected, base::Metric::kHarmed,
          base::Metric::kLost, base::Metric::kRefused}) {
        const auto points = checks::points_of(run, {metric});
        if (points.size() > 1 || (points.size() == 1 && points[0].value > 0)) {
            last = std::max(last, points.back().at);
        }
    }
    for (const Flag& flag : flags(run, "RPXFHWG")) {
        last = std::max(last, flag.at);
    }
    const int64_t reached = std::max<int64_t>(run.reached.seconds, 1);
    const int64_t end = whole_hour({last.seconds + last.seconds / 8 + 3600}, true).seconds;
    return {{0}, {last.seconds == 0 || end > reached * 3 / 4 ? reached : end}};
}

std::optional<Stretch> critical(const record::Run& run) {
    const Stretch all = eventful(run);
    const auto harm = checks::points_of(run, {base::Metric::kAffected});
    const auto first = std::find_if(harm.begin(), harm.end(),
                                    [](const record::Point& point) { return point.value > 0; });
    const auto halt = first_of(run, "halt");
    if (first == harm.end() || !halt || *halt < first->at) {
        return std::nullopt;
    }
    const int64_t length = std::max<int64_t>(halt->seconds - first->at.seconds, 1800);
    const int64_t begin = std::max<int64_t>(first->at.seconds - length / 2, 0);
    const Stretch out{whole_hour({begin}, false), whole_hour(*halt + base::Duration{length}, true)};
    const bool closer = 5 * (out.end - out.begin).seconds < (all.end - all.begin).seconds;
    return closer && out.end <= all.end ? std::optional(out) : std::nullopt;
}

std::vector<Flag> flags(const record::Run& run, std::string_view letters) {
    std::vector<Flag> out;
    checks::FlagReader reader;
    for (const record::TimelineEntry& entry : run.timeline) {
        const char letter = reader.letter(entry, run.header);
        if (letter != 0 && letters.find(letter) != std::string_view::npos) {
            out.push_back({entry.at, letter, fmt::format("{}: {}", to_text(entry.at), entry.text)});
        }
    }
    return out;
}

std::string flag_legend(const std::vector<Flag>& flags) {
    std::string out;
    for (const checks::FlagLetter& letter : checks::flag_letters()) {
        const bool used = std::any_of(flags.begin(), flags.end(), [&](const Flag& flag) {
            return flag.letter == letter.letter;
        });
        if (used) {
            out += tag("span", "key",
                       tag("span", "letter", std::string(1, letter.letter)) + " " +
                           std::string(letter.meaning)) +
                   "\n";
        }
    }
    return out.empty() ? "" : tag("p", "legend", out) + "\n";
}

std::optional<double> setting_number(const record::Header& header, std::string_view section,
                                     std::string_view key) {
    for (const record::Setting& setting : header.settings) {
        if (setting.section == section && setting.key == key) {
            double value = 0;
            const char* end = setting.value.data() + setting.value.size();
            const auto parsed = std::from_chars(setting.value.data(), end, value);
            return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(value)
                                                                 : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string release_name(const record::Header& header, int32_t release) {
    return release == record::kAll ? "" : header.releases.at(static_cast<size_t>(release)).name;
}

std::string group_name(const record::Header& header, int32_t group) {
    return group == record::kAll ? "all" : header.groups.at(static_cast<size_t>(group)).name;
}

uint64_t endpoints_in_all(const record::Header& header) {
    uint64_t total = 0;
    for (const record::Group& group : header.groups) {
        total += group.endpoints;
    }
    return total;
}

}  // namespace firebreak::report
