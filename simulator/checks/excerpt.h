// As much of a long timeline as a person can read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

struct Excerpt {
    std::vector<const record::TimelineEntry*> entries;     // in order; live as long as the run
    std::vector<std::pair<std::string, size_t>> left_out;  // how many of each kind, if any
};

// At most `most` entries: of each kind the first ones, and of every kind as many as of the others
// while there are any, so that a flood of one kind does not wash the rest away.
Excerpt excerpt(const record::Run& run, size_t most);

// "12 more of kind harm, 3 more of kind signal"; empty if nothing was left out.
std::string left_out_text(const Excerpt& excerpt);

}  // namespace firebreak::checks
