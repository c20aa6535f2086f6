// The processes of the machine, as far as events have told of them, with their tags.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "host/event.h"

namespace firebreak::endpoint::behavior {

inline constexpr size_t kMaxProcesses = 65'536;  // beyond, those known for longest are forgotten
inline constexpr size_t kMaxTags = 32;           // of one process

struct KnownProcess {
    std::string image, command_line, user;
    uint32_t parent = 0;
    std::optional<uint8_t> reputation;
    std::set<std::string, std::less<>> tags;
};

// Not thread-safe.
class ProcessTable {
  public:
    // Learns of processes that start, and of the image of those that act.
    void note(const host::Event& event);
    void forget(uint32_t process) { known_.erase(process); }
    void set_reputation(uint32_t process, uint8_t reputation);
    // False: there are kMaxTags already, or nobody knows the process.
    bool tag(uint32_t process, const std::string& tag);

    // Null: unknown, or it has ended.
    const KnownProcess* find(uint32_t process) const;

  private:
    KnownProcess& at(uint32_t process);

    std::unordered_map<uint32_t, KnownProcess> known_;
    std::deque<uint32_t> order_;  // in which they became known; some are forgotten
};

}  // namespace firebreak::endpoint::behavior
