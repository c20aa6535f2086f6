// The Range header of an HTTP request (RFC 9110, section 14), from whoever sent it.
#pragma once

#include <cstdint>
#include <string_view>

namespace firebreak::cloud {

// Which bytes of a file are asked for. With kPart, at least one, all of them in the file.
struct ByteRange {
    enum class Kind {
        kWhole,        // no range that is understood: the header is to be passed over
        kPart,         // length bytes from first on
        kOutsideFile,  // "416 Range Not Satisfiable"
    } kind = Kind::kWhole;
    uint64_t first = 0;
    uint64_t length = 0;
};

// `header`: the field's value, "bytes=100-". One range is understood; of several, the whole file is
// a valid answer, and costs a server no more than it costs who asks.
ByteRange parse_byte_range(std::string_view header, uint64_t file_size);

}  // namespace firebreak::cloud
