#include "report/scatter_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

constexpr double kLeft = 74, kRight = 724, kTop = 16, kBottom = 316;
constexpr double kLabelWidth = 150, kLabelHeight = 16;

double most_of(const std::vector<Dot>& dots, double Dot::*value, Quantity quantity) {
    double most = 0;
    for (const Dot& dot : dots) {
        most = std::max(most, dot.*value);
    }
    return most > 0 ? most : quantity == Quantity::kShare ? 0.01 : 1;
}

struct Placed {
    const Dot* dot = nullptr;
    double x = 0, y = 0, label_y = 0;
};

// Whether the label of `one`, at its height now, would lie on another label or on a dot.
bool collides(const Placed& one, const std::vector<Placed>& placed, size_t labels) {
    for (size_t k = 0; k < placed.size(); ++k) {
        const Placed& other = placed[k];
        const bool on_dot = &other != &one && other.x > one.x + 4 &&
                            other.x < one.x + 12 + kLabelWidth &&
                            std::abs(other.y - one.label_y) < kLabelHeight * 0.75;
        const bool on_label = k < labels && std::abs(other.x - one.x) < kLabelWidth &&
                              std::abs(other.label_y - one.label_y) < kLabelHeight;
        if (on_dot || on_label) {
            return true;
        }
    }
    return false;
}

// From the top down; a label goes as far down as it takes to lie on nothing.
void move_apart(std::vector<Placed>& placed) {
    std::stable_sort(placed.begin(), placed.end(),
                     [](const Placed& a, const Placed& b) { return a.y < b.y; });
    constexpr int kMostSteps = 200;
    for (size_t i = 0; i < placed.size(); ++i) {
        placed[i].label_y = placed[i].y;
        for (int step = 0; step < kMostSteps && collides(placed[i], placed, i); ++step) {
            placed[i].label_y += 2;
        }
    }
}

}  // namespace

std::string scatter_chart(const ScatterChart& chart) {
    const ValueAxis x_axis(chart.x_scale, chart.x_quantity,
                           most_of(chart.dots, &Dot::x, chart.x_quantity));
    const ValueAxis y_axis(chart.y_scale, chart.y_quantity,
                           most_of(chart.dots, &Dot::y, chart.y_quantity));
    std::vector<Placed> placed;
    for (const Dot& dot : chart.dots) {
        placed.push_back({&dot, kLeft + x_axis.place(dot.x) * (kRight - kLeft),
                          kBottom - y_axis.place(dot.y) * (kBottom - kTop), 0});
    }
    move_apart(placed);
    double bottom = kBottom + 48;
    for (const Placed& one : placed) {
        bottom = std::max(bottom, one.label_y + kLabelHeight);
    }
    std::string out = fmt::format(
        "<svg class=\"chart\" viewBox=\"0 0 960 {:.0f}\" role=\"img\" aria-label=\"{}\">\n", bottom,
        escape(chart.title));
    for (const Tick& tick : y_axis.ticks()) {
        const double at = kBottom - y_axis.place(tick.value) * (kBottom - kTop);
        out += fmt::format(
            "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" />"
            "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
            kLeft, kRight, at, kLeft - 7, at + 4, tick.label);
    }
    for (const Tick& tick : x_axis.ticks()) {
        const double at = kLeft + x_axis.place(tick.value) * (kRight - kLeft);
        out += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" />"
            "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
            at, kTop, kBottom, kBottom + 18, tick.label);
    }
    out += fmt::format(
        "<text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{} →</text>"
        "<text class=\"dim\" x=\"{}\" y=\"{}\">↑ {}</text>\n",
        kRight, kBottom + 38, chart.x_title, kLeft, kTop - 5, chart.y_title);
    for (const Placed& one : placed) {
        out += fmt::format(
            "<path class=\"arrow\" d=\"M{0:.1f} {1:.1f}L{2:.1f} {3:.1f}\" />"
            "<circle class=\"dot fill-{4}\" cx=\"{0:.1f}\" cy=\"{1:.1f}\" r=\"6\" />"
            "<text class=\"label\" x=\"{2:.1f}\" y=\"{5:.1f}\">{6}</text>\n",
            one.x, one.y, one.x + 12, one.label_y, css_class(one.dot->tone), one.label_y + 4,
            escape(shortened(base::printable(one.dot->name), 28), 120));
    }
    return out + "</svg>\n";
}

}  // namespace firebreak::report
