#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/reports.h"

namespace firebreak::report {

namespace {

std::string paint(const std::string& text, const char* code, bool color) {
    return color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}
constexpr const char* kBold = "1";
constexpr const char* kGood = "32";
constexpr const char* kBad = "31";
constexpr const char* kDim = "2";

// How many terminal cells a UTF-8 text takes, taking every character for one cell.
size_t width(const std::string& text) {
    return static_cast<size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

std::string pad(const std::string& text, size_t cells, bool right) {
    const std::string blanks(cells > width(text) ? cells - width(text) : 0, ' ');
    return right ? blanks + text : text + blanks;
}

// Rows of equal length; the first is the heading, the first column is aligned to the left.
std::string table(const std::vector<std::vector<std::string>>& rows, bool color) {
    std::vector<size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width(row[i]));
        }
    }
    std::string out;
    for (size_t r = 0; r < rows.size(); ++r) {
        std::string line = " ";
        for (size_t i = 0; i < rows[r].size(); ++i) {
            line += (i == 0 ? " " : "   ") + pad(rows[r][i], widths[i], i > 0);
        }
        out += (r == 0                 ? paint(line, kDim, color)
                : r + 1 == rows.size() ? paint(line, kBold, color)
                                       : line) +
               "\n";
    }
    return out;
}

std::string containment_table(const record::Run& run, bool color) {
    const auto number = [](uint64_t n) { return base::with_thousands(static_cast<int64_t>(n)); };
    const auto time = [](const std::optional<base::Duration>& duration) {
        return duration ? to_text(*duration) : std::string("–");
    };
    std::vector<std::vector<std::string>> rows = {{"release group", "endpoints", "exposed",
                                                   "affected", "refused", "alerts",
                                                   "time to detect", "time to halt"}};
    for (const checks::Containment& row : checks::containment(run)) {
        rows.push_back({base::printable(row.group, 40), number(row.endpoints), number(row.exposed),
                        number(row.affected), number(row.refused), number(row.alerts),
                        time(row.time_to_detect), time(row.time_to_halt)});
    }
    return table(rows, color);
}

std::string timeline(const record::Run& run, bool color) {
    std::string out;
    for (const record::TimelineEntry& entry : run.timeline) {
        out += fmt::format("  {}  {:<11} {}\n", paint(to_text(entry.at), kDim, color), entry.kind,
                           base::printable(entry.text));
    }
    return out;
}

// Each distinct failure once, with the evidence of the first assay that met it.
std::string evidence(const record::Run& run, bool color) {
    std::vector<std::string> seen;
    std::string out;
    constexpr size_t kMost = 8;
    size_t left_out = 0;
    for (const record::Assay& assay : run.assays) {
        if (assay.code.empty()) {
            continue;
        }
        const std::string what =
            fmt::format("{} at {}: {}", assay.category, assay.stage, assay.code);
        if (std::find(seen.begin(), seen.end(), what) != seen.end()) {
            continue;
        }
        seen.push_back(what);
        if (seen.size() > kMost) {
            ++left_out;
            continue;
        }
        out += fmt::format("  {}\n    {}\n", base::printable(what),
                           paint(base::printable(assay.evidence, 600), kDim, color));
    }
    if (left_out > 0) {
        out += fmt::format("  and {} more kinds of failure in the run file\n", left_out);
    }
    return out;
}

std::string expectations(const Judged& judged, bool color) {
    std::string out;
    for (size_t i = 0; i < judged.verdicts.size(); ++i) {
        const record::Expectation& expectation = judged.run.header.expectations[i];
        const checks::Verdict& verdict = judged.verdicts[i];
        const std::string text = base::printable(expectation.text);
        switch (verdict.result) {
            case checks::Result::kPassed:
                out += fmt::format("  {} {} {}\n", paint("✓", kGood, color), text,
                                   paint("(" + verdict.measured_text + ")", kDim, color));
                break;
            case checks::Result::kOpen:
                out += fmt::format("  ? {} (open: the run was interrupted; so far {})\n", text,
                                   verdict.measured_text);
                break;
            case checks::Result::kFailed:
                out += fmt::format(
                    "  {} {}\n      measured {}, expected {}{}\n      {}\n",
                    paint("✗", kBad, color), text, verdict.measured_text, verdict.bound_text,
                    verdict.broke_at ? "; first broken on " + to_text(*verdict.broke_at)
                                     : std::string(),
                    base::printable(expectation.place));
        }
    }
    return out;
}

std::string section(const std::string& title, const std::string& body, bool color) {
    return body.empty() ? "" : fmt::format("\n{}\n{}", paint(title, kBold, color), body);
}

}  // namespace

std::string terminal(const Judged& judged, bool color) {
    const record::Run& run = judged.run;
    uint64_t endpoints = 0;
    for (const record::Group& group : run.header.groups) {
        endpoints += group.endpoints;
    }
    std::string out =
        fmt::format("{}\n{}\n{}\n\n", paint(base::printable(run.header.title), kBold, color),
                    paint(fmt::format("{} · seed {} · {} simulated · {} endpoints",
                                      base::printable(run.header.name), run.header.seed,
                                      to_text(base::Duration{run.reached.seconds}),
                                      base::with_thousands(static_cast<int64_t>(endpoints))),
                          kDim, color),
                    checks::headline(run) + ".");
    out += containment_table(run, color);
    out += section("What happened", timeline(run, color), color);
    out += section("Evidence", evidence(run, color), color);
    out += section("Expectations", expectations(judged, color), color);
    out += "\n";
    if (run.status == record::RunStatus::kInterrupted) {
        out += fmt::format("{} on {} of {}; what was recorded until then is kept.\n",
                           paint("Interrupted", kBad, color), to_text(run.reached),
                           to_text(base::Duration{run.header.duration}));
    } else {
        out += fmt::format("{} · fingerprint {} · {} polls · {} assays · {:.2f} s\n",
                           checks::all_passed(judged.verdicts) ? paint("Passed", kGood, color)
                                                               : paint("Failed", kBad, color),
                           run.summary.fingerprint,
                           base::with_thousands(static_cast<int64_t>(run.summary.polls)),
                           run.assays.size(), run.summary.wall_s);
    }
    if (!run.header.notes.empty()) {
        out += paint(base::printable(run.header.notes, 2000), kDim, color) + "\n";
    }
    if (!judged.run_file.empty()) {
        out += fmt::format("run file {}\n", base::printable(judged.run_file, 4000));
    }
    return out;
}

}  // namespace firebreak::report
