// How far it got in one release group, or in all of them.
#pragma once

#include <QTimer>
#include <QWidget>
#include <vector>

#include "gui/facts_table.h"

class QComboBox;

namespace firebreak::gui {

class Desk;

class GroupInspector final : public QWidget {
    Q_OBJECT

  public:
    explicit GroupInspector(Desk& desk, QWidget* parent = nullptr);

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    void restart();
    void refresh();
    std::vector<Fact> facts_now() const;
    std::vector<Fact> facts_then() const;  // at a moment of the past

    Desk& desk_;
    QComboBox* groups_ = nullptr;
    FactsTable* facts_ = nullptr;
    QTimer wait_;
};

}  // namespace firebreak::gui
