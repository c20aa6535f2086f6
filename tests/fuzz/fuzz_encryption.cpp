// Any bytes at all are refused with a code and evidence, or are what encrypt() makes of the plain
// text that comes out of them.
#include <algorithm>
#include <cstdlib>

#include "content/encryption.h"
#include "content/pki.h"
#include "support/paths.h"

namespace {

using namespace firebreak;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const base::Bytes key =
        content::load_content_key(test::fixtures_dir() / "keys", content::Feed::kBehavior).value();
    const base::ByteView input(data, size);
    const auto result = content::decrypt(content::Feed::kBehavior, input, key);
    if (const auto* refusal = std::get_if<base::Outcome>(&result)) {
        require(refusal->refused() && refusal->code != base::Code::kNone);
        require(!refusal->evidence.empty());
        return 0;
    }
    const auto again =
        content::encrypt(content::Feed::kBehavior, std::get<base::Bytes>(result), key);
    require(again.ok() && std::ranges::equal(*again, input));
    return 0;
}
