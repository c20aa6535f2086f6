#include <fmt/format.h>

#include "report/markup.h"
#include "report/reports.h"

namespace firebreak::report {

namespace {

std::string failure_text(const record::Expectation& expectation, const checks::Verdict& verdict) {
    std::string out =
        fmt::format("measured {}, expected {}", verdict.measured_text, verdict.bound_text);
    if (verdict.broke_at) {
        out += "; first broken on " + to_text(*verdict.broke_at);
    }
    return out + "; " + expectation.place;
}

// Of a scenario; an attack has one for each profile.
std::string suite_name(const record::Header& header) {
    return header.attack ? fmt::format("{} ({})", header.name, header.attack->profile)
                         : header.name;
}

std::string suite(const Judged& judged) {
    const record::Run& run = judged.run;
    const std::string name = escape(suite_name(run.header), 4000);
    const bool interrupted = run.status == record::RunStatus::kInterrupted;
    size_t failures = 0;
    size_t skipped = 0;
    std::string cases;
    for (size_t i = 0; i < judged.verdicts.size(); ++i) {
        const record::Expectation& expectation = run.header.expectations[i];
        const checks::Verdict& verdict = judged.verdicts[i];
        cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", name,
                             escape(expectation.text, 4000));
        if (verdict.result == checks::Result::kPassed) {
            cases += "/>\n";
            continue;
        }
        const bool failed = verdict.result == checks::Result::kFailed;
        ++(failed ? failures : skipped);
        cases += failed
                     ? fmt::format("><failure message=\"{}\"/></testcase>\n",
                                   escape(failure_text(expectation, verdict), 4000))
                     : std::string("><skipped message=\"the run was interrupted\"/></testcase>\n");
    }
    cases += fmt::format("    <testcase classname=\"{}\" name=\"the run finishes\" time=\"{:.3f}\"",
                         name, run.summary.wall_s);
    cases += interrupted ? fmt::format("><error message=\"interrupted on {}\"/></testcase>\n",
                                       to_text(run.reached))
                         : std::string("/>\n");
    return fmt::format(
               "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
               "time=\"{:.3f}\">\n",
               name, judged.verdicts.size() + 1, failures, interrupted ? 1 : 0, skipped,
               run.summary.wall_s) +
           cases + "  </testsuite>\n";
}

}  // namespace

std::string junit(const std::vector<Judged>& runs) {
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"firebreak\">\n";
    for (const Judged& judged : runs) {
        out += suite(judged);
    }
    return out + "</testsuites>\n";
}

}  // namespace firebreak::report
