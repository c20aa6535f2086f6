// Asks the cloud what it knows of a file beside the local table, and says which of them counts.
#pragma once

#include <chrono>
#include <optional>

#include "endpoint/reputation/cloud_cache.h"
#include "endpoint/reputation/reputation.h"
#include "endpoint/reputation/reputation_table.h"
#include "ports/clock.h"
#include "ports/cloud_lookup.h"

namespace firebreak::endpoint::reputation {

// How the cloud is used. The modelled vendor publishes none of these; the values are ours.
struct CloudPolicy {
    // How long a file waits. A later answer counts as none for this file, and is kept for the next.
    std::chrono::milliseconds deadline{500};
    size_t kept_answers = 4096;
    // An answer that wants to be kept for longer is used and not kept: nobody signed it, so no
    // mistake in it may outlive this.
    base::Duration longest_kept = base::days(1);
    // After the first attempt without an answer in time one look-up goes by without asking, after
    // the next two, then four, up to so many: an outage may not cost every process the deadline.
    // Counted in look-ups, because a component cannot read a clock to count seconds.
    unsigned most_skipped = 64;
    // What the table knows to be bad by its hash is not asked about (see Lookup). Off: the cloud's
    // answer is newer there too, so that it can heal a false positive of the table, and so that
    // whoever controls its answers can let known malware through.
    bool known_bad_is_final = true;
};

// Of the cloud's part, since the start.
struct CloudCounts {
    uint64_t asked = 0;
    uint64_t in_time = 0;                 // answered within the deadline, "unknown" included
    uint64_t late = 0;                    // answered after it
    uint64_t unreachable = 0;             // no answer, or one with a score that there is not
    uint64_t skipped = 0;                 // not asked because of an outage
    uint64_t from_cache = 0;              // not asked because the answer was there
    std::chrono::milliseconds waited{0};  // that files waited, simulated
    friend bool operator==(const CloudCounts&, const CloudCounts&) = default;
};

// What counts, the first that says something:
// 1. The table by hash, if it says known bad (a setting). The table is signed, staged and was tried
//    on other machines first; an answer of the cloud is none of these. It may add detection on its
//    own, and may not take away what signed content decided. The price is that a false positive in
//    the table ends with the next table.
// 2. The cloud, kept or asked now: it is newer than the table. That is how known good is taken back
//    within the deadline, and how the many files that no table has are known at all.
// 3. The table by hash: this one file beats all of its signer's.
// 4. The table by signer, whose signature was verified.
// Without a table (none installed, or refused) the cloud is left, and the other way round.
// Not thread-safe. What it refers to must outlive it.
class Lookup {
  public:
    // `cloud` may be null: turned off by policy, or out of reach for this process.
    Lookup(ports::CloudLookup* cloud, ports::Clock& clock, const CloudPolicy& policy = {});

    // `table`: what the installed table says, which another process has loaded.
    Reputation look_up(const Sha256& file, const TableAnswer& table);

    const CloudCounts& counts() const { return counts_; }

  private:
    std::optional<Reputation> in_cloud(const Sha256& file);
    bool skips();
    void note_failure();
    void keep(const Sha256& file, CloudCache::Answer answer, base::UtcTime until);

    ports::CloudLookup* cloud_;
    ports::Clock& clock_;
    CloudPolicy policy_;
    CloudCache cache_;
    CloudCounts counts_;
    unsigned to_skip_ = 0;      // look-ups that will not ask
    unsigned next_outage_ = 1;  // how many after the next failure
};

}  // namespace firebreak::endpoint::reputation
