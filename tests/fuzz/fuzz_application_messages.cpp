// Any bytes at all are refused as a message between application detection and its rule engine, in
// both directions, and as the list that is kept; or are exactly what would be sent of what they
// say. None passes for two kinds.
#include <algorithm>
#include <cstdlib>

#include "endpoint/applications/messages.h"

namespace {

namespace applications = firebreak::endpoint::applications;
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
    const auto request = applications::parse_request(input);
    if (request.ok()) {
        const auto again = std::visit(
            [](const auto& message) { return encode(message).joined(); }, *request);
        check(std::ranges::equal(again, input));
    }
    return request.ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input(data, size);
    check(int{accepts_request(input)} +
              int{accepts(firebreak::endpoint::rules::parse_load_reply(input), input)} +
              int{accepts(applications::parse_detect_reply(input), input)} +
              int{accepts(applications::parse_known(input), input)} <=
          1);
    return 0;
}
