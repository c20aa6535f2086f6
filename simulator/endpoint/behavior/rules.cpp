#include "endpoint/behavior/rules.h"

#include <fmt/format.h>

namespace firebreak::endpoint::behavior {

RuleNote Rule::disable(const std::string& why) {
    cost.disabled = true;
    return {RuleNote::What::kDisabled, id, why};
}

std::vector<RuleNote> Rule::note_failure(const lua::Ended& ended) {
    ++cost.errors;
    std::vector<RuleNote> notes;
    const auto what = ended.how == lua::End::kError      ? RuleNote::What::kError
                      : ended.how == lua::End::kDeadline ? RuleNote::What::kDeadline
                                                         : RuleNote::What::kMemory;
    notes.push_back({what, id, ended.message});
    stops += ended.how == lua::End::kError ? 0 : 1;
    if (stops >= kMaxStops) {
        notes.push_back(disable(fmt::format("stopped {} times", stops)));
    } else if (cost.errors >= kMaxErrors) {
        notes.push_back(disable(fmt::format("failed {} times", cost.errors)));
    }
    return notes;
}

std::vector<RuleNote> Rule::note_window(uint64_t events, double at_work) {
    const auto spent = static_cast<uint64_t>(static_cast<double>(ns_in_window) * at_work);
    ns_in_window = 0;
    if (cost.disabled || spent <= kBudgetNsPerEvent * kBudgetWindow) {
        return {};
    }
    const uint64_t per_event = spent / std::max<uint64_t>(events, 1);
    const std::string share =
        fmt::format("{} ns for each event, where {} are allowed", per_event, kBudgetNsPerEvent);
    if (!warned) {
        warned = true;
        return {{RuleNote::What::kOverBudget, id, share}};
    }
    return {disable("over budget again: " + share)};
}

}  // namespace firebreak::endpoint::behavior
