// The repair program's side of its sandboxed process.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/outcome.h"
#include "endpoint/repair/messages.h"
#include "host/machine.h"
#include "host/product.h"
#include "ports/component_process.h"

namespace firebreak::endpoint::repair {

// What was done to a machine, and said of it, in order: a line of the audit log.
struct AuditLine {
    enum class What : uint8_t {
        kChanged = 0,
        kNote = 1,    // by the rule: why
        kFailed = 2,  // the rule did, and has done nothing
    } what = What::kChanged;
    std::string file;  // of the rule
    std::string rule;  // its id, as the rules' process has it
    std::string text;  // "restored C:\Program Files\…"
    friend bool operator==(const AuditLine&, const AuditLine&) = default;
};
std::string_view to_text(AuditLine::What what);  // "changed"

// One process with the rules of a kit. Not thread-safe.
class RepairProcess {
  public:
    using Files = std::vector<rules::RuleFile>;
    // kInstalled, and a process; or why there is none (stage kLoad).
    struct Loaded {
        std::unique_ptr<RepairProcess> process;
        base::Outcome outcome;
    };
    // In a fresh process. Errors: about this machine.
    static base::Result<Loaded> start(ports::ComponentProcesses& processes, const Files& files);

    // What the machine is then, and how it came to be that. The journal is the word of a process
    // that nobody vouches for: each entry is judged by what may be done to a machine at all, and
    // one that does not hold refuses all of it.
    struct Mended {
        host::Machine machine;
        std::vector<AuditLine> audit;
    };
    // An outcome (stage kRun): the process died of it, or what it says does not hold. It is of no
    // further use then.
    base::Result<std::variant<Mended, base::Outcome>> mend(const host::Machine& machine,
                                                           const host::Product& package);

  private:
    RepairProcess(std::unique_ptr<ports::ComponentProcess> process, const Files& files);

    std::unique_ptr<ports::ComponentProcess> process_;
    std::vector<std::string> files_;
};

}  // namespace firebreak::endpoint::repair
