// Which series of a run make which chart.
#pragma once

#include <QString>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/series_view.h"
#include "record/run.h"

namespace firebreak::models {

enum class ChartKind : uint8_t { kReach, kAdoption, kHealth, kSignals, kAlerts, kGap };
inline constexpr std::array kChartKinds{ChartKind::kReach,  ChartKind::kAdoption,
                                        ChartKind::kHealth, ChartKind::kSignals,
                                        ChartKind::kAlerts, ChartKind::kGap};

// For settings, CSV and tests: never translated.
const char* key_of(ChartKind kind);      // "adoption"
QString title_of(ChartKind kind);        // "Adoption"
QString explanation_of(ChartKind kind);  // what it counts, in a sentence

// What a line stands for; panes give each its colour.
enum class Tone : uint8_t {
    kProtected,
    kExposed,
    kDegraded,
    kAffected,
    kLost,
    kOffline,
    kRefused,
    kInk,
};

struct ChartLine {
    QString name;
    Tone tone = Tone::kInk;
    int dash = 0;     // 0: solid
    Steps own;        // the counts themselves
    Steps top;        // stacked charts: with those of the lines before
    double peak = 0;  // of own, in the whole run
    const Steps& drawn() const { return top.empty() ? own : top; }
};

struct ChartThreshold {
    double value = 0;
    QString brief, text;  // "halt: 10 reports", and what that means
};

struct RunChart {
    ChartKind kind = ChartKind::kReach;
    bool stacked = false;
    bool hours = false;            // endpoint-hours; else a count
    std::vector<ChartLine> lines;  // in all runs of a kind in the same order
    std::optional<ChartThreshold> threshold;
    bool nothing_yet() const;  // not one value above 0
};

// `group`: its number, or record::kAll.
RunChart chart_of(const record::Run& run, ChartKind kind, int32_t group);

}  // namespace firebreak::models
