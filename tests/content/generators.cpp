#include "content/generators.h"

namespace firebreak::content::test {

rc::Gen<std::string> text_of_characters(const std::string& characters, size_t longest) {
    return rc::gen::suchThat(
        rc::gen::resize(static_cast<int>(longest),
                        rc::gen::container<std::string>(rc::gen::elementOf(characters))),
        [longest](const std::string& text) { return !text.empty() && text.size() <= longest; });
}

base::Digest any_digest() {
    const auto bytes = *rc::gen::container<base::Bytes>(48, rc::gen::arbitrary<uint8_t>());
    base::Digest digest;
    std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
    return digest;
}

base::Bytes mutated(base::Bytes bytes) {
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes && !bytes.empty(); ++i) {
        const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
        const auto position = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                *position = *rc::gen::arbitrary<uint8_t>();
                break;
            case 1:
                bytes.erase(position);
                break;
            case 2:
                bytes.insert(position, *rc::gen::elementOf(std::string("{}[]\",:0eE-\\ \n\x80")));
                break;
            default:
                bytes.resize(at);
        }
    }
    return bytes;
}

}  // namespace firebreak::content::test
