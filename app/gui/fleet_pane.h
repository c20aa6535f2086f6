// What happened where: the answer in a sentence, the fleet map, and what its colours mean.
#pragma once

#include <QTimer>
#include <QWidget>

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;

namespace firebreak::gui {

class Desk;
class ElidedLabel;
class FleetLegend;
class FleetMap;

class FleetPane final : public QWidget {
    Q_OBJECT

  public:
    explicit FleetPane(Desk& desk, QWidget* parent = nullptr);

    FleetMap& map() { return *map_; }

  private:
    QWidget* make_empty_page();
    QWidget* make_map_page();
    QWidget* make_controls();
    void refresh();
    void refresh_empty_page();

    Desk& desk_;
    QStackedWidget* pages_ = nullptr;
    QLabel* empty_text_ = nullptr;
    QProgressBar* busy_ = nullptr;
    QPushButton* example_ = nullptr;
    QLabel* coarse_ = nullptr;
    FleetMap* map_ = nullptr;
    ElidedLabel* pointed_ = nullptr;
    FleetLegend* legend_ = nullptr;
    QTimer wait_;  // between two refreshes of the texts
};

}  // namespace firebreak::gui
