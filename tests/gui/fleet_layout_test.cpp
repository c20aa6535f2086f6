#include "gui/fleet_layout.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace firebreak::gui {
namespace {

constexpr double kHeader = 40;

std::vector<FleetTile> five(QSizeF area) {
    return lay_out_fleet(
        {{60, 60}, {940, 940}, {19'000, 4096}, {1'000'000, 4096}, {7'500'000, 4096}}, area,
        kHeader);
}

TEST(FleetLayout, KeepsSmallGroupsVisibleBesideLargeOnes) {
    const auto tiles = five({900, 500});
    ASSERT_EQ(tiles.size(), 5u);
    for (size_t i = 0; i + 1 < tiles.size(); ++i) {
        const auto area = [](const FleetTile& tile) {
            return tile.frame.width() * tile.frame.height();
        };
        EXPECT_LT(area(tiles[i]), area(tiles[i + 1]) * 1.3) << "larger groups get more";
        EXPECT_GT(area(tiles[i]), 900 * 500 * 0.02);
    }
    EXPECT_GE(tiles[0].cell, 6) << "sixty machines can be told apart";
}

TEST(FleetLayout, MergesCellsThatHaveNoRoom) {
    const auto tiles = lay_out_fleet({{4096, 4096}}, {100, 90}, kHeader);
    EXPECT_GT(tiles[0].merged, 1);
    EXPECT_GE(tiles[0].cells * tiles[0].merged, 4096) << "none is left out";
    EXPECT_GE(tiles[0].cell, 2) << "each can be seen";
}

TEST(FleetLayout, FindsNoCellBesideTheRasterOrBehindTheLast) {
    const auto tiles = lay_out_fleet({{7, 7}}, {100, 100}, kHeader);
    const FleetTile& tile = tiles[0];
    EXPECT_EQ(tile.index_at(tile.header.center()), std::nullopt);
    EXPECT_EQ(tile.index_at(tile.raster.topLeft() - QPointF(1, 0)), std::nullopt);
    EXPECT_EQ(tile.index_at(tile.cell_at(tile.cells - 1).center() + QPointF(tile.cell, 0)),
              std::nullopt);
}

RC_GTEST_PROP(FleetLayoutProperty, EveryCellIsWithinItsTileAndFoundWhereItIs, ()) {
    const auto count = *rc::gen::inRange<size_t>(1, 9);
    const QSizeF area(*rc::gen::inRange(150, 3000), *rc::gen::inRange(120, 2000));
    std::vector<FleetShare> groups(count);
    for (FleetShare& group : groups) {
        group.endpoints = *rc::gen::inRange<uint64_t>(1, 10'000'000);
        group.cells = static_cast<int>(std::min<uint64_t>(group.endpoints, 4096));
    }
    const auto tiles = lay_out_fleet(groups, area, kHeader);
    RC_ASSERT(tiles.size() == count);
    const QRectF all = QRectF(QPointF(0, 0), area).adjusted(-1, -1, 1, 1);
    for (size_t i = 0; i < count; ++i) {
        const FleetTile& tile = tiles[i];
        RC_ASSERT(all.contains(tile.frame));
        RC_ASSERT(tile.cells * tile.merged >= groups[i].cells);
        for (size_t j = 0; j < i; ++j) {
            RC_ASSERT(!tile.frame.intersects(tiles[j].frame));
        }
        for (const int index : {0, tile.cells / 2, tile.cells - 1}) {
            RC_ASSERT(tile.index_at(tile.cell_at(index).center()) == index);
        }
    }
}

}  // namespace
}  // namespace firebreak::gui
