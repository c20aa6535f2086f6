// The durable state of an endpoint's components. Nothing else of theirs survives a restart, so a
// snapshot of it is the whole state of a component between two assays.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"

namespace firebreak::ports {

// Keys are "<component>/<feed>/<name>"; a nullopt value erases its key.
using Changes = std::map<std::string, std::optional<std::string>>;

// A payload on its way into the store, piece by piece. Destroyed without finish(): nothing is kept.
class BlobWriter {
  public:
    virtual ~BlobWriter() = default;
    // Errors: no room left, unwritable.
    virtual base::Status write(base::ByteView bytes) = 0;
    // Durable when it returns. Errors: what was written has another digest; unwritable.
    virtual base::Status finish() = 0;
};

class Store {
  public:
    virtual ~Store() = default;

    // The value, or nullopt if the key was never set. Errors: the store is unreadable.
    virtual base::Result<std::optional<std::string>> get(const std::string& key) = 0;
    // The values of all keys that begin so. For housekeeping only: nothing that a component decides
    // may depend on it.
    virtual base::Result<std::vector<std::string>> values(const std::string& prefix) = 0;
    // All of them or none; durable on return: a kill or a power cut afterwards loses nothing.
    // Errors: no room left, unwritable; nothing has changed then.
    virtual base::Status commit(const Changes& changes) = 0;

    // Payloads by digest. One payload is written at a time.
    virtual base::Result<std::unique_ptr<BlobWriter>> new_blob(const base::Digest& digest) = 0;
    virtual base::Result<bool> has_blob(const base::Digest& digest) = 0;
    // Re-computes the digest and never returns other bytes than those asked for. Errors: not there,
    // unreadable, damaged.
    virtual base::Result<base::Bytes> blob(const base::Digest& digest) = 0;
    // Forgets every payload but these. Errors: unwritable.
    virtual base::Status keep_only(const std::set<base::Digest>& digests) = 0;
};

}  // namespace firebreak::ports
