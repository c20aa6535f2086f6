#include "report/time_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "checks/series.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

constexpr size_t kMostPoints = 400;
constexpr double kLabelStep = 16;
constexpr double kFlagWidth = 17;
constexpr int kFlagRows = 5;

// Where things lie on the drawing, in its own units.
struct Frame {
    double width = 960, left = 62, right = 210, top = 8, plot = 220, bottom = 26;
    double x1() const { return width - right; }
    double y0() const { return top + plot; }
    double height() const { return y0() + bottom; }
};

// Flags that share a place on the rail.
struct Mark {
    double x = 0;
    int row = 0;
    char letter = 'R';
    size_t count = 0;
    std::string text;
};

class Drawing {
  public:
    explicit Drawing(const TimeChart& chart)
        : chart_(chart), axis_(chart.scale, chart.quantity, most(chart)) {
        if (chart.small) {
            frame_ = {320, 46, 12, 8, 110, 24};
        }
        marks_ = place_flags();
        int rows = 0;
        for (const Mark& mark : marks_) {
            rows = std::max(rows, mark.row + 1);
        }
        frame_.top += rows * (kFlagWidth + 2) + (rows > 0 ? 4 : 0);
        const auto lines = static_cast<double>(chart.lines.size());
        frame_.plot = chart.small ? frame_.plot : std::max(frame_.plot, lines * kLabelStep);
    }

    std::string svg() const {
        std::string out = fmt::format(
            "<svg class=\"chart{}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" "
            "data-x=\"{} {}\" data-y=\"{} {}\" data-t=\"{} {}\" data-q=\"{}\">\n",
            chart_.small ? " small" : "", frame_.width, frame_.height(), escape(chart_.title),
            frame_.left, frame_.x1(), frame_.top, frame_.y0(), chart_.begin.seconds,
            chart_.end.seconds, static_cast<int>(chart_.quantity));
        out += axes() + flags();
        for (const Line& line : chart_.lines) {
            out += draw(line);
        }
        return out + thresholds() + (chart_.small ? "" : labels()) + "</svg>\n";
    }

  private:
    static double most(const TimeChart& chart) {
        double value = chart.quantity == Quantity::kShare ? 0.0 : 1.0;
        for (const Line& line : chart.lines) {
            value = std::max(value, checks::peak(window(line.points, chart.begin, chart.end)));
        }
        for (const Threshold& threshold : chart.thresholds) {
            value = std::max(value, threshold.value);
        }
        return value > 0 ? value : 1;
    }

    double x(double seconds) const {
        const auto begin = static_cast<double>(chart_.begin.seconds);
        const double span = std::max(static_cast<double>(chart_.end.seconds) - begin, 1.0);
        return frame_.left + (seconds - begin) / span * (frame_.x1() - frame_.left);
    }
    double x(base::SimTime at) const { return x(static_cast<double>(at.seconds)); }
    double y(double value) const { return frame_.y0() - axis_.place(value) * frame_.plot; }

    std::string axes() const {
        std::string out;
        for (const Tick& tick : axis_.ticks()) {
            out += fmt::format(
                "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" />"
                "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
                frame_.left, frame_.x1(), y(tick.value), frame_.left - 7, y(tick.value) + 4,
                tick.label);
        }
        for (const Tick& tick : time_ticks(chart_.begin, chart_.end, chart_.small ? 4 : 8)) {
            const double at = x(tick.value);
            out += fmt::format(
                "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" />"
                "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
                at, frame_.y0(), frame_.y0() + 5, frame_.y0() + 20, tick.label);
        }
        return out +
               fmt::format("<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\" />\n",
                           frame_.left, frame_.x1(), frame_.y0());
    }

    // In order of time: into the first row with room; where there is none, or one of its kind
    // stands there already, together with it.
    std::vector<Mark> place_flags() const {
        std::vector<Flag> flags = chart_.flags;
        std::erase_if(flags, [&](const Flag& flag) {
            return flag.at < chart_.begin || flag.at > chart_.end;
        });
        std::stable_sort(flags.begin(), flags.end(),
                         [](const Flag& a, const Flag& b) { return a.at < b.at; });
        const double room = chart_.small ? kFlagWidth * 0.8 : kFlagWidth + 2;
        const int rows = chart_.small ? 1 : kFlagRows;
        std::vector<Mark> marks;
        for (const Flag& flag : flags) {
            const double at = x(flag.at);
            const auto near = std::find_if(marks.rbegin(), marks.rend(), [&](const Mark& mark) {
                return mark.letter == flag.letter && at - mark.x < room;
            });
            if (near != marks.rend()) {
                ++near->count;
                near->text += near->count <= 6 ? "; " + flag.text : "";
                continue;
            }
            int row = 0;
            while (row < rows && std::any_of(marks.begin(), marks.end(), [&](const Mark& mark) {
                       return mark.row == row && at - mark.x < room;
                   })) {
                ++row;
            }
            if (row < rows) {
                marks.push_back({at, row, flag.letter, 1, flag.text});
            } else {
                ++marks.back().count;
                marks.back().text += "; " + flag.text;
            }
        }
        return marks;
    }

    std::string flags() const {
        std::string out;
        for (const Mark& mark : marks_) {
            const double top = 2 + mark.row * (kFlagWidth + 2);
            const std::string text = mark.count > 6
                                         ? fmt::format("{} and {} more", mark.text, mark.count - 6)
                                         : mark.text;
            out += fmt::format(
                "<g class=\"flag flag-{0}\"><title>{1}</title><line x1=\"{2:.1f}\" x2=\"{2:.1f}\" "
                "y1=\"{3}\" y2=\"{4}\" /><rect x=\"{5:.1f}\" y=\"{6}\" width=\"{7}\" "
                "height=\"{7}\" rx=\"2\" /><text x=\"{2:.1f}\" y=\"{8}\" "
                "text-anchor=\"middle\">{0}</text></g>\n",
                mark.letter, escape(text, 1200), mark.x, top + kFlagWidth, frame_.y0(),
                mark.x - kFlagWidth / 2, top, kFlagWidth, top + 13);
        }
        return out;
    }

    std::string thresholds() const {
        std::string out;
        for (const Threshold& threshold : chart_.thresholds) {
            out += fmt::format(
                "<line class=\"threshold\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" />"
                "<text class=\"threshold\" x=\"{3}\" y=\"{4:.1f}\">{5}</text>\n",
                frame_.left, frame_.x1(), y(threshold.value), frame_.left + 6,
                y(threshold.value) - 5, escape(threshold.text, 120));
        }
        return out;
    }

    std::string draw(const Line& line) const {
        const auto points =
            checks::decimate(window(line.points, chart_.begin, chart_.end), kMostPoints);
        if (points.empty()) {
            return "";
        }
        std::string path = fmt::format("M{:.1f} {:.1f}", x(points[0].at), y(points[0].value));
        std::string data;
        for (size_t i = 0; i < points.size(); ++i) {
            if (i > 0) {
                path += fmt::format("H{:.1f}V{:.1f}", x(points[i].at), y(points[i].value));
            }
            data +=
                fmt::format("{}{} {:.7g}", i > 0 ? "," : "", points[i].at.seconds, points[i].value);
        }
        path += fmt::format("H{:.1f}", frame_.x1());
        std::string out;
        if (line.area) {
            out = fmt::format("<path class=\"area {}\" d=\"{}V{:.1f}H{:.1f}Z\" />\n",
                              css_class(line.tone), path, frame_.y0(), x(points[0].at));
        }
        return out + fmt::format(
                         "<path class=\"line {} dash{}\" d=\"{}\" data-name=\"{}\" "
                         "data-points=\"{}\"><title>{}</title></path>\n",
                         css_class(line.tone), line.dash, path, escape(line.name, 80), data,
                         escape(line.name, 80));
    }

    // A name at the end of each line, moved apart where lines end together.
    std::string labels() const {
        struct Label {
            double end = 0, y = 0;
            const Line* line = nullptr;
            double value = 0;
        };
        std::vector<Label> labels;
        for (const Line& line : chart_.lines) {
            const auto points = window(line.points, chart_.begin, chart_.end);
            if (!points.empty()) {
                const double end = y(points.back().value);
                labels.push_back({end, end, &line, points.back().value});
            }
        }
        std::stable_sort(labels.begin(), labels.end(),
                         [](const Label& a, const Label& b) { return a.end < b.end; });
        for (size_t i = 1; i < labels.size(); ++i) {
            labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLabelStep);
        }
        double lowest = frame_.y0();
        for (size_t i = labels.size(); i-- > 0; lowest = labels[i].y - kLabelStep) {
            labels[i].y = std::min(labels[i].y, lowest);
        }
        std::string out;
        for (const Label& label : labels) {
            constexpr size_t kLongest = 22;
            const std::string value = chart_.quantity == Quantity::kShare ? percent(label.value, 1)
                                                                          : compact(label.value);
            out += fmt::format(
                "<path class=\"line leader {} dash{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}h12\" />"
                "<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{} {}</text>\n",
                css_class(label.line->tone), label.line->dash, frame_.x1() + 2, label.end,
                frame_.x1() + 10, label.y, frame_.x1() + 27, label.y + 4,
                escape(cut(label.line->name, kLongest), 80), tag("tspan", "dim", value));
        }
        return out;
    }

    static std::string cut(const std::string& name, size_t most) {
        return shortened(base::printable(name), most);
    }

    const TimeChart& chart_;
    ValueAxis axis_;
    Frame frame_;
    std::vector<Mark> marks_;
};

}  // namespace

std::vector<record::Point> window(const std::vector<record::Point>& points, base::SimTime begin,
                                  base::SimTime end) {
    std::vector<record::Point> out;
    for (const record::Point& point : points) {
        if (point.at <= begin) {
            out.assign(1, {begin, point.value});
        } else if (point.at <= end) {
            out.push_back(point);
        }
    }
    return out;
}

Scale scale_for(const std::vector<Line>& lines) {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    for (const Line& line : lines) {
        const double peak = checks::peak(line.points);
        most = std::max(most, peak);
        least = peak > 0 ? std::min(least, peak) : least;
    }
    return most > 50 * std::max(least, 1.0) ? Scale::kLog : Scale::kLinear;
}

std::string time_chart(const TimeChart& chart) {
    return Drawing(chart).svg();
}

std::string legend(const std::vector<Line>& lines) {
    std::string out;
    for (const Line& line : lines) {
        out += fmt::format(
            "<span class=\"key\"><svg viewBox=\"0 0 28 10\" aria-hidden=\"true\"><path "
            "class=\"line {} dash{}\" d=\"M1 5H27\" /></svg>{}</span>\n",
            css_class(line.tone), line.dash, escape(line.name, 80));
    }
    return tag("p", "legend", out);
}

}  // namespace firebreak::report
