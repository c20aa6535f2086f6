// Starting workers that misbehave (hostile_worker.cpp).
#pragma once

#include "base/text.h"
#include "sandbox/worker.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::test {

inline std::filesystem::path hostile_worker_binary() {
    return worker_binary().parent_path() / "firebreak-hostile-worker";
}

inline sandbox::Policy policy_for(const std::string& component) {
    return {.component = component, .memory_bytes = 256ull * 1024 * 1024, .call_cpu_ms = 100};
}

// What came of one call: "reply <bytes>", "<category>: <evidence>" or "error: <text>".
inline std::string describe(const base::Result<std::variant<base::Bytes, base::Outcome>>& result) {
    if (!result.ok()) {
        return "error: " + result.error().text();
    }
    if (const auto* reply = std::get_if<base::Bytes>(&*result)) {
        return "reply " + std::string(base::text_of(*reply));
    }
    const auto& outcome = std::get<base::Outcome>(*result);
    return std::string(base::to_text(outcome.category)) + ", " +
           std::string(base::to_text(outcome.code)) + ": " + base::to_text(outcome.evidence);
}

}  // namespace firebreak::test
