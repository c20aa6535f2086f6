// As much of DER (ITU-T X.690) as the envelope needs: elements with one-byte tags.
#pragma once

#include <array>
#include <initializer_list>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::content::der {

inline constexpr uint8_t kInteger = 0x02;
inline constexpr uint8_t kOctetString = 0x04;
inline constexpr uint8_t kObjectIdentifier = 0x06;
inline constexpr uint8_t kUtcTime = 0x17;
inline constexpr uint8_t kGeneralizedTime = 0x18;
inline constexpr uint8_t kSequence = 0x30;
inline constexpr uint8_t kSet = 0x31;
inline constexpr uint8_t kContext0 = 0xa0;  // [0], constructed

// id-data (RFC 5652): 1.2.840.113549.1.7.1, as a whole element.
inline constexpr std::array<uint8_t, 11> kIdData = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                    0xf7, 0x0d, 0x01, 0x07, 0x01};

// One element: tag, the shortest length, the contents one after another.
base::Bytes element(uint8_t tag, std::initializer_list<base::ByteView> contents);

struct Element {
    base::ByteView whole;  // tag and length included
    base::ByteView contents;
};

// Takes elements off the front of bytes that nobody vouches for. Finds where things are; does not
// judge whether each is encoded as DER wants it. Lengths may be longer than need be, indefinite
// ones are an error. Keeps a view: the bytes must outlive it.
class Reader {
  public:
    explicit Reader(base::ByteView bytes) : Reader(bytes, bytes) {}

    bool at_end() const { return rest_.empty(); }
    base::ByteView rest() const { return rest_; }
    // The next element, if it has this tag. Errors name the offset in the outermost bytes.
    base::Result<Element> next(uint8_t tag);
    // The next element whatever its tag.
    base::Result<Element> next();
    // A reader of the contents of the next element, if it has this tag.
    base::Result<Reader> enter(uint8_t tag);

  private:
    Reader(base::ByteView bytes, base::ByteView outermost) : rest_(bytes), outermost_(outermost) {}
    base::Error wrong(const std::string& what) const;
    base::Result<size_t> take_length(size_t& at) const;

    base::ByteView rest_;
    base::ByteView outermost_;
};

}  // namespace firebreak::content::der
