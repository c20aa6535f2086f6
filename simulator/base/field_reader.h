// Reads the fields of a message that nobody vouches for, each within its limits.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>

#include "base/bytes.h"

namespace firebreak::base {

// Like ByteReader, and remembers whether one was out of its limits. Ask once, at the end.
class FieldReader {
  public:
    explicit FieldReader(ByteView bytes) : reader_(bytes) {}

    uint8_t u8() { return reader_.u8(); }
    uint32_t u32() { return reader_.u32(); }
    uint64_t u64() { return reader_.u64(); }
    ByteView bytes() { return reader_.blob(); }
    bool flag() {
        const uint8_t value = reader_.u8();
        within(value <= 1);
        return value == 1;
    }
    std::string text(size_t limit) {
        const ByteView bytes = reader_.blob();
        return within(bytes.size() <= limit) ? std::string(text_of(bytes)) : std::string();
    }
    // How many follow; 0 if that is too many, or nothing more is there.
    uint32_t count(size_t limit) {
        const uint32_t count = reader_.u32();
        return within(count <= limit) ? count : 0;
    }
    // Of an enumeration whose values begin at 0 and end at `last`.
    template <class Enum>
    Enum one_of(Enum last) {
        const uint8_t value = reader_.u8();
        return within(value <= static_cast<uint8_t>(last)) ? static_cast<Enum>(value) : Enum{};
    }
    // A number of two bytes that is among these.
    template <class Codes>
    auto code(const Codes& known) {
        using Known = std::decay_t<decltype(*std::begin(known))>;
        const auto value = static_cast<Known>(reader_.u16());
        within(std::find(std::begin(known), std::end(known), value) != std::end(known));
        return value;
    }
    // Whether something holds that must hold.
    bool within(bool holds) {
        ok_ = ok_ && holds;
        return holds;
    }

    bool failed() const { return !ok_ || reader_.failed(); }
    bool complete() const { return ok_ && reader_.complete(); }

  private:
    ByteReader reader_;
    bool ok_ = true;
};

}  // namespace firebreak::base
