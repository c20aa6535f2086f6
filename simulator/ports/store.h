// The durable state of an endpoint's components. Nothing else of theirs survives a restart, so a
// snapshot of it is the whole state of a component between two assays.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"

namespace firebreak::ports {

// Keys are "<component>/<feed>/<name>"; a nullopt value erases its key.
using Changes = std::map<std::string, std::optional<std::string>>;

class Store {
  public:
    virtual ~Store() = default;

    // The value, or nullopt if the key was never set. Errors: the store is unreadable.
    virtual base::Result<std::optional<std::string>> get(const std::string& key) = 0;
    // All of them or none; durable on return: a kill or a power cut afterwards loses nothing.
    virtual base::Status commit(const Changes& changes) = 0;

    // Payloads by digest. A blob is durable when keep() returns. blob() re-computes the digest and
    // never returns other bytes than those asked for. Errors: not there, unreadable, damaged.
    virtual base::Status keep(const base::Digest& digest, base::ByteView bytes) = 0;
    virtual base::Result<base::Bytes> blob(const base::Digest& digest) = 0;
};

}  // namespace firebreak::ports
