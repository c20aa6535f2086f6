// Sensors at work allocate nothing: a machine's events come by the million.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "base/random.h"
#include "endpoint/sensors/sensors.h"
#include "support/result_matchers.h"

namespace {

size_t allocations = 0;

void* allocate(size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    std::abort();
}

}  // namespace

void* operator new(size_t size) {
    return allocate(size);
}
void* operator new[](size_t size) {
    return allocate(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
    std::free(memory);
}

namespace firebreak::endpoint::sensors {
namespace {

using host::Event;
using host::EventKind;
using host::EventValue;

// 1,000 ms of events, of 50 processes.
size_t work(Sensors& sensors, int64_t from) {
    size_t delivered = 0;
    const auto sink = [&](const Event&) { ++delivered; };
    for (int64_t n = 0; n < 10'000; ++n) {
        Event event{.kind = static_cast<EventKind>(static_cast<size_t>(n) % host::kEventKinds),
                    .at_ms = from + n / 10,
                    .process = static_cast<uint32_t>(base::mix64(static_cast<uint64_t>(n)) % 50)};
        event.values[0] = EventValue::of(n % 4 < 2 ? R"(C:\Windows\System32\svchost.exe)"
                                                   : R"(C:\Windows\System32\cmd.exe)");
        sensors.push(event, sink);
    }
    sensors.flush(from + 2000, sink);
    return delivered;
}

TEST(Sensors, AllocateNothingOnceTheyHaveBeenAtWork) {
    Sensors sensors({.windows = 64});
    ASSERT_OK(sensors.set(
        EventKind::kFileCreate,
        {.drop = {{0, Match::kContains, "cmd"}}, .merge_window_ms = 100, .merge_key = {0}}));
    ASSERT_OK(sensors.set(EventKind::kRegistrySet, {.merge_window_ms = 500, .merge_key = {0}}));
    const size_t first = work(sensors, 0);
    const size_t before = allocations;
    EXPECT_EQ(work(sensors, 10'000), first);
    EXPECT_EQ(allocations, before);
    EXPECT_GT(before, 0u);
    EXPECT_GT(sensors.counters(EventKind::kFileCreate).merged, 0u);
    EXPECT_GT(sensors.counters(EventKind::kRegistrySet).merged, 0u);
    EXPECT_GT(sensors.counters(EventKind::kRegistrySet).cut_short, 0u);
}

}  // namespace
}  // namespace firebreak::endpoint::sensors
