// What happened to single endpoints, as a log.
#pragma once

#include <QTimer>
#include <QWidget>

#include "gui/desk.h"
#include "models/event_model.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QMenu;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace firebreak::gui {

// Shows what the selection and its own filters leave; the newest stands last, and is followed
// until somebody scrolls away from it.
class EventLogPane final : public QWidget {
    Q_OBJECT

  public:
    // More would fill the clipboard's memory and no spreadsheet takes it.
    static constexpr int kMostCopied = 100'000;

    explicit EventLogPane(Desk& desk, QWidget* parent = nullptr);

    const models::EventModel& model() const { return model_; }
    // The filter field, for Ctrl+F.
    void focus_filter();
    void copy();

  private:
    QWidget* built_filters();
    void build_table();
    QWidget* built_empty_state();
    void fill_kinds();
    void set_kinds(const std::set<base::Category>& kinds);
    void fill_groups();
    void filter();
    void clear_filters();
    void refresh();
    void show_state();
    void say_empty();
    void note_current();
    void scroll_to_shown();
    void set_follow(bool follow);

    Desk& desk_;
    models::EventModel model_;
    std::set<base::Category> kinds_;
    bool follows_ = true;
    bool grows_ = false;  // scrolling is ours now
    QString copied_;      // until something else happens

    QLineEdit* words_;
    QPushButton* kinds_button_;
    QMenu* kinds_menu_;
    QComboBox* groups_;
    QCheckBox* only_endpoint_;
    QCheckBox* follow_;
    QStackedWidget* pages_;
    QTableView* table_;
    QLabel* empty_;
    QPushButton* clear_;
    QLabel* status_;
    QTimer due_, typing_;
};

}  // namespace firebreak::gui
