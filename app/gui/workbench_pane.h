// The content workbench: open a version of content, change it, and see at once what becomes of it
// on each persona's machines.
#pragma once

#include <QWidget>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "bridge/content_trial.h"
#include "gui/desk.h"
#include "models/working_copy.h"

class QAction;
class QCheckBox;
class QComboBox;
class QLabel;
class QStackedWidget;
class QTabWidget;

namespace firebreak::gui {

class ContentFiles;
class ElidedLabel;
class NoticeStrip;
class TrialChangesForm;
class TrialResultView;

// Nothing is ever written to the folder that was opened, and no change is lost without a word.
class WorkbenchPane final : public QWidget {
    Q_OBJECT

  public:
    explicit WorkbenchPane(Desk& desk, QWidget* parent = nullptr);

    // Asks first, if there is something to lose.
    void open(content::Feed feed, const std::filesystem::path& folder);
    // Calls `then`: at once, or when changes have been saved or discarded, or not at all.
    void leave(std::function<void()> then);
    bool is_modified() const { return copy_.is_modified(); }
    void run();
    void cancel();
    // What would be tried now.
    bridge::Trial trial() const;
    // False: it says why.
    bool save_copy(const std::filesystem::path& folder);
    bool save_scenario(const std::filesystem::path& file);
    QString command_line() const;  // of the last that was saved; empty: none
    models::WorkingCopy& copy() { return copy_; }
    QList<QAction*> acts() const { return acts_; }  // for menus and the palette

    QSize minimumSizeHint() const override;

  Q_SIGNALS:
    void attention();  // it has something to show

  private:
    QWidget* built_opening();
    QWidget* built_body();
    QWidget* built_machines();
    QWidget* built_empty();
    QAction* act(const QString& name, const QKeySequence& keys, const char* id,
                 std::function<void()> what);
    void build_acts();
    void fill_fixtures();
    void choose_fixture(int row);
    void choose_folder();
    void open_from_run();
    void save();
    void choose_copy();
    void choose_scenario_file();
    void discard();
    void show_state();
    void note_change();
    std::vector<std::string> chosen_personas() const;
    void say(const base::Error& error);

    Desk& desk_;
    models::WorkingCopy copy_;
    bridge::ContentTrial trial_;
    std::vector<models::ContentFixture> fixtures_;
    std::filesystem::path saved_scenario_, saved_copy_;  // of what is open; empty: none
    QList<QAction*> acts_;
    QAction *run_ = nullptr, *cancel_ = nullptr, *save_ = nullptr, *save_copy_ = nullptr,
            *save_scenario_ = nullptr, *copy_command_ = nullptr, *discard_ = nullptr,
            *from_run_ = nullptr;
    QComboBox *feed_ = nullptr, *fixture_ = nullptr, *profile_ = nullptr;
    ElidedLabel* about_ = nullptr;
    NoticeStrip* notice_ = nullptr;
    QStackedWidget* pages_ = nullptr;
    QTabWidget* tabs_ = nullptr;
    ContentFiles* files_ = nullptr;
    TrialChangesForm* changes_ = nullptr;
    QLabel* personas_problem_ = nullptr;
    std::vector<std::pair<std::string, QCheckBox*>> personas_;
    TrialResultView* result_ = nullptr;
};

}  // namespace firebreak::gui
