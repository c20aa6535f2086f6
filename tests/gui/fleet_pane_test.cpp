#include "gui/fleet_pane.h"

#include <gtest/gtest.h>

#include <QComboBox>
#include <QHelpEvent>
#include <QLabel>
#include <QPushButton>
#include <QTest>
#include <QToolButton>

#include "gui/elided_label.h"
#include "gui/fleet_desk.h"
#include "gui/fleet_legend.h"
#include "gui/fleet_map.h"
#include "support/sample_run.h"

namespace firebreak::gui {
namespace {

// The sample run: 12 of public-1's thousand endpoints were affected, from row 60 + 100 on; one of
// them has recovered, one machine is lost.
lab::Snapshot sample_fleet(const record::Run& run) {
    lab::Snapshot fleet = test::snapshot_of(run.header);
    for (size_t i = 100; i < 112; ++i) {
        lab::Cell& cell = fleet.groups[1].cells[i];
        cell.exposed = cell.affected = 1;
        cell.harmed = i == 100 ? 0 : 1;
        cell.lost = i == 111 ? 1 : 0;
    }
    fleet.groups[1].exposed = fleet.groups[1].affected = 12;
    fleet.groups[1].harmed = 11;
    fleet.groups[1].lost = 1;
    return fleet;
}

class FleetPaneTest : public testing::Test {
  protected:
    FleetPaneTest() : pane_(small_.desk()), map_(pane_.map()) {
        pane_.resize(800, 600);
        pane_.show();
        map_.setFocus();
    }
    void show_sample() {
        const record::Run run = test::sample_run();
        test::show_run(small_.desk(), run, sample_fleet(run));
        settle();
    }
    void settle() {
        // What waits for its time has had it when the map says the same as the store.
        ASSERT_TRUE(QTest::qWaitFor([this] {
            return map_.fleet() == small_.desk().store().shown_snapshot().get() && map_.isVisible();
        }));
    }
    template <class Widget>
    Widget& child(const char* name) {
        auto* found = pane_.findChild<Widget*>(name);
        EXPECT_NE(found, nullptr) << name;
        return *found;
    }
    models::Selection& selection() { return small_.desk().selection(); }
    void click(FleetMap::CellId cell) {
        QTest::mouseClick(&map_, Qt::LeftButton, {}, map_.rect_of(cell).center().toPoint());
    }
    QColor colour_at(FleetMap::CellId cell) {
        const QRectF at = map_.rect_of(cell);
        return map_.grab().toImage().pixelColor((at.topLeft() + QPointF(1, 1)).toPoint());
    }

    test::FleetDesk small_;
    FleetPane pane_;
    FleetMap& map_;
};

TEST_F(FleetPaneTest, SaysWhatItWillShowWhenThereIsNoRun) {
    EXPECT_TRUE(child<QLabel>("fleet_empty").isVisible());
    EXPECT_FALSE(child<QPushButton>("fleet_run_example").isVisible()) << "there are no scenarios";
    EXPECT_FALSE(map_.isVisible());
    show_sample();
    EXPECT_TRUE(map_.isVisible());
    EXPECT_FALSE(child<QLabel>("fleet_coarse").isVisible());
}

TEST_F(FleetPaneTest, ShowsEachEndpointOfSmallGroupsAsACellWithItsState) {
    show_sample();
    EXPECT_EQ(map_.cell({0, 59}).endpoints, 1u);
    EXPECT_EQ(map_.endpoints_of({1, 100}), std::pair(160u, 1u));
    EXPECT_EQ(map_.words_of({1, 100}), "endpoint 160 · public-1\naffected, recovered");
    EXPECT_EQ(map_.words_of({1, 111}), "endpoint 171 · public-1\nlost");
    EXPECT_EQ(map_.words_of({0, 0}), "endpoint 0 · engineering\nnot exposed");
    EXPECT_EQ(colour_at({1, 105}), colour_of(Health::kAffected));
    EXPECT_NE(colour_at({1, 104}), colour_at({1, 99}));
}

TEST_F(FleetPaneTest, ClickingACellSelectsItsGroupAndItsEndpoint) {
    show_sample();
    click({1, 105});
    EXPECT_EQ(selection().group(), 1);
    EXPECT_EQ(selection().endpoint(), 165u);
    const QPoint header = map_.rect_of({0, 0}).topLeft().toPoint() - QPoint(-4, 12);
    QTest::mouseClick(&map_, Qt::LeftButton, {}, header);
    EXPECT_EQ(selection().group(), 0);
    EXPECT_EQ(selection().endpoint(), std::nullopt);
    QTest::mouseClick(&map_, Qt::LeftButton, {}, header);
    EXPECT_EQ(selection().group(), std::nullopt) << "once more takes it back";
}

TEST_F(FleetPaneTest, ACellOfManyEndpointsSelectsItsGroupAlone) {
    record::Run run = test::sample_run();
    run.header.groups[1].endpoints = 1'000'000;
    test::show_run(small_.desk(), run, test::snapshot_of(run.header));
    settle();
    const auto [first, count] = map_.endpoints_of({1, 1});
    EXPECT_EQ(first, 60 + map_.endpoints_of({1, 0}).second);
    EXPECT_GT(count, 200u);
    click({1, 1});
    EXPECT_EQ(selection().group(), 1);
    EXPECT_EQ(selection().endpoint(), std::nullopt);
}

TEST_F(FleetPaneTest, DimsWhatIsNotSelected) {
    show_sample();
    const QColor before = colour_at({0, 5});
    const QColor affected = colour_at({1, 105});
    selection().set_group(1);
    EXPECT_NE(colour_at({0, 5}), before);
    EXPECT_EQ(colour_at({1, 105}), affected);
    QTest::keyClick(&map_, Qt::Key_Escape);
    EXPECT_EQ(selection().group(), std::nullopt);
    EXPECT_EQ(colour_at({0, 5}), before);
}

TEST_F(FleetPaneTest, ArrowsMoveOverTheCellsAndEnterSelects) {
    show_sample();
    QTest::keyClick(&map_, Qt::Key_Right);
    EXPECT_EQ(map_.cursor(), (FleetMap::CellId{0, 0}));
    QTest::keyClick(&map_, Qt::Key_Right);
    QTest::keyClick(&map_, Qt::Key_Return);
    EXPECT_EQ(selection().endpoint(), 1u);
    QTest::keyClick(&map_, Qt::Key_Down);
    EXPECT_GT(map_.cursor()->index, 1);
    QTest::keyClick(&map_, Qt::Key_Up);
    QTest::keyClick(&map_, Qt::Key_Left);
    QTest::keyClick(&map_, Qt::Key_Left);
    EXPECT_EQ(map_.cursor(), (FleetMap::CellId{0, 0})) << "there is nothing before the first";
    EXPECT_EQ(child<ElidedLabel>("fleet_pointed").text(), "endpoint 0 · engineering · not exposed");
    for (int i = 0; i < 60; ++i) {
        QTest::keyClick(&map_, Qt::Key_Right);
    }
    EXPECT_EQ(map_.cursor(), (FleetMap::CellId{1, 0})) << "on into the next group";
}

TEST_F(FleetPaneTest, ZoomsByKeysButtonsAndWheelAndKeepsWhatIsUnderThePointer) {
    show_sample();
    const QPointF at = map_.rect_of({1, 105}).center();
    const QPoint global = map_.mapToGlobal(at.toPoint());
    QWheelEvent wheel(at, global, {}, {0, 480}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                      false);
    QApplication::sendEvent(&map_, &wheel);
    EXPECT_GT(map_.zoom(), 2);
    EXPECT_EQ(map_.cell_at(at), (FleetMap::CellId{1, 105}));
    QTest::keyClick(&map_, Qt::Key_Home);
    EXPECT_EQ(map_.zoom(), 1);
    QTest::keyClick(&map_, Qt::Key_Plus);
    const double once = map_.zoom();
    child<QToolButton>("fleet_zoom_in").click();
    EXPECT_GT(map_.zoom(), once);
    QTest::keyClick(&map_, Qt::Key_Minus);
    child<QToolButton>("fleet_zoom_out").click();
    EXPECT_DOUBLE_EQ(map_.zoom(), 1);
    QTest::keyClick(&map_, Qt::Key_Minus);
    EXPECT_EQ(map_.zoom(), 1) << "there is nothing beyond the whole";
}

TEST_F(FleetPaneTest, DraggingPansAndDoesNotSelect) {
    show_sample();
    map_.zoom_by(4, map_.rect_of({1, 105}).center());
    const QPointF before = map_.rect_of({1, 105}).center();
    const QPoint from = map_.rect().center();
    QTest::mousePress(&map_, Qt::LeftButton, {}, from);
    QMouseEvent move(QEvent::MouseMove, from + QPoint(30, 20),
                     map_.mapToGlobal(from + QPoint(30, 20)), Qt::NoButton, Qt::LeftButton,
                     Qt::NoModifier);
    QApplication::sendEvent(&map_, &move);
    QTest::mouseRelease(&map_, Qt::LeftButton, {}, from + QPoint(30, 20));
    EXPECT_EQ(map_.rect_of({1, 105}).center(), before + QPointF(30, 20));
    EXPECT_EQ(selection().group(), std::nullopt);
}

TEST_F(FleetPaneTest, ColoursByExposureVersionAndPersonaWithALegendForEach) {
    record::Run run = test::sample_run();
    run.header.personas = {{"till", "Till", "", 60}, {"server", "Server", "", 1000}};
    lab::Snapshot fleet = sample_fleet(run);
    fleet.groups[1].cells[0].release = 0;
    fleet.groups[1].cells[0].on_release = 1;
    fleet.groups[1].cells[1].persona = 1;
    test::show_run(small_.desk(), run, fleet);
    settle();
    const auto names = [this] {
        QStringList out;
        for (const LegendEntry& entry : child<FleetLegend>("fleet_legend").entries()) {
            out << (entry.name + " " + entry.count).trimmed();
        }
        return out;
    };
    EXPECT_EQ(names(), QStringList({"not exposed 1,048", "exposed 12", "refused 0", "affected 12",
                                    "of these recovered 1", "lost 1"}));
    auto& by = child<QComboBox>("fleet_colour_by");
    QTest::keyClick(&by, Qt::Key_Down);
    EXPECT_EQ(names(), QStringList({"not exposed 1,048", "exposed 12", "refused 0"}));
    EXPECT_EQ(colour_at({1, 105}), colour_of(Health::kExposed));
    QTest::keyClick(&by, Qt::Key_Down);
    EXPECT_EQ(names(), QStringList({"baseline", "rules-2 388", "rules-3"}));
    EXPECT_NE(colour_at({1, 0}), colour_at({1, 1}));
    QTest::keyClick(&by, Qt::Key_Down);
    EXPECT_EQ(names(), QStringList({"till 60", "server 1,000"}));
    EXPECT_NE(colour_at({1, 1}), colour_at({1, 0}));
}

TEST_F(FleetPaneTest, ShowsTheCountsOfARunFromAFileAndSaysWhyNotMore) {
    small_.desk().store().load(test::sample_run(), "a.run");
    ASSERT_TRUE(QTest::qWaitFor([this] { return map_.isVisible(); }));
    EXPECT_TRUE(child<QLabel>("fleet_coarse").isVisible());
    ASSERT_EQ(map_.fleet()->groups.size(), 2u);
    EXPECT_EQ(map_.fleet()->groups[1].affected, 12u);
    small_.desk().store().show(base::SimTime{7600});
    EXPECT_EQ(map_.fleet()->groups[1].affected, 5u) << "as it was then";
    map_.grab();
    QTest::keyClick(&map_, Qt::Key_Right);
    EXPECT_EQ(map_.cursor(), std::nullopt) << "there are no cells to go to";
}

TEST_F(FleetPaneTest, ThemesChangeWhileItRuns) {
    show_sample();
    apply(Theme::kLight);
    const QColor light = colour_at({0, 5});
    apply(Theme::kDark);
    QApplication::processEvents();
    EXPECT_NE(colour_at({0, 5}), light);
    apply(Theme::kLight);
    QApplication::processEvents();
    EXPECT_EQ(colour_at({0, 5}), light);
}

TEST_F(FleetPaneTest, ShowsWhatTheEngineDid) {
    small_.run_to_the_end();
    settle();
    ASSERT_EQ(map_.fleet()->groups.size(), 1u);
    EXPECT_EQ(map_.fleet()->groups[0].affected, 60u);
    int affected = 0;
    for (int index = 0; index < 60; ++index) {
        affected += worst_of(map_.cell({0, index})) == Health::kAffected ? 1 : 0;
    }
    EXPECT_EQ(affected, 60);
    EXPECT_TRUE(map_.words_of({0, 7}).contains("workstation"))
        << map_.words_of({0, 7}).toStdString();
    small_.desk().store().show(base::SimTime{0});
    EXPECT_EQ(map_.fleet()->groups[0].affected, 0u) << "before the release";
}

}  // namespace
}  // namespace firebreak::gui
