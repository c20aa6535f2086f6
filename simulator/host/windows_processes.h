// Which process a record is about: one number each, from Sysmon's GUIDs and from process ids, which
// Windows uses again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace firebreak::host {

class WindowsProcesses {
  public:
    // What a record says of a process.
    struct Seen {
        std::string_view guid;  // empty: not given
        uint64_t pid = 0;       // 0: not given
        int64_t at_ms = 0;
        bool starts = false;  // the record says that it starts
    };
    // Numbers from 1, in the order in which processes are first seen; 0: the record does not say.
    // A process id stands for the process that had it last. Two records of a start within two
    // seconds of one another, from Sysmon and from Security, are about the same process.
    uint32_t number_of(std::string_view machine, const Seen& seen);

  private:
    struct Holder {
        uint32_t number = 0;
        int64_t first_seen_ms = 0;
        bool has_guid = false;
    };
    uint32_t by_guid(Holder& holder, const Seen& seen, std::string guid);
    uint32_t by_pid(Holder& holder, const Seen& seen);
    void renew(Holder& holder, int64_t at_ms);

    std::unordered_map<std::string, uint32_t> guids_;
    std::map<std::pair<std::string, uint64_t>, Holder> pids_;
    uint32_t last_ = 0;
};

}  // namespace firebreak::host
