// The parts of a run's HTML report, each as markup; empty where the run has nothing to say.
#pragma once

#include <string>

#include "report/reports.h"

namespace firebreak::report {

// section_overview.cpp
std::string overview_section(const Judged& judged);      // verdict, key numbers, containment
std::string expectations_section(const Judged& judged);  // with points of no return

// section_stages.cpp
std::string stages_section(const record::Run& run);
std::string fault_domains_section(const record::Run& run);

// section_time.cpp
std::string time_section(const record::Run& run);        // adoption, harm, per group
std::string kill_path_section(const record::Run& run);   // halt against fix
std::string protection_section(const record::Run& run);  // protection gap, infections
std::string signals_section(const record::Run& run);

// section_events.cpp
std::string timeline_section(const record::Run& run);
std::string evidence_section(const record::Run& run);
std::string harm_section(const record::Run& run);   // by kind, and how it ended
std::string fleet_section(const record::Run& run);  // personas, worst tenants

// section_models.cpp: live models and those in telemetry, side by side
std::string models_section(const record::Run& run);
// section_rules.cpp: what each rule did and cost, and what sensors spared it
std::string rules_section(const record::Run& run);
// section_exclusions.cpp: what application detection leaves unscanned, and what it refused
std::string exclusions_section(const record::Run& run);

// section_terms.cpp
std::string settings_section(const record::Run& run);
std::string reproduce_section(const Judged& judged);

// The same in comparisons: "Go" and so on, with its sign.
std::string call_text(const Judged& judged);

}  // namespace firebreak::report
