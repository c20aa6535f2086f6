// Downloads of one file: what a client puts up with from whoever serves it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/outcome.h"
#include "endpoint/update/profile.h"
#include "ports/transport.h"

namespace firebreak::endpoint::update {

// What the client says of content that it turns away.
inline base::Outcome refuse(base::Category category, base::Code code, base::Evidence evidence) {
    return {base::Stage::kVerify, category, code, std::move(evidence)};
}

// Takes a file's bytes, unpacked, in order. nullopt: go on.
using Consumer = std::function<std::optional<base::Outcome>(base::ByteView)>;

struct Wanted {
    std::string path;
    base::Code missing = base::Code::kNone;  // what its absence is called
    std::optional<uint64_t> cap;             // bytes, unpacked; the profile's byte_caps apply it
    // Has everything been as it should be, now that all of it is there? (nullopt: yes.)
    std::function<std::optional<base::Outcome>()> judge;
    std::function<std::optional<base::Outcome>()> restart;  // forget what was taken so far
    Consumer consume;
};

// Fetches files over one transport under one profile. Where the profile says so, every edge is
// asked in turn, once: after a connection that broke off the next one goes on where it ended; after
// bytes that were turned away the next one begins anew. Between two tries lies a pause that
// doubles, with jitter. All times are simulated: the transport's.
class Downloader {
  public:
    // `jitter`: 0 to 1, this endpoint's.
    Downloader(ports::Transport& transport, const Profile& profile, double jitter)
        : transport_(transport), profile_(profile), jitter_(jitter) {}

    // nullopt: all of the file was consumed and judged to be right. Else why not: of the last edge
    // asked. Never more than what the profile allows has reached the consumer.
    std::optional<base::Outcome> fetch(const Wanted& wanted);
    // The same into memory.
    struct InMemory {
        base::Bytes bytes;
        std::optional<base::Outcome> failure;
        bool delivered = false;  // some of it arrived
    };
    // `judge`: of the whole file. `room`: the machine's, where the profile has no cap.
    InMemory fetch(const std::string& path, base::Code missing, uint64_t cap, uint64_t room,
                   std::function<std::optional<base::Outcome>(base::ByteView)> judge);

  private:
    ports::Transport& transport_;
    const Profile& profile_;
    double jitter_;
};

}  // namespace firebreak::endpoint::update
