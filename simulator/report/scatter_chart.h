// A dot for each of several runs, against two measures.
#pragma once

#include <string>
#include <vector>

#include "report/axis.h"
#include "report/markup.h"

namespace firebreak::report {

struct Dot {
    std::string name;
    double x = 0, y = 0;  // not negative
    Tone tone = Tone::kInk;
};

struct ScatterChart {
    std::string title, x_title, y_title;  // ours
    Quantity x_quantity = Quantity::kCount, y_quantity = Quantity::kCount;
    Scale x_scale = Scale::kLinear, y_scale = Scale::kLinear;
    std::vector<Dot> dots;
};

// Each dot with its name and its number, moved aside where dots lie close.
std::string scatter_chart(const ScatterChart& chart);

}  // namespace firebreak::report
