// What the parent of a command and the first process of its world say to each other: one order, as
// a sealed memory file, and one report.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/program_end.h"
#include "base/result.h"

namespace firebreak::sandbox {

struct CommandOrder {
    std::string program;
    std::vector<std::string> arguments;  // that follow the program's name
    std::vector<std::string> binds;      // the program's own path among them
    std::map<std::string, std::string> environment;
    std::vector<base::InputFile> files;  // views of what the order was parsed from
    uint64_t memory_bytes = 0;
    uint32_t cpu_s = 0;
    uint32_t wall_ms = 0;
    uint32_t processes = 0;
    uint64_t scratch_bytes = 0;
};

// `failure`: why the program could not be run; "" if it was. Of the end, all but the output.
struct CommandReport {
    std::string failure;
    base::ProgramEnd end;
};

inline constexpr size_t kMaxReportBytes = 4096;

base::Bytes encode(const CommandOrder& order);
base::Bytes encode(const CommandReport& report);
// Parse(b) succeeds exactly if b is what encode() makes.
base::Result<CommandOrder> parse_command_order(base::ByteView bytes);
base::Result<CommandReport> parse_command_report(base::ByteView bytes);

}  // namespace firebreak::sandbox
