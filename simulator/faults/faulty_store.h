// Fault model: a machine whose disk lets the update client down.
//
//   state lost  What the update client remembers ("update/…") is gone, once, before it asks for the
//               first time, as on a machine that was re-installed or restored from an old image. It
//               may write anew, and what it writes stays. The payloads are still there, and so is
//               what the other components keep: they run on.
//   full        Nothing more goes in: no commit, not even one that only erases (it needs room for
//               its journal), and no byte of a payload. Reading works, and so does forgetting
//               payloads.
//   read-only   Nothing can be written, begun or forgotten. Reading works.
//
// All or nothing holds throughout: what fails has changed nothing. What does not happen here: torn
// writes, damaged files and power cuts; those strike below the store, at the disk.
#pragma once

#include "faults/fault.h"
#include "ports/store.h"

namespace firebreak::faults {

// Faulty for kStateLost, kStoreFull and kStoreReadOnly; for any other fault it answers as `inner`,
// which must outlive it.
class FaultyStore final : public ports::Store {
  public:
    FaultyStore(ports::Store& inner, const Fault& fault);

    base::Result<std::optional<std::string>> get(const std::string& key) override;
    // Even of lost state all that is still there: nothing may depend on it.
    base::Result<std::vector<std::string>> values(const std::string& prefix) override;
    base::Status commit(const ports::Changes& changes) override;
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override;
    base::Result<bool> has_blob(const base::Digest& digest) override;
    base::Result<base::Bytes> blob(const base::Digest& digest) override;
    base::Status keep_only(const std::set<base::Digest>& digests) override;

  private:
    ports::Store& inner_;
    FaultKind kind_;
    std::set<std::string> gone_;  // keys whose old values are lost already
};

}  // namespace firebreak::faults
