#include "gui/flag_rail.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPolygonF>
#include <QToolTip>
#include <algorithm>
#include <utility>

#include "gui/theme.h"
#include "gui/words.h"
#include "models/timeline_model.h"
#include "report/axis.h"

namespace firebreak::gui {

namespace {

constexpr int kFlagWidth = 16;
constexpr int kFlagHeight = 16;
constexpr int kMostLetters = 3;
constexpr base::Duration kKeyStep = base::minutes(5);

QColor flag_colour(QChar letter) {
    switch (letter.toLatin1()) {
        case 'F':
        case 'A':
            return colours().failure();
        case 'H':
        case 'W':
            return colour_of(Health::kLost);
        case 'X':
            return colours().success();
        default:
            return colours().accent();
    }
}

// As many as there is room for, in their order; "…" stands for others.
QString most_telling(QString letters) {
    const bool too_many = letters.size() > kMostLetters;
    for (const char least : {'C', 'G', 'P', 'W', 'A', 'R', 'F', 'X'}) {
        if (letters.size() > kMostLetters) {
            letters.remove(QLatin1Char(least));
        }
    }
    return too_many ? letters + QChar(0x2026) : letters;
}

// Black or white, whichever can be read on it.
QColor ink_on(const QColor& colour) {
    return qGray(colour.rgb()) > 128 ? QColor(0x101316u) : QColor(Qt::white);
}

}  // namespace

void draw_flag(QPainter& painter, const QRectF& where, const QString& letters, bool planned) {
    const QColor colour = flag_colour(letters.at(0));
    QFont bold = small_font();
    bold.setWeight(QFont::Bold);
    painter.setFont(bold);
    const QPen edge(colour, 1.2, planned ? Qt::DashLine : Qt::SolidLine);
    painter.setPen(edge);
    painter.setBrush(planned ? QBrush(Qt::NoBrush) : QBrush(colour));
    painter.drawRoundedRect(where, 2, 2);
    painter.setPen(planned ? colours().text() : ink_on(colour));
    painter.drawText(where, Qt::AlignCenter, letters);
    painter.setPen(edge);
}

FlagRail::FlagRail(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("chart-flags"));
    setAccessibleName(tr("Flags: releases, promotions, faults, halts, fixes"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize FlagRail::sizeHint() const {
    return {200, std::max(fontMetrics().height(), kFlagHeight) + kGrid};
}

void FlagRail::set_flags(std::vector<RailFlag> flags) {
    flags_ = std::move(flags);
    cluster();
}

void FlagRail::set_scale(const TimeScale& scale) {
    if (!(scale == scale_)) {
        scale_ = scale;
        cluster();
    }
}

void FlagRail::set_pointed(std::optional<base::SimTime> at) {
    if (at != pointed_) {
        pointed_ = at;
        update();
    }
}

void FlagRail::cluster() {
    clusters_.clear();
    for (size_t i = 0; i < flags_.size(); ++i) {
        const RailFlag& flag = flags_[i];
        if (flag.at < scale_.begin || flag.at > scale_.end) {
            continue;
        }
        const double x = scale_.x(flag.at);
        if (clusters_.empty() || x > clusters_.back().x + clusters_.back().width + 1) {
            clusters_.push_back({x, kFlagWidth, {}, true, {}});
        }
        Cluster& last = clusters_.back();
        const QChar letter = QLatin1Char(flag.letter);
        if (!last.letters.contains(letter)) {
            last.letters += letter;
            last.width = kFlagWidth + 9.0 * static_cast<double>(std::min<qsizetype>(
                                                last.letters.size() - 1, kMostLetters));
        }
        last.planned = last.planned && flag.planned;
        last.flags.push_back(i);
    }
    for (Cluster& one : clusters_) {
        one.letters = most_telling(one.letters);
    }
    update();
}

const FlagRail::Cluster* FlagRail::cluster_at(int x) const {
    const auto found = std::ranges::find_if(
        clusters_, [&](const Cluster& one) { return x >= one.x - 1 && x <= one.x + one.width; });
    return found == clusters_.end() ? nullptr : &*found;
}

QString FlagRail::letters_at(int x) const {
    const Cluster* const found = cluster_at(x);
    return found == nullptr ? QString() : found->letters;
}

QString FlagRail::text_at(int x) const {
    constexpr size_t kMostLines = 12;
    const Cluster* const found = cluster_at(x);
    if (found == nullptr) {
        return {};
    }
    QStringList lines;
    for (const size_t i : found->flags) {
        if (lines.size() < static_cast<qsizetype>(kMostLines)) {
            const RailFlag& flag = flags_[i];
            const QString line =
                tr("%1 %2 (%3): %4")
                    .arg(QLatin1Char(flag.letter))
                    .arg(words(flag.at), models::meaning_of(flag.letter), flag.text);
            lines.push_back(flag.planned ? tr("%1, planned").arg(line) : line);
        }
    }
    if (found->flags.size() > kMostLines) {
        lines.push_back(tr("and %1 more").arg(found->flags.size() - kMostLines));
    }
    return lines.join(QLatin1Char('\n'));
}

void FlagRail::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    draw(painter);
}

void FlagRail::draw(QPainter& painter) const {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillRect(rect(), colours().background());
    const double top = (height() - kFlagHeight) / 2.0;
    for (const Cluster& one : clusters_) {
        draw_flag(painter, QRectF(one.x, top, one.width, kFlagHeight), one.letters, one.planned);
        painter.drawLine(QPointF(one.x, top), QPointF(one.x, height()));
    }
    painter.setFont(small_font());
    if (pointed_ && *pointed_ >= scale_.begin && *pointed_ <= scale_.end) {
        const QString text = words(*pointed_);
        const double wide = painter.fontMetrics().horizontalAdvance(text) + 12;
        const double x = std::clamp(scale_.x(*pointed_) - wide / 2, 0.0, width() - wide);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colours().text());
        painter.drawRoundedRect(QRectF(x, top, wide, kFlagHeight), 2, 2);
        painter.setPen(colours().surface());
        painter.drawText(QRectF(x, top, wide, kFlagHeight), Qt::AlignCenter, text);
    }
}

void FlagRail::mouseReleaseEvent(QMouseEvent* event) {
    const Cluster* const found = cluster_at(event->pos().x());
    if (event->button() == Qt::LeftButton && found != nullptr) {
        Q_EMIT clicked(flags_[found->flags.front()].at);
    }
}

bool FlagRail::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        const QString text = text_at(help->pos().x());
        QToolTip::showText(help->globalPos(),
                           text.isEmpty() ? tr("R release, P promotion, X fix, F fault, A alarm, "
                                               "H halt, W withdrawal, G goes on, C campaign")
                                          : text,
                           this);
        return true;
    }
    return QWidget::event(event);
}

TimeAxis::TimeAxis(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("chart-time"));
    setAccessibleName(tr("Time axis: the moment that all panes show"));
    setToolTip(tr("Click or drag to go back to a moment; double-click for the newest"));
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize TimeAxis::sizeHint() const {
    return {200, fontMetrics().height() + kGrid + 4};
}

void TimeAxis::set_scale(const TimeScale& scale) {
    scale_ = scale;
    update();
}

void TimeAxis::set_moments(base::SimTime shown, base::SimTime reached, bool back) {
    shown_ = shown;
    reached_ = reached;
    back_ = back;
    setAccessibleDescription(words(shown));
    update();
}

void TimeAxis::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    draw(painter);
    if (hasFocus()) {
        painter.setPen(QPen(colours().accent(), 1, Qt::DotLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
    }
}

void TimeAxis::draw(QPainter& painter) const {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillRect(rect(), colours().background());
    painter.setFont(tabular(small_font()));
    const QFontMetrics metrics(painter.font());
    const int label = metrics.horizontalAdvance(QStringLiteral("day 00 00:00")) + 2 * kGrid;
    const auto most = static_cast<size_t>(std::max(2, (scale_.right - scale_.left) / label));
    painter.setPen(colours().line());
    painter.drawLine(QPointF(scale_.left, 0.5), QPointF(scale_.right, 0.5));
    for (const report::Tick& tick : report::time_ticks(scale_.begin, scale_.end, most)) {
        const double x = scale_.x({static_cast<int64_t>(tick.value)});
        const QString text = words(tick.label);
        const double wide = metrics.horizontalAdvance(text);
        painter.setPen(colours().line());
        painter.drawLine(QPointF(x, 0), QPointF(x, 5));
        painter.setPen(colours().quiet_text());
        painter.drawText(
            QRectF(std::clamp(x - wide / 2, 0.0, width() - wide), 5, wide + 1, metrics.height()),
            Qt::AlignCenter, text);
    }
    if (reached_ > scale_.begin) {
        painter.setPen(QPen(colours().quiet_text(), 2));
        painter.drawLine(QPointF(scale_.left, 1),
                         QPointF(scale_.x(std::min(reached_, scale_.end)), 1));
    }
    if (shown_ >= scale_.begin && shown_ <= scale_.end) {
        const double x = scale_.x(shown_);
        painter.setPen(QPen(colours().accent(), 1.5));
        painter.setBrush(back_ ? QBrush(colours().accent()) : QBrush(colours().surface()));
        painter.drawPolygon(QPolygonF({{x, 0}, {x + 6, 9}, {x - 6, 9}}));
    }
}

void TimeAxis::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) {
        Q_EMIT scrubbed(scale_.at(event->position().x()));
    }
}

void TimeAxis::mouseMoveEvent(QMouseEvent* event) {
    if (event->buttons().testFlag(Qt::LeftButton)) {
        Q_EMIT scrubbed(scale_.at(event->position().x()));
    }
}

void TimeAxis::mouseDoubleClickEvent(QMouseEvent* /*event*/) {
    Q_EMIT released();
}

void TimeAxis::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Left) {
        Q_EMIT scrubbed({std::max<int64_t>(0, shown_.seconds - kKeyStep.seconds)});
    } else if (event->key() == Qt::Key_Right) {
        Q_EMIT scrubbed(shown_ + kKeyStep);
    } else if (event->key() == Qt::Key_End) {
        Q_EMIT released();
    } else {
        QWidget::keyPressEvent(event);
    }
}

}  // namespace firebreak::gui
