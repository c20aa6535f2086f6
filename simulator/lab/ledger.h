// Keeps count of what happens, and writes each change of a metric to the record.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/channel.h"
#include "base/digest.h"
#include "cloud/release_system.h"
#include "fleet/fleet.h"
#include "lab/census.h"
#include "lab/control_plane.h"
#include "record/run.h"
#include "record/run_writer.h"

namespace firebreak::lab {

// What became of one release group, or of all of them together.
struct Counts {
    uint64_t exposed = 0, affected = 0, refused = 0, alerts = 0, infections = 0, overshoot = 0;
    std::array<uint64_t, base::kHarms> harm{};
    std::array<uint64_t, base::kRecoveries> recovered{};
    std::array<uint64_t, base::kChannels> signals{};
    double gap_h = 0;            // endpoint-hours without protection
    double reached_by_halt = 0;  // endpoints expected to have learnt of the first halt
    std::optional<base::SimTime> first_failure, first_harm, last_recovery;
    uint32_t failed_release = ControlPlane::kNoRelease;  // the one of the first failure
    std::optional<base::Duration> time_to_detect, time_to_halt;
};

// What became of the endpoints of one persona.
struct PersonaCounts {
    uint64_t exposed = 0, affected = 0, refused = 0, infections = 0;
    double gap_h = 0;
};

// Not thread-safe.
class Ledger {
  public:
    // `fixes`: by release. `tenants`: all of them, with their group and size.
    Ledger(const record::Header& header, std::vector<bool> fixes,
           std::vector<record::Tenant> tenants, record::RunWriter& writer);

    // One more release, numbered after the others. Its metrics have been zero from the start.
    void add_release(bool fix);

    // `after_halt`: the content came after its halt had been decided.
    void count(size_t group, uint8_t persona, uint32_t tenant, const fleet::RowEvent& event,
               bool after_halt);
    void hear(size_t group, base::Channel channel, uint32_t count);
    // The vendor's first signal of a failure in this group.
    void detected(size_t group, base::SimTime at);
    // When the withdrawal of this release reached, or will have reached, every edge; nullopt: it is
    // not withdrawn (any more).
    void set_halt(uint32_t release, std::optional<base::SimTime> in_force);
    // Of the sequential tests against a release; 1 raises an alarm.
    void set_evidence(uint32_t release, double evidence) { evidence_[release] = evidence; }
    void set_false_halts(uint32_t halts) { false_halts_ = halts; }

    // Counts the slice that ended at `at`, and writes what changed since the last time.
    // `halted`: by release, now.
    void write(base::SimTime at, const Census& census, const std::vector<bool>& halted);

    // Whether any endpoint came to harm by this release, or turned it away.
    bool guilty(uint32_t release) const { return guilty_[release]; }

    const Counts& group(size_t group) const { return groups_[group]; }
    const Counts& all() const { return all_; }
    const record::Tally& tally() const { return tally_; }
    // Only those to which something happened.
    std::vector<record::Tenant> tenants() const;

  private:
    void set(base::SimTime at, base::Metric metric, int32_t group, int32_t release, int32_t part,
             double value);
    void write_counts(base::SimTime at, int32_t group, const Counts& counts);
    void write_standing(base::SimTime at, int32_t group, const Standing& standing);
    void write_persona(base::SimTime at, size_t persona, const Standing& standing);
    void write_releases(base::SimTime at, const Census& census, const std::vector<bool>& halted);
    void reach(base::SimTime at, const Census& census);
    void note_halt(Counts& counts);
    void count_tenant(uint32_t tenant, const fleet::RowEvent& event);

    std::vector<Counts> groups_;
    Counts all_;
    std::vector<PersonaCounts> personas_;
    std::vector<bool> fixes_, guilty_;
    std::vector<record::Tenant> tenants_;
    std::map<uint32_t, base::SimTime> halts_;
    std::optional<base::SimTime> first_halt_;  // in force
    std::vector<double> unaware_;              // by persona: share that has not been online since
    std::vector<std::vector<uint64_t>> installed_;  // by group, release
    uint32_t false_halts_ = 0;
    std::vector<double> evidence_;  // by release
    std::map<record::SeriesKey, double> written_;
    record::Tally tally_;
    record::TallyKey last_key_;
    uint64_t* last_tally_ = nullptr;
    record::RunWriter& writer_;
};

}  // namespace firebreak::lab
