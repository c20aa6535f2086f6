// Somebody's own scanner in place of the built-in one: a program that is run for each load and each
// scan, and speaks the messages of endpoint/scanner. So endpoint/scanner's service drives it like
// the sandboxed process of our own engine: same store, same last-known-good, same outcomes.
#pragma once

#include "endpoint/external/reading.h"
#include "ports/component_process.h"
#include "ports/program.h"

namespace firebreak::endpoint::external {

// Thread-safe. A process that it starts is a name for content that has been checked: nothing of the
// program lives on between two runs.
class ExternalScanner final : public ports::ComponentProcesses {
  public:
    // `program` must outlive it, and all that it starts. Errors: as Reading::create().
    static base::Result<std::unique_ptr<ExternalScanner>> create(const ports::Program& program,
                                                                 Contract contract);

    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool loads_libraries) override;

  private:
    ExternalScanner(const ports::Program& program, Reading reading)
        : program_(program), reading_(std::move(reading)) {}

    const ports::Program& program_;
    Reading reading_;
};

}  // namespace firebreak::endpoint::external
