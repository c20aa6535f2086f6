#include "gui/chart_panel.h"

#include <QApplication>
#include <QGraphicsScene>
#include <QMouseEvent>
#include <QPainter>
#include <QRubberBand>
#include <QtCharts/QAreaSeries>
#include <QtCharts/QChart>
#include <QtCharts/QLineSeries>
#include <QtCharts/QValueAxis>
#include <algorithm>
#include <cmath>
#include <utility>

#include "gui/theme.h"
#include "gui/tones.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

constexpr int kChartSwatch = 14;

bool filled_below(const models::RunChart& chart, size_t line) {
    return chart.stacked || chart.kind == models::ChartKind::kGap ||
           (chart.kind == models::ChartKind::kReach && line < 2);
}

// As much as the largest value takes, so that those after it stay where they are.
int room_for_value(const models::ChartLine& line, const QFontMetrics& metrics) {
    const auto most = static_cast<uint64_t>(std::llround(line.peak));
    return metrics.horizontalAdvance(grouped(most));
}

// Baselines at least a line apart, in the order of what they label; those for which there is no
// room are left out, the lowest values first.
struct LineLabel {
    double y = 0;
    size_t line = 0;
};
std::vector<LineLabel> spread_labels(std::vector<LineLabel> labels, double top, double bottom,
                                     double apart) {
    std::ranges::stable_sort(labels, {}, &LineLabel::y);
    const auto room = static_cast<size_t>(std::max(0.0, std::floor((bottom - top) / apart)) + 1);
    labels.resize(std::min(labels.size(), room));
    double least = top;
    for (LineLabel& label : labels) {
        label.y = std::max(label.y, least);
        least = label.y + apart;
    }
    double most = bottom;
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        label->y = std::min(label->y, most);
        most = label->y - apart;
    }
    return labels;
}

}  // namespace

ChartPanel::ChartPanel(models::ChartKind kind, QWidget* parent) : QChartView(parent), kind_(kind) {
    setObjectName(QStringLiteral("chart-") + QLatin1StringView(models::key_of(kind)));
    setAccessibleName(models::title_of(kind));
    setAccessibleDescription(models::explanation_of(kind));
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setMouseTracking(true);
    setFocusPolicy(Qt::NoFocus);  // keys are the pane's
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    chart()->legend()->hide();
    chart()->setBackgroundVisible(false);
    chart()->setMargins({});
    chart()->setAnimationOptions(QChart::NoAnimation);
    for (const Qt::Alignment side : {Qt::AlignBottom, Qt::AlignLeft}) {
        auto* const axis = new QValueAxis(this);
        axis->setRange(0, 1);
        axis->setVisible(false);
        chart()->addAxis(axis, side);
    }
    setMinimumHeight(fontMetrics().height() * 7);
    connect(scene(), &QGraphicsScene::changed, this, &ChartPanel::forget_picture);
}

void ChartPanel::set_chart(models::RunChart chart) {
    const bool same = chart.lines.size() == data_.lines.size() &&
                      std::ranges::equal(chart.lines, data_.lines, {}, &models::ChartLine::name,
                                         &models::ChartLine::name);
    data_ = std::move(chart);
    setToolTip(data_.threshold
                   ? tr("%1. %2").arg(models::explanation_of(kind_), data_.threshold->text)
                   : models::explanation_of(kind_));
    if (!same || drawn_.size() != data_.lines.size()) {
        make_series();
    }
}

void ChartPanel::make_series() {
    chart()->removeAllSeries();
    drawn_.clear();
    const auto attach = [this](QAbstractSeries* series) {
        chart()->addSeries(series);
        for (QAbstractAxis* const axis : chart()->axes()) {
            series->attachAxis(axis);
        }
    };
    for (size_t i = 0; i < data_.lines.size(); ++i) {
        Drawn drawn;
        if (filled_below(data_, i)) {
            drawn.ceiling = new QLineSeries(chart());
            drawn.floor = new QLineSeries(chart());
            drawn.area = new QAreaSeries(drawn.ceiling, drawn.floor);
            attach(drawn.area);
        }
        drawn.line = new QLineSeries(chart());
        attach(drawn.line);
        drawn_.push_back(drawn);
    }
    colour_series();
}

void ChartPanel::colour_series() {
    for (size_t i = 0; i < drawn_.size(); ++i) {
        const models::ChartLine& line = data_.lines[i];
        QPen pen = pen_of(line.tone, line.dash);
        pen.setWidthF(data_.stacked ? 1 : pen.widthF());
        drawn_[i].line->setPen(pen);
        if (drawn_[i].area != nullptr) {
            QColor fill = pen.color();
            fill.setAlphaF(data_.stacked ? 0.75f : 0.22f);
            drawn_[i].area->setBrush(brush_of(line.tone, fill));
            drawn_[i].area->setPen(Qt::NoPen);
        }
    }
}

void ChartPanel::set_scale(const TimeScale& scale) {
    scale_ = scale;
    chart()->setPlotArea(plot());
}

void ChartPanel::set_log(bool log) {
    log_ = log;
}

void ChartPanel::set_marks(const Marks& marks) {
    if (marks == marks_) {
        return;
    }
    const Marks before = std::exchange(marks_, marks);
    setAccessibleDescription(models::explanation_of(kind_) + QStringLiteral(". ") + values());
    if (before.selected != marks_.selected) {
        is_stale_ = true;
    }
    viewport()->update();
}

bool ChartPanel::threshold_fits() const {
    constexpr double kFlattens = 20;
    double most = 0;
    for (const models::Steps& steps : seen_) {
        most = std::max(most, models::highest(steps));
    }
    return data_.threshold && data_.threshold->value <= kFlattens * std::max(most, 1.0);
}

double ChartPanel::most() const {
    double most = threshold_fits() ? data_.threshold->value : 0;
    for (const models::Steps& steps : seen_) {
        most = std::max(most, models::highest(steps));
    }
    return most;
}

void ChartPanel::redraw() {
    const auto columns = static_cast<size_t>(std::max(scale_.right - scale_.left, 1));
    const base::SimTime end = std::min(scale_.end, marks_.reached);
    seen_.clear();
    for (const models::ChartLine& line : data_.lines) {
        seen_.push_back(scale_.begin < end ? models::view(line.drawn(), scale_.begin, end, columns)
                                           : models::Steps{});
    }
    axis_ = report::ValueAxis(log_ ? report::Scale::kLog : report::Scale::kLinear,
                              data_.hours ? report::Quantity::kHours : report::Quantity::kCount,
                              most());
    for (size_t i = 0; i < drawn_.size(); ++i) {
        fill(drawn_[i], seen_[i], data_.stacked && i > 0 ? seen_[i - 1] : models::Steps{});
    }
    forget_picture();
}

// Within 0 to 1 both ways: the axes of Qt Charts have no logarithm that goes down to nothing.
QList<QPointF> ChartPanel::polyline(const models::Steps& steps) const {
    QList<QPointF> out;
    out.reserve(static_cast<qsizetype>(2 * steps.size()));
    const auto span = static_cast<double>((scale_.end - scale_.begin).seconds);
    for (const record::Point& point : steps) {
        const double x = static_cast<double>((point.at - scale_.begin).seconds) / span;
        if (!out.isEmpty()) {
            out.append({x, out.last().y()});
        }
        out.append({x, axis_.place(point.value)});
    }
    return out;
}

void ChartPanel::fill(Drawn& drawn, const models::Steps& steps, const models::Steps& below) {
    const QList<QPointF> line = polyline(steps);
    drawn.line->replace(line);
    if (drawn.area != nullptr) {
        QList<QPointF> floor = polyline(below);
        if (floor.isEmpty() && !line.isEmpty()) {
            floor = {{line.first().x(), 0}, {line.last().x(), 0}};
        }
        drawn.ceiling->replace(line);
        drawn.floor->replace(floor);
    }
}

int ChartPanel::points_drawn() const {
    qsizetype points = 0;
    for (const Drawn& drawn : drawn_) {
        points += drawn.line->count();
    }
    return static_cast<int>(points);
}

QRectF ChartPanel::plot() const {
    const int head = fontMetrics().height() + kGrid;
    return QRectF(QPointF(scale_.left, head), QPointF(scale_.right, height() - kGrid));
}

double ChartPanel::y(double value) const {
    const QRectF area = plot();
    return area.bottom() - axis_.place(value) * area.height();
}

base::SimTime ChartPanel::moment() const {
    return std::min(marks_.pointed.value_or(marks_.shown), marks_.reached);
}

QString ChartPanel::value_text(const models::ChartLine& line) const {
    const double value = models::value_at(line.own, moment()).value_or(0);
    const QString number = grouped(static_cast<uint64_t>(std::llround(std::max(value, 0.0))));
    return data_.hours ? tr("%1 h").arg(number) : number;
}

QString ChartPanel::values() const {
    QStringList out;
    for (const models::ChartLine& line : data_.lines) {
        out.push_back(line.name + QLatin1Char(' ') + value_text(line));
    }
    return out.join(QStringLiteral(" · "));
}

// --- painting

void ChartPanel::drawBackground(QPainter* painter, const QRectF& /*rect*/) {
    painter->fillRect(viewport()->rect(), colours().surface());
    draw_grid(*painter);
}

void ChartPanel::drawForeground(QPainter* painter, const QRectF& /*rect*/) {
    if (!makes_picture_) {
        draw_over(*painter);
    }
}

void ChartPanel::paintEvent(QPaintEvent* /*event*/) {
    const QRect all = viewport()->rect();
    const double ratio = viewport()->devicePixelRatioF();
    if (is_stale_ || picture_.size() != all.size() * ratio) {
        picture_ = QPixmap(all.size() * ratio);
        picture_.setDevicePixelRatio(ratio);
        QPainter painter(&picture_);
        makes_picture_ = true;
        render(&painter, all, all, Qt::IgnoreAspectRatio);
        makes_picture_ = false;
        is_stale_ = false;
    }
    QPainter painter(viewport());
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawPixmap(0, 0, picture_);
    draw_over(painter);
}

void ChartPanel::forget_picture() {
    is_stale_ = true;
    viewport()->update();
}

void ChartPanel::draw_over(QPainter& painter) const {
    draw_head(painter);
    draw_threshold(painter);
    draw_marks(painter);
    draw_labels(painter);
    painter.setPen(colours().line());
    painter.drawLine(QPointF(0, height() - 0.5), QPointF(width(), height() - 0.5));
}

void ChartPanel::draw_grid(QPainter& painter) const {
    const QRectF area = plot();
    if (marks_.selected) {
        QColor shade = colours().accent();
        shade.setAlphaF(0.14f);
        const double from = std::clamp(scale_.x(marks_.selected->first), area.left(), area.right());
        const double to = std::clamp(scale_.x(marks_.selected->second), area.left(), area.right());
        painter.fillRect(QRectF(QPointF(from, area.top()), QPointF(to, area.bottom())), shade);
    }
    painter.setFont(tabular(small_font()));
    const QFontMetrics metrics(painter.font());
    double free = area.bottom() + metrics.height();  // labels above one another, none through one
    for (const report::Tick& tick : axis_.ticks()) {
        const double at = y(tick.value);
        painter.setPen(colours().line());
        painter.drawLine(QPointF(area.left(), std::round(at) + 0.5),
                         QPointF(area.right(), std::round(at) + 0.5));
        const double above = std::clamp(at - metrics.height() / 2.0, area.top() - kGrid,
                                        area.bottom() - metrics.height() + 4.0);
        if (above + metrics.height() <= free + 3) {
            painter.setPen(colours().quiet_text());
            painter.drawText(QRectF(0, above, scale_.left - 6, metrics.height()),
                             Qt::AlignRight | Qt::AlignVCenter, words(tick.label));
            free = above;
        }
    }
}

void ChartPanel::draw_head(QPainter& painter) const {
    const double middle = 2 + fontMetrics().height() / 2.0;
    QFont bold = font();
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(colours().text());
    const QString title = models::title_of(kind_) + (data_.hours ? tr(", endpoint-hours") : "");
    const QFontMetrics title_metrics(bold);
    double x = kGrid;
    painter.drawText(QPointF(x, middle + title_metrics.ascent() / 2.0 - 1), title);
    x += title_metrics.horizontalAdvance(title) + 2 * kGrid;
    painter.setFont(tabular(small_font()));
    const QFontMetrics metrics(painter.font());
    const double base = middle + metrics.ascent() / 2.0 - 1;
    painter.setPen(colours().quiet_text());
    if (data_.lines.empty() || data_.nothing_yet()) {
        painter.drawText(QPointF(x, base), tr("nothing so far"));
        return;
    }
    for (const models::ChartLine& line : data_.lines) {
        if (!data_.stacked && line.peak <= 0) {
            continue;
        }
        const QString name = metrics.elidedText(line.name, Qt::ElideMiddle, 130);
        const QString value = value_text(line);
        const int widest = metrics.horizontalAdvance(name) + room_for_value(line, metrics) + 5;
        if (x + kChartSwatch + 4 + widest > width() - kGrid) {
            painter.drawText(QPointF(x, base), QStringLiteral("…"));
            return;
        }
        draw_swatch(painter, QRectF(x, middle - 5, kChartSwatch, 10), line.tone, line.dash,
                    data_.stacked);
        x += kChartSwatch + 4;
        painter.setPen(colours().quiet_text());
        painter.drawText(QPointF(x, base), name);
        x += metrics.horizontalAdvance(name) + 5;
        painter.setPen(colours().text());
        painter.drawText(QPointF(x, base), value);
        x += room_for_value(line, metrics) + 2 * kGrid;
    }
}

void ChartPanel::draw_threshold(QPainter& painter) const {
    if (!data_.threshold) {
        return;
    }
    const QRectF area = plot();
    painter.setFont(small_font());
    const QFontMetrics metrics(painter.font());
    const bool fits = threshold_fits();
    const double at = fits ? y(data_.threshold->value) : area.top();
    painter.setPen(QPen(colours().failure(), 1, Qt::DashLine));
    if (fits) {
        painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at));
    }
    const QString text = metrics.elidedText(
        fits ? data_.threshold->brief : data_.threshold->brief + QStringLiteral(" ↑"),
        Qt::ElideRight, static_cast<int>(area.width()) - 8);
    const bool above = at - metrics.height() > area.top();
    const QRectF where(area.left() + 4, above ? at - metrics.height() : at + 1,
                       metrics.horizontalAdvance(text) + 4, metrics.height());
    painter.setPen(colours().failure());
    painter.drawText(where, Qt::AlignLeft | Qt::AlignVCenter, text);
}

void ChartPanel::draw_marks(QPainter& painter) const {
    const QRectF area = plot();
    const auto line = [&](base::SimTime at, const QPen& pen) {
        if (at >= scale_.begin && at <= scale_.end) {
            painter.setPen(pen);
            painter.drawLine(QPointF(scale_.x(at), area.top()),
                             QPointF(scale_.x(at), area.bottom()));
        }
    };
    line(marks_.shown, QPen(colours().accent(), 1.5));
    if (!marks_.pointed) {
        return;
    }
    line(*marks_.pointed, QPen(colours().text(), 1));
    for (const models::ChartLine& one : data_.lines) {
        const auto value = models::value_at(one.drawn(), moment());
        if (value && *marks_.pointed <= marks_.reached && *marks_.pointed >= scale_.begin) {
            painter.setPen(QPen(colours().surface(), 1));
            painter.setBrush(colour_of(one.tone));
            painter.drawEllipse(QPointF(scale_.x(*marks_.pointed), y(*value)), 3.5, 3.5);
        }
    }
}

// Names at the ends of the lines, as far as there is room to the right of them.
void ChartPanel::draw_labels(QPainter& painter) const {
    const QRectF area = plot();
    const double end = scale_.x(std::min(scale_.end, marks_.reached));
    const int room = static_cast<int>(width() - end) - kGrid - 4;
    if (room < 60) {
        return;
    }
    painter.setFont(small_font());
    const QFontMetrics metrics(painter.font());
    std::vector<LineLabel> labels;
    for (size_t i = 0; i < seen_.size(); ++i) {
        if (seen_[i].empty() || data_.lines[i].peak <= 0) {
            continue;
        }
        const double below =
            data_.stacked && i > 0 && !seen_[i - 1].empty() ? seen_[i - 1].back().value : 0;
        const double top = y(seen_[i].back().value);
        labels.push_back({data_.stacked ? (top + y(below)) / 2 : top, i});
    }
    for (const LineLabel& label : spread_labels(std::move(labels), area.top() + 2,
                                                area.bottom() - 2, metrics.height() - 2)) {
        const models::ChartLine& line = data_.lines[label.line];
        const QString name = metrics.elidedText(line.name, Qt::ElideMiddle, std::min(room, 120));
        painter.setPen(colours().text());
        painter.drawText(QRectF(end + 6, label.y - metrics.height() / 2.0, room, metrics.height()),
                         Qt::AlignLeft | Qt::AlignVCenter, name);
        painter.setPen(pen_of(line.tone, 0));
        painter.drawLine(QPointF(end + 1, label.y), QPointF(end + 4, label.y));
    }
}

// --- what happens to it

void ChartPanel::resizeEvent(QResizeEvent* event) {
    QChartView::resizeEvent(event);
    chart()->setPlotArea(plot());
    redraw();
}

void ChartPanel::changeEvent(QEvent* event) {
    QChartView::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
        colour_series();
        setMinimumHeight(fontMetrics().height() * 7);
        forget_picture();
    }
}

void ChartPanel::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) {
        pressed_ = event->pos();
        event->accept();
    } else {
        event->ignore();  // context menus are the pane's
    }
}

void ChartPanel::mouseMoveEvent(QMouseEvent* event) {
    const QPoint to = event->pos();
    const bool inside = to.x() >= scale_.left && to.x() <= scale_.right;
    Q_EMIT pointed_at(inside ? std::optional(scale_.at(to.x())) : std::nullopt);
    if (!pressed_ || std::abs(to.x() - pressed_->x()) < QApplication::startDragDistance()) {
        return;
    }
    if (band_ == nullptr) {
        band_ = new QRubberBand(QRubberBand::Rectangle, viewport());
    }
    const int from = std::clamp(pressed_->x(), scale_.left, scale_.right);
    const int until = std::clamp(to.x(), scale_.left, scale_.right);
    const QRectF area = plot();
    band_->setGeometry(QRect(QPoint(std::min(from, until), static_cast<int>(area.top())),
                             QPoint(std::max(from, until), static_cast<int>(area.bottom()))));
    band_->show();
}

void ChartPanel::mouseReleaseEvent(QMouseEvent* event) {
    const std::optional<QPoint> from = std::exchange(pressed_, std::nullopt);
    if (band_ != nullptr) {
        band_->hide();
    }
    if (event->button() != Qt::LeftButton || !from) {
        return;
    }
    if (std::abs(event->pos().x() - from->x()) >= QApplication::startDragDistance()) {
        const base::SimTime a = scale_.at(from->x());
        const base::SimTime b = scale_.at(event->pos().x());
        Q_EMIT dragged(std::min(a, b), std::max(a, b));
    } else if (from->x() >= scale_.left && from->x() <= scale_.right) {
        Q_EMIT clicked(scale_.at(from->x()));
    }
}

void ChartPanel::leaveEvent(QEvent* event) {
    QChartView::leaveEvent(event);
    Q_EMIT pointed_at(std::nullopt);
}

void ChartPanel::wheelEvent(QWheelEvent* event) {
    const double x = event->position().x();
    const QPoint turn = event->angleDelta();
    if (x < scale_.left || turn.isNull()) {
        event->ignore();  // beside the plot it scrolls the column
        return;
    }
    if (turn.x() != 0 || event->modifiers().testFlag(Qt::ShiftModifier)) {
        Q_EMIT panned(-(turn.x() != 0 ? turn.x() : turn.y()) / 1200.0);
    } else {
        Q_EMIT zoomed(scale_.at(x), std::pow(0.8, turn.y() / 120.0));
    }
    event->accept();
}

}  // namespace firebreak::gui
