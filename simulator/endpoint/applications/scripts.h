// The PowerShell of a simulated machine: a few scripts, known by their text.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "endpoint/applications/messages.h"
#include "host/machine.h"

namespace firebreak::endpoint::applications {

// How a script ended: with what it printed, or why there is no answer.
struct ScriptEnd {
    std::optional<std::string> printed;
    std::string error;
};

// A script with a name in it: before + name + after. The name is letters, digits and -_. alone, or
// with blanks too in single quotes.
struct ScriptInfo {
    std::string_view before, after;
    std::string_view meaning;
    std::string (*print)(const host::Machine& machine, std::string_view name);
};
std::span<const ScriptInfo> known_scripts();

// Of one look at one machine. A script that several rules run runs once, so that each sees the same
// answer, and it costs its time once. Not thread-safe.
class Scripts {
  public:
    // Both must outlive it.
    Scripts(const host::Machine& machine, const PowerShell& powershell)
        : machine_(machine), powershell_(powershell) {}

    // A script that nobody knows is not run.
    const ScriptEnd& run(std::string_view script);

    uint32_t count() const { return count_; }
    uint32_t failed() const { return failed_; }
    uint32_t waited_s() const { return waited_s_; }

  private:
    ScriptEnd end_of(std::string_view script);

    const host::Machine& machine_;
    const PowerShell& powershell_;
    std::map<std::string, ScriptEnd, std::less<>> ends_;
    uint32_t count_ = 0, failed_ = 0, waited_s_ = 0;
};

}  // namespace firebreak::endpoint::applications
