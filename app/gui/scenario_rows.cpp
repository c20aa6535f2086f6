#include "gui/scenario_rows.h"

#include <QApplication>
#include <QPainter>
#include <QPainterPath>

#include "gui/theme.h"
#include "models/scenario_model.h"

namespace firebreak::gui {

using models::Outcome;
using models::ScenarioModel;

namespace {

constexpr int kMark = 12;  // pixels

Outcome outcome_of(const QModelIndex& index) {
    return static_cast<Outcome>(index.data(ScenarioModel::kOutcome).toInt());
}

QColor colour_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::kPassed:
            return colours().success();
        case Outcome::kFailed:
            return colours().failure();
        case Outcome::kRunning:
            return colours().accent();
        default:
            return colours().quiet_text();
    }
}

// Each has a shape of its own, so that none needs its colour.
void paint_mark(QPainter& painter, const QRectF& box, Outcome outcome, const QColor& colour) {
    painter.setRenderHint(QPainter::Antialiasing);
    const auto at = [&](double x, double y) {
        return QPointF(box.left() + x * box.width(), box.top() + y * box.height());
    };
    QPen pen(colour, 2);
    pen.setCapStyle(Qt::RoundCap);
    painter.setPen(pen);
    painter.setBrush(Qt::NoBrush);
    switch (outcome) {
        case Outcome::kPassed:
            painter.drawPolyline(QPolygonF({at(0.1, 0.55), at(0.4, 0.85), at(0.9, 0.2)}));
            break;
        case Outcome::kFailed:
            painter.drawLine(at(0.15, 0.15), at(0.85, 0.85));
            painter.drawLine(at(0.85, 0.15), at(0.15, 0.85));
            break;
        case Outcome::kRunning:
            painter.setBrush(colour);
            painter.drawPolygon(QPolygonF({at(0.25, 0.1), at(0.85, 0.5), at(0.25, 0.9)}));
            break;
        case Outcome::kWaiting:
            for (const double x : {0.15, 0.5, 0.85}) {
                painter.drawPoint(at(x, 0.5));
            }
            break;
        case Outcome::kStopped:
            painter.drawRect(QRectF(at(0.2, 0.2), at(0.8, 0.8)));
            break;
        case Outcome::kNone:
            break;
    }
}

QString counted(const QModelIndex& index) {
    const int files = index.data(ScenarioModel::kFiles).toInt();
    const int passed = index.data(ScenarioModel::kPassed).toInt();
    const int failed = index.data(ScenarioModel::kFailed).toInt();
    if (passed + failed == 0) {
        return QString::number(files);
    }
    return failed == 0
               ? ScenarioModel::tr("%1/%2 passed").arg(passed).arg(files)
               : ScenarioModel::tr("%1/%2 passed, %3 failed").arg(passed).arg(files).arg(failed);
}

QString second_line(const QModelIndex& index) {
    const Outcome outcome = outcome_of(index);
    if (outcome == Outcome::kRunning) {
        return ScenarioModel::tr("running");
    }
    if (outcome == Outcome::kWaiting) {
        return ScenarioModel::tr("waiting");
    }
    const QString headline = index.data(ScenarioModel::kHeadline).toString();
    if (!headline.isEmpty()) {
        return headline;
    }
    const QString title = index.data(ScenarioModel::kTitle).toString();
    return title.isEmpty() ? index.data(ScenarioModel::kProblem).toString() : title;
}

// Selected rows have a background of their own, on which state colours would not be read.
QColor on(const QStyleOptionViewItem& option, const QColor& usual) {
    return option.state & QStyle::State_Selected ? option.palette.color(QPalette::HighlightedText)
                                                 : usual;
}

void paint_folder(QPainter& painter, const QStyleOptionViewItem& option, const QRect& box,
                  const QModelIndex& index) {
    const QString count = counted(index);
    const int wide = QFontMetrics(small_font()).horizontalAdvance(count);
    const bool failed = index.data(ScenarioModel::kFailed).toInt() > 0;
    const bool passed = index.data(ScenarioModel::kPassed).toInt() > 0;
    painter.setFont(small_font());
    painter.setPen(on(option, failed   ? colours().failure()
                              : passed ? colours().success()
                                       : colours().quiet_text()));
    painter.drawText(box, Qt::AlignRight | Qt::AlignVCenter, count);
    QFont bold = option.font;
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(on(option, colours().text()));
    const QRect left = box.adjusted(0, 0, -wide - kGrid, 0);
    painter.drawText(
        left, Qt::AlignLeft | Qt::AlignVCenter,
        QFontMetrics(bold).elidedText(index.data().toString(), Qt::ElideMiddle, left.width()));
}

void paint_file(QPainter& painter, const QStyleOptionViewItem& option, const QRect& box,
                const QModelIndex& index) {
    const Outcome outcome = outcome_of(index);
    const QFontMetrics metrics(option.font);
    const QRect mark(box.left(), box.top() + (metrics.height() - kMark) / 2, kMark, kMark);
    paint_mark(painter, mark, outcome, on(option, colour_of(outcome)));
    const QRect lines = box.adjusted(kMark + kGrid, 0, 0, 0);
    painter.setFont(option.font);
    painter.setPen(on(option, colours().text()));
    painter.drawText(lines, Qt::AlignLeft | Qt::AlignTop,
                     metrics.elidedText(index.data().toString(), Qt::ElideMiddle, lines.width()));
    painter.setFont(small_font());
    const bool wrong =
        outcome == Outcome::kFailed || !index.data(ScenarioModel::kProblem).toString().isEmpty();
    painter.setPen(on(option, wrong ? colours().failure() : colours().quiet_text()));
    painter.drawText(
        lines, Qt::AlignLeft | Qt::AlignBottom,
        QFontMetrics(small_font()).elidedText(second_line(index), Qt::ElideRight, lines.width()));
}

}  // namespace

QString row_in_words(const QModelIndex& index) {
    if (index.data(ScenarioModel::kIsFolder).toBool()) {
        return index.data().toString() + ", " + counted(index);
    }
    const Outcome outcome = outcome_of(index);
    const QString state = outcome == Outcome::kPassed    ? ScenarioModel::tr(", passed: ")
                          : outcome == Outcome::kFailed  ? ScenarioModel::tr(", failed: ")
                          : outcome == Outcome::kStopped ? ScenarioModel::tr(", stopped: ")
                                                         : QStringLiteral(", ");
    return index.data().toString() + state + second_line(index);
}

void ScenarioRows::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const {
    QStyleOptionViewItem blank = option;
    initStyleOption(&blank, index);
    blank.text.clear();
    const QStyle* style = option.widget != nullptr ? option.widget->style() : qApp->style();
    style->drawControl(QStyle::CE_ItemViewItem, &blank, painter, option.widget);
    painter->save();
    const QRect box = option.rect.adjusted(kGrid / 2, kGrid / 2, -kGrid, -kGrid / 2);
    index.data(ScenarioModel::kIsFolder).toBool() ? paint_folder(*painter, option, box, index)
                                                  : paint_file(*painter, option, box, index);
    painter->restore();
}

QSize ScenarioRows::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const int first = QFontMetrics(option.font).height();
    const bool folder = index.data(ScenarioModel::kIsFolder).toBool();
    const int second = folder ? 0 : QFontMetrics(small_font()).height();
    return {20 * kGrid, first + second + kGrid};
}

}  // namespace firebreak::gui
