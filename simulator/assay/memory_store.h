// An endpoint's store for the length of one assay: starts as a snapshot, ends as one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ports/store.h"

namespace firebreak::assay {

// The whole durable state of a component: what its store holds, payloads by digest aside. Equal
// snapshots are the same state.
using Snapshot = std::map<std::string, std::string>;

// What has to be committed to get from one to the other.
ports::Changes difference(const Snapshot& from, const Snapshot& to);
Snapshot applied(Snapshot to, const ports::Changes& changes);

// Payloads that any endpoint has kept, held once however many did. Thread-safe.
class BlobPool {
  public:
    void keep(const base::Digest& digest, base::ByteView bytes);
    // Null if nobody kept it.
    std::shared_ptr<const base::Bytes> find(const base::Digest& digest) const;

  private:
    mutable std::mutex mutex_;
    std::map<base::Digest, std::shared_ptr<const base::Bytes>> blobs_;
};

class MemoryStore final : public ports::Store {
  public:
    MemoryStore(Snapshot snapshot, BlobPool& blobs);

    base::Result<std::optional<std::string>> get(const std::string& key) override;
    base::Status commit(const ports::Changes& changes) override;
    // What the simulated machine has room for: a writer that takes more fails.
    static constexpr uint64_t kRoom = 64 << 20;

    // Which payloads are here is part of the state: "payload/<digest>".
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override;
    base::Result<bool> has_blob(const base::Digest& digest) override;
    base::Result<base::Bytes> blob(const base::Digest& digest) override;
    // Simulated machines do not tidy up: what they would find depends on their whole state, and no
    // two of those that behave alike would share a transition.
    base::Result<std::vector<std::string>> values(const std::string& prefix) override;
    base::Status keep_only(const std::set<base::Digest>& digests) override;

    const Snapshot& snapshot() const { return snapshot_; }
    // What was asked for, with the values that stood there at the beginning (nullopt: none). What
    // came of it depends on nothing else in the store.
    const ports::Changes& reads() const { return reads_; }
    // From the beginning until now.
    ports::Changes changes() const { return difference(initial_, snapshot_); }

  private:
    class Writer;

    Snapshot initial_, snapshot_;
    ports::Changes reads_;
    BlobPool& blobs_;
};

}  // namespace firebreak::assay
