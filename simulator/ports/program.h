// A program that is not the lab's own, run on input: what a component is made of that somebody
// brings along.
#pragma once

#include <span>
#include <string>

#include "base/program_end.h"
#include "base/result.h"

namespace firebreak::ports {

class Program {
  public:
    virtual ~Program() = default;
    // Once, with these arguments and files, in a sandbox; thread-safe. All that the program does is
    // an end. Errors are about this machine: the trial must be repeated.
    virtual base::Result<base::ProgramEnd> run(std::span<const std::string> arguments,
                                               std::span<const base::InputFile> files) const = 0;
};

}  // namespace firebreak::ports
