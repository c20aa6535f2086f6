#include "gui/fleet_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

constexpr double kLargestCell = 40;
constexpr double kSmallestCell = 2;
constexpr double kBestAspect = 1.2;     // width to height
constexpr double kNarrowestTile = 104;  // room for a name and a count
constexpr double kPowerOfEndpoints = 0.25;

std::vector<double> weights_of(const std::vector<FleetShare>& groups) {
    std::vector<double> weights;
    for (const FleetShare& group : groups) {
        weights.push_back(
            std::pow(std::max(1.0, static_cast<double>(group.endpoints)), kPowerOfEndpoints));
    }
    return weights;
}

// A row of tiles: [begin, end) of the groups.
struct Strip {
    size_t begin = 0, end = 0;
    double weight = 0;
};

// Cuts the groups into at most `count` rows of about the same weight.
std::vector<Strip> cut_strips(const std::vector<double>& weights, size_t count) {
    double all = 0;
    for (const double weight : weights) {
        all += weight;
    }
    std::vector<Strip> strips;
    double before = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
        const double middle = before + weights[i] / 2;
        const auto wanted = static_cast<size_t>(middle / all * static_cast<double>(count));
        if (strips.empty() || wanted >= strips.size()) {
            strips.push_back({i, i, 0});
        }
        strips.back().end = i + 1;
        strips.back().weight += weights[i];
        before += weights[i];
    }
    return strips;
}

std::vector<QRectF> placed(const std::vector<double>& weights, const std::vector<Strip>& strips,
                           QSizeF area) {
    double all = 0;
    for (const Strip& strip : strips) {
        all += strip.weight;
    }
    std::vector<QRectF> out;
    double y = 0;
    for (const Strip& strip : strips) {
        const double height = area.height() * strip.weight / all;
        // Every tile gets what a label needs, as far as there is room; the rest goes by weight.
        const auto count = static_cast<double>(strip.end - strip.begin);
        const double least = std::min(kNarrowestTile, area.width() / count);
        const double rest = area.width() - least * count;
        double x = 0;
        for (size_t i = strip.begin; i < strip.end; ++i) {
            const double width = least + rest * weights[i] / strip.weight;
            out.emplace_back(x, y, width, height);
            x += width;
        }
        y += height;
    }
    return out;
}

double badness(const std::vector<QRectF>& frames, double header_height) {
    double out = 0;
    for (const QRectF& frame : frames) {
        const double height = std::max(1.0, frame.height() - header_height);
        out += std::abs(std::log(std::max(1.0, frame.width()) / height / kBestAspect));
        out += frame.width() < kNarrowestTile ? 2 : 0;
        out += height < header_height ? 2 : 0;
    }
    return out;
}

// The largest cells of which so many have room; whole pixels where they are visible at all.
double cell_size(QSizeF room, int cells) {
    const auto fits = [&](double side) {
        return std::floor(room.width() / side) * std::floor(room.height() / side) >= cells;
    };
    double side = kLargestCell;
    while (side > kSmallestCell && !fits(side)) {
        side -= 1;
    }
    return side;
}

void fill_tile(FleetTile& tile, int cells) {
    const QSizeF room(std::max(tile.frame.width() - kGrid, kSmallestCell),
                      std::max(tile.frame.height() - tile.header.height() - kGrid, kSmallestCell));
    const QPointF corner(tile.frame.left(), tile.header.bottom());
    tile.raster = QRectF(corner, QSizeF(0, 0));
    if (cells == 0) {
        tile.raster.setSize(room);
        return;
    }
    tile.cell = cell_size(room, cells);
    tile.columns = std::max(1, static_cast<int>(room.width() / tile.cell));
    const int lines = std::max(1, static_cast<int>(room.height() / tile.cell));
    const int most = tile.columns * lines;
    tile.merged = (cells + most - 1) / most;
    tile.cells = (cells + tile.merged - 1) / tile.merged;
    tile.columns = std::min(tile.columns, tile.cells);
    tile.raster.setSize(QSizeF(tile.columns, tile.rows()) * tile.cell);
}

}  // namespace

QRectF FleetTile::cell_at(int index) const {
    return {raster.left() + index % columns * cell, raster.top() + index / columns * cell, cell,
            cell};
}

std::optional<int> FleetTile::index_at(QPointF point) const {
    if (cells == 0 || !raster.contains(point)) {
        return std::nullopt;
    }
    const int column = static_cast<int>((point.x() - raster.left()) / cell);
    const int row = static_cast<int>((point.y() - raster.top()) / cell);
    const int index = row * columns + std::min(column, columns - 1);
    return index < cells ? std::optional(index) : std::nullopt;
}

std::vector<FleetTile> lay_out_fleet(const std::vector<FleetShare>& groups, QSizeF area,
                                     double header_height) {
    const std::vector<double> weights = weights_of(groups);
    std::vector<QRectF> best;
    double least = std::numeric_limits<double>::infinity();
    for (size_t strips = 1; strips <= groups.size(); ++strips) {
        std::vector<QRectF> frames = placed(weights, cut_strips(weights, strips), area);
        if (const double bad = badness(frames, header_height); bad < least) {
            least = bad;
            best = std::move(frames);
        }
    }
    std::vector<FleetTile> tiles(groups.size());
    for (size_t i = 0; i < groups.size(); ++i) {
        FleetTile& tile = tiles[i];
        tile.frame = QRectF(best[i].topLeft().toPoint(), best[i].bottomRight().toPoint());
        tile.header = QRectF(tile.frame.topLeft(), QSizeF(tile.frame.width(), header_height));
        fill_tile(tile, groups[i].cells);
    }
    return tiles;
}

}  // namespace firebreak::gui
