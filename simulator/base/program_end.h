// How one run of a program that is not ours ended, as a sandbox tells those who judge it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace firebreak::base {

// A file that the program finds in its own world. The bytes stay the caller's.
struct InputFile {
    std::string path;  // "/content/worms.yar"
    ByteView bytes;
};

struct ProgramEnd {
    enum class How : uint8_t {
        kExited,        // status: its exit status
        kSignal,        // status: the signal that it died of
        kCpuLimit,      // killed at its limit of processor time
        kWallDeadline,  // killed at its deadline
        kOutputLimit,   // killed because it wrote too much
        kForbidden,     // killed at the system call `call`
    };
    How how = How::kExited;
    int status = 0;
    std::string call;                  // "ptrace"
    std::string output, errors;        // raw, as much of either as the limit allows
    std::chrono::microseconds cpu{0};  // of the program and those of its children that it awaited
};

}  // namespace firebreak::base
