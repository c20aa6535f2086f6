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
    base::Status keep(const base::Digest& digest, base::ByteView bytes) override;
    base::Result<base::Bytes> blob(const base::Digest& digest) override;

    const Snapshot& snapshot() const { return snapshot_; }
    // What was asked for, with the values that stood there at the beginning (nullopt: none). What
    // came of it depends on nothing else in the store.
    const ports::Changes& reads() const { return reads_; }
    // From the beginning until now.
    ports::Changes changes() const { return difference(initial_, snapshot_); }

  private:
    Snapshot initial_, snapshot_;
    ports::Changes reads_;
    BlobPool& blobs_;
};

}  // namespace firebreak::assay
