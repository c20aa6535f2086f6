// A run, told in four ways. All text that came from outside is made printable or escaped.
#pragma once

#include <string>
#include <vector>

#include "checks/containment.h"
#include "checks/expectations.h"
#include "record/run.h"

namespace firebreak::report {

// A run with what was made of it.
struct Judged {
    record::Run run;
    std::vector<checks::Verdict> verdicts;
    std::string run_file;  // where it lies; empty: nowhere
};

// "passed", "failed", "interrupted".
std::string status(const Judged& judged);

// The containment table, the timeline in brief, the evidence of each failure, what models said, and
// the expectations.
// `color`: with ANSI colours. UTF-8, ends in a newline.
std::string terminal(const Judged& judged, bool color);

// One JSON object; its fields are documented in README.md, section "JSON".
std::string json(const Judged& judged);

// One HTML file with everything in it: inline SVG, light and dark, printable; reads without script
// and loads nothing. Well-formed XML as well.
std::string html(const Judged& judged);

// JUnit XML: a test suite per run, a test case per expectation and one for the run itself.
std::string junit(const std::vector<Judged>& runs);

}  // namespace firebreak::report
