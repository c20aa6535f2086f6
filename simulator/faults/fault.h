// The fault menu: what can go wrong around an endpoint's update client. Each fault is one wrapper
// around one port (faulty_transport.h, faulty_clock.h, faulty_store.h), whose fault model stands at
// the top of its header.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/sim_time.h"
#include "content/catalogue.h"

namespace firebreak::faults {

enum class FaultKind : uint8_t {
    kBitFlip,        // transport: one bit of a target is wrong
    kTruncate,       // transport: a target ends early
    kServe,          // transport: other files stand where the client looks
    kMissing,        // transport: a target is answered with "no such file"
    kBlackHole,      // transport: no answer to anything
    kEndless,        // transport: a target goes on for ever
    kInflate,        // transport: a target is packed, and unpacks to far more than was promised
    kSlow,           // transport: one byte of a target every three seconds
    kWrongClock,     // clock: shifted
    kStateLost,      // store: what the update client remembers is gone (a re-installed machine)
    kStoreFull,      // store: no room for anything more
    kStoreReadOnly,  // store: nothing can be written
};

// Parts of what is transferred. kSignature to kEncoding are byte ranges of the signed envelope.
enum class FaultTarget : uint8_t {
    kPayload,    // the payload files
    kPackage,    // the envelope, anywhere in front of its signature
    kSignature,  // the signature's value
    kChain,      // the certificates
    kManifest,   // the signed manifest
    kLength,     // a DER length
    kEncoding,   // a DER tag
    kHead,       // the head, signed or not
    kSet,        // the set manifest
};

// One place of a target: its byte, counted from 0 over all that damage to the target may strike,
// and the bit of it, from the lowest. A target that has no such byte is not damaged.
struct Spot {
    uint64_t byte = 0;
    uint8_t bit = 0;  // 0 to 7; of a truncation nothing
    friend bool operator==(Spot, Spot) = default;
};

struct Fault {
    FaultKind kind = FaultKind::kBitFlip;
    FaultTarget target = FaultTarget::kPayload;  // kBitFlip, kTruncate, kMissing … kSlow
    std::optional<content::Feed> feed;           // whose files; nullopt: every feed's
    uint64_t draw = 0;                           // where damage falls: one value per variant
    std::optional<Spot> spot;                    // there, and not where `draw` says
    base::Duration shift;                        // kWrongClock: added to the right time
    bool own_edge = false;  // only the endpoint's own edge of the CDN is bad, the others are good
    std::map<std::string, base::Bytes> files;  // kServe: by path
    std::string served;  // kServe: the files in words: digests and times, no signature bytes

    // "bit flip in the payload of DatasetA, draw 00…7c": complete, a part of an assay's key.
    std::string text() const;
};

}  // namespace firebreak::faults
