// The letters by which charts, lists and reports point at what matters in a timeline.
#pragma once

#include <set>
#include <span>
#include <string_view>

#include "record/run.h"

namespace firebreak::checks {

struct FlagLetter {
    char letter;
    std::string_view kind;     // of the timeline; empty: publications, which come in three
    std::string_view meaning;  // "promotion"
};
// R a release is published first, X so is a fix, P on to further groups, F a fault, A an alarm,
// H a halt, W a withdrawal, G it goes on, C a campaign begins.
std::span<const FlagLetter> flag_letters();

// Reads one timeline in its order: whether a publication is the first depends on those before.
class FlagReader {
  public:
    // 0: the entry has no letter.
    char letter(const record::TimelineEntry& entry, const record::Header& header);

  private:
    std::set<int32_t> published_;  // releases
};

}  // namespace firebreak::checks
