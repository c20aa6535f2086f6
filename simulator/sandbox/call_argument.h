// Conditions on an argument of a system call, as libseccomp takes them. For the .cpp files of this
// folder.
#pragma once

#include <seccomp.h>

#include <cstdint>

namespace firebreak::sandbox {

// Arguments are counted from 0.
inline scmp_arg_cmp is(unsigned argument, uint64_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}

}  // namespace firebreak::sandbox
