// Where things stand on the fleet map; geometry alone.
#pragma once

#include <QPointF>
#include <QRectF>
#include <QSizeF>
#include <cstdint>
#include <optional>
#include <vector>

namespace firebreak::gui {

// A release group's place: a header, and below it the raster of its cells, row by row. Where there
// is no room for all cells of a snapshot, some that follow one another are drawn as one.
struct FleetTile {
    QRectF frame;
    QRectF header;
    QRectF raster;
    double cell = 0;  // the side of one, in pixels
    int columns = 0;
    int cells = 0;   // that are drawn
    int merged = 1;  // cells of the snapshot in each of them

    int rows() const { return columns == 0 ? 0 : (cells + columns - 1) / columns; }
    QRectF cell_at(int index) const;
    // The cell under a point; nullopt: there is none.
    std::optional<int> index_at(QPointF point) const;
};

struct FleetShare {
    uint64_t endpoints = 0;
    int cells = 0;  // of the snapshot
};

// Tiles in order, in rows that fill the area. A tile's area grows far slower than its endpoints, so
// that twelve machines stay visible beside ten million.
std::vector<FleetTile> lay_out_fleet(const std::vector<FleetShare>& groups, QSizeF area,
                                     double header_height);

}  // namespace firebreak::gui
