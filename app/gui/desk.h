// What all panes stand around: the run, what is selected, and what a pane may ask of the window.
#pragma once

#include <QObject>
#include <QString>
#include <filesystem>

#include "bridge/run_session.h"
#include "models/run_store.h"
#include "models/selection.h"

namespace firebreak::gui {

// One for each window; outlives its panes.
class Desk final : public QObject {
    Q_OBJECT

  public:
    struct Places {
        std::filesystem::path fixtures, scenarios, worker, runs;
    };
    explicit Desk(Places places, QObject* parent = nullptr);

    const Places& places() const { return places_; }
    bridge::RunSession& session() { return session_; }
    models::RunStore& store() { return store_; }
    models::Selection& selection() { return selection_; }

    // Runs the scenario; what runs now is ended, its record stays. False: it says why by problem().
    // `seed`: in place of the scenario's.
    bool run(const std::filesystem::path& scenario, std::optional<uint64_t> seed = std::nullopt,
             bool paused = false);
    // Shows a run that was recorded.
    bool open_run(const std::filesystem::path& file);

    // The scenario of the run that is shown; empty: of a file.
    const std::filesystem::path& scenario() const { return scenario_; }
    std::optional<uint64_t> seed() const { return seed_; }
    // The same run on the command line.
    QString command_line() const;
    // The run with all that people did in it, as a scenario to be saved in this folder. There must
    // be a run.
    base::Result<std::string> played(const std::filesystem::path& folder) const;

  Q_SIGNALS:
    // To be shown beside the thing itself where that can be, else in the window's own place.
    void problem(const QString& what, const QString& where, const QString& remedy);
    // A scenario came to its end, or did not: for the results in the tree.
    void run_ended(const QString& scenario, bool passed, const QString& headline);

  private:
    void take_updates();
    void note_state(bridge::RunSession::State state);
    void raise(const base::Error& error);

    Places places_;
    models::RunStore store_;
    models::Selection selection_;
    std::filesystem::path scenario_;
    std::optional<uint64_t> seed_;
    bridge::RunSession session_;  // last: its thread ends before the rest goes
};

}  // namespace firebreak::gui
