// The engine on a thread of its own, as the window drives it.
#pragma once

#include <QObject>
#include <QString>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "bridge/run_update.h"
#include "lab/lab.h"
#include "scenario/experiment.h"

namespace firebreak::bridge {

// At what a run pauses by itself.
struct Breaks {
    bool failure = false;  // the first harm, or the first refusal
    bool alert = false;    // the first signal that the vendor gets
    bool halt = false;
    std::optional<std::pair<record::SeriesKey, double>> bound;  // a metric at or above this
};

// To be used from the thread that it lives in; signals come there, too. No call waits for the
// engine. One run at a time: a new one ends the one before.
class RunSession final : public QObject {
    Q_OBJECT

  public:
    enum class State {
        kNone,       // nothing has been started
        kPreparing,  // content is being signed and installed
        kPaused,
        kRunning,
        kEnded,    // to the end; the run file is whole
        kStopped,  // before that; the run file holds what there was
        kFailed,   // by an error: failed() said which
    };
    Q_ENUM(State)

    struct Request {
        scenario::Experiment experiment;
        lab::Options options;
        uint32_t cells_per_group = 4096;  // of snapshots
    };

    // Row events that are kept of a run; failures come first, all others are left out beyond that.
    static constexpr uint64_t kMostEvents = 4'000'000;
    // Simulated seconds in a second; as fast as it goes.
    static constexpr double kExpress = 0;

    explicit RunSession(QObject* parent = nullptr);
    ~RunSession() override;  // ends the run, and waits for that

    // By number, from 1.
    uint64_t start(Request request, bool paused = false);
    void run();
    void pause();
    void step();  // one slice of time
    void run_until(base::SimTime until);
    void stop();
    void set_speed(double simulated_s_per_s);
    void set_breaks(const Breaks& breaks);
    // Takes effect between two slices; answered() says what came of it.
    void act(const lab::Command& command);
    // Asks for one endpoint's whole history, worked out alone and anew; followed() brings it.
    void follow(uint32_t endpoint);
    // Of the snapshots from now on.
    void look_at(const std::vector<uint32_t>& endpoints);

    State state() const { return state_; }
    uint64_t number() const { return number_; }
    // What has happened since the last call; null: nothing.
    std::unique_ptr<const RunUpdate> take();

  Q_SIGNALS:
    void updated();  // there is something to take()
    void state_changed(firebreak::bridge::RunSession::State state);
    void broke(const QString& why);  // paused by itself
    void failed(const QString& message, const QString& place, const QString& remedy);
    void answered(const QString& act, const QString& problem);  // no problem: it was done
    // In words, an entry a line; or what went wrong.
    void followed(quint32 endpoint, const QStringList& history, const QString& problem);

  private:
    class Engine;
    void become(State state);
    void retire();

    std::unique_ptr<Engine> engine_;
    State state_ = State::kNone;
    uint64_t number_ = 0;
    double speed_ = kExpress;
    Breaks breaks_;
    std::vector<std::jthread> retired_;  // each waits for the engine of a run before
};

}  // namespace firebreak::bridge
