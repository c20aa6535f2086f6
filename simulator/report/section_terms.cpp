#include <fmt/format.h>

#include <algorithm>

#include "base/toml_document.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

std::string source_text(const record::Setting& setting) {
    if (setting.given) {
        return tag("span", "mark given", "set by the scenario");
    }
    if (setting.source.starts_with("assumed")) {
        const std::string rest = setting.source.substr(std::string_view("assumed").size());
        return tag("span", "mark assumed", "assumed") + escape(rest, 300);
    }
    return escape(setting.source, 300);
}

// Line by line, so that the line ends stay.
std::string preformatted(const std::string& text) {
    constexpr size_t kMost = 400'000;
    std::string out;
    size_t begin = 0;
    while (begin < text.size() && out.size() < kMost) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        std::string line = text.substr(begin, end - begin);
        for (size_t tab = line.find('\t'); tab != std::string::npos; tab = line.find('\t')) {
            line.replace(tab, 1, "    ");
        }
        out += escape(line, 4000) + "\n";
        begin = end + 1;
    }
    return begin < text.size() ? out + "…\n" : out;
}

// A fix at the very start is one that waits for a halt.
std::string planned_for(const record::Release& release) {
    const bool waits = release.kind == "fix" && release.at == base::SimTime{0};
    return waits ? "after a halt" : to_text(release.at);
}

std::string releases(const record::Header& header) {
    std::vector<std::vector<std::string>> rows;
    for (const record::Release& release : header.releases) {
        rows.push_back({escape(release.name), escape(release.feed), escape(release.version),
                        escape(release.kind), planned_for(release),
                        tag("code", escape(release.manifest.substr(0, 16), 40))});
    }
    return rows.empty() ? ""
                        : tag("h3", "Releases") + "\n" +
                              table({"release", "feed", "version", "kind", "planned for",
                                     "manifest (SHA-384, first digits)"},
                                    rows);
}

std::vector<std::vector<std::string>> facts(const Judged& judged) {
    const record::Run& run = judged.run;
    std::vector<std::vector<std::string>> rows = {
        {"Scenario", escape(run.header.name)},
        {"Seed", fmt::format("{}", run.header.seed)},
        {"Begins", to_text(run.header.start)},
        {"Length",
         to_text(run.header.duration) + (run.status == record::RunStatus::kFinished
                                             ? ""
                                             : ", interrupted on " + to_text(run.reached))},
        {"Firebreak", escape(run.header.version)},
        {"Assays", number(run.assays.size())}};
    if (run.status == record::RunStatus::kFinished) {
        rows.push_back({"Fingerprint", tag("code", escape(run.summary.fingerprint))});
        rows.push_back({"Polls", number(run.summary.polls)});
        rows.push_back({"Tenants alerted", number(run.summary.tenants_alerted)});
        rows.push_back({"Took", fmt::format("{:.2f} s", run.summary.wall_s)});
    }
    if (!judged.run_file.empty()) {
        rows.push_back({"Run file", escape(judged.run_file, 1000)});
    }
    if (!run.header.notes.empty()) {
        rows.push_back({"Notes", escape(run.header.notes, 2000)});
    }
    return rows;
}

// What the scenario names beside itself, as "./…": of all that a run depends on, the run file alone
// does not have it.
std::vector<std::string> named_beside(const record::Header& header) {
    auto document = base::TomlDocument::parse(header.scenario, header.name);
    if (!document.ok()) {
        return {};
    }
    std::vector<std::string> out;
    const auto note = [&out](const std::string& name) {
        const bool beside = name.starts_with("./") || name.starts_with("../");
        if (beside && std::find(out.begin(), out.end(), name) == out.end()) {
            out.push_back(name);
        }
        return name;
    };
    document->rewrite("keys", "", note);
    document->rewrite("baseline", "source", note);
    document->rewrite("release", "source", note);
    document->rewrite("campaign", "sample", note);
    return out;
}

std::string needs_of_replay(const record::Header& header) {
    std::string names;
    for (const std::string& name : named_beside(header)) {
        names += (names.empty() ? "" : ", ") + tag("code", escape(name));
    }
    return names.empty() ? "A replay needs the run file, and the fixtures of Firebreak."
                         : "A replay needs the run file, the fixtures of Firebreak, and beside "
                           "the run file what the scenario has beside itself: " +
                               names + ".";
}

}  // namespace

std::string settings_section(const record::Run& run) {
    if (run.header.settings.empty()) {
        return "";
    }
    const auto assumed = std::count_if(
        run.header.settings.begin(), run.header.settings.end(),
        [](const auto& one) { return !one.given && one.source.starts_with("assumed"); });
    std::string out = tag("p", "lead",
                          fmt::format("Every number that the run depended on: {}, of which {} "
                                      "assumed rather than given or published.",
                                      run.header.settings.size(), assumed)) +
                      "\n";
    std::string sections;
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < run.header.settings.size(); ++i) {
        const record::Setting& setting = run.header.settings[i];
        rows.push_back({escape(setting.key), escape(setting.value, 600), source_text(setting)});
        if (i + 1 == run.header.settings.size() ||
            run.header.settings[i + 1].section != setting.section) {
            sections += tag("div", "block",
                            tag("h3", escape(setting.section)) + "\n" +
                                table({"setting", "value", "where it comes from"}, rows,
                                      "settings fixed")) +
                        "\n";
            rows.clear();
        }
    }
    return out + tag("div", "columns", sections) + "\n";
}

std::string reproduce_section(const Judged& judged) {
    const record::Header& header = judged.run.header;
    std::string commands =
        fmt::format("./firebreak run {}.toml --seed {}\n", escape(header.name), header.seed);
    if (!judged.run_file.empty() && judged.run.status == record::RunStatus::kFinished) {
        commands += fmt::format("./firebreak replay {}\n", escape(judged.run_file, 1000));
    }
    return tag("p", "lead",
               "Save the scenario below under its name beside the content that it names, and run "
               "it: the same seed gives the same fingerprint, on any machine and with any number "
               "of jobs. " +
                   needs_of_replay(header)) +
           "\n" + tag("pre", commands) + "\n" + table({"", ""}, facts(judged), "facts") +
           releases(header) + "<details><summary>The scenario as it was resolved</summary>" +
           tag("pre", preformatted(header.scenario)) + "</details>\n";
}

}  // namespace firebreak::report
