#include "faults/packing.h"

#define ZLIB_CONST  // what is packed is only read
#include <zlib.h>

#include <new>

namespace firebreak::faults {

namespace {

constexpr int kRawDeflate = -15;  // a window of 32 KiB, no header of zlib's own
constexpr int kMemoryLevel = 8;   // zlib's default

}  // namespace

base::Bytes packed_header() {
    return {0x78, 0x9c};
}

base::Bytes packed(base::ByteView bytes) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawDeflate, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();  // the one way in which it can fail
    }
    // The bound is for a stream that ends; a full flush ends in at most a handful of bytes more.
    base::Bytes out(deflateBound(&stream, bytes.size()) + 16);
    stream.next_in = bytes.data();
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FULL_FLUSH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

base::Bytes packed_trailer(uint32_t checksum) {
    // A last block without contents (RFC 1951, 3.2.6), then Adler-32, the highest byte first.
    base::Bytes out{0x03, 0x00};
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<uint8_t>(checksum >> shift));
    }
    return out;
}

uint32_t checksum(uint32_t before, base::ByteView bytes) {
    return static_cast<uint32_t>(adler32_z(before, bytes.data(), bytes.size()));
}

uint32_t checksum_of_both(uint32_t first, uint32_t second, uint64_t bytes_of_second) {
    return static_cast<uint32_t>(
        adler32_combine(first, second, static_cast<z_off_t>(bytes_of_second)));
}

}  // namespace firebreak::faults
