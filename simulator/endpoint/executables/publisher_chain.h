// Whether a publisher's certificate leads to a root and may sign code. For the .cpp files of this
// folder.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "endpoint/executables/authenticode.h"

namespace firebreak::endpoint::executables {

// The chain, signer first, root last; or why there is none. `others` may hold anything. That only a
// date is wrong is said of a chain that is trusted at some other time.
std::variant<std::vector<content::Certificate>, SignatureRefusal> judge_publisher(
    const content::Certificate& signer, std::span<const content::Certificate> others,
    std::span<const content::Certificate> roots, base::UtcTime at);

}  // namespace firebreak::endpoint::executables
