// Reads what a run of somebody's scanner came to.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/outcome.h"
#include "base/program_end.h"
#include "base/result.h"
#include "endpoint/external/contract.h"
#include "endpoint/scanner/messages.h"

namespace re2 {
class RE2;
}

namespace firebreak::endpoint::external {

// Why an expression cannot be used; "" if it can. `needs_group`: for the name that it must find.
std::string why_no_pattern(const std::string& pattern, bool needs_group);

// By one contract. Thread-safe. Output is hostile: lines are looked at up to a length, and what is
// kept of them is printable and within the limits of scanner messages.
class Reading {
  public:
    // Errors: an expression cannot be used (named).
    static base::Result<Reading> create(Contract contract);

    // The reply, or how the program died (stage left at kNever): of a signal (kCrash, or
    // kMemoryLimit where a memory line says so), at its processor time (kCpuLimit), idle at its
    // deadline (kHang), at a forbidden call (kForbidden), with too much output or an exit status
    // that the contract does not have (kProtocol). Errors: it says more about this machine: SIGKILL
    // from elsewhere, or a deadline passed while it was busy.
    base::Result<std::variant<scanner::LoadReply, base::Outcome>> of_check(
        const base::ProgramEnd& end) const;
    base::Result<std::variant<scanner::SubjectReply, base::Outcome>> of_scan(
        const base::ProgramEnd& end) const;

    const Contract& contract() const { return contract_; }

  private:
    using Patterns = std::vector<std::shared_ptr<const re2::RE2>>;
    // What the lines of one run say.
    struct Told {
        std::vector<std::string> rules;
        std::string error, last;  // the first error line; the last line of all
        bool memory = false;
    };

    explicit Reading(Contract contract) : contract_(std::move(contract)) {}
    Told listen(const base::ProgramEnd& end) const;
    void listen(std::string_view text, Told& told) const;

    Contract contract_;
    Patterns rules_, errors_, memory_;
};

}  // namespace firebreak::endpoint::external
