// The run at hand: its controls, its time, and what the engine is doing.
#pragma once

#include <QAction>
#include <QToolBar>

#include "gui/desk.h"

class QComboBox;
class QLabel;
class QSlider;
class QToolButton;

namespace firebreak::gui {

class RunBar final : public QToolBar {
    Q_OBJECT

  public:
    explicit RunBar(Desk& desk, QWidget* parent = nullptr);

    // For menus and the command palette, in their order.
    QList<QAction*> run_actions() const { return actions_; }

  protected:
    void changeEvent(QEvent* event) override;

  private:
    void add_controls();
    void add_breaks();
    void add_time();
    QAction* add_action(const QString& text, const QKeySequence& key, const char* name);
    void paint_glyphs();
    void refresh();
    void toggle();
    void note_breaks();

    Desk& desk_;
    QList<QAction*> actions_;
    QAction *run_ = nullptr, *step_ = nullptr, *stop_ = nullptr, *newest_ = nullptr;
    QAction *on_failure_ = nullptr, *on_alert_ = nullptr, *on_halt_ = nullptr;
    QComboBox* speed_ = nullptr;
    QSlider* time_ = nullptr;
    QLabel *now_ = nullptr, *facts_ = nullptr;
};

}  // namespace firebreak::gui
