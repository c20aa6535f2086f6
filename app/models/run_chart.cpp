#include "models/run_chart.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <charconv>

#include "base/channel.h"
#include "checks/series.h"

namespace firebreak::models {

namespace {

using base::Metric;
using record::kAll;

QString chart_words(const char* text) {
    return QCoreApplication::translate("RunChart", text);
}

QString utf8(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

std::vector<ChartLine> reach_lines(const record::Run& run, int32_t group) {
    return {{chart_words("exposed"),
             Tone::kExposed,
             0,
             checks::points_of(run, {Metric::kExposed, group}),
             {}},
            {chart_words("affected"),
             Tone::kAffected,
             0,
             checks::points_of(run, {Metric::kAffected, group}),
             {}},
            {chart_words("refused"),
             Tone::kRefused,
             1,
             checks::points_of(run, {Metric::kRefused, group}),
             {}}};
}

// Every release that ever ran somewhere; of many, those that spread furthest.
std::vector<ChartLine> adoption_lines(const record::Run& run, int32_t group) {
    constexpr size_t kMost = 8;
    constexpr Tone kTones[] = {Tone::kExposed, Tone::kRefused, Tone::kDegraded, Tone::kInk,
                               Tone::kOffline};
    std::vector<ChartLine> lines;
    int updates = 0;
    int fixes = 0;
    for (size_t r = 0; r < run.header.releases.size(); ++r) {
        const record::Release& release = run.header.releases[r];
        const bool fix = release.kind == "fix";
        const int n = fix ? fixes++ : updates++;
        lines.push_back({utf8(release.name),
                         fix ? Tone::kProtected : kTones[n % 5],
                         n,
                         checks::points_of(run, {Metric::kRunning, group, static_cast<int32_t>(r)}),
                         {}});
    }
    if (lines.size() > kMost) {
        std::ranges::stable_sort(lines, [](const ChartLine& a, const ChartLine& b) {
            return highest(a.own) > highest(b.own);
        });
        lines.resize(kMost);
    }
    return lines;
}

Steps negated(Steps steps) {
    for (record::Point& point : steps) {
        point.value = -point.value;
    }
    return steps;
}

Steps not_negative(Steps steps) {
    for (record::Point& point : steps) {
        point.value = std::max(point.value, 0.0);
    }
    return steps;
}

uint64_t endpoints_of(const record::Header& header, int32_t group) {
    uint64_t all = 0;
    for (const record::Group& one : header.groups) {
        all += one.endpoints;
    }
    return group == kAll ? all : header.groups.at(static_cast<size_t>(group)).endpoints;
}

// Each endpoint counts once, as the worst that it is: lost, else harmed, else without protection.
// The record does not say how many of the harmed are without protection as well, so that the third
// is what is left for certain.
std::vector<ChartLine> health_lines(const record::Run& run, int32_t group) {
    const Steps safe = checks::points_of(run, {Metric::kProtected, group});
    if (safe.empty()) {
        return {};
    }
    const Steps all{{safe.front().at, static_cast<double>(endpoints_of(run.header, group))}};
    const Steps lost = checks::points_of(run, {Metric::kLost, group});
    const Steps harmed = not_negative(
        checks::sum({checks::points_of(run, {Metric::kHarmed, group}), negated(lost)}));
    const Steps open =
        not_negative(checks::sum({all, negated(safe), negated(lost), negated(harmed)}));
    const Steps well =
        not_negative(checks::sum({all, negated(lost), negated(harmed), negated(open)}));
    std::vector<ChartLine> lines = {
        {chart_words("lost"), Tone::kLost, 0, lost, {}},
        {chart_words("harmed"), Tone::kDegraded, 0, harmed, {}},
        {chart_words("without protection"), Tone::kOffline, 0, open, {}},
        {chart_words("protected"), Tone::kProtected, 0, well, {}}};
    Steps top;
    for (ChartLine& line : lines) {
        top = checks::sum({top, line.own});
        line.top = top;
    }
    return lines;
}

std::vector<ChartLine> signal_lines(const record::Run& run, int32_t group) {
    static constexpr std::array<const char*, base::kChannels> kNames = {
        QT_TRANSLATE_NOOP("RunChart", "alerts"),
        QT_TRANSLATE_NOOP("RunChart", "crash reports"),
        QT_TRANSLATE_NOOP("RunChart", "telemetry"),
        QT_TRANSLATE_NOOP("RunChart", "support calls"),
        QT_TRANSLATE_NOOP("RunChart", "false positive reports"),
        QT_TRANSLATE_NOOP("RunChart", "silence")};
    constexpr Tone kTones[base::kChannels] = {Tone::kRefused, Tone::kAffected, Tone::kExposed,
                                              Tone::kLost,    Tone::kDegraded, Tone::kOffline};
    std::vector<ChartLine> lines;
    for (size_t c = 0; c < base::kChannels; ++c) {
        lines.push_back(
            {chart_words(kNames[c]),
             kTones[c],
             static_cast<int>(c),
             checks::points_of(run, {Metric::kSignals, group, kAll, static_cast<int32_t>(c)}),
             {}});
    }
    return lines;
}

std::optional<double> least_reports(const record::Header& header) {
    const auto found = std::ranges::find_if(header.settings, [](const record::Setting& setting) {
        return setting.section == "policy" && setting.key == "halt.reports";
    });
    if (found == header.settings.end()) {
        return std::nullopt;
    }
    double value = 0;
    const char* const end = found->value.data() + found->value.size();
    const auto parsed = std::from_chars(found->value.data(), end, value);
    return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

std::vector<ChartLine> lines_of(const record::Run& run, ChartKind kind, int32_t group) {
    switch (kind) {
        case ChartKind::kReach:
            return reach_lines(run, group);
        case ChartKind::kAdoption:
            return adoption_lines(run, group);
        case ChartKind::kHealth:
            return health_lines(run, group);
        case ChartKind::kSignals:
            return signal_lines(run, group);
        case ChartKind::kAlerts:
            return {{chart_words("alerts"),
                     Tone::kRefused,
                     0,
                     checks::points_of(run, {Metric::kAlerts, group}),
                     {}}};
        case ChartKind::kGap:
            return {{chart_words("protection gap"),
                     Tone::kDegraded,
                     0,
                     checks::points_of(run, {Metric::kProtectionGap, group}),
                     {}}};
    }
    return {};
}

}  // namespace

const char* key_of(ChartKind kind) {
    constexpr const char* kKeys[] = {"reach", "adoption", "health", "signals", "alerts", "gap"};
    return kKeys[static_cast<size_t>(kind)];
}

QString title_of(ChartKind kind) {
    static constexpr const char* kTitles[] = {
        QT_TRANSLATE_NOOP("RunChart", "Exposed and affected"),
        QT_TRANSLATE_NOOP("RunChart", "Adoption"),
        QT_TRANSLATE_NOOP("RunChart", "Health"),
        QT_TRANSLATE_NOOP("RunChart", "Signals at the vendor"),
        QT_TRANSLATE_NOOP("RunChart", "Alerts"),
        QT_TRANSLATE_NOOP("RunChart", "Protection gap")};
    return chart_words(kTitles[static_cast<size_t>(kind)]);
}

QString explanation_of(ChartKind kind) {
    static constexpr const char* kTexts[] = {
        QT_TRANSLATE_NOOP("RunChart",
                          "Endpoints so far that content under test reached, that came to harm by "
                          "it, and that turned it away"),
        QT_TRANSLATE_NOOP("RunChart", "Endpoints that run each release"),
        QT_TRANSLATE_NOOP("RunChart",
                          "Endpoints by the worst that they are at the time; their sum is the "
                          "fleet"),
        QT_TRANSLATE_NOOP("RunChart", "Signals so far that arrived at the vendor, per channel"),
        QT_TRANSLATE_NOOP("RunChart", "Alerts so far that endpoints raised to the vendor"),
        QT_TRANSLATE_NOOP("RunChart", "Endpoint-hours so far without current protection")};
    return chart_words(kTexts[static_cast<size_t>(kind)]);
}

bool RunChart::nothing_yet() const {
    return std::ranges::all_of(lines, [](const ChartLine& line) { return line.peak <= 0; });
}

RunChart chart_of(const record::Run& run, ChartKind kind, int32_t group) {
    RunChart chart;
    chart.kind = kind;
    chart.stacked = kind == ChartKind::kHealth;
    chart.hours = kind == ChartKind::kGap;
    chart.lines = lines_of(run, kind, group);
    for (ChartLine& line : chart.lines) {
        line.peak = highest(line.own);
    }
    if (kind == ChartKind::kSignals) {
        if (const auto least = least_reports(run.header)) {
            const QString number = QLocale(QLocale::English).toString(*least, 'f', 0);
            chart.threshold = {
                *least, chart_words("halt: %1 reports").arg(number),
                chart_words("%1 reports are the least for a halt in public groups").arg(number)};
        }
    }
    return chart;
}

}  // namespace firebreak::models
