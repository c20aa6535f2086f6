#include "base/bytes.h"

namespace firebreak::base {
namespace {

// Shorter ones are copied sooner than told apart.
constexpr size_t kWorthBorrowing = 4096;

}  // namespace

size_t Gathered::size() const {
    size_t size = 0;
    for (const ByteView piece : pieces_) {
        size += piece.size();
    }
    return size;
}

Bytes Gathered::joined() const {
    Bytes all;
    all.reserve(size());
    for (const ByteView piece : pieces_) {
        all.insert(all.end(), piece.begin(), piece.end());
    }
    return all;
}

void ByteWriter::number(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) {
        bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    }
}

void ByteWriter::blob(ByteView bytes) {
    u32(static_cast<uint32_t>(bytes.size()));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void ByteWriter::borrowed_blob(ByteView bytes) {
    if (bytes.size() < kWorthBorrowing) {
        blob(bytes);
        return;
    }
    u32(static_cast<uint32_t>(bytes.size()));
    borrowed_.push_back({bytes_.size(), bytes});
}

Gathered ByteWriter::gather() && {
    Gathered gathered;
    gathered.own_ = std::move(bytes_);
    ByteView rest = gathered.own_;
    size_t taken = 0;
    for (const Borrowed& borrowed : borrowed_) {
        gathered.pieces_.push_back(rest.first(borrowed.at - taken));
        gathered.pieces_.push_back(borrowed.bytes);
        rest = rest.subspan(borrowed.at - taken);
        taken = borrowed.at;
    }
    gathered.pieces_.push_back(rest);
    return gathered;
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
