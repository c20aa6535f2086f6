#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/channel.h"
#include "checks/series.h"
#include "report/sections.h"
#include "report/story.h"
#include "report/time_chart.h"

namespace firebreak::report {

namespace {

using base::Metric;
using record::kAll;

std::string figure(const std::string& caption, const std::string& chart) {
    return "<figure class=\"full\">" + tag("figcaption", caption) + "\n" + chart + "</figure>\n";
}

std::string plain_figure(const std::string& caption, const std::string& chart) {
    return tag("figure", tag("figcaption", caption) + "\n" + chart) + "\n";
}

bool happened(const Line& line) {
    return checks::peak(line.points) > 0;
}

void drop_empty(std::vector<Line>& lines) {
    std::erase_if(lines, [](const Line& line) { return !happened(line); });
}

std::string scale_text(Scale scale) {
    return scale == Scale::kLog ? tag("span", "dim", ", log scale") : "";
}

std::vector<Line> harm_lines(const record::Run& run, int32_t group) {
    std::vector<Line> lines = {
        {"exposed", checks::points_of(run, {Metric::kExposed, group}), Tone::kExposed, 0, true},
        {"refused", checks::points_of(run, {Metric::kRefused, group}), Tone::kRefused, 3, false},
        {"affected", checks::points_of(run, {Metric::kAffected, group}), Tone::kAffected, 0, true},
        {"harmed now", checks::points_of(run, {Metric::kHarmed, group}), Tone::kDegraded, 1, false},
        {"lost now", checks::points_of(run, {Metric::kLost, group}), Tone::kLost, 2, false}};
    drop_empty(lines);
    return lines;
}

// Running, per release; the ones that spread furthest if there are many.
std::vector<Line> adoption_lines(const record::Run& run, size_t& left_out) {
    constexpr size_t kMost = 8;
    constexpr Tone kTones[] = {Tone::kExposed, Tone::kRefused, Tone::kDegraded, Tone::kInk,
                               Tone::kOffline};
    std::vector<Line> lines;
    int updates = 0;
    int fixes = 0;
    for (size_t i = 0; i < run.header.releases.size(); ++i) {
        const record::Release& release = run.header.releases[i];
        const auto points =
            checks::points_of(run, {Metric::kRunning, kAll, static_cast<int32_t>(i)});
        if (checks::peak(points) <= 0) {
            continue;
        }
        const bool fix = release.kind == "fix";
        const int n = fix ? fixes++ : updates++;
        lines.push_back(
            {release.name, points, fix ? Tone::kProtected : kTones[n % 5], n % kDashes, false});
    }
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
        return checks::peak(a.points) > checks::peak(b.points);
    });
    left_out = lines.size() > kMost ? lines.size() - kMost : 0;
    lines.resize(std::min(lines.size(), kMost));
    return lines;
}

std::string adoption(const record::Run& run, const Stretch& stretch) {
    size_t left_out = 0;
    std::vector<Line> lines = adoption_lines(run, left_out);
    if (lines.empty()) {
        return "";
    }
    const Scale scale = scale_for(lines);
    const std::vector<Flag> marks = flags(run, "RPXFHWG");
    std::string out = figure("Adoption: endpoints that run each release" + scale_text(scale),
                             time_chart({"Endpoints that run each release over time",
                                         stretch.begin,
                                         stretch.end,
                                         Quantity::kCount,
                                         scale,
                                         std::move(lines),
                                         marks,
                                         {},
                                         false}));
    if (left_out > 0) {
        out += tag("p", "note",
                   fmt::format("Left out: {} that spread less.",
                               counted(left_out, "release", "releases"))) +
               "\n";
    }
    return out;
}

std::string harm(const record::Run& run, const Stretch& stretch, const std::string& caption) {
    std::vector<Line> lines = harm_lines(run, kAll);
    if (lines.empty()) {
        return "";
    }
    const Scale scale = scale_for(lines);
    const std::vector<Flag> marks = flags(run, "RPXFHWG");
    return figure(caption + scale_text(scale), time_chart({caption,
                                                           stretch.begin,
                                                           stretch.end,
                                                           Quantity::kCount,
                                                           scale,
                                                           std::move(lines),
                                                           marks,
                                                           {},
                                                           false}));
}

std::string group_caption(const record::Group& group, const std::vector<Line>& lines) {
    std::string out = escape(group.name) + " " +
                      tag("span", "dim", counted(group.endpoints, "endpoint", "endpoints"));
    for (const Line& line : lines) {
        if (line.name == "affected") {
            out += tag("span", "dim",
                       fmt::format(", {} affected",
                                   number(static_cast<uint64_t>(line.points.back().value))));
        }
    }
    return out;
}

std::string list(const std::vector<std::string>& names) {
    constexpr size_t kMost = 12;
    std::string out;
    for (size_t i = 0; i < std::min(names.size(), kMost); ++i) {
        out += (i > 0 ? ", " : "") + escape(names[i], 80);
    }
    return names.size() > kMost ? out + fmt::format(" and {} more", names.size() - kMost) : out;
}

// A small chart for each group to which something happened, the most affected ones if there are
// many.
std::string per_group(const record::Run& run, const Stretch& stretch) {
    constexpr size_t kMost = 12;
    std::vector<int32_t> busy;
    std::vector<std::string> quiet;
    for (size_t i = 0; i < run.header.groups.size(); ++i) {
        if (harm_lines(run, static_cast<int32_t>(i)).empty()) {
            quiet.push_back(run.header.groups[i].name);
        } else {
            busy.push_back(static_cast<int32_t>(i));
        }
    }
    if (busy.empty() || run.header.groups.size() < 2) {
        return "";
    }
    const size_t left_out = busy.size() > kMost ? busy.size() - kMost : 0;
    std::stable_sort(busy.begin(), busy.end(), [&](int32_t a, int32_t b) {
        const auto affected = [&](int32_t g) {
            return checks::peak(checks::points_of(run, {Metric::kAffected, g}));
        };
        return left_out > 0 && affected(a) > affected(b);
    });
    busy.resize(busy.size() - left_out);
    const std::vector<Flag> marks = flags(run, "HX");
    std::vector<Line> kinds;
    std::string charts;
    for (const int32_t g : busy) {
        std::vector<Line> lines = harm_lines(run, g);
        for (const Line& line : lines) {
            if (std::none_of(kinds.begin(), kinds.end(),
                             [&](const Line& kind) { return kind.name == line.name; })) {
                kinds.push_back({line.name, {}, line.tone, line.dash, line.area});
            }
        }
        const record::Group& group = run.header.groups[static_cast<size_t>(g)];
        const std::string caption = group_caption(group, lines);
        const Scale scale = scale_for(lines);
        charts += plain_figure(caption, time_chart({"Harm over time in " + group.name,
                                                    stretch.begin,
                                                    stretch.end,
                                                    Quantity::kCount,
                                                    scale,
                                                    std::move(lines),
                                                    marks,
                                                    {},
                                                    true}));
    }
    std::string note = quiet.empty() ? "" : "Nothing happened in " + list(quiet) + ". ";
    if (left_out > 0) {
        note += fmt::format("Left out: {} with less harm.", counted(left_out, "group", "groups"));
    }
    return tag("h3", "Per release group, each on its own scale (a log scale where it spans much)") +
           "\n" + legend(kinds) + tag("div", "charts", charts) + "\n" +
           (note.empty() ? "" : tag("p", "note", note) + "\n");
}

// When a share of the fleet was reached; "not in this run".
std::string reached_text(const std::vector<record::Point>& points, double endpoints, double share) {
    for (const record::Point& point : points) {
        if (endpoints > 0 && point.value >= share * endpoints) {
            return "on " + to_text(point.at);
        }
    }
    return "not in this run";
}

std::vector<record::Point> shares(std::vector<record::Point> points, double whole) {
    for (record::Point& point : points) {
        point.value /= whole;
    }
    return points;
}

std::string channel_name(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

std::vector<Line> signal_lines(const record::Run& run) {
    constexpr Tone kTones[base::kChannels] = {Tone::kRefused, Tone::kAffected, Tone::kExposed,
                                              Tone::kLost,    Tone::kDegraded, Tone::kOffline};
    std::vector<Line> lines;
    for (size_t i = 0; i < base::kChannels; ++i) {
        lines.push_back(
            {channel_name(base::channels()[i].name),
             checks::points_of(run, {Metric::kSignals, kAll, kAll, static_cast<int32_t>(i)}),
             kTones[i], static_cast<int>(i) % kDashes, false});
    }
    return lines;
}

std::string settings_of(const record::Header& header, const std::string& section) {
    std::string out;
    for (const record::Setting& setting : header.settings) {
        if (setting.section == section) {
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", escape(setting.key, 60),
                               escape(setting.value, 60));
        }
    }
    return out;
}

std::string channel_table(const record::Run& run, const std::vector<Line>& lines) {
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < lines.size(); ++i) {
        const base::ChannelInfo& channel = base::channels()[i];
        const auto first = std::find_if(lines[i].points.begin(), lines[i].points.end(),
                                        [](const record::Point& point) { return point.value > 0; });
        const bool none = first == lines[i].points.end();
        rows.push_back(
            {lines[i].name,
             std::string(channel.meaning) +
                 tag("div", "dim", settings_of(run.header, "signal." + std::string(channel.name))),
             none ? "0" : number(static_cast<uint64_t>(lines[i].points.back().value)),
             none ? "–" : to_text(first->at)});
    }
    return table({"channel", "what it tells", "#arrived", "#first"}, rows);
}

// How near each release came to an alarm of the sequential tests; nothing without tests.
std::string evidence_figure(const record::Run& run, const std::vector<Flag>& marks,
                            const Stretch& stretch) {
    constexpr std::array kTones{Tone::kRefused, Tone::kAffected, Tone::kProtected, Tone::kLost,
                                Tone::kDegraded};
    constexpr size_t kMostLines = 6;
    std::vector<Line> lines;
    for (size_t r = 0; r < run.header.releases.size() && lines.size() < kMostLines; ++r) {
        auto points =
            checks::points_of(run, {Metric::kEvidence, kAll, static_cast<int32_t>(r), kAll});
        if (checks::peak(points) > 0) {
            lines.push_back({run.header.releases[r].name, std::move(points),
                             kTones[lines.size() % kTones.size()],
                             static_cast<int>(lines.size()) % kDashes, false});
        }
    }
    if (lines.empty()) {
        return "";
    }
    constexpr Scale scale = Scale::kLog;  // a real defect is a hundred times an alarm
    return figure("Evidence of the sequential tests against each release, percent of an alarm" +
                      scale_text(scale),
                  time_chart({"Evidence of sequential tests over time",
                              stretch.begin,
                              stretch.end,
                              Quantity::kCount,
                              scale,
                              std::move(lines),
                              marks,
                              {{100, "100 %: alarm"}},
                              false}));
}

std::string thresholds_text(const record::Header& header) {
    std::string out;
    for (const record::Setting& setting : header.settings) {
        const bool wanted = setting.section == "policy" &&
                            (setting.key.starts_with("halt") || setting.key.starts_with("test") ||
                             setting.key == "gates");
        if (wanted) {
            out += fmt::format("{}{} = {}", out.empty() ? "" : "; ", escape(setting.key, 60),
                               escape(setting.value, 60));
        }
    }
    return out.empty() ? "" : tag("p", "note", "Thresholds in force: " + out + ".") + "\n";
}

}  // namespace

std::string time_section(const record::Run& run) {
    const Stretch stretch = eventful(run);
    std::string out = adoption(run, stretch) + harm(run, stretch, "Harm: endpoints in all groups");
    if (out.empty()) {
        return tag("p", "No release reached an endpoint in this run.") + "\n";
    }
    if (const auto closer = critical(run)) {
        out += harm(run, *closer, "The same, around the first halt");
    }
    std::string head = flag_legend(flags(run, "RPXFHWG"));
    if (stretch.end < run.reached) {
        head = tag("p", "dim",
                   fmt::format("The charts end on {}, some time after the last endpoint was "
                               "exposed, harmed or mended; the run went on until {}.",
                               to_text(stretch.end), to_text(run.reached))) +
               "\n" + head;
    }
    return head + out + per_group(run, stretch);
}

std::string kill_path_section(const record::Run& run) {
    const auto halt = checks::points_of(run, {Metric::kReachedByHalt});
    const auto fix = checks::points_of(run, {Metric::kReachedByFix});
    const auto endpoints = static_cast<double>(endpoints_in_all(run.header));
    if (endpoints <= 0 || checks::peak(halt) + checks::peak(fix) <= 0) {
        return "";
    }
    std::vector<Line> lines = {
        {"bad content", shares(checks::points_of(run, {Metric::kExposed}), endpoints),
         Tone::kExposed, 0, true},
        {"halt", shares(halt, endpoints), Tone::kAffected, 1, false},
        {"fix", shares(fix, endpoints), Tone::kProtected, 0, false}};
    drop_empty(lines);
    const std::vector<Flag> marks = flags(run, "RXHW");
    const Stretch stretch = eventful(run);
    const auto sentence = [&](const char* what, const std::vector<record::Point>& points) {
        return checks::peak(points) <= 0
                   ? fmt::format("There was no {} in this run. ", what)
                   : fmt::format("The {} reached half of the fleet {} and nine tenths {}. ", what,
                                 reached_text(points, endpoints, 0.5),
                                 reached_text(points, endpoints, 0.9));
    };
    const std::string words = sentence("halt", halt) + sentence("fix", fix) +
                              "A halt is told by the hour, as expected by the fleet's rhythm.";
    return tag("p", "lead", words) + "\n" + flag_legend(marks) +
           figure("Share of the fleet that each had reached",
                  time_chart({"Share of the fleet reached by bad content, halt and fix",
                              stretch.begin,
                              stretch.end,
                              Quantity::kShare,
                              Scale::kLinear,
                              std::move(lines),
                              marks,
                              {},
                              false}));
}

std::string protection_section(const record::Run& run) {
    const Line gap{"protection gap", checks::points_of(run, {Metric::kProtectionGap}),
                   Tone::kDegraded, 0, true};
    const Line infections{"infections", checks::points_of(run, {Metric::kInfections}), Tone::kLost,
                          0, true};
    const std::vector<Flag> marks = flags(run, "RXHC");
    std::string charts;
    if (happened(gap)) {
        charts += figure("Protection gap, in endpoint-hours so far",
                         time_chart({"Protection gap over time, in endpoint-hours",
                                     {0},
                                     run.reached,
                                     Quantity::kHours,
                                     Scale::kLinear,
                                     {gap},
                                     marks,
                                     {},
                                     false}));
    }
    if (happened(infections)) {
        charts += figure("Endpoints infected so far", time_chart({"Infections over time",
                                                                  {0},
                                                                  run.reached,
                                                                  Quantity::kCount,
                                                                  Scale::kLinear,
                                                                  {infections},
                                                                  marks,
                                                                  {},
                                                                  false}));
    }
    return charts.empty() ? ""
                          : tag("p", "lead",
                                "What slow staging costs: endpoints that wait for content are "
                                "open to what that content would have found.") +
                                "\n" + flag_legend(marks) + charts;
}

std::string signals_section(const record::Run& run) {
    std::vector<Line> lines = signal_lines(run);
    const std::string rows = channel_table(run, lines);
    drop_empty(lines);
    if (lines.empty()) {
        return tag("p", "No signal reached the vendor in this run.") + "\n" + rows;
    }
    std::vector<Threshold> thresholds;
    if (const auto reports = setting_number(run.header, "policy", "halt.reports")) {
        thresholds.push_back({*reports, fmt::format("{} reports: the least for the threshold in "
                                                    "public groups",
                                                    rounded(*reports))});
    }
    const std::vector<Flag> marks = flags(run, "RXAHG");
    double most = 0;
    for (const Line& line : lines) {
        most = std::max(most, checks::peak(line.points));
    }
    const bool squashed = !thresholds.empty() && most > 50 * thresholds[0].value;
    const Scale scale = squashed ? Scale::kLog : scale_for(lines);
    const Stretch stretch = eventful(run);
    return flag_legend(marks) +
           figure(
               "Signals at the vendor so far, per channel" + scale_text(scale),
               time_chart({"Signals per channel over time", stretch.begin, stretch.end,
                           Quantity::kCount, scale, std::move(lines), marks, thresholds, false})) +
           evidence_figure(run, marks, stretch) + thresholds_text(run.header) + rows;
}

}  // namespace firebreak::report
