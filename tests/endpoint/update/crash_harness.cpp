#include "endpoint/update/crash_harness.h"

#include <fmt/format.h>

#include "endpoint/update/durable_store.h"

namespace firebreak::test {

namespace {

using endpoint::update::DurableStore;

// Any folder that exists: on the simulated disk it is only the beginning of a name.
constexpr char kFolder[] = ".";

std::string does_not_open(const base::Error& error) {
    return "the store does not open: " + error.text();
}

}  // namespace

CrashHarness::CrashHarness(uint64_t seed, Invariant invariant)
    : disk_(seed), invariant_(std::move(invariant)) {}

void CrashHarness::live(const Life& life) {
    {
        auto opened = DurableStore::open(kFolder, {disk_.vfs()});
        if (opened.ok()) {
            live_with(**opened, life);
        }
    }
    if (disk_.ended()) {
        disk_.restart();
    }
}

void CrashHarness::live_with(ports::Store& opened, const Life& life) {
    ShadowedStore store(opened, shadow_, [this] { return disk_.ended(); });
    life(store);
    if (!store.complaints().empty()) {
        complain(store.complaints().front());
    }
}

std::string CrashHarness::start(const std::vector<uint64_t>& interruptions,
                                SimulatedDisk::End end) {
    for (const uint64_t n : interruptions) {
        disk_.end_at(n, end);
        (void)DurableStore::open(kFolder, {disk_.vfs()});
        disk_.restart(end);
    }
    auto opened = DurableStore::open(kFolder, {disk_.vfs()});
    return opened.ok() ? judge(**opened) : does_not_open(opened.error());
}

std::string CrashHarness::start_and_live(const Life& life) {
    auto opened = DurableStore::open(kFolder, {disk_.vfs()});
    if (!opened.ok()) {
        return does_not_open(opened.error());
    }
    const std::string wrong = judge(**opened);
    if (!wrong.empty()) {
        return wrong;
    }
    live_with(**opened, life);
    return judge(**opened);
}

std::string CrashHarness::judge(ports::Store& opened) {
    std::string wrong = complaint_.empty() ? shadow_.complaint(opened) : complaint_;
    if (wrong.empty() && disk_.healthy()) {
        wrong = shadow_.single_copies(opened);
    }
    return wrong.empty() && invariant_ != nullptr ? invariant_(opened) : wrong;
}

void CrashHarness::complain(std::string what) {
    if (complaint_.empty()) {
        complaint_ = std::move(what);
    }
}

void CrashHarness::begin_from(const Beginning& beginning) {
    disk_.load(beginning.image);
    shadow_ = beginning.shadow;
    invariant_ = beginning.invariant;
    complaint_.clear();
}

std::string CrashHarness::end_at_every_change(const Beginning& beginning, const Life& life,
                                              SimulatedDisk::End end) {
    begin_from(beginning);
    const uint64_t before = disk_.changes();
    live(life);
    const uint64_t changes = disk_.changes() - before;
    for (uint64_t n = 1; n <= changes; ++n) {
        begin_from(beginning);
        disk_.end_at(n, end);
        live(life);
        ++ends_;
        std::string wrong = start();
        if (wrong.empty()) {
            live(life);
            wrong = start();
        }
        if (!wrong.empty()) {
            return fmt::format("ended at change {} of {}: {}", n, changes, wrong);
        }
    }
    return "";
}

}  // namespace firebreak::test
