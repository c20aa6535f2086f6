#include "gui/glyphs.h"

#include <QPainter>
#include <QPainterPath>
#include <QPixmap>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

constexpr int kSide = 64;  // scaled down where it is shown

void add_triangle(QPainterPath& path, qreal left, qreal width) {
    path.moveTo(left, 12);
    path.lineTo(left + width, 32);
    path.lineTo(left, 52);
    path.closeSubpath();
}

QPainterPath path_of(Glyph glyph) {
    QPainterPath path;
    switch (glyph) {
        case Glyph::kRun:
            add_triangle(path, 18, 34);
            break;
        case Glyph::kPause:
            path.addRect(16, 12, 11, 40);
            path.addRect(37, 12, 11, 40);
            break;
        case Glyph::kStep:
            add_triangle(path, 14, 26);
            path.addRect(42, 12, 8, 40);
            break;
        case Glyph::kStop:
            path.addRect(15, 15, 34, 34);
            break;
        case Glyph::kNewest:
            add_triangle(path, 8, 22);
            add_triangle(path, 28, 22);
            path.addRect(51, 12, 6, 40);
            break;
    }
    return path;
}

QPixmap painted(const QPainterPath& path, const QColor& colour) {
    QPixmap pixmap(kSide, kSide);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillPath(path, colour);
    return pixmap;
}

}  // namespace

QIcon icon_of(Glyph glyph) {
    QIcon icon;
    icon.addPixmap(painted(path_of(glyph), colours().text()), QIcon::Normal);
    QColor faint = colours().quiet_text();
    faint.setAlphaF(0.45F);
    icon.addPixmap(painted(path_of(glyph), faint), QIcon::Disabled);
    return icon;
}

}  // namespace firebreak::gui
