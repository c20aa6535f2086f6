#include "headless/test_rule_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "assay/rule_trial.h"
#include "base/file.h"
#include "base/text.h"
#include "headless/exit_codes.h"
#include "headless/output.h"
#include "host/event_import.h"
#include "places/places.h"
#include "report/text_table.h"

namespace firebreak::headless {

namespace {

namespace behavior = endpoint::behavior;
namespace fs = std::filesystem;
using base::Error;
using base::Result;
using base::with_thousands;

constexpr uint64_t kMostRuleBytes = 1024 * 1024;
constexpr uint64_t kMostLogBytes = 512ull * 1024 * 1024;
constexpr size_t kMostShown = 100;  // detections; --json has all

struct TestRuleOptions {
    std::vector<std::string> rules;
    std::vector<std::string> product;
    std::string events;
    std::string json;
};

struct RuleFile {
    std::string name;
    base::Bytes source;
};

std::string thousands(uint64_t number) {
    return with_thousands(static_cast<int64_t>(number));
}

// Files as they are named, folders by what is in them: *.lua, sorted by name.
Result<std::vector<RuleFile>> read_rules(const std::vector<std::string>& places) {
    std::vector<fs::path> paths;
    for (const std::string& place : places) {
        if (!fs::is_directory(place)) {
            paths.emplace_back(place);
            continue;
        }
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(place)) {
            if (entry.path().extension() == ".lua") {
                found.push_back(entry.path());
            }
        }
        if (found.empty()) {
            return Error{"no rules in it", place, "name *.lua files, or a folder of them"};
        }
        std::ranges::sort(found);
        paths.insert(paths.end(), found.begin(), found.end());
    }
    std::vector<RuleFile> rules;
    for (const fs::path& path : paths) {
        FB_TRY(base::Bytes source, base::read_file(path, kMostRuleBytes));
        rules.push_back({path.filename().string(), std::move(source)});
    }
    if (rules.size() > behavior::kMaxRuleFiles) {
        return Error{fmt::format("{} rule files, where {} are allowed", rules.size(),
                                 behavior::kMaxRuleFiles),
                     "", "try fewer at a time"};
    }
    return rules;
}

behavior::RuleProcess::Files views_of(const std::vector<RuleFile>& rules) {
    behavior::RuleProcess::Files files;
    for (const RuleFile& rule : rules) {
        files.push_back({rule.name, rule.source});
    }
    return files;
}

// "0:01:05.250"
std::string clock_text(int64_t ms) {
    return fmt::format("{}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60,
                       ms % 1000);
}

std::string nanoseconds_text(uint64_t ns) {
    return ns < 10'000 ? fmt::format("{} ns", ns) : fmt::format("{:.1f} us", double(ns) / 1e3);
}

// Of the calls, so many of a hundred took no longer, as the histogram tells it.
uint64_t below(const behavior::RuleCost& cost, uint64_t percent) {
    uint64_t seen = 0;
    for (size_t i = 0; i < cost.histogram.size(); ++i) {
        seen += cost.histogram[i];
        if (seen * 100 >= cost.calls * percent) {
            return uint64_t{1} << i;
        }
    }
    return 0;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
    fmt::print("{}\n", report::text_table(rows, 2, false, false));
}

void print_import(const host::Imported& imported) {
    uint64_t unknown = 0;
    for (const auto& [kind, count] : imported.unknown) {
        unknown += count;
    }
    fmt::print("{} lines: {} events, {} of kinds that no sensor has, {} bad\n",
               thousands(imported.lines), thousands(imported.events.events().size()),
               thousands(unknown), thousands(imported.bad));
    for (const host::ImportProblem& problem : imported.problems) {
        fmt::print("  line {}: {}\n", problem.line, problem.why);
    }
}

void print_detections(const behavior::EventReply& reply) {
    fmt::print("\n{} detections\n", reply.detections.size());
    for (size_t i = 0; i < std::min(reply.detections.size(), kMostShown); ++i) {
        const behavior::Detection& one = reply.detections[i];
        fmt::print("  {}  {}  {}  {}  process {}\n", clock_text(one.at_ms), one.rule,
                   one.technique.empty() ? "no technique" : one.technique,
                   behavior::to_text(one.severity), one.process);
        for (const auto& [name, value] : one.evidence) {
            fmt::print("               {}: {}\n", name, base::printable(value));
        }
    }
    if (reply.detections.size() > kMostShown) {
        fmt::print("  and {} more: --json FILE has them all\n",
                   reply.detections.size() - kMostShown);
    }
    if (reply.left_out > 0) {
        fmt::print("  {} left out, of detections, scans and notes: there was no room for them\n",
                   reply.left_out);
    }
    for (const behavior::ScanWanted& scan : reply.scans) {
        fmt::print("  {} asks for a scan of {}\n", scan.rule, base::printable(scan.path));
    }
}

void print_costs(const behavior::CostReply& costs) {
    std::vector<std::vector<std::string>> rules = {
        {"rule", "calls", "detections", "errors", "mean", "99 of 100 below", "memory"}};
    std::vector<behavior::RuleCost> called = costs.rules;
    std::erase_if(called, [](const behavior::RuleCost& cost) { return cost.calls == 0; });
    std::ranges::stable_sort(called, std::greater<>(), &behavior::RuleCost::nanoseconds);
    for (const behavior::RuleCost& cost : called) {
        rules.push_back({cost.rule + (cost.disabled ? " (disabled)" : ""), thousands(cost.calls),
                         thousands(cost.detections), thousands(cost.errors),
                         nanoseconds_text(cost.nanoseconds / cost.calls),
                         nanoseconds_text(below(cost, 99)),
                         fmt::format("{:.1f} KiB", double(cost.memory_bytes) / 1024)});
    }
    fmt::print("\ncosts, the highest in all first; {} of {} rules were not called\n",
               costs.rules.size() - called.size(), costs.rules.size());
    if (!called.empty()) {
        print_table(rules);
    }
    std::vector<std::vector<std::string>> sensors = {
        {"sensor", "in", "merged", "dropped", "delivered"}};
    for (const behavior::SensorCount& count : costs.sensors) {
        sensors.push_back({count.kind, thousands(count.in), thousands(count.merged),
                           thousands(count.dropped), thousands(count.delivered)});
    }
    print_table(sensors);
}

nlohmann::ordered_json json_of(const assay::RuleTrial& trial, const host::Imported& imported) {
    nlohmann::ordered_json json;
    json["events"] = imported.events.events().size();
    json["unknown"] = imported.unknown;
    json["bad_lines"] = imported.bad;
    json["detections"] = nlohmann::ordered_json::array();
    for (const behavior::Detection& one : trial.reply.detections) {
        nlohmann::ordered_json evidence;
        for (const auto& [name, value] : one.evidence) {
            evidence[name] = value;
        }
        json["detections"].push_back({{"at_ms", one.at_ms},
                                      {"rule", one.rule},
                                      {"technique", one.technique},
                                      {"severity", behavior::to_text(one.severity)},
                                      {"process", one.process},
                                      {"evidence", evidence}});
    }
    json["notes"] = nlohmann::ordered_json::array();
    for (const behavior::RuleNote& note : trial.reply.notes) {
        json["notes"].push_back({{"what", behavior::to_text(note.what)},
                                 {"rule", note.rule},
                                 {"message", note.message}});
    }
    json["rules"] = nlohmann::ordered_json::array();
    for (const behavior::RuleCost& cost : trial.costs.rules) {
        json["rules"].push_back({{"rule", cost.rule},
                                 {"calls", cost.calls},
                                 {"errors", cost.errors},
                                 {"detections", cost.detections},
                                 {"nanoseconds", cost.nanoseconds},
                                 {"histogram", cost.histogram},
                                 {"memory_bytes", cost.memory_bytes},
                                 {"disabled", cost.disabled}});
    }
    json["sensors"] = nlohmann::ordered_json::array();
    for (const behavior::SensorCount& count : trial.costs.sensors) {
        json["sensors"].push_back({{"kind", count.kind},
                                   {"in", count.in},
                                   {"merged", count.merged},
                                   {"dropped", count.dropped},
                                   {"delivered", count.delivered}});
    }
    return json;
}

Result<int> test_rules(const TestRuleOptions& options) {
    sandbox::Spawner spawner(places::worker_binary());
    FB_TRY(const std::vector<RuleFile> rules, read_rules(options.rules));
    FB_TRY(const std::vector<RuleFile> product, read_rules(options.product));
    FB_TRY(const base::Bytes lines, base::read_file(options.events, kMostLogBytes));
    FB_TRY(const host::Imported imported, host::import_windows_events(base::text_of(lines)));
    FB_TRY(const assay::RuleTrial trial,
           assay::try_rules(spawner, 0, views_of(product), views_of(rules), imported.events));
    if (options.json == "-" && !trial.failure) {
        fmt::print("{}\n", json_of(trial, imported).dump(2));
        return trial.reply.notes.empty() ? kPassed : kExpectationFailed;
    }
    if (trial.failure) {
        fmt::print("{}: {}\n", base::to_text(trial.failure->category),
                   base::to_text(trial.failure->evidence));
        return kExpectationFailed;
    }
    print_import(imported);
    print_detections(trial.reply);
    for (const behavior::RuleNote& note : trial.reply.notes) {
        fmt::print("  {}: {}: {}\n", note.rule, behavior::to_text(note.what), note.message);
    }
    print_costs(trial.costs);
    if (!put(options.json, json_of(trial, imported).dump(2) + "\n")) {
        return kInternalError;
    }
    return trial.reply.notes.empty() ? kPassed : kExpectationFailed;
}

}  // namespace

void add_test_rule(CLI::App& content, const std::function<void(int)>& finish) {
    CLI::App* command = content.add_subcommand(
        "test-rule",
        "Try behaviour rules on a Windows event log, in a sandboxed process of their own:\n"
        "what fired, when and at what cost. Exit status 1: a rule does not load, fails, or\n"
        "is over its budget.");
    auto options = std::make_shared<TestRuleOptions>();
    command->add_option("rules", options->rules, "*.lua files, or folders of them")
        ->required()
        ->check(CLI::ExistingPath);
    command
        ->add_option("--product", options->product,
                     "rules of ProductRulesFeed to load before: core functions")
        ->check(CLI::ExistingPath);
    command
        ->add_option("--events", options->events,
                     "JSON lines of the channels Sysmon, Security, System and PowerShell")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("--json", options->json, "write all of it to this file; - is stdout")
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  firebreak content test-rule rule.lua --events log.jsonl");
    command->callback([options, finish] {
        const Result<int> code = test_rules(*options);
        if (!code.ok()) {
            complain(code.error());
            finish(kUsage);
            return;
        }
        finish(*code);
    });
}

}  // namespace firebreak::headless
