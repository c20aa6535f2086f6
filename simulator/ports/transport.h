// How an endpoint reaches the CDN: plain files of a static layout (content/manifest.h), behind
// several edges.
#pragma once

#include <chrono>
#include <string>

#include "base/bytes.h"

namespace firebreak::ports {

struct Request {
    std::string path;     // "payloads/4f2a…"
    unsigned edge = 0;    // which edge is asked; 0 is the endpoint's own
    uint64_t offset = 0;  // go on from this byte of the file (an HTTP range)
};

enum class FetchStatus {
    kOk,           // the whole file, from the offset on
    kMissing,      // the server answers that there is no such file
    kUnreachable,  // no answer, or one that broke off
    kStopped,      // the receiver wanted no more
    kUnfinished,   // longer than kLongestWait
};

// How the body is packed for the way.
enum class Encoding { kIdentity, kDeflate };  // kDeflate: zlib (RFC 1950)

// Simulated time since the request. All of it is the transport's own claim; no clock is asked.
using Elapsed = std::chrono::milliseconds;
// Checks are made every hour: who is still waiting then is stopped, and begins anew.
inline constexpr Elapsed kLongestWait = std::chrono::hours(1);

// Takes a body piece by piece. Nobody vouches for any of it. Each answers whether to go on.
class Receiver {
  public:
    virtual ~Receiver() = default;
    // Once, before the first byte. `offset`: where in the file the body begins: as asked, or 0
    // where the server knows no ranges.
    virtual bool begin(Encoding encoding, uint64_t offset) = 0;
    virtual bool receive(base::ByteView bytes, Elapsed at) = 0;
    // Nothing came for a while.
    virtual bool wait(Elapsed at) = 0;
};

class Transport {
  public:
    virtual ~Transport() = default;
    virtual unsigned edges() const = 0;  // at least 1
    virtual FetchStatus get(const Request& request, Receiver& receiver) = 0;
};

}  // namespace firebreak::ports
