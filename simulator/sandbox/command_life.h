// The first process of a command's world: makes the world, starts the program in it, watches it and
// ends everything with it.
#pragma once

namespace firebreak::sandbox {

// Its whole life, as a zygote's worker in a world of its own (sandbox/zygote.h): takes one order
// from the socket, reports, and returns the exit status. In place of a page of evidence it has the
// pipe of the program's standard output. The kernel ends all that the program has started with it.
int live_for_command();

}  // namespace firebreak::sandbox
