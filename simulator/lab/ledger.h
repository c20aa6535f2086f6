// Keeps count of what happens, and writes each change of a metric to the record.
#pragma once

#include <optional>
#include <vector>

#include "base/digest.h"
#include "cloud/release_system.h"
#include "fleet/fleet.h"
#include "lab/control_plane.h"
#include "record/run.h"
#include "record/run_writer.h"

namespace firebreak::lab {

// What became of one release group, or of all of them together.
struct Counts {
    uint64_t exposed = 0, affected = 0, refused = 0, alerts = 0;
    std::optional<base::SimTime> first_failure;
    uint32_t failed_release = ControlPlane::kNoRelease;  // the one of the first failure
    std::optional<base::Duration> time_to_detect, time_to_halt;
};

// Not thread-safe.
class Ledger {
  public:
    Ledger(size_t groups, record::RunWriter& writer) : groups_(groups), writer_(writer) {}

    void count(size_t group, const fleet::RowEvent& event);
    // The vendor's first signal of a failure in this group.
    void detected(size_t group, base::SimTime at);
    // `in_force`: when the halt of this release reached every edge.
    void halted(uint32_t release, base::SimTime in_force);

    // Writes what changed since the last time, as of `at`.
    void write(base::SimTime at, const fleet::Fleet& fleet, const ControlPlane& control,
               size_t releases);

    const Counts& group(size_t group) const { return groups_[group]; }
    const Counts& all() const { return all_; }
    const record::Tally& tally() const { return tally_; }

  private:
    void set(base::SimTime at, const record::SeriesKey& key, std::optional<double> value);
    void write_counts(base::SimTime at, int32_t group, const Counts& counts);
    void write_census(base::SimTime at, const fleet::Fleet& fleet, const ControlPlane& control,
                      size_t releases);
    void note_halt(Counts& counts);

    std::vector<Counts> groups_;
    Counts all_;
    std::map<uint32_t, base::SimTime> halts_;
    std::map<record::SeriesKey, double> written_;
    record::Tally tally_;
    record::RunWriter& writer_;
};

}  // namespace firebreak::lab
