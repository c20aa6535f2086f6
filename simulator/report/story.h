// What several charts of one run share: the stretch of time in which something happened, and flags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/run.h"
#include "report/time_chart.h"

namespace firebreak::report {

struct Stretch {
    base::SimTime begin, end;
};

// From the start to a little after the last change of what became of endpoints, so that a quiet
// week does not squeeze the first hour; the whole of what was recorded if it is busy to the end.
Stretch eventful(const record::Run& run);

// The hours around detection and halt, where those are but a small part of eventful(); nullopt if
// there is no need to look closer.
std::optional<Stretch> critical(const record::Run& run);

// R a release is published first, X so is a fix, P on to further groups, F a fault, H a halt,
// W a withdrawal, G it goes on, A an alarm, C a campaign begins. Only `letters`.
std::vector<Flag> flags(const record::Run& run, std::string_view letters);
// What the letters among them mean, in a row.
std::string flag_legend(const std::vector<Flag>& flags);

// A number of the settings; nullopt if there is none of that name, or it is no number.
std::optional<double> setting_number(const record::Header& header, std::string_view section,
                                     std::string_view key);

std::string release_name(const record::Header& header, int32_t release);
std::string group_name(const record::Header& header, int32_t group);  // "all" for kAll
uint64_t endpoints_in_all(const record::Header& header);

}  // namespace firebreak::report
