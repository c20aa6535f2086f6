// Ends whatever uses a durable store at every write and every sync that it causes, and looks at
// what the next start finds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "endpoint/update/simulated_disk.h"
#include "endpoint/update/store_shadow.h"
#include "ports/store.h"

namespace firebreak::test {

// One endpoint's machine through its lives. Not thread-safe.
class CrashHarness {
  public:
    // What one life does with the store. May find it failing anywhere.
    using Life = std::function<void(ports::Store&)>;
    // What is wrong with what a start finds; empty: nothing. It may read the store, no more. What
    // it remembers from one start to the next belongs to the machine: copies remember for
    // themselves.
    using Invariant = std::function<std::string(ports::Store&)>;

    // `invariant` may be null: then the store itself is all that is judged.
    CrashHarness(uint64_t seed, Invariant invariant);

    // Opens the store, lives, and closes it. The disk may end in any of it; then it is up again
    // afterwards.
    void live(const Life& life);
    // Starts and judges what is there. Before that, starts that meet their end at these changes.
    std::string start(const std::vector<uint64_t>& interruptions, SimulatedDisk::End end);
    std::string start() { return start({}, SimulatedDisk::End::kKill); }

    // For a life that finds something wrong itself: the next start() says so.
    void complain(std::string what);

    // Starts, judges, lives, and judges again without another start.
    std::string start_and_live(const Life& life);

    // The machine is switched off; from here the same beginning can be lived on several times.
    struct Beginning {
        SimulatedDisk::Image image;
        Shadow shadow;
        Invariant invariant = nullptr;
    };
    Beginning beginning() const { return {disk_.image(), shadow_, invariant_}; }
    void begin_from(const Beginning& beginning);

    // Lives from the beginning once undisturbed, to count its changes; then once for each of them,
    // with the end there; starts again, judges, lives once more undisturbed, and judges. Returns
    // the first complaint with the number of the change; empty: there is none.
    std::string end_at_every_change(const Beginning& beginning, const Life& life,
                                    SimulatedDisk::End end);
    // Of end_at_every_change: how many ends there were.
    uint64_t ends() const { return ends_; }

    SimulatedDisk& disk() { return disk_; }
    const Shadow& shadow() const { return shadow_; }

  private:
    void live_with(ports::Store& opened, const Life& life);
    std::string judge(ports::Store& opened);

    SimulatedDisk disk_;
    Shadow shadow_;
    Invariant invariant_;
    std::string complaint_;  // made during a life
    uint64_t ends_ = 0;
};

}  // namespace firebreak::test
