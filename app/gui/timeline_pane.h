// What happened and what is planned, as a list in order of time.
#pragma once

#include <QWidget>
#include <optional>

#include "gui/desk.h"
#include "models/timeline_model.h"

QT_BEGIN_NAMESPACE
class QLabel;
class QLineEdit;
class QPushButton;
class QStackedLayout;
class QTreeView;
QT_END_NAMESPACE

namespace firebreak::gui {

// Respects the selection. Keeps the newest entry in sight unless the user has scrolled away from
// it. Its actions() are also in its context menu.
class TimelinePane final : public QWidget {
    Q_OBJECT

  public:
    explicit TimelinePane(Desk& desk, QWidget* parent = nullptr);
    ~TimelinePane() override;

    // To the entry before or after the moment that is shown; planned ones are left out.
    void go_to_next();
    void go_to_previous();
    bool follows() const { return follows_; }

  protected:
    void changeEvent(QEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

  private:
    void build();
    void build_bar(QWidget* page);
    void build_find();
    void build_actions();
    void build_list();
    void update_state();
    void go(bool forward);
    void show_row(const QModelIndex& index);
    void run_until_row();
    void select_row_time();
    void copy_rows() const;
    void follow(bool on);
    void scroll_to_newest();
    void note_scrolling();
    bool newest_in_sight() const;
    int newest_row() const;  // of what has happened; -1: none
    void fit_columns();

    Desk& desk_;
    models::TimelineModel model_;
    models::TimelineFilter filtered_;
    QStackedLayout* pages_ = nullptr;
    QLineEdit* words_ = nullptr;
    QLabel* count_ = nullptr;
    QTreeView* list_ = nullptr;
    QPushButton *until_button_ = nullptr, *newest_button_ = nullptr;
    QAction *show_ = nullptr, *until_ = nullptr, *select_ = nullptr, *copy_ = nullptr;
    QAction *next_ = nullptr, *previous_ = nullptr;
    bool follows_ = true;
};

}  // namespace firebreak::gui
