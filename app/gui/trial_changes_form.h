// Who signs content, when, and what happens to it on its way.
#pragma once

#include <QWidget>
#include <vector>

#include "bridge/trial_scenario.h"

class QComboBox;
class QLabel;
class QListWidget;
class QPushButton;
class QSpinBox;

namespace firebreak::gui {

class TrialChangesForm final : public QWidget {
    Q_OBJECT

  public:
    explicit TrialChangesForm(QWidget* parent = nullptr);

    bridge::TrialChanges changes() const;
    // Drawn places depend on it.
    uint64_t seed() const { return seed_; }
    // Nothing is changed.
    void reset();

  Q_SIGNALS:
    void changed();

  private:
    QWidget* built_signing();
    QWidget* built_place();
    void fill_targets();
    void show_state();
    void add();
    void remove();
    bridge::TrialFault fault_here() const;
    bool has_damage() const;

    std::vector<bridge::TrialFault> faults_;
    uint64_t seed_ = 1;
    QComboBox *signer_ = nullptr, *when_ = nullptr;
    QSpinBox* hours_ = nullptr;
    QComboBox *kind_ = nullptr, *target_ = nullptr, *where_ = nullptr;
    QSpinBox *byte_ = nullptr, *bit_ = nullptr;
    QPushButton *add_ = nullptr, *remove_ = nullptr, *redraw_ = nullptr;
    QListWidget* list_ = nullptr;
    QLabel* hint_ = nullptr;
};

// "One bit flipped in the payload, at a drawn place".
QString words(const bridge::TrialFault& fault);

}  // namespace firebreak::gui
