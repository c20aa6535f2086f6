// All that the window knows of a run: one that goes on, or one from a file.
#pragma once

#include <QObject>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/run_update.h"
#include "record/run.h"

namespace firebreak::models {

// The fleet at one moment.
struct Frame {
    base::SimTime at;
    std::shared_ptr<const lab::Snapshot> snapshot;
};

// To be used from one thread. Grows by updates, or is loaded as a whole; panes look at it and hear
// what has changed. Nothing that has been told is ever told otherwise later.
class RunStore final : public QObject {
    Q_OBJECT

  public:
    explicit RunStore(QObject* parent = nullptr) : QObject(parent) {}

    // Of the run with this number: what is of another one is dropped.
    void begin(uint64_t number);
    void apply(const bridge::RunUpdate& update);
    void load(record::Run run, const std::filesystem::path& file);

    bool empty() const { return !run_.has_value(); }
    // Not before there is one.
    const record::Run& run() const { return *run_; }
    // The answer in a sentence, without the last full stop; of a moment of the past, what it was
    // then.
    std::string headline() const;
    // Where the run is recorded.
    const std::filesystem::path& file() const { return file_; }
    void set_file(const std::filesystem::path& file) { file_ = file; }
    base::SimTime at() const { return at_; }  // how far it has got
    uint64_t polls() const { return polls_; }
    double polls_per_s() const;
    const std::string& fingerprint() const { return fingerprint_; }

    // Row events in order of time. A run from a file has none.
    const std::deque<bridge::RowEvent>& events() const { return events_; }
    uint64_t events_left_out() const { return events_left_out_; }

    // The fleet as it was at shown(); null: it is not known (a run from a file).
    std::shared_ptr<const lab::Snapshot> shown_snapshot() const;
    // The moment that panes show: the newest, unless somebody has gone back.
    base::SimTime shown() const { return shown_.value_or(at_); }
    bool is_back() const { return shown_.has_value(); }
    // To a moment of the past; nullopt: to the newest, and on with it.
    void show(std::optional<base::SimTime> at);

  Q_SIGNALS:
    void restarted();      // another run, or none
    void grown();          // more of the same
    void shown_changed();  // another moment; so does grown() unless is_back()

  private:
    void keep(Frame frame);

    uint64_t number_ = 0;
    std::optional<record::Run> run_;
    std::filesystem::path file_;
    base::SimTime at_;
    uint64_t polls_ = 0;
    double wall_s_ = 0;
    std::string fingerprint_;
    std::deque<bridge::RowEvent> events_;
    uint64_t events_left_out_ = 0;
    std::vector<Frame> frames_;    // thinned out when there are too many
    base::Duration between_{300};  // of two of them
    Frame newest_;
    std::optional<base::SimTime> shown_;
};

}  // namespace firebreak::models
