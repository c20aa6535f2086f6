// Bytes, and the reader and writer of little-endian messages that cross a trust line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace firebreak::base {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView view_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes bytes_of(std::string_view text) {
    const ByteView view = view_of(text);
    return {view.begin(), view.end()};
}

// A message in pieces, one after another. Large ones are not copied: they lie where its writer
// found them, and must outlive it.
class Gathered {
  public:
    // Of one piece: its own, or somebody's.
    Gathered(Bytes&& bytes) : own_(std::move(bytes)), pieces_{own_} {}
    Gathered(ByteView bytes) : pieces_{bytes} {}
    Gathered(const Bytes& bytes) : Gathered(ByteView(bytes)) {}
    Gathered(Gathered&&) noexcept = default;
    Gathered& operator=(Gathered&&) noexcept = default;

    size_t size() const;
    std::span<const ByteView> pieces() const { return pieces_; }
    Bytes joined() const;

  private:
    friend class ByteWriter;
    Gathered() = default;

    Bytes own_;  // what is moved stays where it is
    std::vector<ByteView> pieces_;
};

// Appends little-endian numbers and length-prefixed (u32) strings.
class ByteWriter {
  public:
    void u8(uint8_t value) { bytes_.push_back(value); }
    void u16(uint16_t value) { number(value, 2); }
    void u32(uint32_t value) { number(value, 4); }
    void u64(uint64_t value) { number(value, 8); }
    void blob(ByteView bytes);
    // The same; what is long is not copied, and must outlive what gather() gives.
    void borrowed_blob(ByteView bytes);
    void text(std::string_view value) { blob(view_of(value)); }
    // If nothing was borrowed.
    Bytes take() && { return std::move(bytes_); }
    Gathered gather() &&;

  private:
    struct Borrowed {
        size_t at;  // in bytes_
        ByteView bytes;
    };
    void number(uint64_t value, int width);
    Bytes bytes_;
    std::vector<Borrowed> borrowed_;
};

// Reads what ByteWriter wrote, from bytes that nobody vouches for. The first read past the end, and
// every one after it, yields zero or empty; ask failed() once, at the end. Keeps a view: the bytes
// must outlive it.
class ByteReader {
  public:
    explicit ByteReader(ByteView bytes) : rest_(bytes) {}

    uint8_t u8() { return static_cast<uint8_t>(number(1)); }
    uint16_t u16() { return static_cast<uint16_t>(number(2)); }
    uint32_t u32() { return static_cast<uint32_t>(number(4)); }
    uint64_t u64() { return number(8); }
    ByteView blob();
    std::string text() { return std::string(text_of(blob())); }

    bool failed() const { return failed_; }
    // Everything was there and nothing is left over.
    bool complete() const { return !failed_ && rest_.empty(); }

  private:
    uint64_t number(size_t width);
    ByteView rest_;
    bool failed_ = false;
};

}  // namespace firebreak::base
