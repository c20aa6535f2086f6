#include "content/der.h"

#include <fmt/format.h>

namespace firebreak::content::der {

namespace {

constexpr uint8_t kLongForm = 0x80;    // the length is in the bytes that follow
constexpr size_t kMaxLengthBytes = 4;  // far more than any cap on an envelope needs
constexpr uint8_t kMultiByteTag = 0x1f;

void append_length(base::Bytes& out, size_t length) {
    if (length < kLongForm) {
        out.push_back(static_cast<uint8_t>(length));
        return;
    }
    size_t bytes = 1;
    while (length >> (8 * bytes) != 0) {
        ++bytes;
    }
    out.push_back(static_cast<uint8_t>(kLongForm | bytes));
    for (size_t i = bytes; i-- > 0;) {
        out.push_back(static_cast<uint8_t>(length >> (8 * i)));
    }
}

}  // namespace

base::Bytes element(uint8_t tag, std::initializer_list<base::ByteView> contents) {
    size_t length = 0;
    for (const base::ByteView part : contents) {
        length += part.size();
    }
    base::Bytes out{tag};
    append_length(out, length);
    for (const base::ByteView part : contents) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

base::Error Reader::wrong(const std::string& what) const {
    return {what, fmt::format("byte {}", rest_.data() - outermost_.data()), ""};
}

// The length that is written at rest_[at]; moves `at` behind it.
base::Result<size_t> Reader::take_length(size_t& at) const {
    if (at >= rest_.size()) {
        return wrong("ends before the length of an element");
    }
    const uint8_t first = rest_[at++];
    if (first < kLongForm) {
        return first;
    }
    const size_t bytes = first & (kLongForm - 1);
    if (bytes == 0) {
        return wrong("an indefinite length, which DER does not have");
    }
    if (bytes > kMaxLengthBytes || bytes > rest_.size() - at) {
        return wrong("a length of more bytes than there are");
    }
    size_t length = 0;
    for (size_t i = 0; i < bytes; ++i) {
        length = length << 8 | rest_[at++];
    }
    return length;
}

base::Result<Element> Reader::next() {
    if (rest_.empty()) {
        return wrong("ends before an element that has to be there");
    }
    if ((rest_[0] & kMultiByteTag) == kMultiByteTag) {
        return wrong("a tag of several bytes");
    }
    size_t at = 1;
    FB_TRY(const size_t length, take_length(at));
    if (length > rest_.size() - at) {
        return wrong(
            fmt::format("an element of {} bytes where {} are left", length, rest_.size() - at));
    }
    const Element element{rest_.first(at + length), rest_.subspan(at, length)};
    rest_ = rest_.subspan(at + length);
    return element;
}

base::Result<Element> Reader::next(uint8_t tag) {
    if (!rest_.empty() && rest_[0] != tag) {
        return wrong(
            fmt::format("expected an element with tag 0x{:02x}, found 0x{:02x}", tag, rest_[0]));
    }
    return next();
}

base::Result<Reader> Reader::enter(uint8_t tag) {
    FB_TRY(const Element element, next(tag));
    return Reader(element.contents, outermost_);
}

}  // namespace firebreak::content::der
