// Any bytes at all are refused as the image of a machine and as a list of changes, or are exactly
// what is written of what they say. None passes for both.
#include <algorithm>
#include <cstdlib>

#include "host/machine.h"

namespace {

// Whether it was accepted.
template <class Parsed>
bool is_exact(const Parsed& parsed, firebreak::base::ByteView input) {
    const bool sound = parsed.ok() ? std::ranges::equal(firebreak::host::encode(*parsed), input)
                                   : !parsed.error().message.empty();
    if (!sound) {
        std::abort();
    }
    return parsed.ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const firebreak::base::ByteView input(data, size);
    const auto changes = firebreak::host::parse_changes(input);
    if (is_exact(changes, input) && is_exact(firebreak::host::parse_machine(input), input)) {
        std::abort();
    }
    is_exact(firebreak::host::parse_machine(input), input);
    if (changes.ok()) {
        firebreak::host::Machine machine;
        for (const auto& change : *changes) {
            (void)firebreak::host::apply(machine, change);
            (void)firebreak::host::describe(change);
        }
        // What comes of them is a machine like any other.
        if (!firebreak::host::parse_machine(firebreak::host::encode(machine)).ok()) {
            std::abort();
        }
    }
    return 0;
}
