// What a cell of the fleet map looks like, and what that means.
#pragma once

#include <QRgb>
#include <QString>
#include <vector>

#include "gui/theme.h"
#include "lab/lab.h"
#include "record/run.h"

class QPainter;
class QRectF;

namespace firebreak::gui {

enum class ColourBy { kHealth, kExposure, kVersion, kPersona };

// What is drawn into a cell beside its colour, so that colour never stands alone.
enum class CellMark : unsigned char {
    kNone,
    kBar,    // refused
    kSlash,  // affected
    kRing,   // was affected, and is no more
    kHatch,  // lost
    kDot,    // a colour that is used for the second time
};

struct Shade {
    QRgb colour = 0;
    CellMark mark = CellMark::kNone;
    friend bool operator==(const Shade&, const Shade&) = default;
};

// The worst state of the cell's endpoints.
Health worst_of(const lab::Cell& cell);
// By health and exposure: the colour of the worst state there is, the stronger the more endpoints
// are in it. By version: of the newest that runs. By persona: of the cell's first endpoint.
Shade shade_of(const lab::Cell& cell, ColourBy by, const Colours& colours);

lab::Cell sum_of(const lab::Cell& one, const lab::Cell& other);

// Onto a cell that is painted already. Of small cells, only a hatch can be seen.
void draw_mark(QPainter& painter, const QRectF& cell, const Shade& shade);

struct LegendEntry {
    Shade shade;
    QString name;
    QString count;  // empty: it is not known
};
// `at`: of the counts that are not in the snapshot.
std::vector<LegendEntry> legend_of(const lab::Snapshot& fleet, const record::Run& run,
                                   base::SimTime at, ColourBy by, const Colours& colours);

// The groups' counts at a moment, for want of a snapshot: a run that was recorded holds no more.
lab::Snapshot counts_of(const record::Run& run, base::SimTime at);

}  // namespace firebreak::gui
