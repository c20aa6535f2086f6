// The one shape that an envelope has here, a narrow profile of CMS SignedData (RFC 5652): found in
// bytes by read_envelope(), and written by write_envelope() from what differs between envelopes.
// An envelope is canonical exactly if writing what was read gives its own bytes again.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sim_time.h"

namespace firebreak::content {

// Views into an envelope. Everything that the profile does not fix is here.
struct EnvelopeParts {
    base::ByteView manifest;
    std::vector<base::ByteView> certificates;  // each whole, as DER; in the order found
    base::ByteView certificate_set;            // all of them, one after another
    base::ByteView signer_id;                  // IssuerAndSerialNumber, whole
    base::UtcTime signing_time;
    base::ByteView message_digest;  // contents
    base::ByteView signature;       // contents
};

inline constexpr size_t kMaxEnvelopeCertificates = 8;

// Errors name the offset. Takes more than the profile allows: compare with write_envelope().
base::Result<EnvelopeParts> read_envelope(base::ByteView envelope);

base::Bytes write_envelope(const EnvelopeParts& parts);

// What the signature is over: the signed attributes as a DER SET.
base::Bytes write_signed_attributes(const EnvelopeParts& parts);

}  // namespace firebreak::content
