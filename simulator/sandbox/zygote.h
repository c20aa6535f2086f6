// The process that workers are forked from: everything that takes time is done in it once, and no
// content ever reaches it. Its workers have its memory layout in common, and no secrets.
#pragma once

#include <functional>

namespace firebreak::sandbox {

// Where the workers of a zygote live.
enum class World {
    kShared,  // in the one that the zygote enters: with an empty root
    // Each is the first process of a fresh one: nothing of the machine but its files is within its
    // reach, it has all rights in there and none outside, and it sets its own limits.
    kOfItsOwn,
};

// Serves the spawner that started this process, until it hangs up: gives up what rights it has,
// enters a world of its own, and forks a worker for each order. `life` is a worker's whole life,
// its result the worker's exit status (serve(), sandbox/serve.h). Returns this process's exit
// status: 0, or 70 with a message on standard error. The process must be single-threaded, and have
// loaded all code that workers need: there are no files where they live.
int be_zygote(const std::function<int()>& life, World world = World::kShared);

}  // namespace firebreak::sandbox
