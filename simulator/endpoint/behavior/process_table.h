// The processes of the machine, as far as events have told of them, with their tags.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "host/event.h"

namespace firebreak::endpoint::behavior {

inline constexpr size_t kMaxProcesses = 65'536;  // beyond, those known for longest are forgotten
inline constexpr size_t kTagsOfRule = 8;         // of one process
inline constexpr size_t kAllTagsOfRule = 8192;   // of all processes

struct KnownProcess {
    std::string image, command_line, user;
    uint32_t parent = 0;
    std::optional<uint8_t> reputation;
    std::map<std::string, uint32_t, std::less<>>
        tags;  // with the rule that was the first to set it
};

// Not thread-safe.
class ProcessTable {
  public:
    // Learns of processes that start, and of the image of those that act.
    void note(const host::Event& event);
    void forget(uint32_t process);
    void set_reputation(uint32_t process, uint8_t reputation);
    // False: this rule has set as many as it may, or nobody knows the process. What one rule sets
    // leaves as much room to the others.
    bool tag(uint32_t process, const std::string& tag, uint32_t rule);

    // Null: unknown, or it has ended.
    const KnownProcess* find(uint32_t process) const;

  private:
    KnownProcess& at(uint32_t process);

    std::unordered_map<uint32_t, KnownProcess> known_;
    std::deque<uint32_t> order_;                 // in which they became known; some are forgotten
    std::unordered_map<uint32_t, size_t> tags_;  // by rule
};

}  // namespace firebreak::endpoint::behavior
