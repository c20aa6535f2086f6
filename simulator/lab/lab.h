// The engine: an experiment, assembled and run. The command line and the desktop program drive the
// same face: advance_until, submit, snapshot.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/outcome.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "record/listener.h"
#include "record/run.h"
#include "scenario/experiment.h"

namespace firebreak::fleet {
struct Context;
struct RowEvent;
}  // namespace firebreak::fleet

namespace firebreak::content {
struct Package;
}  // namespace firebreak::content

namespace firebreak::lab {

struct SegmentPlan;

struct Options {
    std::filesystem::path fixtures;       // the folder with content/, personas/ and keys/
    std::filesystem::path worker;         // firebreak-worker; models stand by it
    std::filesystem::path run_file;       // to be written
    unsigned jobs = 1;                    // assays at a time
    std::optional<uint64_t> seed;         // in place of the scenario's
    const record::Run* replay = nullptr;  // answer from its outcome log, start no worker
    // Hears of what is recorded, within the calls of Lab; outlives it.
    record::Listener* listener = nullptr;
};

// What a scenario or a person asks of the lab. Takes effect at once, between two slices of time.
struct Command {
    enum class Kind : uint8_t {
        kRelease,  // of a scenario: the release with this id; of a person: `content`
        kPromoteToInternal,
        kPromoteToPublic,
        kHalt,
        kWithdraw,
        kResume,
        kFault,    // `fault` begins
        kEndFault  // the one with this number ends
    };
    Kind kind = Kind::kHalt;
    std::string release;  // id
    // What is signed and released now; no plant. Its source: a folder under fixtures/content, or
    // one of one's own by its absolute path. When it comes is not looked at.
    std::optional<scenario::Release> content = {};
    // From now on; `until` {0}: to the end of the run.
    std::optional<scenario::Fault> fault = {};
    size_t number = 0;  // of a fault, as Lab::faults() has them
};

// What a snapshot should show beside the aggregates.
struct Viewport {
    uint32_t cells_per_group = 0;     // resolution of the raster; 0: none
    std::vector<uint32_t> endpoints;  // rows to be looked at singly
};

struct Cell {
    uint32_t endpoints = 0, exposed = 0, refused = 0, affected = 0, harmed = 0, lost = 0;
    uint32_t on_release = 0;         // of the endpoints, those that run `release`
    int32_t release = record::kAll;  // the newest that one of them runs; kAll: the baseline alone
    uint8_t persona = 0;             // of the first of them, by its number in the record's header
};

struct GroupSnapshot {
    std::string name;
    uint64_t endpoints = 0, exposed = 0, affected = 0, refused = 0, alerts = 0;
    uint64_t harmed = 0, lost = 0;  // now
    std::vector<Cell> cells;        // the group's rows, cut into equal runs
    uint32_t first = 0;             // row of the group
};

struct EndpointSnapshot {
    uint32_t endpoint = 0;
    std::string group, persona;
    uint32_t tenant = 0;
    bool exposed = false, refused = false, affected = false, infected = false;
    std::vector<std::string> harms;    // suffered now: "file_held"
    std::vector<std::string> running;  // per feed: "DatasetA rules-2", "DatasetA nothing"
};

// Something that happened to one endpoint.
struct HistoryEntry {
    base::SimTime at;
    base::Category category = base::Category::kNothingNew;
    base::Code code = base::Code::kNone;
    friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

// Immutable, and independent of the lab from which it was taken.
struct Snapshot {
    base::SimTime at;
    uint64_t polls = 0;
    std::vector<GroupSnapshot> groups;
    std::vector<EndpointSnapshot> endpoints;
};

// Not thread-safe; uses threads of its own.
class Lab {
  public:
    // Signs the content, installs the baseline, opens the run file. Errors name what in the
    // scenario or on this machine stands in the way. `experiment` is copied.
    static base::Result<std::unique_ptr<Lab>> assemble(const scenario::Experiment& experiment,
                                                       const Options& options);
    ~Lab();
    Lab(const Lab&) = delete;
    Lab& operator=(const Lab&) = delete;

    base::SimTime now() const;
    base::SimTime end() const;

    // Runs on, in whole slices, until at least `until` or the end. Errors end the run; what was
    // recorded before stays.
    base::Status advance_until(base::SimTime until);
    // An operator's act; recorded with its time and what came of it. From here on the scenario in
    // the record's header has it, too: the scenario that would have come to the same. Errors: it
    // was refused, and why; or the run is over.
    base::Status submit(const Command& command);
    // The scenario's, and those that were added by submit(), in the order of their numbers.
    const std::vector<scenario::Fault>& faults() const;
    Snapshot snapshot(const Viewport& viewport) const;

    // Ends the record. `wall_s`: for the report. Errors: the end is not reached, or the run file
    // cannot be written.
    base::Status finish(double wall_s);
    // Commits what has been recorded so far; the run file stays marked as interrupted.
    base::Status interrupt();

    std::string fingerprint() const;
    // Of a release of the scenario, as it was signed for this run; null: there is none. Lives as
    // long as the lab.
    const content::Package* package_of(const std::string& release) const;

    // Called for every event of every endpoint, as it is applied.
    using Observer = std::function<void(uint32_t endpoint, const HistoryEntry& entry)>;
    void observe(Observer observer);

    // One endpoint's whole history until now(), worked out alone and anew: poll by poll, with a
    // component state of its own, every transition performed in real components, no memo table.
    // Under the decisions that were taken it must be what observe() told; it shares no code with
    // the fleet's kernel, so that it can prove that. Errors: no such endpoint, or a trial failed.
    base::Result<std::vector<HistoryEntry>> follow(uint32_t endpoint);

    struct Parts;

  private:
    explicit Lab(std::unique_ptr<Parts> parts);
    base::Status advance_slice();
    base::Status begin_slice();
    base::Status act_by_hand(const Command& command);
    base::Status release_by_hand(scenario::Release content);
    base::Status add_release(const scenario::Release& release);
    base::Status begin_fault(scenario::Fault fault);
    base::Status end_fault(size_t number);
    base::Status adopt(scenario::Experiment next);
    base::Status carry_out(const Command& command, const char* origin);
    base::Status run_due_commands();
    void take_signals();
    base::Status turn_campaigns();
    base::Status run_release(const Command& command);
    void schedule_fixes(const std::string& halted, base::SimTime at);
    std::string published_to(const SegmentPlan& segment) const;
    void watch();
    void note_decisions();
    void note_halts();
    void note_notices();
    void note_faults();
    std::string fault_in_words(const scenario::Fault& plan) const;
    void note_evidence();
    base::Result<std::vector<fleet::Context>> contexts();
    void take_events();
    void note_first_failure(size_t group, const fleet::RowEvent& event);
    void mend();
    std::pair<uint32_t, uint32_t> rows_of(size_t group) const;

    std::unique_ptr<Parts> parts_;
};

}  // namespace firebreak::lab
