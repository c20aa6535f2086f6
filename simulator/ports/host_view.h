// What a component may see of the machine that it runs on. Read only: changes come back as a
// journal, from the components that may make any (none yet).
#pragma once

#include <span>

#include "host/persona.h"

namespace firebreak::ports {

class HostView {
  public:
    virtual ~HostView() = default;
    virtual std::span<const host::File> files() const = 0;
};

}  // namespace firebreak::ports
