// One window: panes that dock, float, close and come back.
#pragma once

#include <QDockWidget>
#include <QList>
#include <QMainWindow>
#include <functional>
#include <memory>

#include "gui/desk.h"
#include "gui/theme.h"

class QLabel;
class QPushButton;
class QMenu;

namespace firebreak::gui {

class RunBar;
class ScenarioEditor;
class ScenarioPane;
class WorkbenchPane;

class MainWindow final : public QMainWindow {
    Q_OBJECT

  public:
    // With the layout of the last session, unless `fresh`.
    explicit MainWindow(Desk::Places places, bool fresh = false, QWidget* parent = nullptr);
    ~MainWindow() override;

    Desk& desk() { return *desk_; }
    // Every action of the menus, in their order.
    QList<QAction*> all_actions() const;
    QList<QDockWidget*> panes() const { return panes_; }
    void reset_layout();

  protected:
    void closeEvent(QCloseEvent* event) override;
    void changeEvent(QEvent* event) override;

  private:
    void add_panes();
    QDockWidget* add_pane(const QString& title, const char* name, QWidget* content);
    void add_head();
    void add_menus();
    void add_view_menu();
    void open_palette();
    void choose_run();
    void save_session();
    void write_report();
    void print_view();
    void set_theme(Theme theme);
    void refresh_head();
    void tell_head();
    void refresh_chips();
    void stand_aside(bool aside);
    void show_problem(const QString& what, const QString& where, const QString& remedy);
    void say(const QString& text);

    std::unique_ptr<Desk> desk_;
    RunBar* run_bar_ = nullptr;
    ScenarioPane* scenarios_ = nullptr;
    ScenarioEditor* editor_ = nullptr;
    WorkbenchPane* workbench_ = nullptr;
    QLabel *headline_ = nullptr, *problem_ = nullptr;
    QPushButton* first_run_ = nullptr;
    QWidget* chips_ = nullptr;
    std::function<void()> fit_head_;
    QList<QDockWidget*> panes_;
    struct Aside {
        QDockWidget* pane;
        QSize size;
        bool in_front;  // of its tabs
    };
    QList<Aside> aside_;  // what stood there before the workbench came to the front
    bool laying_out_ = false;
};

}  // namespace firebreak::gui
