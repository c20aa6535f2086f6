// What the colours and marks of the fleet map mean, and how many there are of each.
#pragma once

#include <QWidget>
#include <vector>

#include "gui/fleet_colouring.h"

namespace firebreak::gui {

// Entries in lines, as many as they need.
class FleetLegend final : public QWidget {
    Q_OBJECT

  public:
    explicit FleetLegend(QWidget* parent = nullptr);
    void set_entries(std::vector<LegendEntry> entries);
    const std::vector<LegendEntry>& entries() const { return entries_; }

    QSize sizeHint() const override;
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    std::vector<QRect> places(int width) const;

    std::vector<LegendEntry> entries_;
};

}  // namespace firebreak::gui
