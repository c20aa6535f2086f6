#include "checks/flag_letters.h"

#include <algorithm>

namespace firebreak::checks {

namespace {

constexpr FlagLetter kFlagLetters[] = {
    {'R', "", "release"},
    {'P', "", "promotion"},
    {'X', "", "fix"},
    {'F', "fault", "fault"},
    {'A', "alarm", "alarm"},
    {'H', "halt", "halt"},
    {'W', "withdrawal", "withdrawal"},
    {'G', "resume", "goes on"},
    {'C', "campaign", "campaign"},
};

}  // namespace

std::span<const FlagLetter> flag_letters() {
    return kFlagLetters;
}

char FlagReader::letter(const record::TimelineEntry& entry, const record::Header& header) {
    if (entry.kind == "publication") {
        if (!published_.insert(entry.release).second) {
            return 'P';
        }
        const bool fix = entry.release != record::kAll &&
                         header.releases[static_cast<size_t>(entry.release)].kind == "fix";
        return fix ? 'X' : 'R';
    }
    const auto* const found = std::ranges::find(kFlagLetters, entry.kind, &FlagLetter::kind);
    return found == std::end(kFlagLetters) || entry.kind.empty() ? '\0' : found->letter;
}

}  // namespace firebreak::checks
