// Any bytes at all are refused as an order to the world of a program under test, and as a report
// from there, or are exactly what would be sent of what they say.
#include <algorithm>
#include <cstdlib>

#include "sandbox/command_messages.h"

namespace {

using firebreak::base::ByteView;

template <typename Message>
void check(const firebreak::base::Result<Message>& message, ByteView input) {
    const bool holds = message.ok()
                           ? std::ranges::equal(firebreak::sandbox::encode(*message), input)
                           : !message.error().message.empty();
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input(data, size);
    check(firebreak::sandbox::parse_command_order(input), input);
    check(firebreak::sandbox::parse_command_report(input), input);
    return 0;
}
