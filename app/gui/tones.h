// How lines and areas of charts look.
#pragma once

#include <QBrush>
#include <QColor>
#include <QPen>

#include "models/run_chart.h"

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace firebreak::gui {

QColor colour_of(models::Tone tone);
// `dash`: 0 is solid; others tell lines apart without colour.
QPen pen_of(models::Tone tone, int dash);
// Hatched where colour alone would have to tell.
QBrush brush_of(models::Tone tone, const QColor& fill);
// A line, or a patch of an area, as it is in the chart.
void draw_swatch(QPainter& painter, const QRectF& where, models::Tone tone, int dash, bool area);

}  // namespace firebreak::gui
