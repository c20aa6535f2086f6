// Any bytes at all are refused as a message between the repair program and its rule engine, in both
// directions; or are exactly what would be sent of what they say. None passes for two kinds.
#include <algorithm>
#include <cstdlib>

#include "endpoint/repair/messages.h"

namespace {

namespace repair = firebreak::endpoint::repair;
namespace rules = firebreak::endpoint::rules;
using firebreak::base::ByteView;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// Whether it was accepted.
template <typename Message>
bool accepts(const firebreak::base::Result<Message>& message, ByteView input) {
    check(message.ok() ? std::ranges::equal(encode(*message), input)
                       : !message.error().message.empty());
    return message.ok();
}

bool accepts_request(ByteView input) {
    const auto request = repair::parse_request(input);
    if (request.ok()) {
        const auto again =
            std::visit([](const auto& message) { return encode(message).joined(); }, *request);
        check(std::ranges::equal(again, input));
    }
    return request.ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input(data, size);
    check(int{accepts_request(input)} + int{accepts(rules::parse_load_reply(input), input)} +
              int{accepts(repair::parse_mend_reply(input), input)} <=
          1);
    return 0;
}
