// One chart of the column: lines over simulated time, with exact values in its first row.
#pragma once

#include <QPixmap>
#include <QtCharts/QChartView>
#include <optional>
#include <vector>

#include "gui/time_scale.h"
#include "models/run_chart.h"
#include "models/selection.h"
#include "report/axis.h"

QT_BEGIN_NAMESPACE
class QAreaSeries;
class QLineSeries;
class QRubberBand;
QT_END_NAMESPACE

namespace firebreak::gui {

// Shows what it is given; what a person does with the pointer goes out as signals.
class ChartPanel final : public QChartView {
    Q_OBJECT

  public:
    // What lies over the lines of all panels.
    struct Marks {
        std::optional<base::SimTime> pointed;  // exact values are those of this moment
        base::SimTime shown;                   // what other panes show; else of this one
        base::SimTime reached;
        std::optional<models::Selection::TimeRange> selected;
        friend bool operator==(const Marks&, const Marks&) = default;
    };

    explicit ChartPanel(models::ChartKind kind, QWidget* parent = nullptr);

    models::ChartKind kind() const { return kind_; }
    void set_chart(models::RunChart chart);
    const models::RunChart& chart_data() const { return data_; }
    void set_scale(const TimeScale& scale);
    void set_log(bool log);
    void set_marks(const Marks& marks);
    // Lines anew, after set_chart(), set_scale() or set_log().
    void redraw();
    // "exposed 400 · affected 12" at the moment in question; for tests and screen readers.
    QString values() const;
    int points_drawn() const;

  Q_SIGNALS:
    void pointed_at(std::optional<base::SimTime> at);
    void clicked(base::SimTime at);
    void dragged(base::SimTime from, base::SimTime to);
    void zoomed(base::SimTime around, double factor);  // < 1: closer
    void panned(double share);                         // of what is to be seen

  protected:
    void paintEvent(QPaintEvent* event) override;
    void drawBackground(QPainter* painter, const QRectF& rect) override;
    void drawForeground(QPainter* painter, const QRectF& rect) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;

  private:
    struct Drawn {  // of a line
        QLineSeries* line = nullptr;
        QLineSeries *ceiling = nullptr, *floor = nullptr;  // of the area, if there is one
        QAreaSeries* area = nullptr;
    };
    void make_series();
    void colour_series();
    void fill(Drawn& drawn, const models::Steps& steps, const models::Steps& below);
    QList<QPointF> polyline(const models::Steps& steps) const;
    QRectF plot() const;
    double y(double value) const;
    base::SimTime moment() const;
    bool threshold_fits() const;
    double most() const;
    QString value_text(const models::ChartLine& line) const;
    void draw_grid(QPainter& painter) const;
    void forget_picture();
    void draw_over(QPainter& painter) const;
    void draw_head(QPainter& painter) const;
    void draw_threshold(QPainter& painter) const;
    void draw_marks(QPainter& painter) const;
    void draw_labels(QPainter& painter) const;

    const models::ChartKind kind_;
    models::RunChart data_;
    TimeScale scale_;
    Marks marks_;
    bool log_ = false;
    report::ValueAxis axis_{report::Scale::kLinear, report::Quantity::kCount, 1};
    std::vector<models::Steps> seen_;  // of data_.lines, within the scale
    std::vector<Drawn> drawn_;
    QPixmap picture_;  // of the lines: what lies over them changes with every move of the pointer
    bool is_stale_ = true;  // the picture
    bool makes_picture_ = false;
    std::optional<QPoint> pressed_;
    QRubberBand* band_ = nullptr;
};

}  // namespace firebreak::gui
