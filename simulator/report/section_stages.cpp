#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/axis.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

constexpr double kRow = 50, kFirstRow = 44;
constexpr double kBarLeft = 270, kBarRight = 500;    // and 80 for the number
constexpr double kFindLeft = 620, kFindRight = 850;  // and 110 for the rate
constexpr double kMostHours = 1e8;  // the right end of the rate axis: one event in so many hours

// To three digits: 16,393 → "16,400".
std::string three_digits(double value) {
    const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(value)) - 2));
    return rounded(std::round(value / unit) * unit);
}

// "1 in 4,200 h"; from one event an hour on: "3 per h".
std::string rate_text(double per_h) {
    return per_h >= 1 ? fmt::format("{} per h", three_digits(per_h))
                      : fmt::format("1 in {} h", three_digits(1 / per_h));
}

double place(double hours) {
    const double share = std::log10(std::clamp(hours, 1.0, kMostHours)) / std::log10(kMostHours);
    return kFindLeft + share * (kFindRight - kFindLeft);
}

std::string heads(double height, const ValueAxis& axis) {
    std::string out = fmt::format(
        "<text class=\"dim\" x=\"0\" y=\"14\">stage</text>"
        "<text class=\"dim\" x=\"{}\" y=\"14\">endpoints, log scale</text>"
        "<text class=\"dim\" x=\"{}\" y=\"14\">defects found in that time: one event in</text>\n",
        kBarLeft, kFindLeft);
    for (const Tick& tick : axis.ticks()) {
        if (tick.value == 0) {
            continue;  // no stage without endpoints
        }
        const double x = kBarLeft + axis.place(tick.value) * (kBarRight - kBarLeft);
        out += fmt::format(
            "<line class=\"rail\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"36\" y2=\"{1}\" />"
            "<text class=\"dim\" x=\"{0:.1f}\" y=\"31\" text-anchor=\"middle\">{2}</text>\n",
            x, height, tick.label);
    }
    for (const double hours : {1e0, 1e2, 1e4, 1e6, 1e8}) {
        out += fmt::format(
            "<line class=\"rail\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"36\" y2=\"{1}\" />"
            "<text class=\"dim\" x=\"{0:.1f}\" y=\"31\" text-anchor=\"middle\">{2} h</text>\n",
            place(hours), height, compact(hours));
    }
    return out;
}

std::string detection(const record::Stage& stage, double y) {
    if (!stage.finds_per_h || *stage.finds_per_h <= 0) {
        return fmt::format(
            "<text class=\"dim\" x=\"{}\" y=\"{}\">nothing is found in time</text>\n",
            kFindLeft + 8, y + 20);
    }
    const double end = place(1 / *stage.finds_per_h);
    return fmt::format(
        "<rect class=\"fill-protected\" x=\"{0}\" y=\"{1}\" width=\"{2:.1f}\" height=\"14\" />"
        "<text x=\"{3:.1f}\" y=\"{4}\">{5}</text>\n",
        kFindLeft, y + 9, std::max(end - kFindLeft, 2.0), end + 7, y + 20,
        rate_text(*stage.finds_per_h));
}

std::string stage_row(const record::Stage& stage, bool last, double y, const ValueAxis& axis) {
    constexpr size_t kLongest = 34;
    const double end =
        kBarLeft + axis.place(static_cast<double>(stage.endpoints)) * (kBarRight - kBarLeft);
    const std::string bakes = stage.bake.seconds > 0 ? "bakes " + to_text(stage.bake)
                              : last                 ? "to the end"
                                                     : "no waiting";
    std::string out = fmt::format(
        "<text class=\"name\" x=\"0\" y=\"{0}\"><title>{1}</title>{2}</text>"
        "<text class=\"dim\" x=\"0\" y=\"{3}\">{4}</text>"
        "<rect class=\"fill-exposed\" x=\"{5}\" y=\"{6}\" width=\"{7:.1f}\" height=\"14\" />"
        "<text x=\"{8:.1f}\" y=\"{9}\">{10}</text>\n",
        y + 14, escape(stage.name), escape(shortened(base::printable(stage.name), kLongest), 200),
        y + 31, bakes, kBarLeft, y + 9, std::max(end - kBarLeft, 1.0), end + 7, y + 20,
        number(stage.endpoints));
    if (!last) {
        out += fmt::format("<path class=\"arrow\" d=\"M{0} {1}v14m-4 -5l4 5l4 -5\" />\n",
                           kBarLeft - 22, y + 26);
    }
    return out + detection(stage, y);
}

std::string picture(const std::vector<record::Stage>& stages) {
    uint64_t most = 1;
    for (const record::Stage& stage : stages) {
        most = std::max(most, stage.endpoints);
    }
    const ValueAxis axis(Scale::kLog, Quantity::kCount, static_cast<double>(most));
    const double height = kFirstRow + static_cast<double>(stages.size()) * kRow;
    std::string out = fmt::format(
        "<svg class=\"picture\" viewBox=\"0 0 960 {}\" role=\"img\" aria-label=\"Release stages: "
        "endpoints, bake time, and the rarest defect that each finds\">\n",
        height);
    out += heads(height, axis);
    for (size_t i = 0; i < stages.size(); ++i) {
        out += stage_row(stages[i], i + 1 == stages.size(),
                         kFirstRow + static_cast<double>(i) * kRow, axis);
    }
    return "<figure class=\"full\">" + out + "</svg></figure>\n";
}

std::string first_seen(const record::Stage& stage) {
    constexpr size_t kMost = 24;
    std::string out;
    for (size_t i = 0; i < std::min(stage.first_seen_here.size(), kMost); ++i) {
        out += (i > 0 ? ", " : "") + escape(stage.first_seen_here[i], 120);
    }
    if (stage.first_seen_here.size() > kMost) {
        out += fmt::format(" and {} more", stage.first_seen_here.size() - kMost);
    }
    return out.empty() ? tag("span", "dim", "nothing new") : out;
}

}  // namespace

std::string stages_section(const record::Run& run) {
    const std::vector<record::Stage>& stages = run.header.stages;
    if (stages.empty()) {
        return "";
    }
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < stages.size(); ++i) {
        const bool same = i > 0 && stages[i].checks == stages[i - 1].checks;
        rows.push_back(
            {escape(stages[i].name),
             same ? tag("span", "dim", "as in the stage before") : escape(stages[i].checks, 600),
             first_seen(stages[i]), rounded(stages[i].endpoint_hours)});
    }
    return tag("p", "lead",
               "Where a release is looked at before it goes on. The green bar ends at the rarest "
               "defect that a stage finds with 95 % within its bake time; what is rarer passes.") +
           "\n" + picture(stages) + tag("h3", "What each stage verifies, and what it sees first") +
           "\n" +
           table({"stage", "verified there", "in no earlier stage", "#endpoint-hours online"},
                 rows);
}

std::string fault_domains_section(const record::Run& run) {
    std::string cards;
    for (const record::FaultDomain& domain : run.header.fault_domains) {
        std::string feeds;
        for (const std::string& feed : domain.feeds) {
            feeds += tag("li", escape(feed, 120));
        }
        cards += tag("div", domain.context == "kernel" ? "domain kernel" : "domain",
                     tag("h3", escape(domain.process)) + tag("p", "dim", escape(domain.context)) +
                         (feeds.empty() ? "" : tag("ul", feeds)) +
                         tag("p", "A crash: " + escape(domain.exits) + ".")) +
                 "\n";
    }
    return cards.empty()
               ? ""
               : tag("p", "lead", "Feeds whose components share a process fall together.") + "\n" +
                     tag("div", "domains", cards) + "\n";
}

}  // namespace firebreak::report
