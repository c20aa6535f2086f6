#include "checks/series.h"

#include <algorithm>

namespace firebreak::checks {

std::vector<record::Point> points_of(const record::Run& run, const record::SeriesKey& key) {
    std::vector<record::Point> points;
    if (const auto found = run.series.find(key); found != run.series.end()) {
        points = found->second;
    } else if (key.group == record::kAll) {
        std::vector<std::vector<record::Point>> groups;
        for (size_t g = 0; g < run.header.groups.size(); ++g) {
            record::SeriesKey of_group = key;
            of_group.group = static_cast<int32_t>(g);
            if (const auto one = run.series.find(of_group); one != run.series.end()) {
                groups.push_back(one->second);
            }
        }
        points = sum(groups);
    }
    std::erase_if(points, [&](const record::Point& point) { return point.at > run.reached; });
    return points;
}

std::vector<record::Point> sum(const std::vector<std::vector<record::Point>>& series) {
    struct Step {
        base::SimTime at;
        double by = 0;
    };
    std::vector<Step> steps;
    for (const std::vector<record::Point>& points : series) {
        double before = 0;
        for (const record::Point& point : points) {
            steps.push_back({point.at, point.value - before});
            before = point.value;
        }
    }
    std::stable_sort(steps.begin(), steps.end(),
                     [](const Step& a, const Step& b) { return a.at < b.at; });
    std::vector<record::Point> out;
    double value = 0;
    for (const Step& step : steps) {
        value += step.by;
        if (!out.empty() && out.back().at == step.at) {
            out.back().value = value;
        } else {
            out.push_back({step.at, value});
        }
    }
    return out;
}

std::vector<record::Point> decimate(const std::vector<record::Point>& points, size_t most) {
    if (points.size() <= most) {
        return points;
    }
    const size_t stretches = most / 4;
    const int64_t begin = points.front().at.seconds;
    const int64_t span = std::max<int64_t>(points.back().at.seconds - begin, 1);
    const auto stretch = [&](const record::Point& point) {
        const auto n =
            static_cast<size_t>(static_cast<double>(point.at.seconds - begin) /
                                static_cast<double>(span) * static_cast<double>(stretches));
        return std::min(n, stretches - 1);
    };
    std::vector<record::Point> out;
    for (size_t first = 0; first < points.size();) {
        size_t last = first;
        size_t low = first;
        size_t high = first;
        while (last + 1 < points.size() && stretch(points[last + 1]) == stretch(points[first])) {
            ++last;
            low = points[last].value < points[low].value ? last : low;
            high = points[last].value > points[high].value ? last : high;
        }
        std::vector<size_t> kept{first, low, high, last};
        std::sort(kept.begin(), kept.end());
        kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
        for (const size_t i : kept) {
            out.push_back(points[i]);
        }
        first = last + 1;
    }
    return out;
}

double peak(const std::vector<record::Point>& points) {
    double most = 0;
    for (const record::Point& point : points) {
        most = std::max(most, point.value);
    }
    return most;
}

}  // namespace firebreak::checks
