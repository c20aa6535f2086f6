// Charts over simulated time, as inline SVG that needs neither script nor network.
#pragma once

#include <string>
#include <vector>

#include "record/run.h"
#include "report/axis.h"
#include "report/markup.h"

namespace firebreak::report {

// A step function. Its tone gives the colour, its dash (0 is solid) tells it from others without.
struct Line {
    std::string name;
    std::vector<record::Point> points;
    Tone tone = Tone::kInk;
    int dash = 0;
    bool area = false;  // filled down to zero
};
inline constexpr int kDashes = 5;

// A mark on the rail above the plot: R release, P promotion, F fault, H halt, X fix and so on.
struct Flag {
    base::SimTime at;
    char letter = 'R';
    std::string text;  // "H day 2 14:31: halt of rules-2"
};

// A value that matters, across the plot.
struct Threshold {
    double value = 0;
    std::string text;
};

struct TimeChart {
    std::string title;  // what it shows, for those who cannot see it
    base::SimTime begin, end;
    Quantity quantity = Quantity::kCount;
    Scale scale = Scale::kLinear;
    std::vector<Line> lines;
    std::vector<Flag> flags;
    std::vector<Threshold> thresholds;
    bool small = false;  // a third of the page's width: no labels at the lines, flags without rail
};

// A log scale where the largest of the lines would flatten the smallest that is not nothing.
Scale scale_for(const std::vector<Line>& lines);

// Lines are thinned out to what an eye can tell apart, peaks kept; flags that would overlap are put
// together. Names are escaped.
std::string time_chart(const TimeChart& chart);

// Names and strokes of lines in a row, for charts that share them.
std::string legend(const std::vector<Line>& lines);

// From begin to end, a step per point, decimated: for tests and charts. Values outside are cut off.
std::vector<record::Point> window(const std::vector<record::Point>& points, base::SimTime begin,
                                  base::SimTime end);

}  // namespace firebreak::report
