// The rules that ship and the hostile ones, as they lie in fixtures/content, in one engine.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "endpoint/behavior/rule_fixture.h"
#include "endpoint/behavior/rules.h"
#include "host/event_import.h"
#include "support/event_logs.h"

namespace firebreak::endpoint::behavior {
namespace {

namespace fs = std::filesystem;
using host::Event;
using host::EventKind;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAreArray;

using Sources = std::map<std::string, std::string>;
using Events = std::vector<Event>;

const fs::path kShipped = test::fixtures_dir() / "content/good/Behavior/2026-03-02";
const fs::path kProduct = test::fixtures_dir() / "content/good/ProductRulesFeed/2026-03-02";
const fs::path kHostile = test::fixtures_dir() / "content/malicious/Behavior";

std::string text_of(const fs::path& file) {
    const auto bytes = base::read_file(file, 1 << 20);
    EXPECT_TRUE(bytes.ok()) << file;
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : "";
}

Sources sources_of(const fs::path& folder) {
    Sources sources;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".lua") {
            sources[entry.path().filename().string()] = text_of(entry.path());
        }
    }
    return sources;
}

// Rules of Behavior above the ProductRules that ship.
LoadReply load_above_product(Engine& engine, const Sources& behavior) {
    const LoadReply product = load(engine, sources_of(kProduct), RuleFeed::kProductRules);
    EXPECT_EQ(product.code, base::Code::kNone) << product.message;
    return load(engine, behavior);
}

// --- Each rule that ships ------------------------------------------------------------------------

constexpr auto kCmd = "C:\\Windows\\System32\\cmd.exe";
constexpr auto kExplorer = "C:\\Windows\\explorer.exe";
constexpr auto kDropped = "C:\\Users\\a\\Downloads\\tool.exe";

Event start(const char* image, const char* command_line, const char* parent_image = kExplorer,
            uint32_t process = 7) {
    return event_of(EventKind::kProcessStart, process,
                    {{"image", image},
                     {"command_line", command_line},
                     {"parent_image", parent_image},
                     {"parent", uint64_t{5}},
                     {"user", "LAB\\a"}});
}
Event loads(const char* image, const char* path) {
    return event_of(EventKind::kImageLoad, 7,
                    {{"image", image},
                     {"path", path},
                     {"signed", uint64_t{1}},
                     {"signer", "Microsoft Windows"}});
}
Event connects(const char* image, uint64_t port) {
    return event_of(EventKind::kNetworkConnect, 7,
                    {{"image", image},
                     {"protocol", "tcp"},
                     {"outbound", uint64_t{1}},
                     {"remote_address", "192.0.2.7"},
                     {"local_port", uint64_t{8080}},
                     {"remote_port", port}});
}

// Which rules detect something in these events. None may fail.
std::set<std::string> detecting(const Events& events) {
    const auto engine = new_engine({.handler = std::chrono::seconds(5)});
    const LoadReply loaded = load_above_product(*engine, sources_of(kShipped));
    EXPECT_EQ(loaded.code, base::Code::kNone) << loaded.file << ": " << loaded.message;
    const EventReply reply = engine->handle(log_of(events), true);
    for (const RuleNote& note : reply.notes) {
        ADD_FAILURE() << note.rule << ": " << note.message;
    }
    std::set<std::string> rules;
    for (const Detection& detection : reply.detections) {
        rules.insert(detection.rule);
    }
    return rules;
}

// Loading tries the examples of each; here, that there are some of what is found and of what only
// looks like it.
TEST(ShippedRules, AreNamedForTheirFilesAndHoldToTheirExamples) {
    const auto engine = new_engine();
    const LoadReply reply = load_above_product(*engine, sources_of(kShipped));
    ASSERT_EQ(reply.code, base::Code::kNone) << reply.file << ": " << reply.message;
    std::vector<std::string> rules;
    for (const RuleCost& rule : engine->costs().rules) {
        rules.push_back(rule.rule);
    }
    for (const fs::path& folder : {kProduct, kShipped}) {
        for (const auto& [file, source] : sources_of(folder)) {
            EXPECT_THAT(rules, Contains(fs::path(file).stem().string())) << folder;
        }
    }
    for (const auto& [file, source] : sources_of(kShipped)) {
        EXPECT_THAT(source, HasSubstr("\n}, 0)\n")) << file;
        if (file != "dcsync.lua") {
            EXPECT_THAT(source, ContainsRegex("\nexample\\(\"is found\"")) << file;
        }
    }
}

// What one rule makes of another's tag, no example shows: it has one rule alone.
TEST(ShippedRules, FindReplicationByAProcessThatHasLoadedWhatStealersLoad) {
    Events events = {connects(kDropped, 135)};
    for (const char* path :
         {"C:\\Windows\\System32\\samlib.dll", "C:\\Windows\\System32\\cryptdll.dll",
          "C:\\Windows\\System32\\WinSCard.dll", "C:\\Windows\\System32\\hid.dll"}) {
        events.push_back(loads(kDropped, path));
    }
    events.push_back(connects(kDropped, 49674));
    EXPECT_THAT(detecting(events), IsSupersetOf({"credential-modules", "dcsync"}));
}

// Without the functions that they call, they are refused while loading, and not event by event.
TEST(ShippedRules, AreRefusedWithoutProductRules) {
    const auto engine = new_engine();
    const LoadReply reply = load(*engine, sources_of(kShipped));
    EXPECT_EQ(reply.code, base::Code::kRulesDoNotCompile);
    EXPECT_GT(reply.line, 0u) << reply.message;
}

// --- Hostile rules beside honest ones ------------------------------------------------------------

enum class Hostile { kRefused, kStopped, kFails, kHarmless };

const std::map<std::string, Hostile>& contained() {
    using enum Hostile;
    static const std::map<std::string, Hostile> rules = {
        {"loop", kStopped},
        {"loop-in-pcall", kStopped},
        {"tail-calls", kStopped},
        {"mutual-recursion", kStopped},
        {"loop-at-load", kRefused},
        {"slow-like", kStopped},
        {"ten-million-calls", kStopped},
        {"table-bomb", kStopped},
        {"string-doubling", kStopped},
        {"string-rep", kStopped},
        {"join-bomb", kFails},
        {"concatenation", kStopped},
        {"state-hoard", kStopped},
        {"recursion", kFails},
        {"recursion-in-pcall", kStopped},
        {"bytecode", kRefused},
        {"ffi", kRefused},
        {"libraries", kHarmless},
        {"loadstring", kFails},
        {"environments", kFails},
        {"metatables", kHarmless},
        {"provide", kRefused},
        {"core-arguments", kHarmless},
        {"shared-tables", kHarmless},
        {"globals", kHarmless},
        {"change-event", kHarmless},
        {"change-process", kHarmless},
        {"stale-event", kFails},
        {"event-of-another-kind", kHarmless},
        {"ten-thousand-tags", kFails},
        {"ten-thousand-states", kHarmless},
        {"huge-evidence", kHarmless},
        {"too-much-evidence", kFails},
        {"too-many-detections", kFails},
        {"too-many-handlers", kRefused},
        {"scan-chain", kHarmless},
        {"late-rule", kFails},
        {"field-mismatch", kRefused},
        {"wildcard-mismatch", kRefused},
        {"field-mismatch-in-handler", kFails},
        {"nil-index", kFails},
        {"blind-sensor", kRefused},
        {"late-sensor", kRefused},
        {"drop-all", kRefused},
        {"tag-storm", kHarmless},
        {"event-storm", kHarmless},
        {"scan-storm", kHarmless},
        {"slow-find", kHarmless},
        {"filter-storm", kRefused},
    };
    return rules;
}

std::string honest(const std::string& id) {
    return "rule {id = '" + id + "'}\n" + R"(
        on("process_start", {image = "C:\\*"}, function(e)
            tag(e.process, "honest")
            detect {evidence = {image = e.image, name = text.file_name(e.image):lower(),
                                known = process(e.process).image, shell = core.is_shell(e.image)}}
        end)
        on("process_end", nil, function(e)
            detect {evidence = {tagged = has_tag(e.process, "honest")}}
        end))";
}

Events starts_and_ends() {
    Events events;
    for (uint32_t i = 1; i <= 60; ++i) {
        const char* image = i % 2 == 0 ? "C:\\rare.exe" : kCmd;
        events.push_back(start(image, "a", kExplorer, i));
        events.push_back(event_of(EventKind::kProcessEnd, i, {}));
    }
    return events;
}

struct Tried {
    LoadReply loaded;
    std::vector<Detection> of_honest;
    std::vector<RuleNote> notes;
    RuleCost cost;
};

// The rule, if there is one, between two honest ones. Memory and deadlines are those that ship,
// but for rules that are to end otherwise: they get time, however slow the machine. Budgets, which
// are for more events than these, have all the time that there is.
Tried try_rule(const std::string& name, std::chrono::microseconds deadline) {
    const auto engine = new_engine({.handler = deadline, .window = std::chrono::hours(1)});
    Sources sources = {{"a.lua", honest("honest-1")}, {"z.lua", honest("honest-2")}};
    if (!name.empty()) {
        sources[name + ".lua"] = text_of(kHostile / name / (name + ".lua"));
    }
    Tried tried;
    tried.loaded = load_above_product(*engine, sources);
    if (tried.loaded.code != base::Code::kNone) {
        return tried;
    }
    const EventReply reply = engine->handle(log_of(starts_and_ends()), true);
    tried.notes = reply.notes;
    for (const Detection& detection : reply.detections) {
        if (detection.rule.starts_with("honest")) {
            tried.of_honest.push_back(detection);
        }
    }
    for (const RuleCost& cost : engine->costs().rules) {
        if (cost.rule == name) {
            tried.cost = cost;
        }
    }
    return tried;
}

void check_end(const Tried& tried, Hostile end) {
    if (end == Hostile::kHarmless) {
        EXPECT_THAT(tried.notes, IsEmpty()) << tried.notes[0].message;
        EXPECT_FALSE(tried.cost.disabled);
        return;
    }
    EXPECT_TRUE(tried.cost.disabled);
    EXPECT_EQ(tried.cost.errors, end == Hostile::kStopped ? kMaxStops : kMaxErrors);
    for (const RuleNote& note : tried.notes) {
        EXPECT_THAT(note.rule, Not(testing::StartsWith("honest"))) << note.message;
        EXPECT_EQ(note.what == RuleNote::What::kError,
                  end == Hostile::kFails && note.what != RuleNote::What::kDisabled)
            << note.message;
    }
}

TEST(HostileRules, AreContainedAndHonestOnesSeeWhatTheyWouldSeeAlone) {
    constexpr std::chrono::microseconds kPatient = std::chrono::seconds(30);
    const Tried alone = try_rule("", kPatient);
    ASSERT_EQ(alone.of_honest.size(), 4 * 60u);
    for (const auto& [name, end] : contained()) {
        SCOPED_TRACE(name);
        const Tried tried = try_rule(name, end == Hostile::kStopped || end == Hostile::kRefused
                                               ? std::chrono::microseconds(EngineLimits{}.handler)
                                               : kPatient);
        if (end == Hostile::kRefused) {
            EXPECT_NE(tried.loaded.code, base::Code::kNone);
            EXPECT_EQ(tried.loaded.file, name + ".lua") << tried.loaded.message;
            continue;
        }
        ASSERT_EQ(tried.loaded.code, base::Code::kNone) << tried.loaded.message;
        EXPECT_EQ(tried.of_honest, alone.of_honest);
        check_end(tried, end);
    }
}

TEST(HostileRules, AreAllTried) {
    std::vector<std::string> known;
    for (const auto& [name, end] : contained()) {
        known.push_back(name);
    }
    std::vector<std::string> there;
    for (const auto& entry : fs::directory_iterator(kHostile)) {
        if (entry.is_directory()) {
            there.push_back(entry.path().filename().string());
        }
    }
    EXPECT_THAT(known, UnorderedElementsAreArray(there));
}

// --- The author's guide

// Its example is loaded as it stands there: with its own examples, which are tried.
TEST(AuthorsGuide, ShowsARuleThatLoads) {
    const std::string guide =
        text_of(fs::path(FIREBREAK_SOURCE_DIR) / "simulator/endpoint/behavior/README.md");
    const size_t begin = guide.find("```lua\n") + 7;
    const size_t end = guide.find("```", begin);
    ASSERT_LT(end, guide.size());
    const auto engine = new_engine();
    const LoadReply loaded =
        load_above_product(*engine, {{"guide.lua", guide.substr(begin, end - begin)}});
    EXPECT_EQ(loaded.code, base::Code::kNone) << loaded.message;
    const EventReply reply = engine->handle(
        log_of({event_of(EventKind::kProcessStart, 7,
                         {{"image", "C:\\Windows\\System32\\certutil.exe"},
                          {"command_line", "certutil -urlcache http://files.example/x"}})}),
        true);
    EXPECT_THAT(reply.detections, testing::SizeIs(1));
}

// --- Public event logs ---------------------------------------------------------------------------

// "T1197 bits-job": how many.
std::map<std::string, int> detections_in(const fs::path& file) {
    const auto imported = host::import_windows_events(test::unpacked(file));
    EXPECT_TRUE(imported.ok()) << imported.error().text();
    const auto engine = new_engine({.handler = std::chrono::seconds(5)});
    EXPECT_EQ(load_above_product(*engine, sources_of(kShipped)).code, base::Code::kNone);
    const EventReply reply = engine->handle(imported->events, true);
    for (const RuleNote& note : reply.notes) {
        ADD_FAILURE() << file << ": " << note.rule << ": " << note.message;
    }
    EXPECT_EQ(reply.left_out, 0u);
    std::map<std::string, int> found;
    for (const Detection& detection : reply.detections) {
        ++found[detection.technique + " " + detection.rule];
    }
    return found;
}

// Rules were written with the logs at even places in view, and without the others.
TEST(ShippedRulesCorpus, DetectionsInPublicLogsAreToldAndNoRuleFails) {
    const std::vector<fs::path> logs = test::event_logs();
    if (logs.empty()) {
        GTEST_SKIP() << "FIREBREAK_CORPUS has no security-datasets";
    }
    for (const size_t half : {0, 1}) {
        fmt::print("{}\n", half == 0 ? "in view when the rules were written:" : "held out:");
        std::map<std::string, int> by_technique;
        for (size_t i = half; i < logs.size(); i += 2) {
            fmt::print("  {}\n", logs[i].stem().string());
            for (const auto& [what, times] : detections_in(logs[i])) {
                fmt::print("    {} ({})\n", what, times);
                by_technique[what.substr(0, what.find(' '))] += times;
            }
        }
        for (const auto& [technique, times] : by_technique) {
            fmt::print("  {}: {}\n", technique, times);
        }
    }
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
