#include "gui/fleet_legend.h"

#include <QPainter>

namespace firebreak::gui {

namespace {

constexpr int kLegendSwatch = 14;

QString legend_caption(const LegendEntry& entry) {
    return entry.count.isEmpty() ? entry.name : entry.name + " " + entry.count;
}

}  // namespace

FleetLegend::FleetLegend(QWidget* parent) : QWidget(parent) {
    setObjectName("fleet_legend");
    setFont(tabular(small_font()));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

void FleetLegend::set_entries(std::vector<LegendEntry> entries) {
    const bool other_lines = entries.size() != entries_.size();
    entries_ = std::move(entries);
    QStringList all;
    for (const LegendEntry& entry : entries_) {
        all << legend_caption(entry);
    }
    setAccessibleName(tr("Legend: %1").arg(all.join(", ")));
    if (other_lines) {
        updateGeometry();
    }
    update();
}

std::vector<QRect> FleetLegend::places(int width) const {
    std::vector<QRect> out;
    const int height = std::max(kLegendSwatch, fontMetrics().height()) + kGrid / 2;
    int x = 0, y = 0;
    for (const LegendEntry& entry : entries_) {
        // Room for a few more digits, so that nothing moves while numbers grow.
        const int text = fontMetrics().horizontalAdvance(legend_caption(entry) + "00");
        const int needed = std::min(width, kLegendSwatch + kGrid / 2 + text);
        if (x > 0 && x + needed > width) {
            x = 0;
            y += height;
        }
        out.emplace_back(x, y, needed, height);
        x += needed + kGrid;
    }
    return out;
}

QSize FleetLegend::sizeHint() const {
    return {320, heightForWidth(320)};
}

int FleetLegend::heightForWidth(int width) const {
    const auto all = places(width);
    return all.empty() ? fontMetrics().height() : all.back().bottom() + 1;
}

void FleetLegend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setFont(font());
    const std::vector<QRect> all = places(width());
    for (size_t i = 0; i < entries_.size(); ++i) {
        const QRect swatch(all[i].left(), all[i].center().y() - kLegendSwatch / 2, kLegendSwatch,
                           kLegendSwatch);
        painter.fillRect(swatch, QColor::fromRgb(entries_[i].shade.colour));
        draw_mark(painter, swatch, entries_[i].shade);
        painter.setPen(colours().text());
        painter.drawText(all[i].adjusted(kLegendSwatch + kGrid / 2, 0, 0, 0), Qt::AlignVCenter,
                         fontMetrics().elidedText(legend_caption(entries_[i]), Qt::ElideMiddle,
                                                  all[i].width() - kLegendSwatch - kGrid / 2));
    }
}

}  // namespace firebreak::gui
