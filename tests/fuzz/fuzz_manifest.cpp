// Any bytes at all are refused, or are exactly what would be written of what was read.
#include <algorithm>
#include <cstdlib>

#include "content/head.h"
#include "content/manifest.h"

namespace {

template <class Parsed>
void check_canonical(const firebreak::base::Result<Parsed>& parsed,
                     firebreak::base::ByteView input) {
    if (parsed.ok()) {
        if (!std::ranges::equal(firebreak::content::canonical_json(*parsed), input)) {
            std::abort();
        }
    } else if (parsed.error().message.empty()) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const firebreak::base::ByteView input(data, size);
    check_canonical(firebreak::content::parse_manifest(input), input);
    check_canonical(firebreak::content::parse_head(input), input);
    check_canonical(firebreak::content::parse_signed_head(input), input);
    check_canonical(firebreak::content::parse_set_manifest(input), input);
    check_canonical(firebreak::content::parse_root_statement(input), input);
    return 0;
}
