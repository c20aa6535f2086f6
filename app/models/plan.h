// What a scenario means to happen, before it has.
#pragma once

#include <QString>
#include <vector>

#include "record/run.h"

namespace firebreak::models {

struct PlannedEntry {
    base::SimTime at;
    char letter = 0;  // as checks/flag_letters.h has it; 0: none
    QString kind;     // of the timeline: "publication", "act", "fault", "campaign"
    int32_t release = record::kAll;
    QString text;
};

// In order of time: releases, promotions and other acts, faults and campaigns that have a time of
// their own. A fix that is made when a halt comes has none. If the scenario in the header cannot be
// read (of another version), the releases alone.
std::vector<PlannedEntry> plan_of(const record::Header& header);

}  // namespace firebreak::models
