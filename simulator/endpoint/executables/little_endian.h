// Little-endian numbers in place. The caller has made sure that their bytes are there.
#pragma once

#include "base/bytes.h"

namespace firebreak::endpoint::executables {

inline uint64_t number_at(base::ByteView bytes, size_t at, size_t width) {
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;) {
        value = value << 8 | bytes[at + i];
    }
    return value;
}
inline uint16_t u16_at(base::ByteView bytes, size_t at) {
    return static_cast<uint16_t>(number_at(bytes, at, 2));
}
inline uint32_t u32_at(base::ByteView bytes, size_t at) {
    return static_cast<uint32_t>(number_at(bytes, at, 4));
}
inline uint64_t u64_at(base::ByteView bytes, size_t at) {
    return number_at(bytes, at, 8);
}

inline void put_at(base::Bytes& bytes, size_t at, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i) {
        bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
    }
}

}  // namespace firebreak::endpoint::executables
