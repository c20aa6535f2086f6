// How a check of this folder refuses. For its .cpp files.
#pragma once

#include <optional>
#include <utility>

#include "base/outcome.h"

namespace firebreak::content {

using Refusal = std::optional<base::Outcome>;  // nullopt: the check passes

inline base::Outcome refuse(base::Category category, base::Code code, base::Evidence evidence) {
    return {base::Stage::kVerify, category, code, std::move(evidence)};
}
inline base::Outcome corrupt(base::Code code, base::Evidence evidence) {
    return refuse(base::Category::kCorrupt, code, std::move(evidence));
}
inline base::Outcome untrusted(base::Code code, base::Evidence evidence) {
    return refuse(base::Category::kUntrusted, code, std::move(evidence));
}

}  // namespace firebreak::content
