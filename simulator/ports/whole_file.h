// Delivers a file that is in memory.
#pragma once

#include <algorithm>

#include "ports/transport.h"

namespace firebreak::ports {

inline constexpr uint64_t kUsualBytesPerSecond = 6'250'000;  // 50 Mbit/s

// From the offset on, in pieces, at a simulated 50 Mbit/s.
inline FetchStatus deliver(base::ByteView file, uint64_t offset, Receiver& receiver) {
    constexpr size_t kPiece = 1 << 20;
    const uint64_t from = std::min<uint64_t>(offset, file.size());
    if (!receiver.begin(Encoding::kIdentity, from)) {
        return FetchStatus::kStopped;
    }
    for (uint64_t at = from; at < file.size();) {
        const uint64_t size = std::min<uint64_t>(kPiece, file.size() - at);
        at += size;
        const Elapsed elapsed((at - from) * 1000 / kUsualBytesPerSecond);
        if (!receiver.receive(file.subspan(at - size, size), elapsed)) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kOk;
}

}  // namespace firebreak::ports
