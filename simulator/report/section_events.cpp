#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/harm.h"
#include "checks/excerpt.h"
#include "checks/failures.h"
#include "checks/series.h"
#include "report/containment_columns.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

std::string words(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

std::string harm_kinds(const record::Run& run) {
    const auto endpoints = static_cast<double>(endpoints_in_all(run.header));
    std::vector<std::vector<std::string>> rows;
    for (const base::HarmInfo& harm : base::harms()) {
        const double most =
            checks::peak(checks::points_of(run, {base::Metric::kHarm, record::kAll, record::kAll,
                                                 static_cast<int32_t>(harm.harm)}));
        if (harm.harm == base::Harm::kNone || most <= 0) {
            continue;
        }
        rows.push_back({words(harm.name) +
                            (harm.lost ? " " + tag("span", "mark", "machine lost") : std::string()),
                        std::string(harm.meaning), number(static_cast<uint64_t>(most)),
                        share_bar(most, endpoints, harm.lost ? Tone::kLost : Tone::kAffected),
                        std::string(to_text(harm.recovery))});
    }
    return rows.empty()
               ? ""
               : table({"harm", "what it means", "#endpoints", "of the fleet", "ends as a rule by"},
                       rows);
}

// One bar, cut into the ways in which harm ended.
std::string recovery_bar(const checks::Recovered& recovered, uint64_t open) {
    struct Part {
        uint64_t count;
        const char* name;
        Tone tone;
    };
    const Part parts[] = {{recovered.itself, "by itself", Tone::kProtected},
                          {recovered.update, "by an update", Tone::kExposed},
                          {recovered.reboot, "by a reboot", Tone::kRefused},
                          {recovered.repair_kit, "by the repair kit", Tone::kDegraded},
                          {recovered.hand, "by hand", Tone::kLost},
                          {open, "still harmed", Tone::kAffected}};
    const auto whole = static_cast<double>(recovered.sum() + open);
    double at = 0;
    std::string bars;
    std::vector<std::vector<std::string>> rows;
    for (const Part& part : parts) {
        if (part.count == 0) {
            continue;
        }
        const auto count = static_cast<double>(part.count);
        const double width = 960 * count / whole;
        bars += fmt::format(
            "<rect class=\"fill-{}\" x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"24\">{}</rect>",
            css_class(part.tone), at, std::max(width - 2, 1.0), tag("title", part.name));
        at += width;
        rows.push_back({fmt::format("<svg class=\"swatch\" viewBox=\"0 0 10 10\" width=\"10\" "
                                    "height=\"10\" aria-hidden=\"true\"><rect class=\"fill-{}\" "
                                    "width=\"10\" height=\"10\" /></svg> {}",
                                    css_class(part.tone), part.name),
                        number(part.count), percent(count, whole)});
    }
    return "<figure class=\"full\"><svg class=\"picture\" viewBox=\"0 0 960 24\" role=\"img\" "
           "aria-label=\"How harm ended\">" +
           bars + "</svg></figure>\n" + table({"it ended", "#times", "#of all"}, rows, "narrow");
}

std::string personas_table(const record::Run& run) {
    std::vector<checks::Containment> rows = checks::by_persona(run);
    std::erase_if(rows, [](const checks::Containment& row) {
        return row.exposed + row.affected + row.refused + row.infections == 0 &&
               row.protection_gap_h == 0;
    });
    if (rows.empty()) {
        return "";
    }
    std::vector<std::string> headings = {"persona"};
    std::vector<std::vector<std::string>> cells;
    for (const checks::Containment& row : rows) {
        cells.push_back({escape(row.group)});
    }
    const bool sized =
        std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.endpoints > 0; });
    for (const Column& column : containment_columns(rows)) {
        if (column.title == "endpoints" && !sized) {
            continue;
        }
        // By persona only the number at a time is recorded.
        headings.push_back(column.title == "lost" ? "#most lost at a time" : "#" + column.title);
        for (size_t r = 0; r < rows.size(); ++r) {
            cells[r].push_back(column.cells[r]);
        }
    }
    return tag("h3", "By persona") + "\n" + table(headings, cells);
}

std::string tenants(const record::Run& run) {
    constexpr size_t kMost = 10;
    std::vector<std::vector<std::string>> rows;
    for (const record::Tenant& tenant : checks::worst_tenants(run, kMost)) {
        const auto moment = [](const std::optional<base::SimTime>& at) {
            return at ? to_text(*at) : std::string("–");
        };
        rows.push_back(
            {fmt::format("{} in {}", tenant.number, escape(group_name(run.header, tenant.group))),
             number(tenant.endpoints), number(tenant.exposed), number(tenant.affected),
             share_bar(tenant.affected, tenant.endpoints, Tone::kAffected), number(tenant.lost),
             number(tenant.refused), number(tenant.infected), moment(tenant.first_affected),
             moment(tenant.last_recovered)});
    }
    if (rows.empty()) {
        return "";
    }
    const std::string more =
        run.tenants.size() > kMost
            ? tag("p", "note",
                  fmt::format("{} in all to which something happened.",
                              counted(run.tenants.size(), "tenant", "tenants"))) +
                  "\n"
            : "";
    return tag("h3", "Tenants, the worst first") + "\n" +
           table({"tenant", "#endpoints", "#exposed", "#affected", "blast radius", "#lost",
                  "#refused", "#infected", "#first affected", "#last recovered"},
                 rows) +
           more;
}

}  // namespace

std::string timeline_section(const record::Run& run) {
    constexpr size_t kMost = 300;
    const checks::Excerpt excerpt = checks::excerpt(run, kMost);
    if (excerpt.entries.empty()) {
        return tag("p", "Nothing happened in this run.") + "\n";
    }
    std::vector<std::vector<std::string>> rows;
    for (const record::TimelineEntry* entry : excerpt.entries) {
        rows.push_back({to_text(entry->at), escape(entry->kind, 40), escape(entry->text, 600)});
    }
    const std::string left_out = checks::left_out_text(excerpt);
    return table({"when", "kind", "what"}, rows, "events") +
           (left_out.empty()
                ? ""
                : tag("p", "note",
                      "Left out here: " + escape(left_out, 2000) + ". The run file has them all.") +
                      "\n");
}

std::string evidence_section(const record::Run& run) {
    constexpr size_t kMost = 40;
    const std::vector<checks::Failure> failures = checks::failures(run);
    std::string out;
    for (size_t i = 0; i < std::min(failures.size(), kMost); ++i) {
        const record::Assay& example = *failures[i].example;
        const std::string mark =
            example.imported ? tag("span", "mark measured", "measured elsewhere") : "";
        out += tag("h3", escape(failures[i].what) + " " + mark) + "\n" +
               tag("p", "dim",
                   fmt::format("First needed on {}; {} ended so; {}.", to_text(example.at),
                               counted(failures[i].assays, "distinct transition",
                                       "distinct "
                                       "transitions"),
                               escape(example.stimulus, 200))) +
               "\n" + tag("pre", escape(example.evidence, 2000)) + "\n";
    }
    if (failures.size() > kMost) {
        out += tag("p", "note",
                   fmt::format("And {} more kinds of failure in the run file.",
                               failures.size() - kMost)) +
               "\n";
    }
    return out.empty() ? tag("p", "No component failed in this run.") + "\n" : out;
}

std::string harm_section(const record::Run& run) {
    const checks::Containment all = checks::containment(run).back();
    const std::string kinds = harm_kinds(run);
    if (kinds.empty() && all.recovered.sum() == 0) {
        return "";
    }
    return kinds + (all.recovered.sum() + all.harmed > 0
                        ? tag("h3", "How it ended") + "\n" + recovery_bar(all.recovered, all.harmed)
                        : "");
}

std::string fleet_section(const record::Run& run) {
    return personas_table(run) + tenants(run);
}

}  // namespace firebreak::report
