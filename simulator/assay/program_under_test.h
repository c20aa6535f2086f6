// A scanner that somebody brought along, ready to be met by assays.
#pragma once

#include <memory>
#include <string>

#include "endpoint/external/external_scanner.h"
#include "sandbox/command.h"

namespace firebreak::assay {

// Thread-safe if the spawner is, which must outlive it.
class ProgramUnderTest {
  public:
    // Errors: as sandbox::Command::create() and ExternalScanner::create(); the program's file
    // cannot be read.
    static base::Result<std::unique_ptr<ProgramUnderTest>> create(
        sandbox::Spawner& spawner, sandbox::CommandPolicy policy,
        endpoint::external::Contract contract);
    ~ProgramUnderTest();

    ports::ComponentProcesses& processes() { return *scanner_; }
    // The program's path and two digests: of its file, and of all that the scenario says of it.
    // Equal identities, equal answers; but for its libraries, which are not looked at.
    const std::string& identity() const { return identity_; }

  private:
    class Sandboxed;
    ProgramUnderTest() = default;

    std::unique_ptr<const ports::Program> program_;
    std::unique_ptr<endpoint::external::ExternalScanner> scanner_;
    std::string identity_;
};

}  // namespace firebreak::assay
