#include "gui/charts_pane.h"

#include <gmock/gmock.h>

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QFile>
#include <QImage>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "gui/small_desk.h"
#include "gui/theme.h"
#include "support/sample_run.h"

namespace firebreak::gui {
namespace {

using models::ChartKind;
using testing::HasSubstr;
using testing::Not;

class Charts : public testing::Test {
  protected:
    Charts() {
        desk_.store().load(test::rich_run(), "a.run");
        pane_.resize(900, 700);
        pane_.show();
        EXPECT_TRUE(QTest::qWaitForWindowExposed(&pane_));
        pane_.activateWindow();
        pane_.setFocus();
    }
    QWidget* plot(ChartKind kind) { return pane_.panel(kind).viewport(); }
    ChartPanel& panel(ChartKind kind) { return const_cast<ChartPanel&>(pane_.panel(kind)); }
    QAction* action(const char* name) { return pane_.findChild<QAction*>(name); }
    // Of the plot of any chart, where that moment lies.
    QPoint pixel(base::SimTime at) {
        const auto [begin, end] = pane_.seen();
        const double share =
            static_cast<double>((at - begin).seconds) / static_cast<double>((end - begin).seconds);
        const int left = plot_left();
        return {left + static_cast<int>(share * (plot_right() - left)), 60};
    }
    int plot_left() { return edges().first; }
    int plot_right() { return edges().second; }
    std::pair<int, int> edges() {
        const QRectF area = pane_.panel(ChartKind::kReach).chart()->plotArea();
        return {static_cast<int>(area.left()), static_cast<int>(area.right())};
    }

    Desk desk_{{}};
    ChartsPane pane_{desk_};
    const base::SimTime end_{7 * 86400};
};

TEST_F(Charts, PointsOutExactValues) {
    QTest::mouseMove(plot(ChartKind::kReach), pixel(end_));
    const auto& run = desk_.store().run();
    const auto affected =
        record::value_at(run.series, {base::Metric::kAffected, record::kAll}, run.reached);
    const std::string values = pane_.panel(ChartKind::kReach).values().toStdString();
    EXPECT_THAT(values, HasSubstr("affected " + std::to_string(static_cast<int>(*affected))));
    // A moment at which there was no harm, in all charts at once.
    QTest::mouseMove(plot(ChartKind::kSignals), pixel({3600}));
    EXPECT_THAT(pane_.panel(ChartKind::kReach).values().toStdString(), HasSubstr("affected 0"));
}

TEST_F(Charts, ZoomDoesNotFilter) {
    const QSignalSpy changed(&desk_.selection(), &models::Selection::changed);
    QWheelEvent wheel(QPointF(pixel({86400})), plot(ChartKind::kReach)->mapToGlobal(QPointF(0, 0)),
                      {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(plot(ChartKind::kReach), &wheel);
    const auto [begin, end] = pane_.seen();
    EXPECT_NEAR(static_cast<double>((end - begin).seconds), 0.64 * 7 * 86400, 2);
    EXPECT_LT(begin.seconds, 86400);
    EXPECT_GT(end.seconds, 86400);
    QTest::keyClick(&pane_, Qt::Key_Plus);
    EXPECT_NEAR(static_cast<double>((pane_.seen().second - pane_.seen().first).seconds),
                0.32 * 7 * 86400, 2);
    QTest::keyClick(&pane_, Qt::Key_Minus);
    EXPECT_NEAR(static_cast<double>((pane_.seen().second - pane_.seen().first).seconds),
                0.64 * 7 * 86400, 4);
    QTest::keyClick(&pane_, Qt::Key_Home);
    EXPECT_EQ(pane_.seen(), std::pair(base::SimTime{0}, end_));
    EXPECT_EQ(changed.count(), 0);
}

TEST_F(Charts, DraggingZoomsToARange) {
    const QPoint from = pixel({86400});
    const QPoint to = pixel({2 * 86400});
    QTest::mousePress(plot(ChartKind::kReach), Qt::LeftButton, {}, from);
    QTest::mouseMove(plot(ChartKind::kReach), (from + to) / 2);
    QTest::mouseMove(plot(ChartKind::kReach), to);
    QTest::mouseRelease(plot(ChartKind::kReach), Qt::LeftButton, {}, to);
    constexpr double kPixel_s = 1200;
    EXPECT_NEAR(static_cast<double>(pane_.seen().first.seconds), 86400, kPixel_s);
    EXPECT_NEAR(static_cast<double>(pane_.seen().second.seconds), 2 * 86400, kPixel_s);
    EXPECT_FALSE(desk_.selection().time());
}

TEST_F(Charts, ZoomsNoCloserThanSlicesAndNotBeyondTheRun) {
    pane_.zoom_to({1000}, {1001});
    EXPECT_EQ((pane_.seen().second - pane_.seen().first).seconds, 900);
    pane_.zoom_to({-90000}, {100});
    EXPECT_GE(pane_.seen().first.seconds, 0);
    pane_.zoom_to({-90000}, {90 * 86400});
    EXPECT_EQ(pane_.seen(), std::pair(base::SimTime{0}, end_));
}

TEST_F(Charts, FilterButtonFiltersToWhatIsSeen) {
    pane_.zoom_to({86400}, {2 * 86400});
    action("chart-filter")->trigger();
    ASSERT_TRUE(desk_.selection().time());
    EXPECT_EQ(*desk_.selection().time(), pane_.seen());
    action("chart-unfilter")->trigger();
    EXPECT_FALSE(desk_.selection().time());
}

TEST_F(Charts, ClickSelectsTheMomentsAroundIt) {
    const base::SimTime at{2 * 86400};
    QTest::mouseClick(plot(ChartKind::kHealth), Qt::LeftButton, {}, pixel(at));
    ASSERT_TRUE(desk_.selection().time());
    const auto [begin, end] = *desk_.selection().time();
    EXPECT_EQ((end - begin).seconds, 600);
    EXPECT_LE(begin.seconds, at.seconds + 600);
    EXPECT_GE(end.seconds, at.seconds - 600);
}

TEST_F(Charts, KeysPointAndSelect) {
    desk_.store().show(base::SimTime{86400});
    QTest::keyClick(&pane_, Qt::Key_Right);
    QTest::keyClick(&pane_, Qt::Key_Return);
    ASSERT_TRUE(desk_.selection().time());
    EXPECT_GT(desk_.selection().time()->first.seconds, 86400);
}

TEST_F(Charts, AxisScrubsAndGoesBackToTheNewest) {
    auto* const axis = pane_.findChild<TimeAxis*>();
    QTest::mouseClick(axis, Qt::LeftButton, {}, {pixel({3 * 86400}).x(), 5});
    EXPECT_TRUE(desk_.store().is_back());
    EXPECT_NEAR(static_cast<double>(desk_.store().shown().seconds), 3 * 86400, 1200);
    axis->setFocus();
    const base::SimTime before = desk_.store().shown();
    QTest::keyClick(axis, Qt::Key_Left);
    EXPECT_EQ((before - desk_.store().shown()).seconds, 300);
    QTest::mouseDClick(axis, Qt::LeftButton, {}, {pixel({3 * 86400}).x(), 5});
    EXPECT_FALSE(desk_.store().is_back());
}

TEST_F(Charts, FollowTheSelectedGroup) {
    const QString all = pane_.panel(ChartKind::kReach).values();
    desk_.selection().set_group(2);
    EXPECT_NE(pane_.panel(ChartKind::kReach).values(), all);
    EXPECT_THAT(pane_.csv().toStdString(), HasSubstr("\"group public-1\""));
    desk_.selection().set_group(99);  // of another run
    EXPECT_EQ(pane_.panel(ChartKind::kReach).values(), all);
}

TEST_F(Charts, FlagsStandOnOneRail) {
    auto* const rail = pane_.findChild<FlagRail*>();
    const QString at_halt = rail->letters_at(pixel({33 * 3600}).x());
    EXPECT_EQ(at_halt, QStringLiteral("AHX…"));  // a promotion and a withdrawal as well
    pane_.zoom_to({32 * 3600}, {34 * 3600});
    EXPECT_EQ(rail->letters_at(pixel({33 * 3600}).x() + 1), "H");
    EXPECT_EQ(rail->letters_at(pixel({33 * 3600 + 300}).x() + 1), "W");
    EXPECT_THAT(rail->text_at(pixel({33 * 3600}).x() + 1).toStdString(),
                HasSubstr("H day 2 09:00 (halt): rules-2: threshold in public groups"));
    EXPECT_EQ(rail->letters_at(pixel({32 * 3600 + 600}).x()), "");
}

TEST_F(Charts, LogScaleIsOneKeyAway) {
    const QImage linear = pane_.grab().toImage();
    QTest::keyClick(&pane_, Qt::Key_L);
    EXPECT_TRUE(action("chart-log")->isChecked());
    EXPECT_NE(pane_.grab().toImage(), linear);
}

TEST_F(Charts, DrawNoMoreThanPixelsCanShow) {
    record::Run run = test::rich_run();
    auto& points = run.series[{base::Metric::kAffected, record::kAll}];
    points.clear();
    for (int64_t at = 0; at < 7 * 86400; ++at) {
        points.push_back({{at}, at == 300'000 ? 99'999.0 : static_cast<double>(at % 7)});
    }
    desk_.store().load(std::move(run), "b.run");
    const ChartPanel& reach = pane_.panel(ChartKind::kReach);
    EXPECT_LT(reach.points_drawn(), 3 * 2 * (4 * 900 + 2));
    QTest::keyClick(&pane_, Qt::Key_Home);
    EXPECT_GT(reach.points_drawn(), 100);
}

TEST_F(Charts, CanBeLeftOut) {
    EXPECT_TRUE(pane_.is_shown(ChartKind::kGap));
    pane_.findChild<QAction*>("chart-show-gap")->trigger();
    EXPECT_FALSE(pane_.panel(ChartKind::kGap).isVisible());
    EXPECT_THAT(pane_.csv().toStdString(), Not(HasSubstr("\ngap,")));
}

TEST_F(Charts, CopyAsCsv) {
    pane_.zoom_to({30 * 3600}, {31 * 3600});
    action("chart-copy")->trigger();
    const std::string csv = QApplication::clipboard()->text().toStdString();
    EXPECT_THAT(csv, testing::StartsWith("chart,group,line,time,seconds,value\n"));
    EXPECT_THAT(csv, HasSubstr("\nreach,\"all groups\",\"affected\",\"day 2 06:00\",108000,"));
    EXPECT_THAT(csv, Not(HasSubstr("day 2 08:")));
}

TEST_F(Charts, ExportPicturesOfAllChartsInBothThemes) {
    const test::TemporaryFolder folder;
    for (const Theme theme : {Theme::kDark, Theme::kLight}) {
        apply(theme);
        ASSERT_TRUE(pane_.export_png(folder.path() / "charts.png").ok());
        const QImage picture(QString::fromStdString((folder.path() / "charts.png").string()));
        EXPECT_GT(picture.height(), 2 * 600);
        EXPECT_EQ(picture.pixelColor(1, 1), colours().background());
    }
    ASSERT_TRUE(pane_.export_pdf(folder.path() / "charts.pdf").ok());
    QFile pdf(QString::fromStdString((folder.path() / "charts.pdf").string()));
    ASSERT_TRUE(pdf.open(QIODevice::ReadOnly));
    EXPECT_TRUE(pdf.readAll().startsWith("%PDF-"));
    for (const auto& done :
         {pane_.export_png("/nowhere/at/all.png"), pane_.export_pdf("/nowhere/at/all.pdf")}) {
        ASSERT_FALSE(done.ok());
        EXPECT_THAT(done.error().place, HasSubstr("/nowhere"));
        EXPECT_FALSE(done.error().remedy.empty());
    }
}

TEST(ChartsWithoutRun, TeachAndOfferAFirstScenario) {
    SmallDesk small;
    small.bad_release();
    ChartsPane pane(small.desk);
    pane.resize(500, 300);
    pane.show();
    auto* const button = pane.findChild<QPushButton*>("empty-run");
    ASSERT_NE(button, nullptr);
    ASSERT_TRUE(button->isVisible());
    EXPECT_FALSE(pane.findChild<QAction*>("chart-copy")->isEnabled());
    EXPECT_EQ(pane.csv(), "chart,group,line,time,seconds,value\n");
    QTest::mouseClick(button, Qt::LeftButton);
    ASSERT_TRUE(small.wait_for(bridge::RunSession::State::kEnded));
    EXPECT_FALSE(button->isVisible());
    EXPECT_TRUE(QTest::qWaitFor(
        [&] { return pane.panel(models::ChartKind::kReach).values().startsWith("exposed 60"); }));
}

}  // namespace
}  // namespace firebreak::gui
