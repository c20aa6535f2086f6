// How an assay reaches the CDN.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "assay/transition.h"
#include "ports/transport.h"

namespace firebreak::assay {

// Safe from any thread.
class Wire {
  public:
    virtual ~Wire() = default;
    // For one assay: these files, which must outlive what is returned, and whatever the CDN has
    // under names that are digests. Errors: about this machine.
    virtual base::Result<std::unique_ptr<ports::Transport>> connect(
        const std::map<std::string, ServedFile>& files, unsigned edges) = 0;
};

// In process, at a simulated 50 Mbit/s.
class DirectWire final : public Wire {
  public:
    // `cdn` must be safe to read from any thread.
    explicit DirectWire(ports::Transport& cdn) : cdn_(cdn) {}
    base::Result<std::unique_ptr<ports::Transport>> connect(
        const std::map<std::string, ServedFile>& files, unsigned edges) override;

  private:
    ports::Transport& cdn_;
};

}  // namespace firebreak::assay
