// Any bytes at all are refused as a message between scanner service and scanner process, in both
// directions, or are exactly what would be sent of what they say. None passes for two kinds.
#include <algorithm>
#include <cstdlib>

#include "endpoint/scanner/messages.h"

namespace {

namespace scanner = firebreak::endpoint::scanner;
using firebreak::base::ByteView;

// Whether it was accepted.
template <typename Message>
bool check(const firebreak::base::Result<Message>& message, ByteView input) {
    if (!message.ok()) {
        if (message.error().message.empty()) {
            std::abort();
        }
        return false;
    }
    if (!std::ranges::equal(scanner::encode(*message), input)) {
        std::abort();
    }
    return true;
}

bool check_request(ByteView input) {
    const auto request = scanner::parse_request(input);
    if (!request.ok()) {
        return false;
    }
    const auto again =
        std::visit([](const auto& message) { return scanner::encode(message).joined(); }, *request);
    if (!std::ranges::equal(again, input)) {
        std::abort();
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input(data, size);
    const int accepted = int{check_request(input)} +
                         int{check(scanner::parse_load_reply(input), input)} +
                         int{check(scanner::parse_scan_reply(input, 1), input)} +
                         int{check(scanner::parse_score_reply(input), input)};
    if (accepted > 1) {
        std::abort();
    }
    return 0;
}
