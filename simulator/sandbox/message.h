// Whole messages with descriptors (SCM_RIGHTS) over a Unix socket.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/result.h"
#include "sandbox/descriptor.h"

namespace firebreak::sandbox {

inline constexpr size_t kMostDescriptors = 5;

// Errors: a system call failed; the other side has gone. errno then says which.
base::Status send_message(int socket, std::span<const std::byte> bytes,
                          std::span<const int> descriptors);

struct Received {
    size_t bytes = 0;                                      // 0: the other side has gone
    std::array<Descriptor, kMostDescriptors> descriptors;  // close-on-exec; those that came first
    size_t count = 0;                                      // of descriptors
};
// Waits for a message of at most so many bytes. Descriptors for which there is no room, here or in
// this process, are not there. Errors: a system call failed; the message was longer.
base::Result<Received> receive_message(int socket, std::span<std::byte> into);

}  // namespace firebreak::sandbox
