// How an endpoint reaches the CDN.
#pragma once

#include <string>

#include "base/bytes.h"

namespace firebreak::ports {

enum class FetchStatus {
    kOk,
    kMissing,      // the server answers that there is no such file
    kUnreachable,  // no answer, or one that broke off
    kOverCap,      // more than max_bytes: nothing is delivered
};

struct Fetched {
    FetchStatus status = FetchStatus::kUnreachable;
    base::Bytes body;  // kOk only; as received, vouched for by nobody
};

class Transport {
  public:
    virtual ~Transport() = default;
    // One whole file of the CDN's static layout (content/manifest.h), at most max_bytes of it.
    virtual Fetched get(const std::string& path, uint64_t max_bytes) = 0;
};

}  // namespace firebreak::ports
