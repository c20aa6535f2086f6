#include "gui/elided_label.h"

#include <QPainter>
#include <QTextLayout>

#include "gui/theme.h"

namespace firebreak::gui {

ElidedLabel::ElidedLabel(int lines, QWidget* parent) : QWidget(parent), lines_(lines) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ElidedLabel::set_text(const QString& text) {
    if (text_ != text) {
        text_ = text;
        setToolTip(text);
        setAccessibleName(text);
        update();
    }
}

void ElidedLabel::set_quiet(bool quiet) {
    quiet_ = quiet;
    update();
}

QSize ElidedLabel::sizeHint() const {
    return {40 * fontMetrics().averageCharWidth(), lines_ * fontMetrics().lineSpacing()};
}

QSize ElidedLabel::minimumSizeHint() const {
    return {8 * fontMetrics().averageCharWidth(), sizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(quiet_ ? colours().quiet_text() : colours().text());
    QTextLayout layout(text_, font(), this);
    layout.beginLayout();
    for (int i = 0; i < lines_; ++i) {
        QTextLine line = layout.createLine();
        if (!line.isValid()) {
            break;
        }
        line.setLineWidth(width());
        const QPointF at(0, i * fontMetrics().lineSpacing());
        const bool last = i + 1 == lines_;
        if (last && line.textStart() + line.textLength() < text_.size()) {
            painter.drawText(
                at + QPointF(0, fontMetrics().ascent()),
                fontMetrics().elidedText(text_.mid(line.textStart()), Qt::ElideRight, width()));
        } else {
            line.draw(&painter, at);
        }
    }
    layout.endLayout();
}

}  // namespace firebreak::gui
