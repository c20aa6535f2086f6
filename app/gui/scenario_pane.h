// The tree of scenarios: find one, run it, run a whole folder, see what became of each.
#pragma once

#include <QTimer>
#include <QWidget>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "gui/desk.h"
#include "models/scenario_model.h"

class QAction;
class QLabel;
class QLineEdit;
class QMenu;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTreeView;

namespace firebreak::gui {

class NoticeStrip;

// Last results are kept with the settings of the application, by the folder of the scenarios.
class ScenarioPane final : public QWidget {
    Q_OBJECT

  public:
    explicit ScenarioPane(Desk& desk, QWidget* parent = nullptr);

    models::ScenarioModel& model() { return model_; }
    QList<QAction*> acts() const;  // for menus and the palette
    void focus_filter();
    void select(const std::filesystem::path& file);
    // Of the current row: a file, or all files of a folder that the filter shows.
    std::vector<std::filesystem::path> chosen() const;

    void run();
    void run_paused();
    // With the seed of the field; if that is empty, with the one after the last.
    void run_with_another_seed();
    // One after another; what runs now is ended.
    void run_all(const std::vector<std::filesystem::path>& files);
    void cancel();
    bool is_running_folder() const { return folder_.has_value(); }

  Q_SIGNALS:
    // For the editor; `line` and `column` count from 1, 0: nowhere in particular.
    void open_requested(const QString& file, int line, int column);

  private:
    // A folder that is being run.
    struct Folder {
        QString name;
        std::deque<std::filesystem::path> left;
        std::filesystem::path now;
        std::map<std::filesystem::path, models::ScenarioResult> before;  // for those not reached
        int all = 0, passed = 0, failed = 0;
        std::optional<uint64_t> seed;
    };
    void build_tree();
    void build_acts();
    QAction* act(const QString& name, const QKeySequence& keys, const QString& id,
                 void (ScenarioPane::*what)());
    QWidget* built_buttons();
    QWidget* built_progress();
    QWidget* built_empty_state();
    QMenu* menu();

    std::optional<uint64_t> seed() const;  // of the field
    bool start(const std::filesystem::path& file, std::optional<uint64_t> seed, bool paused);
    void start_next();
    void next_later();
    void finish_folder(const QString& how);
    void note_result(const std::filesystem::path& file, models::Outcome outcome,
                     const QString& headline);
    void note_ended(const QString& scenario, bool passed, const QString& headline);
    void note_failed(const QString& message, const QString& place, const QString& remedy);
    void note_state(bridge::RunSession::State state);
    void note_restart();
    void say_problem(const QString& what, const QString& place, const QString& remedy);
    void filter();
    void note_disk();
    void show_state();
    void show_progress();
    void edit();
    void copy_command_line();
    void load_results();
    void keep_results() const;

    Desk& desk_;
    models::ScenarioModel model_;
    models::ScenarioFilter* filtered_ = nullptr;
    std::optional<Folder> folder_;
    std::filesystem::path running_;  // started here, and not over
    bool starting_ = false;

    QLineEdit* filter_;
    QStackedWidget* pages_;
    QTreeView* tree_;
    QLabel* empty_;
    QPushButton* empty_button_;
    NoticeStrip* notice_;
    QWidget* progress_;
    QLabel* progress_text_;
    QProgressBar* progress_bar_;
    QLineEdit* seed_;
    QAction *run_ = nullptr, *paused_ = nullptr, *another_ = nullptr, *edit_ = nullptr,
            *copy_ = nullptr, *cancel_ = nullptr;
    QTimer progress_due_;
};

}  // namespace firebreak::gui
