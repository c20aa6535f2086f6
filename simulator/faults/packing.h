// Pieces of zlib streams (RFC 1950) that can be put together in any number without being packed
// again, so that a gibibyte of zeros costs one packed mebibyte of them.
#pragma once

#include "base/bytes.h"

namespace firebreak::faults {

// A stream is header(), any number of packed() pieces, and trailer() of what they unpack to.
base::Bytes packed_header();
// Complete blocks that refer to nothing in front of them and end at a byte's end.
base::Bytes packed(base::ByteView bytes);
// Ends the stream; `checksum` is over everything that it unpacks to.
base::Bytes packed_trailer(uint32_t checksum);

// Adler-32 as the trailer has it, of bytes that come piece by piece. Begins with kNoBytes.
inline constexpr uint32_t kNoBytes = 1;
uint32_t checksum(uint32_t before, base::ByteView bytes);
// Of two runs of bytes, one after the other.
uint32_t checksum_of_both(uint32_t first, uint32_t second, uint64_t bytes_of_second);

}  // namespace firebreak::faults
