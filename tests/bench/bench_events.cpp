// What events cost on their way to the rules: the import of Windows logs beside a bare JSON parser
// over the same lines, reading a log of events beside copying the same events, and the sensors
// beside a bare loop over the same events.
//
//   bench_events [FILE…]     JSON lines of Windows logs to import; without any, made-up ones
//
// One thread; rates are per second of its processor time, by turns, the best of each, so that a
// busy machine says less. The events for logs and sensors are of the persona `developer`.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "endpoint/sensors/sensors.h"
#include "host/event_import.h"
#include "host/workload.h"
#include "support/paths.h"

namespace firebreak {
namespace {

using endpoint::sensors::Match;
using endpoint::sensors::SensorCounters;
using endpoint::sensors::Sensors;
using host::Event;
using host::EventKind;
using host::EventLog;

constexpr int kRounds = 5;
constexpr int64_t kHours = 300;
constexpr int kLines = 50'000;
constexpr uint64_t kMostLogBytes = 512 * 1024 * 1024;

void require(bool condition, const char* what) {
    if (!condition) {
        fmt::print(stderr, "bench_events: {}\n", what);
        std::exit(1);
    }
}

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Row {
    std::string name;
    std::function<void()> work;
    double best = 1e9;  // seconds
};

// By turns; the last row is what the others are compared with.
void compare(std::vector<Row> rows, size_t events) {
    for (int round = 0; round < kRounds; ++round) {
        for (Row& row : rows) {
            const double begin = processor_seconds();
            row.work();
            row.best = std::min(row.best, processor_seconds() - begin);
        }
    }
    for (const Row& row : rows) {
        fmt::print("  {:<40}{:>9.3f} M/s   {:>6.3f} ×\n", row.name,
                   static_cast<double>(events) / row.best / 1e6, rows.back().best / row.best);
    }
}

// --- Import --------------------------------------------------------------------------------------

std::string made_up_lines() {
    std::string out;
    for (int i = 0; i < kLines; ++i) {
        const int second = i / 1000 % 60;
        out += fmt::format(
            R"({{"@timestamp":"2020-10-23T02:36:{0:02}.671Z","TimeCreated":"2020-10-23T02:36:)"
            R"({0:02}.671Z","UtcTime":"2020-10-23 06:36:{0:02}.670","Level":"4","RuleName":"-",)"
            R"("Channel":"Microsoft-Windows-Sysmon/Operational","EventID":{1},"Task":"{1}",)"
            R"("ProviderGuid":"{{5770385f-c22a-43e0-bf4c-06f5698ffbd9}}","Hostname":"PC1",)"
            R"("ProcessGuid":"{{39e4a257-f133-5f8b-{2:04}-000000000700}}","ProcessId":"{2}",)"
            R"("Image":"C:\\windows\\system32\\svchost.exe","TargetFilename":"C:\\t\\{3}.tmp",)"
            R"("Keywords":"0x8000000000000000","SourceName":"Microsoft-Windows-Sysmon",)"
            R"("ImageLoaded":"C:\\Windows\\System32\\sechost.dll","Signed":"true",)"
            R"("Signature":"Microsoft Windows","SignatureStatus":"Valid"}})"
            "\n",
            second, i % 2 == 0 ? 11 : 7, 100 + i % 50, i);
    }
    return out;
}

std::string lines_of(int argc, char** argv) {
    std::string out;
    for (int i = 1; i < argc; ++i) {
        const auto file = base::read_file(argv[i], kMostLogBytes);
        require(file.ok(), "a log that cannot be read");
        out += base::text_of(*file);
        out += '\n';
    }
    return argc > 1 ? out : made_up_lines();
}

void bare_json(std::string_view lines) {
    size_t parsed = 0;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        parsed += nlohmann::json::accept(line.begin(), line.end()) ? 1 : 0;
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    }
    require(parsed > 0, "no line is JSON");
}

void measure_import(const std::string& lines) {
    const auto imported = host::import_windows_events(lines);
    require(imported.ok(), "the log is refused");
    fmt::print("import of {} lines, {} MB: {} events\n", imported->lines, lines.size() / 1'000'000,
               imported->events.events().size());
    compare({{"import_windows_events",
              [&] { require(host::import_windows_events(lines).ok(), "the log is refused"); }},
             {"bare JSON parser", [&] { bare_json(lines); }}},
            imported->lines);
}

// --- Logs ----------------------------------------------------------------------------------------

EventLog events_of_a_developer() {
    const auto persona = host::load_persona(test::fixtures_dir() / "personas" / "developer.toml");
    require(persona.ok(), "no persona `developer`");
    const base::RandomStream random(1, base::Stream::kPersona);
    auto log = host::workload_events(*persona, random, 1, 0, kHours * 3'600'000);
    require(log.ok(), "too many events");
    return *std::move(log);
}

void measure_logs(const EventLog& log) {
    const base::Bytes bytes = log.encode();
    fmt::print("a log of {} events, {} MB\n", log.events().size(), bytes.size() / 1'000'000);
    std::vector<Event> copy;
    compare({{"EventLog::encode", [&] { require(log.encode() == bytes, "it differs"); }},
             {"EventLog::parse", [&] { require(EventLog::parse(bytes).ok(), "it is refused"); }},
             {"copying the events",
              [&] {
                  copy = std::vector<Event>(log.events().begin(), log.events().end());
                  require(copy.size() == log.events().size(), "it differs");
              }}},
            log.events().size());
}

// --- Sensors -------------------------------------------------------------------------------------

// What a rule would at least do with each event.
struct Sink {
    uint64_t seen = 0;
    void operator()(const Event& event) {
        seen += event.count + event.process + static_cast<uint64_t>(event.kind);
    }
};

void tell(Sensors& sensors) {
    const size_t path = host::find_event_field(EventKind::kFileCreate, "path").value();
    const size_t image = host::find_event_field(EventKind::kFileCreate, "image").value();
    for (const EventKind kind : {EventKind::kFileCreate, EventKind::kFileDelete}) {
        require(sensors
                    .set(kind, {.drop = {{path, Match::kEndsWith, ".lock"},
                                         {path, Match::kContains, "\\prefetch\\"}},
                                .merge_window_ms = 60'000,
                                .merge_key = {image}})
                    .ok(),
                "parameters are refused");
    }
    const size_t target = host::find_event_field(EventKind::kProcessAccess, "target").value();
    require(
        sensors.set(EventKind::kProcessAccess, {.merge_window_ms = 600'000, .merge_key = {target}})
            .ok(),
        "parameters are refused");
}

// Keeps what the compiler must not leave out.
uint64_t pass(Sensors& sensors, const EventLog& log) {
    Sink sink;
    for (const Event& event : log.events()) {
        sensors.push(event, sink);
    }
    sensors.flush_all(sink);
    return sink.seen;
}

void measure_sensors(const EventLog& log) {
    fmt::print("sensors, {} events\n", log.events().size());
    uint64_t seen = 0;
    SensorCounters sum;
    const auto told = [&] {
        Sensors sensors;
        tell(sensors);
        seen += pass(sensors, log);
        sum = {};
        for (const host::EventKindInfo& kind : host::event_kinds()) {
            const SensorCounters& of_kind = sensors.counters(kind.kind);
            sum.in += of_kind.in;
            sum.merged += of_kind.merged;
            sum.dropped += of_kind.dropped;
            sum.delivered += of_kind.delivered;
        }
    };
    const auto untold = [&] {
        Sensors sensors;
        seen += pass(sensors, log);
    };
    const auto bare = [&] {
        Sink sink;
        std::ranges::for_each(log.events(), std::ref(sink));
        seen += sink.seen;
    };
    compare({{"that drop and merge", told}, {"without parameters", untold}, {"bare loop", bare}},
            log.events().size());
    require(seen > 0, "no event was seen");
    require(sum.in == sum.merged + sum.dropped + sum.delivered, "an event went missing");
    fmt::print("  of {} in: {} merged, {} dropped, {} delivered\n", sum.in, sum.merged, sum.dropped,
               sum.delivered);
}

}  // namespace
}  // namespace firebreak

int main(int argc, char** argv) {
    firebreak::measure_import(firebreak::lines_of(argc, argv));
    const firebreak::host::EventLog log = firebreak::events_of_a_developer();
    firebreak::measure_logs(log);
    firebreak::measure_sensors(log);
    return 0;
}
