#include "checks/failures.h"

#include <fmt/format.h>

#include <algorithm>

namespace firebreak::checks {

std::vector<Failure> failures(const record::Run& run) {
    std::vector<Failure> out;
    for (const record::Assay& assay : run.assays) {
        if (assay.code.empty()) {
            continue;
        }
        const std::string what =
            fmt::format("{} at {}: {}", assay.category, assay.stage, assay.code);
        const auto same = std::find_if(out.begin(), out.end(), [&](const Failure& failure) {
            return failure.what == what && failure.example->imported == assay.imported;
        });
        if (same == out.end()) {
            out.push_back({what, &assay, 1});
        } else {
            ++same->assays;
        }
    }
    return out;
}

}  // namespace firebreak::checks
