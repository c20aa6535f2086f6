#include <fmt/format.h>

#include "report/attack_matrix.h"
#include "report/markup.h"
#include "report/page.h"
#include "report/reports.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

std::string html(const Judged& judged) {
    const record::Run& run = judged.run;
    std::string header =
        tag("p", "dim",
            fmt::format("{} · seed {} · {} of {} simulated · {}", escape(run.header.name),
                        run.header.seed, to_text(base::Duration{run.reached.seconds}),
                        to_text(run.header.duration),
                        counted(endpoints_in_all(run.header), "endpoint", "endpoints"))) +
        "\n";
    if (!run.header.description.empty()) {
        header += tag("p", "lead", escape_prose(run.header.description)) + "\n";
    }
    return html_page({run.header.title.empty() ? run.header.name : run.header.title,
                      header,
                      {{"verdict", "", overview_section(judged), false},
                       {"expectations", "What was expected", expectations_section(judged), false},
                       {"attack", "The attack", attack_section(judged), false},
                       {"stages", "Release stages", stages_section(run), false},
                       {"domains", "Fault domains", fault_domains_section(run), false},
                       {"time", "Over time", time_section(run), true},
                       {"kill-path", "Halt against fix", kill_path_section(run), false},
                       {"protection", "Protection", protection_section(run), false},
                       {"signals", "Signals", signals_section(run), false},
                       {"timeline", "What happened", timeline_section(run), true},
                       {"evidence", "Evidence", evidence_section(run), false},
                       {"harm", "Harm and recovery", harm_section(run), false},
                       {"fleet", "Who was hit", fleet_section(run), false},
                       {"models", "Models", models_section(run), false},
                       {"rules", "Rules", rules_section(run), true},
                       {"exclusions", "Exclusions", exclusions_section(run), false},
                       {"settings", "Settings", settings_section(run), true},
                       {"reproduce", "Run it again", reproduce_section(judged), false}},
                      run.header.version});
}

}  // namespace firebreak::report
