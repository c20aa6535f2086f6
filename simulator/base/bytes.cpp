#include "base/bytes.h"

namespace firebreak::base {

void ByteWriter::number(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) {
        bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    }
}

void ByteWriter::blob(ByteView bytes) {
    u32(static_cast<uint32_t>(bytes.size()));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

uint64_t ByteReader::number(size_t width) {
    if (failed_ || rest_.size() < width) {
        failed_ = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) {
        value |= static_cast<uint64_t>(rest_[i]) << (8 * i);
    }
    rest_ = rest_.subspan(width);
    return value;
}

ByteView ByteReader::blob() {
    const size_t length = u32();
    if (failed_ || rest_.size() < length) {
        failed_ = true;
        return {};
    }
    const ByteView found = rest_.first(length);
    rest_ = rest_.subspan(length);
    return found;
}

}  // namespace firebreak::base
