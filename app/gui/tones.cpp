#include "gui/tones.h"

#include <QPainter>
#include <array>

#include "gui/theme.h"

namespace firebreak::gui {

QColor colour_of(models::Tone tone) {
    switch (tone) {
        case models::Tone::kProtected:
            return colour_of(Health::kProtected);
        case models::Tone::kExposed:
            return colour_of(Health::kExposed);
        case models::Tone::kDegraded:
            return colour_of(Health::kDegraded);
        case models::Tone::kAffected:
            return colour_of(Health::kAffected);
        case models::Tone::kLost:
            return colour_of(Health::kLost);
        case models::Tone::kOffline:
            return colour_of(Health::kOffline);
        case models::Tone::kRefused:
            return colour_of(Health::kRefused);
        case models::Tone::kInk:
            break;
    }
    return colours().text();
}

QPen pen_of(models::Tone tone, int dash) {
    constexpr std::array kStyles{Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine,
                                 Qt::DashDotDotLine};
    QPen pen(colour_of(tone), 1.8, kStyles.at(static_cast<size_t>(dash) % kStyles.size()));
    pen.setJoinStyle(Qt::MiterJoin);
    pen.setCapStyle(Qt::FlatCap);
    return pen;
}

QBrush brush_of(models::Tone tone, const QColor& fill) {
    return {fill, tone == models::Tone::kLost ? Qt::BDiagPattern : Qt::SolidPattern};
}

void draw_swatch(QPainter& painter, const QRectF& where, models::Tone tone, int dash, bool area) {
    if (area) {
        painter.setPen(QPen(colour_of(tone), 1));
        painter.setBrush(brush_of(tone, colour_of(tone)));
        painter.drawRect(where);
    } else {
        painter.setPen(pen_of(tone, dash));
        const double y = where.center().y();
        painter.drawLine(QPointF(where.left(), y), QPointF(where.right(), y));
    }
    painter.setBrush(Qt::NoBrush);
}

}  // namespace firebreak::gui
