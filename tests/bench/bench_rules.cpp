// What the rule engine costs: the same handlers on the same events in a bare LuaJIT interpreter
// and in ours with all its limits; and events through sensors and 200 rules.
//
//   bench_rules [bare|sensors|restart]
//
// The bare interpreter has the machine-code compiler off, as ours has, and nothing else of ours: no
// limits, no protected calls, Lua's own allocator; one table, which is filled anew for each event
// and which all handlers share. One thread; rates are per second of its processor time, by turns,
// the best of each, so that a busy machine says less.
//
// And how long nobody watches when the process dies and another takes its place, with the rules
// that ship: beside a process that has nothing to load.
//
// Budgets (design.md, section 10): at least 0.8 of the bare interpreter; at least 1 M events/s; a
// restart within 50 ms.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <lua.hpp>
#include <string>
#include <vector>

#include "assay/components.h"
#include "base/file.h"
#include "endpoint/behavior/engine.h"
#include "endpoint/behavior/rule_process.h"
#include "support/paths.h"

namespace firebreak::endpoint::behavior {
namespace {

using host::Event;
using host::EventKind;
using host::EventValue;

constexpr int kRounds = 5;
constexpr size_t kRuleCount = 200;

void require(bool condition, const std::string& what) {
    if (!condition) {
        fmt::print(stderr, "bench_rules: {}\n", what);
        std::exit(1);
    }
}

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// --- Events --------------------------------------------------------------------------------------

Event process_start(size_t n) {
    static const char* const kImages[] = {
        "C:\\Windows\\System32\\svchost.exe", "C:\\Program Files\\Office\\winword.exe",
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "C:\\Windows\\explorer.exe", "C:\\Program Files\\Browser\\browser.exe"};
    static const char* const kLines[] = {"svchost.exe -k netsvcs -p -s Schedule",
                                         "winword.exe /n C:\\Users\\a\\Documents\\report.docx",
                                         "powershell.exe -NoProfile -File C:\\Tools\\inventory.ps1",
                                         "explorer.exe", "browser.exe --type=renderer --lang=en"};
    Event event;
    event.kind = EventKind::kProcessStart;
    event.at_ms = static_cast<int64_t>(n);
    event.process = static_cast<uint32_t>(n % 4000 + 1);
    const auto text = [](const char* value) { return EventValue::of(std::string_view(value)); };
    event.set("image", text(kImages[n % 5]));
    event.set("command_line", text(kLines[n % 5]));
    event.set("current_directory", text("C:\\Windows\\System32\\"));
    event.set("user", text("EXAMPLE\\user"));
    event.set("integrity", text("Medium"));
    event.set("pid", EventValue::of(uint64_t{n % 60'000}));
    event.set("parent", EventValue::of(uint64_t{n % 4000}));
    event.set("parent_image", text(kImages[(n + 3) % 5]));
    event.set("parent_command_line", text(kLines[(n + 3) % 5]));
    event.set("original_name", text("original.exe"));
    event.set("company", text("Example Company"));
    event.set("signed", EventValue::of(uint64_t{1}));
    return event;
}

Event of_kind(EventKind kind, size_t n, const char* field, const char* value) {
    Event event = {};
    event.kind = kind;
    event.at_ms = static_cast<int64_t>(n);
    event.process = static_cast<uint32_t>(n % 4000 + 1);
    event.set("image", EventValue::of(std::string_view("C:\\Windows\\System32\\svchost.exe")));
    event.set(field, EventValue::of(std::string_view(value)));
    return event;
}

// In a mix such as a workstation's: few starts, many modules, registry values and accesses.
host::EventLog mixed(size_t count) {
    host::EventLogBuilder builder;
    for (size_t n = 0; n < count; ++n) {
        switch (n % 20) {
            case 0:
                builder.add(process_start(n / 20));
                break;
            case 1:
            case 2:
                builder.add(of_kind(EventKind::kDnsQuery, n, "query", "updates.example.com"));
                break;
            case 3:
            case 4:
                builder.add(of_kind(EventKind::kNetworkConnect, n, "remote_address", "10.1.2.3"));
                break;
            case 5:
            case 6:
            case 7:
                builder.add(of_kind(EventKind::kFileCreate, n, "path",
                                    "C:\\Users\\a\\AppData\\Local\\Cache\\f_00012a"));
                break;
            case 8:
            case 9:
            case 10:
            case 11:
                builder.add(of_kind(EventKind::kRegistrySet, n, "key",
                                    "HKLM\\System\\CurrentControlSet\\Services\\bam\\State"));
                break;
            case 12:
            case 13:
            case 14:
                builder.add(of_kind(EventKind::kProcessAccess, n, "target_image",
                                    "C:\\Windows\\System32\\csrss.exe"));
                break;
            default:
                builder.add(of_kind(EventKind::kImageLoad, n, "path",
                                    "C:\\Windows\\System32\\kernel32.dll"));
        }
    }
    return std::move(builder).build();
}

// --- Handlers ------------------------------------------------------------------------------------

struct Handlers {
    const char* name;
    std::string body;  // of function(e), with an upvalue `state`
};

std::vector<Handlers> handlers() {
    std::string compares = "local i, l = e.image, e.command_line\n";
    for (int n = 0; n < 10; ++n) {
        compares +=
            fmt::format("if i == 'C:\\\\Tools\\\\tool{}.exe' then state.a = {} end\n", n, n);
        compares += fmt::format("if l == 'tool{} -x' then state.b = {} end\n", n, n);
    }
    compares += "state.n = (state.n or 0) + 1\n";
    return {{"20 compares and state", compares},
            {"one field", "if e.user == 'nobody' then state.n = 1 end"},
            {"six fields",
             "if e.image == e.parent_image and e.user == 'x' and e.integrity == 'High' or "
             "e.company == '' or e.pid == 0 then state.n = 1 end"}};
}

constexpr int kHandlersOfEvent = 10;

// As many events as it has been through, with the calls that come of each.
class Bare {
  public:
    explicit Bare(const std::string& body) : lua_(luaL_newstate()) {
        for (int i = 0; i < kHandlersOfEvent; ++i) {
            const std::string source = "local state = {}\nreturn function(e)\n" + body + "\nend";
            require(luaL_loadstring(lua_, source.c_str()) == 0 && lua_pcall(lua_, 0, 1, 0) == 0,
                    "a handler does not load");
            functions_.push_back(luaL_ref(lua_, LUA_REGISTRYINDEX));
        }
        lua_newtable(lua_);
        event_ = luaL_ref(lua_, LUA_REGISTRYINDEX);
    }
    ~Bare() { lua_close(lua_); }
    Bare(const Bare&) = delete;
    Bare& operator=(const Bare&) = delete;

    void handle(const host::EventLog& log) {
        for (const Event& event : log.events()) {
            fill(event);
            for (const int function : functions_) {
                lua_rawgeti(lua_, LUA_REGISTRYINDEX, function);
                lua_rawgeti(lua_, LUA_REGISTRYINDEX, event_);
                lua_call(lua_, 1, 0);
            }
        }
    }

  private:
    void fill(const Event& event) {
        lua_rawgeti(lua_, LUA_REGISTRYINDEX, event_);
        const auto fields = host::info_of(event.kind).fields;
        for (size_t i = 0; i < fields.size(); ++i) {
            lua_pushlstring(lua_, fields[i].name.data(), fields[i].name.size());
            const EventValue& value = event.values[i];
            if (value.is_text()) {
                lua_pushlstring(lua_, value.text().data(), value.text().size());
            } else if (value.is_number()) {
                lua_pushnumber(lua_, static_cast<double>(value.number()));
            } else {
                lua_pushnil(lua_);
            }
            lua_rawset(lua_, -3);
        }
        lua_pop(lua_, 1);
    }

    lua_State* lua_;
    std::vector<int> functions_;
    int event_ = 0;
};

std::unique_ptr<Engine> engine_with(const std::vector<std::string>& rules) {
    auto engine = Engine::create();
    require(engine.ok(), "no engine");
    // Files of one request are limited, and those of the two feeds are two requests.
    constexpr std::array kFeeds = {RuleFeed::kProductRules, RuleFeed::kBehavior};
    const size_t each = (rules.size() + 1) / 2;
    for (size_t feed = 0; feed < 2; ++feed) {
        LoadRules request{kFeeds[feed], {}};
        for (size_t i = feed * each; i < std::min(rules.size(), (feed + 1) * each); ++i) {
            request.files.push_back({fmt::format("rule-{}.lua", i), base::view_of(rules[i])});
        }
        const LoadReply reply = (*engine)->load(request);
        require(reply.code == base::Code::kNone, reply.file + ": " + reply.message);
    }
    return std::move(engine).value();
}

void beside_a_bare_interpreter() {
    constexpr size_t kEvents = 20'000;
    host::EventLogBuilder builder;
    for (size_t n = 0; n < kEvents; ++n) {
        builder.add(process_start(n));
    }
    const host::EventLog log = std::move(builder).build();
    fmt::print("{} handlers a process that starts, a bare interpreter beside ours\n",
               kHandlersOfEvent);
    for (const Handlers& one : handlers()) {
        Bare bare(one.body);
        std::vector<std::string> rules;
        for (int i = 0; i < kHandlersOfEvent; ++i) {
            rules.push_back(
                fmt::format("rule {{id = 'r{}'}} local state = {{}} "
                            "on('process_start', nil, function(e)\n{}\nend)",
                            i, one.body));
        }
        const auto engine = engine_with(rules);
        double best_bare = 1e9, best_ours = 1e9;
        for (int round = 0; round < kRounds; ++round) {
            double begin = processor_seconds();
            bare.handle(log);
            best_bare = std::min(best_bare, processor_seconds() - begin);
            begin = processor_seconds();
            const EventReply reply = engine->handle(log);
            best_ours = std::min(best_ours, processor_seconds() - begin);
            require(reply.handled == kEvents * kHandlersOfEvent && reply.notes.empty(),
                    "not all handlers ran: " +
                        (reply.notes.empty() ? std::string() : reply.notes[0].message));
        }
        const auto calls = static_cast<double>(kEvents * kHandlersOfEvent);
        fmt::print("  {:<24} bare {:>5.0f} ns a call, ours {:>5.0f} ns: {:.2f} x\n", one.name,
                   best_bare / calls * 1e9, best_ours / calls * 1e9, best_bare / best_ours);
    }
}

// Rules that look for what this log does not have, as most do on most days, and some that it has.
std::vector<std::string> two_hundred_rules() {
    static const char* const kFilters[] = {
        "'process_start', {{image = '*\\\\tool{0}.exe', command_line = {{'*-enc {0}*', '*-e "
        "{0}*'}}}}",
        "'process_start', {{parent_image = '*\\\\winword.exe', image = {{'*\\\\cmd{0}.exe', "
        "'*\\\\wscript{0}.exe'}}}}",
        "'process_access', {{target_image = '*\\\\lsass.exe', granted_access = {0}}}",
        "'registry_set', {{key = '*\\\\CurrentVersion\\\\Run\\\\item{0}'}}",
        "'file_create', {{path = {{'*.exe{0}', '*.dll{0}', '*.ps{0}'}}}}",
        "'image_load', {{path = '*\\\\module{0}.dll'}}",
        "'network_connect', {{remote_port = {{{0}, 4444}}}}",
        "'dns_query', {{query = '*.host{0}.example'}}",
        "'process_start', {{image = '*\\\\powershell.exe'}}",
        "'remote_thread', {{target_image = '*\\\\process{0}.exe'}}",
    };
    std::vector<std::string> rules;
    for (size_t i = 0; i < kRuleCount; ++i) {
        rules.push_back(fmt::format(
            "rule {{{{id = 'rule-{{0}}', technique = 'T1059'}}}}\n"
            "on({}, function(e) local s = process_state(e.process) s.n = (s.n or 0) + 1 end)\n"
            "on({}, function(e) machine_state().n = 1 end)\n",
            kFilters[i % std::size(kFilters)], kFilters[(i * 7 + 3) % std::size(kFilters)]));
        rules.back() = fmt::format(fmt::runtime(rules.back()), i);
    }
    return rules;
}

void through_sensors() {
    constexpr size_t kEvents = 500'000;
    const host::EventLog log = mixed(kEvents);
    std::vector<std::string> rules = two_hundred_rules();
    const base::Bytes bytes = log.encode();
    for (const bool merging : {false, true}) {
        if (merging) {
            rules[0] +=
                "sensor('image_load', {merge = {'path'}, window = 60000})\n"
                "sensor('process_access', {merge = {'target_image'}, window = 10000})\n"
                "sensor('registry_set', {drop = {key = '*\\\\bam\\\\State'}})\n";
        }
        double best = 1e9, best_parse = 1e9;
        EventReply reply;
        CostReply costs;
        for (int round = 0; round < kRounds; ++round) {
            const auto engine = engine_with(rules);
            double begin = processor_seconds();
            const auto parsed = host::EventLog::parse(bytes);
            best_parse = std::min(best_parse, processor_seconds() - begin);
            require(parsed.ok(), "the log is none");
            begin = processor_seconds();
            reply = engine->handle(*parsed);
            best = std::min(best, processor_seconds() - begin);
            costs = engine->costs();
        }
        uint64_t delivered = 0;
        for (const SensorCount& count : costs.sensors) {
            delivered += count.delivered;
        }
        fmt::print(
            "{} events, {} rules{}: {:.2f} M events/s ({} delivered, {} calls); parsed "
            "{:.1f} M/s\n",
            kEvents, rules.size(), merging ? ", sensors merging and dropping" : "",
            static_cast<double>(kEvents) / best / 1e6, delivered, reply.handled,
            static_cast<double>(kEvents) / best_parse / 1e6);
        require(reply.notes.empty(),
                "a rule failed: " + (reply.notes.empty() ? std::string() : reply.notes[0].message));
    }
}

std::vector<base::Bytes> texts_in(const std::filesystem::path& folder,
                                  std::vector<std::string>& names) {
    std::vector<base::Bytes> texts;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".lua") {
            auto text = base::read_file(entry.path(), 1 << 20);
            require(text.ok(), "cannot read " + entry.path().string());
            names.push_back(entry.path().filename().string());
            texts.push_back(std::move(text).value());
        }
    }
    require(!texts.empty(), "no rules in " + folder.string());
    return texts;
}

// From the start of a process to its answer to the first event.
double first_answer_ms(ports::ComponentProcesses& processes, const RuleProcess::Files& product,
                       const RuleProcess::Files& rules) {
    host::EventLogBuilder builder;
    builder.add(process_start(0));
    const host::EventLog log = std::move(builder).build();
    const auto begin = std::chrono::steady_clock::now();
    auto loaded = RuleProcess::start(processes, product, rules, true);
    require(loaded.ok() && loaded->process != nullptr, "the rules do not load");
    auto answer = loaded->process->handle(log);
    require(answer.ok() && std::holds_alternative<EventReply>(*answer), "no answer");
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

void restarts() {
    constexpr int kRestarts = 21;
    const auto content = test::fixtures_dir() / "content/good";
    RuleProcess::Files files[2];
    std::vector<std::string> names[2];
    std::vector<base::Bytes> texts[2];
    for (const auto& [place, folder] : {std::pair{0, content / "ProductRulesFeed/2026-03-02"},
                                        {1, content / "Behavior/2026-03-02"}}) {
        texts[place] = texts_in(folder, names[place]);
        for (size_t i = 0; i < names[place].size(); ++i) {
            files[place].push_back({names[place][i], texts[place][i]});
        }
    }
    sandbox::Spawner spawner(test::worker_binary());
    assay::WorkerProcesses workers(spawner, assay::behavior_policy(0),
                                   assay::WorkerProcesses::Folders::kNone);
    std::vector<double> shipped, empty;
    for (int i = 0; i < kRestarts; ++i) {
        shipped.push_back(first_answer_ms(workers, files[0], files[1]));
        empty.push_back(
            first_answer_ms(workers, {}, {{"a.lua", base::view_of("rule {id = 'a'}")}}));
    }
    std::ranges::sort(shipped);
    std::ranges::sort(empty);
    fmt::print(
        "restart, until the first event is answered: {} rules {:.1f} ms (worst of {}: {:.1f}); "
        "one empty rule {:.1f} ms\n",
        files[0].size() + files[1].size(), shipped[kRestarts / 2], kRestarts, shipped.back(),
        empty[kRestarts / 2]);
}

}  // namespace
}  // namespace firebreak::endpoint::behavior

int main(int count, char** arguments) {
    namespace behavior = firebreak::endpoint::behavior;
    const std::string_view part = count > 1 ? arguments[1] : "";
    if (part.empty() || part == "bare") {
        behavior::beside_a_bare_interpreter();
    }
    if (part.empty() || part == "sensors") {
        behavior::through_sensors();
    }
    if (part.empty() || part == "restart") {
        behavior::restarts();
    }
    return 0;
}
