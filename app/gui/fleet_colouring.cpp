#include "gui/fleet_colouring.h"

#include <QColor>
#include <QCoreApplication>
#include <QPainter>
#include <algorithm>
#include <array>
#include <cmath>

#include "gui/words.h"

namespace firebreak::gui {

namespace {

QString map_text(const char* english) {
    return QCoreApplication::translate("FleetMap", english);
}

QColor mixed(const QColor& from, const QColor& to, double share) {
    const auto part = [share](int a, int b) {
        return static_cast<int>(std::lround(a + (b - a) * share));
    };
    return {part(from.red(), to.red()), part(from.green(), to.green()),
            part(from.blue(), to.blue())};
}

// What has come to no harm stands back: there is much of it.
QColor calm(Health health, const Colours& colours) {
    return mixed(colours.surface(), colour_of(health), colours.dark() ? 0.5 : 0.45);
}

// Few among many must be seen: half of the strength is there from the first one on.
double strength_of(uint64_t part, uint64_t of) {
    return of == 0 ? 0 : 0.5 + 0.5 * std::sqrt(static_cast<double>(part) / static_cast<double>(of));
}

QColor unreached_colour(const Colours& colours) {
    return mixed(colours.surface(), colour_of(Health::kOffline), 0.3);
}

// Okabe and Ito's, the first one for what was there before; used again with a dot in it.
Shade category_shade(size_t number) {
    static constexpr std::array<QRgb, 7> kColours = {
        0xFF0072B2u, 0xFFE69F00u, 0xFF009E73u, 0xFFCC79A7u, 0xFF56B4E9u, 0xFFD55E00u, 0xFFF0E442u};
    return {kColours[number % kColours.size()],
            number / kColours.size() % 2 == 0 ? CellMark::kNone : CellMark::kDot};
}

uint32_t count_in(const lab::Cell& cell, Health health) {
    switch (health) {
        case Health::kLost:
            return cell.lost;
        case Health::kAffected:
            return cell.affected;
        case Health::kDegraded:
            return cell.harmed;
        case Health::kRefused:
            return cell.refused;
        case Health::kExposed:
            return cell.exposed;
        case Health::kProtected:
        case Health::kOffline:
            break;
    }
    return cell.endpoints;
}

CellMark mark_of(const lab::Cell& cell, Health worst) {
    switch (worst) {
        case Health::kLost:
            return CellMark::kHatch;
        case Health::kAffected:
            return cell.harmed == 0 ? CellMark::kRing : CellMark::kSlash;
        case Health::kDegraded:
            return CellMark::kSlash;
        case Health::kRefused:
            return CellMark::kBar;
        case Health::kOffline:
        case Health::kProtected:
        case Health::kExposed:
            break;
    }
    return CellMark::kNone;
}

Shade by_health(const lab::Cell& cell, const Colours& colours) {
    const Health worst = worst_of(cell);
    if (worst == Health::kProtected) {
        return {calm(worst, colours).rgb(), CellMark::kNone};
    }
    const QColor ground =
        calm(2 * cell.exposed > cell.endpoints ? Health::kExposed : Health::kProtected, colours);
    // Exposed and well is no alarm: it stands back like the protected.
    const QColor full =
        worst == Health::kExposed ? calm(Health::kExposed, colours) : colour_of(worst);
    const double share = strength_of(count_in(cell, worst), cell.endpoints);
    const bool alarming = worst == Health::kLost || worst == Health::kAffected;
    const double share_seen = alarming ? std::max(share, 0.7) : share;
    return {mixed(ground, full, share_seen).rgb(), mark_of(cell, worst)};
}

Shade by_exposure(const lab::Cell& cell, const Colours& colours) {
    if (cell.exposed == 0) {
        return {unreached_colour(colours).rgb(), CellMark::kNone};
    }
    const bool refused = cell.refused > 0 && cell.refused >= cell.exposed;
    return {
        mixed(unreached_colour(colours), colour_of(refused ? Health::kRefused : Health::kExposed),
              strength_of(cell.exposed, cell.endpoints))
            .rgb(),
        refused ? CellMark::kBar : CellMark::kNone};
}

Shade by_version(const lab::Cell& cell, const Colours& colours) {
    if (cell.release == record::kAll) {
        return {unreached_colour(colours).rgb(), CellMark::kNone};
    }
    const Shade full = category_shade(static_cast<size_t>(cell.release));
    return {mixed(unreached_colour(colours), QColor::fromRgb(full.colour),
                  strength_of(cell.on_release, cell.endpoints))
                .rgb(),
            full.mark};
}

struct Totals {
    uint64_t endpoints = 0, exposed = 0, refused = 0, affected = 0, harmed = 0, lost = 0;
};

Totals totals_of(const lab::Snapshot& fleet) {
    Totals out;
    for (const lab::GroupSnapshot& group : fleet.groups) {
        out.endpoints += group.endpoints;
        out.exposed += group.exposed;
        out.refused += group.refused;
        out.affected += group.affected;
        out.harmed += group.harmed;
        out.lost += group.lost;
    }
    return out;
}

std::vector<LegendEntry> legend_of_health(const Totals& all, const Colours& colours) {
    const auto entry = [&](Health health, uint64_t count, CellMark mark) {
        const bool calm_one = health == Health::kProtected || health == Health::kExposed;
        return LegendEntry{{(calm_one ? calm(health, colours) : colour_of(health)).rgb(), mark},
                           name_of(health),
                           grouped(count)};
    };
    std::vector<LegendEntry> out = {{{calm(Health::kProtected, colours).rgb(), CellMark::kNone},
                                     map_text("not exposed"),
                                     grouped(all.endpoints - std::min(all.exposed, all.endpoints))},
                                    entry(Health::kExposed, all.exposed, CellMark::kNone),
                                    entry(Health::kRefused, all.refused, CellMark::kBar),
                                    entry(Health::kAffected, all.affected, CellMark::kSlash)};
    if (all.affected > all.harmed) {
        out.push_back({{colour_of(Health::kAffected).rgb(), CellMark::kRing},
                       map_text("of these recovered"),
                       grouped(all.affected - all.harmed)});
    }
    out.push_back(entry(Health::kLost, all.lost, CellMark::kHatch));
    return out;
}

std::vector<LegendEntry> legend_of_versions(const Totals& all, const record::Run& run,
                                            base::SimTime at, const Colours& colours) {
    std::vector<LegendEntry> out = {
        {{unreached_colour(colours).rgb(), CellMark::kNone}, map_text("baseline"), QString()}};
    for (size_t r = 0; r < run.header.releases.size(); ++r) {
        const auto running = record::value_at(
            run.series, {base::Metric::kRunning, record::kAll, static_cast<int32_t>(r)}, at);
        const bool known = running && *running >= 0 && *running <= double(all.endpoints);
        out.push_back({category_shade(r), words(run.header.releases[r].name),
                       known ? grouped(static_cast<uint64_t>(*running)) : QString()});
    }
    return out;
}

}  // namespace

Health worst_of(const lab::Cell& cell) {
    for (const Health health : {Health::kLost, Health::kAffected, Health::kDegraded,
                                Health::kRefused, Health::kExposed}) {
        if (count_in(cell, health) > 0) {
            return health;
        }
    }
    return Health::kProtected;
}

Shade shade_of(const lab::Cell& cell, ColourBy by, const Colours& colours) {
    switch (by) {
        case ColourBy::kHealth:
            return by_health(cell, colours);
        case ColourBy::kExposure:
            return by_exposure(cell, colours);
        case ColourBy::kVersion:
            return by_version(cell, colours);
        case ColourBy::kPersona:
            break;
    }
    return category_shade(cell.persona);
}

lab::Cell sum_of(const lab::Cell& one, const lab::Cell& other) {
    lab::Cell out = one;
    out.endpoints += other.endpoints;
    out.exposed += other.exposed;
    out.refused += other.refused;
    out.affected += other.affected;
    out.harmed += other.harmed;
    out.lost += other.lost;
    out.release = std::max(one.release, other.release);
    out.on_release = (one.release == out.release ? one.on_release : 0) +
                     (other.release == out.release ? other.on_release : 0);
    return out;
}

void draw_mark(QPainter& painter, const QRectF& cell, const Shade& shade) {
    constexpr double kSmallest = 6;
    const double side = std::min(cell.width(), cell.height());
    const QColor ink = qGray(shade.colour) > 110 ? QColor(0x16191Du) : QColor(0xFFFFFFu);
    if (shade.mark == CellMark::kHatch) {
        painter.fillRect(cell,
                         QBrush(ink, side < kSmallest ? Qt::Dense6Pattern : Qt::BDiagPattern));
    }
    if (side < kSmallest) {
        return;
    }
    const QRectF inner = cell.adjusted(side * 0.28, side * 0.28, -side * 0.28, -side * 0.28);
    const double width = std::max(1.0, side / 9);
    switch (shade.mark) {
        case CellMark::kBar:
            painter.fillRect(
                QRectF(inner.left(), inner.center().y() - width / 2, inner.width(), width), ink);
            break;
        case CellMark::kSlash:
            painter.setPen(QPen(ink, width));
            painter.drawLine(inner.bottomLeft(), inner.topRight());
            break;
        case CellMark::kRing:
            painter.fillRect(inner, colours().surface());
            break;
        case CellMark::kDot:
            painter.fillRect(
                QRectF(inner.center() - QPointF(width, width), QSizeF(2 * width, 2 * width)), ink);
            break;
        case CellMark::kNone:
        case CellMark::kHatch:
            break;
    }
}

std::vector<LegendEntry> legend_of(const lab::Snapshot& fleet, const record::Run& run,
                                   base::SimTime at, ColourBy by, const Colours& colours) {
    const Totals all = totals_of(fleet);
    std::vector<LegendEntry> out;
    switch (by) {
        case ColourBy::kHealth:
            return legend_of_health(all, colours);
        case ColourBy::kExposure:
            return {{{unreached_colour(colours).rgb(), CellMark::kNone},
                     map_text("not exposed"),
                     grouped(all.endpoints - std::min(all.exposed, all.endpoints))},
                    {{colour_of(Health::kExposed).rgb(), CellMark::kNone},
                     name_of(Health::kExposed),
                     grouped(all.exposed)},
                    {{colour_of(Health::kRefused).rgb(), CellMark::kBar},
                     name_of(Health::kRefused),
                     grouped(all.refused)}};
        case ColourBy::kVersion:
            return legend_of_versions(all, run, at, colours);
        case ColourBy::kPersona:
            break;
    }
    for (size_t p = 0; p < run.header.personas.size(); ++p) {
        out.push_back({category_shade(p), words(run.header.personas[p].name),
                       grouped(run.header.personas[p].endpoints)});
    }
    return out;
}

lab::Snapshot counts_of(const record::Run& run, base::SimTime at) {
    lab::Snapshot out;
    out.at = at;
    uint32_t first = 0;
    for (size_t g = 0; g < run.header.groups.size(); ++g) {
        const auto value = [&](base::Metric metric) {
            const auto found = record::value_at(run.series, {metric, static_cast<int32_t>(g)}, at);
            return static_cast<uint64_t>(std::max(found.value_or(0), 0.0));
        };
        lab::GroupSnapshot group;
        group.name = run.header.groups[g].name;
        group.endpoints = run.header.groups[g].endpoints;
        group.exposed = value(base::Metric::kExposed);
        group.affected = value(base::Metric::kAffected);
        group.refused = value(base::Metric::kRefused);
        group.alerts = value(base::Metric::kAlerts);
        group.harmed = value(base::Metric::kHarmed);
        group.lost = value(base::Metric::kLost);
        group.first = first;
        first += run.header.groups[g].endpoints;
        out.groups.push_back(std::move(group));
    }
    return out;
}

}  // namespace firebreak::gui
