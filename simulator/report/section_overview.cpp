#include <fmt/format.h>

#include <cmath>

#include "checks/decision.h"
#include "report/containment_columns.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

struct CallLook {
    std::string_view css, sign, text_css;
};

CallLook look_of(checks::Call call) {
    switch (call) {
        case checks::Call::kGo:
            return {"go", "✓", "pass"};
        case checks::Call::kNoGo:
            return {"no-go", "✗", "fail"};
        case checks::Call::kAsExpected:
            return {"as-expected", "✓", "dim"};
        case checks::Call::kNone:
            break;
    }
    return {"none", "?", "dim"};
}

std::string verdict(const Judged& judged) {
    constexpr size_t kMost = 6;
    const checks::Decision decision = checks::decide(judged.run, judged.verdicts);
    std::string reasons;
    for (size_t i = 0; i < std::min(decision.reasons.size(), kMost); ++i) {
        reasons += tag("li", escape(decision.reasons[i]) + ".") + "\n";
    }
    if (decision.reasons.size() > kMost) {
        reasons += tag("li", fmt::format("And {} more.", decision.reasons.size() - kMost)) + "\n";
    }
    return fmt::format(
        "<div class=\"verdict {}\">\n{}\n<div>{}\n{}</div>\n</div>\n", look_of(decision.call).css,
        tag("div", "call",
            fmt::format("{} {}", look_of(decision.call).sign, to_text(decision.call))),
        tag("p", "headline", escape(checks::headline(judged.run), 2000) + "."), tag("ul", reasons));
}

std::string key_number(const std::string& name, const std::string& value, const std::string& unit,
                       const std::string& below) {
    return tag("div",
               tag("span", "name", name) +
                   tag("span", "value", value + (unit.empty() ? "" : " " + tag("small", unit))) +
                   tag("span", "dim", below)) +
           "\n";
}

// Long ones in smaller letters.
std::string key_time(const std::string& name, const std::optional<base::Duration>& time,
                     const std::string& otherwise, const std::string& below) {
    constexpr size_t kLongest = 8;
    const std::string text = time ? to_text(*time) : otherwise;
    return key_number(name, text.size() > kLongest ? tag("small", text) : text, "", below);
}

std::string key_numbers(const record::Run& run, const checks::Containment& all) {
    const auto share =
        percent(static_cast<double>(all.affected), static_cast<double>(all.endpoints));
    std::string out = key_number("Affected", number(all.affected), "",
                                 fmt::format("{} of {} endpoints", share, number(all.endpoints)));
    out += key_number("Machines lost", number(all.lost), "",
                      all.lost == 0       ? std::string("every machine kept running")
                      : all.lost_now == 0 ? std::string("all mended")
                                          : number(all.lost_now) + " not mended");
    const bool failed = all.affected + all.refused > 0;
    const bool halted = !flags(run, "H").empty();  // though not wherever something failed
    out += key_time("Halted after", all.time_to_halt,
                    failed ? (halted ? "in part" : "never") : "no need",
                    all.time_to_detect ? "first signal after " + to_text(*all.time_to_detect)
                    : failed           ? std::string("no signal came")
                                       : std::string("nothing failed"));
    const bool open = all.harmed > 0;
    out += key_time("Recovered after", open ? std::nullopt : all.time_to_recover,
                    open                ? "not yet"
                    : all.affected == 0 ? "no need"
                                        : "not known",
                    open                ? number(all.harmed) + " still harmed"
                    : all.affected == 0 ? std::string("no harm was done")
                                        : std::string("until nobody was harmed"));
    out += key_number("Protection gap", compact(std::round(all.protection_gap_h)), "h",
                      "endpoint-hours without current protection");
    const bool campaigns = !flags(run, "C").empty();
    out += key_number("Infections", number(all.infections), "",
                      campaigns ? "by campaigns in this run" : "no campaign in this run");
    return tag("div", "numbers", out) + "\n";
}

std::string radius(const checks::Containment& row) {
    const auto affected = static_cast<double>(row.affected);
    const auto endpoints = static_cast<double>(row.endpoints);
    return share_bar(affected, endpoints, Tone::kAffected);
}

// A table of those columns that `wanted` picks; the blast radius beside `affected`.
std::string columns_table(const std::vector<checks::Containment>& rows,
                          const std::vector<Column>& columns, bool (*wanted)(const Column&)) {
    std::vector<std::string> headings = {"release group"};
    std::vector<std::vector<std::string>> cells;
    for (const checks::Containment& row : rows) {
        cells.push_back({escape(row.group)});
    }
    for (const Column& column : columns) {
        if (!wanted(column)) {
            continue;
        }
        headings.push_back("#" + column.title);
        for (size_t r = 0; r < rows.size(); ++r) {
            cells[r].push_back(column.cells[r]);
        }
        if (column.title == "affected") {
            headings.push_back("blast radius");
            for (size_t r = 0; r < rows.size(); ++r) {
                cells[r].push_back(radius(rows[r]));
            }
        }
    }
    return headings.size() > 1 ? table(headings, cells, "containment", true) : "";
}

// What decides in one table, the rest below it.
std::string containment_tables(const std::vector<checks::Containment>& rows) {
    const std::vector<Column> columns = containment_columns(rows);
    const std::string rest =
        columns_table(rows, columns, [](const Column& column) { return column.rank > 2; });
    return columns_table(rows, columns, [](const Column& column) { return column.rank <= 2; }) +
           (rest.empty() ? "" : tag("h3", "What else came of them") + "\n" + rest);
}

// "Held" would be a standing where the expectation is of an attack.
std::string result_text(checks::Result result, bool of_attack) {
    switch (result) {
        case checks::Result::kPassed:
            return tag("span", "pass", of_attack ? "✓ met" : "✓ held");
        case checks::Result::kFailed:
            return tag("span", "fail", of_attack ? "✗ not met" : "✗ broken");
        case checks::Result::kOpen:
            break;
    }
    return tag("span", "dim", "? open");
}

}  // namespace

std::string call_text(const Judged& judged) {
    const checks::Call call = checks::decide(judged.run, judged.verdicts).call;
    const CallLook look = look_of(call);
    return tag("span", look.text_css, fmt::format("{} {}", look.sign, to_text(call)));
}

std::string overview_section(const Judged& judged) {
    const std::vector<checks::Containment> rows = checks::containment(judged.run);
    const std::string recovered = recovered_text(rows.back().recovered);
    return verdict(judged) + key_numbers(judged.run, rows.back()) + containment_tables(rows) +
           (recovered.empty() ? "" : tag("p", "note", "Recovered: " + recovered + ".") + "\n");
}

std::string expectations_section(const Judged& judged) {
    std::vector<std::vector<std::string>> rows;
    std::string note;
    for (size_t i = 0; i < judged.verdicts.size(); ++i) {
        const record::Expectation& expectation = judged.run.header.expectations.at(i);
        const checks::Verdict& verdict = judged.verdicts[i];
        std::string measured = escape(verdict.measured_text);
        if (verdict.broke_at) {
            measured += "; first broken on " + to_text(*verdict.broke_at);
        }
        rows.push_back({result_text(verdict.result, expectation.attack), escape(expectation.text),
                        measured, escape(verdict.bound_text),
                        tag("span", "dim", escape(expectation.place))});
        const auto last =
            expectation.attack ? std::nullopt : checks::point_of_no_return(judged.run, expectation);
        if (last) {
            note += fmt::format(
                "Point of no return of “{}”: only a halt in force before {} would have kept it, "
                "if those exposed early come to harm as often as those exposed late. ",
                escape(expectation.text), to_text(*last));
        }
    }
    if (rows.empty()) {
        return tag("p",
                   "The scenario expects nothing. Add [[expect]] tables to it, and this "
                   "report says go or no-go.") +
               "\n";
    }
    return table({"", "expected", "measured", "bound", "where"}, rows, "expectations") +
           (note.empty() ? "" : tag("p", "note", note) + "\n");
}

}  // namespace firebreak::report
