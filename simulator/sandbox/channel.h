// What spawner, zygote and worker agree on: descriptors, frames, and the page of evidence that
// parent and worker share.
//
// Spawner and zygote speak over a SOCK_SEQPACKET pair, in whole messages: the zygote says Hello
// once it is ready; each Order of a worker, with the worker's descriptors (socket, page, standard
// error, and two folders if it has them), is answered by one Birth, with the worker's pidfd if
// there is a worker; each Order of folders by one Birth with the folders' two descriptors.
//
// Parent and worker speak in frames, both ways: u32 length (little-endian), then so many bytes. A
// request of more than kMostInline bytes comes in a sealed memory file instead, whose descriptor
// comes with the length (SCM_RIGHTS): nobody can change it while it is read. The policy's
// weakenings (u32) are in the socket when the worker is born. The worker then says one byte that
// carries the listener of its system call filter (SCM_RIGHTS), and a frame with its layers (u32).
// After that every frame of the parent is answered by one of the worker.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace firebreak::sandbox {

// Of the worker, and of the zygote before it, which has no page.
inline constexpr int kErrorsFd = 2;  // standard error: a pipe that never blocks the worker
inline constexpr int kSocketFd = 3;
inline constexpr int kPageFd = 4;
inline constexpr int kLogFolderFd = 5;      // weakenings/quota_folders.h
inline constexpr int kObjectsFolderFd = 6;  // the last place that is given out at birth

// Exit status of zygote and worker: EX_SOFTWARE of sysexits.h.
inline constexpr int kFailed = 70;

inline constexpr size_t kFrameHeaderBytes = 4;
inline constexpr size_t kMostInline = 8 * 1024;
inline constexpr int kRequestFd = 0;  // a memory file's number in the worker: the lowest there is

inline constexpr uint32_t kMaxOpenFiles = 16;  // RLIMIT_NOFILE
// Of the library that is being loaded (weakenings/executable_mapping.h): the last there is.
inline constexpr int kModelFd = kMaxOpenFiles - 1;
inline constexpr size_t kMostFiles = 8;                    // that go with a call
inline constexpr uint64_t kStackBytes = 8u * 1024 * 1024;  // RLIMIT_STACK

// --- zygote

struct Hello {
    uint32_t layers;  // that all its workers inherit
};
struct Order {
    uint64_t memory_bytes;  // of a worker; 0: an order of folders
    uint64_t lifetime_cpu_s;
    uint64_t file_bytes;
    uint64_t log_bytes;  // of folders
    uint64_t objects_bytes;
};
struct Birth {
    int32_t pid;    // as the spawner sees it; 0: none
    int32_t error;  // errno, if there is none, or no folders
};

// --- worker

// Written by the worker as it dies, read by the parent afterwards. Hostile code can write anything
// here: it colours the evidence of a death, and never decides whether there was one.
struct EvidencePage {
    std::atomic<uint32_t> out_of_memory;  // not 0: an allocation failed
    std::atomic<uint32_t> fault_signal;   // the signal that fault_address belongs to; 0: none
    std::atomic<uint64_t> fault_address;
};
static_assert(std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace firebreak::sandbox
