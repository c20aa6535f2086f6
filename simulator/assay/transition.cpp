#include "assay/transition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "endpoint/applications/application_service.h"
#include "endpoint/behavior/behavior_service.h"
#include "endpoint/scanner/scanner_service.h"
#include "ports/installer.h"

namespace firebreak::assay {

namespace {

using Json = nlohmann::json;

std::string words(const PollStimulus& poll) {
    std::string out = "poll of " + poll.channel + ":";
    for (const content::Feed feed : poll.feeds) {
        out += fmt::format(" {}", content::info(feed).name);
    }
    if (poll.edges > 1) {
        out += fmt::format(" over {} edges", poll.edges);
    }
    for (const auto& [path, file] : poll.files) {
        out += fmt::format("; {}: {}", path, file.words);
    }
    for (const faults::Fault& fault : poll.faults) {
        out += "; fault: " + fault.text();
    }
    return out;
}

Json to_json(const base::Outcome& outcome) {
    Json evidence = Json::array();
    for (const auto& [name, value] : outcome.evidence) {
        evidence.push_back(Json::array({name, value}));
    }
    return {{"stage", static_cast<int>(outcome.stage)},
            {"category", static_cast<int>(outcome.category)},
            {"code", static_cast<int>(outcome.code)},
            {"evidence", std::move(evidence)}};
}

Json to_json(const ports::Changes& changes) {
    Json out = Json::object();
    for (const auto& [key, value] : changes) {
        out[key] = value ? Json(*value) : Json(nullptr);
    }
    return out;
}

constexpr uint64_t kMostCounted = uint64_t{1} << 53;  // what a double still counts

// Reads typed members of hostile JSON; the first that is missing or of another type is remembered.
class Reader {
  public:
    const Json& member(const Json& object, const char* name, Json::value_t type) {
        static const Json kNothing[] = {Json(nullptr), Json::object(), Json::array(), Json("")};
        if (object.is_object()) {
            const auto found = object.find(name);
            if (found != object.end() &&
                (found->type() == type ||
                 (type == Json::value_t::number_unsigned && found->is_number_integer()))) {
                return *found;
            }
        }
        if (failure_.empty()) {
            failure_ = fmt::format("`{}` is missing or of the wrong type", name);
        }
        return type == Json::value_t::object   ? kNothing[1]
               : type == Json::value_t::array  ? kNothing[2]
               : type == Json::value_t::string ? kNothing[3]
                                               : kNothing[0];
    }
    std::string string(const Json& object, const char* name) {
        return member(object, name, Json::value_t::string).get<std::string>();
    }
    uint64_t number(const Json& object, const char* name, uint64_t limit) {
        const Json& found = member(object, name, Json::value_t::number_unsigned);
        if (!found.is_number_unsigned() || found.get<uint64_t>() > limit) {
            fail(fmt::format("`{}` is out of range", name));
            return 0;
        }
        return found.get<uint64_t>();
    }
    int64_t whole(const Json& object, const char* name) {
        const auto found = object.is_object() ? object.find(name) : object.end();
        if (!object.is_object() || found == object.end() || !found->is_number_integer()) {
            fail(fmt::format("`{}` is missing or no whole number", name));
            return 0;
        }
        return found->get<int64_t>();
    }
    double real(const Json& object, const char* name) {
        const auto found = object.is_object() ? object.find(name) : object.end();
        if (!object.is_object() || found == object.end() || !found->is_number()) {
            fail(fmt::format("`{}` is missing or no number", name));
            return 0;
        }
        return found->get<double>();
    }
    double share(const Json& object, const char* name) {
        const double value = real(object, name);
        if (!(value >= 0 && value <= 1)) {
            fail(fmt::format("`{}` is not 0 to 1", name));
            return 0;
        }
        return value;
    }
    ports::Changes changes(const Json& object, const char* name) {
        ports::Changes out;
        for (const auto& [key, value] : member(object, name, Json::value_t::object).items()) {
            if (!value.is_string() && !value.is_null()) {
                fail(fmt::format("`{}` holds something other than text", name));
                return {};
            }
            out[key] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
        }
        return out;
    }
    base::Outcome outcome(const Json& object, const char* name) {
        const Json& found = member(object, name, Json::value_t::object);
        base::Outcome out;
        out.stage = static_cast<base::Stage>(number(found, "stage", 4));
        out.category = static_cast<base::Category>(number(found, "category", 255));
        out.code = static_cast<base::Code>(number(found, "code", 65535));
        for (const Json& pair : member(found, "evidence", Json::value_t::array)) {
            if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
                !pair[1].is_string()) {
                fail("evidence is not a list of pairs");
                return out;
            }
            out.evidence.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
        }
        return out;
    }
    ProgramScore score(const Json& object) {
        ProgramScore out;
        out.program = string(object, "program");
        out.where = string(object, "where");
        out.model = string(object, "model");
        out.version = string(object, "version");
        out.telemetry = number(object, "telemetry", 1) == 1;
        out.score = share(object, "score");
        out.threshold = share(object, "threshold");
        out.refusal = string(object, "refusal");
        return out;
    }
    RuleUse rule(const Json& object) {
        RuleUse out;
        out.feed = feed(object);
        out.rule = string(object, "rule");
        out.calls = number(object, "calls", kMostCounted);
        out.errors = number(object, "errors", kMostCounted);
        out.detections = number(object, "detections", kMostCounted);
        out.disabled = number(object, "disabled", 1) == 1;
        out.nanoseconds = number(object, "nanoseconds", kMostCounted);
        out.memory_bytes = number(object, "memory_bytes", kMostCounted);
        if (object.contains("failure")) {
            out.failure = string(object, "failure");
        }
        return out;
    }
    SensorUse sensor(const Json& object) {
        SensorUse out;
        out.kind = string(object, "kind");
        out.in = number(object, "in", kMostCounted);
        out.merged = number(object, "merged", kMostCounted);
        out.dropped = number(object, "dropped", kMostCounted);
        out.delivered = number(object, "delivered", kMostCounted);
        return out;
    }
    ExclusionUse exclusion(const Json& object) {
        ExclusionUse out;
        out.feed = feed(object);
        out.application = string(object, "application");
        out.rule = string(object, "rule");
        out.path = string(object, "path");
        out.kind = string(object, "kind");
        out.refusal = string(object, "refusal");
        return out;
    }
    content::Feed feed(const Json& object) {
        return static_cast<content::Feed>(number(object, "feed", content::kFeedCount - 1));
    }
    void fail(std::string why) {
        if (failure_.empty()) {
            failure_ = std::move(why);
        }
    }
    const std::string& failure() const { return failure_; }

  private:
    std::string failure_;
};

std::string dump(const Json& json) {
    return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

std::string text(const Stimulus& stimulus) {
    if (const auto* poll = std::get_if<PollStimulus>(&stimulus)) {
        return words(*poll);
    }
    if (const auto* sample = std::get_if<SampleStimulus>(&stimulus)) {
        return fmt::format("sample {} {}", sample->name, sample->sha384.hex());
    }
    const auto& workload = std::get<WorkloadStimulus>(stimulus);
    std::string out = "workload of " + workload.persona_name;
    if (workload.measured != nullptr) {
        out += ", measured elsewhere:";
        for (const Measured& one : *workload.measured) {
            out += fmt::format(" {} {} in {} h by {};", base::info(one.harm).name, one.events,
                               one.hours, one.what);
        }
    }
    return out;
}

base::Digest digest(const Snapshot& snapshot) {
    base::ByteWriter writer;
    for (const auto& [key, value] : snapshot) {
        writer.text(key);
        writer.text(value);
    }
    return base::sha384(std::move(writer).take());
}

std::string to_json(const Transition& transition) {
    Json triggers = Json::array();
    for (const Trigger& trigger : transition.triggers) {
        triggers.push_back({{"what", trigger.what},
                            {"feed", static_cast<int>(trigger.feed)},
                            {"per_hour", trigger.per_hour},
                            {"at_once", trigger.at_once ? 1 : 0},
                            {"hits", trigger.hits},
                            {"trials", trigger.trials},
                            {"measured", static_cast<int>(trigger.measured)},
                            {"outcome", to_json(trigger.outcome)},
                            {"changes", to_json(trigger.changes)}});
    }
    Json scores = Json::array();
    for (const ProgramScore& one : transition.scores) {
        scores.push_back({{"program", one.program},
                          {"where", one.where},
                          {"model", one.model},
                          {"version", one.version},
                          {"telemetry", one.telemetry ? 1 : 0},
                          {"score", one.score},
                          {"threshold", one.threshold},
                          {"refusal", one.refusal}});
    }
    Json rules = Json::array();
    for (const RuleUse& one : transition.rules) {
        rules.push_back({{"feed", static_cast<int>(one.feed)},
                         {"rule", one.rule},
                         {"calls", one.calls},
                         {"errors", one.errors},
                         {"detections", one.detections},
                         {"disabled", one.disabled ? 1 : 0},
                         {"nanoseconds", one.nanoseconds},
                         {"memory_bytes", one.memory_bytes},
                         {"failure", one.failure}});
    }
    Json sensors = Json::array();
    for (const SensorUse& one : transition.sensors) {
        sensors.push_back({{"kind", one.kind},
                           {"in", one.in},
                           {"merged", one.merged},
                           {"dropped", one.dropped},
                           {"delivered", one.delivered}});
    }
    Json exclusions = Json::array();
    for (const ExclusionUse& one : transition.exclusions) {
        exclusions.push_back({{"feed", static_cast<int>(one.feed)},
                              {"application", one.application},
                              {"rule", one.rule},
                              {"path", one.path},
                              {"kind", one.kind},
                              {"refusal", one.refusal}});
    }
    return dump({{"stimulus", transition.stimulus},
                 {"reads", to_json(transition.reads)},
                 {"changes", to_json(transition.changes)},
                 {"clock_from", transition.clock_from.unix_seconds},
                 {"clock_until", transition.clock_until.unix_seconds},
                 {"outcome", to_json(transition.outcome)},
                 {"feed", static_cast<int>(transition.feed)},
                 {"manifest", transition.manifest.hex()},
                 {"delivered", transition.delivered ? 1 : 0},
                 {"alerts", transition.alerts},
                 {"triggers", std::move(triggers)},
                 {"scores", std::move(scores)},
                 {"rules", std::move(rules)},
                 {"sensors", std::move(sensors)},
                 {"exclusions", std::move(exclusions)},
                 {"cost_ms", transition.cost_ms}});
}

base::Result<Transition> parse_transition(std::string_view json) {
    // Our own lines nest six deep; anything deeper is dropped while it is being read.
    constexpr int kDeepest = 16;
    const Json parsed = Json::parse(
        json, [](int depth, Json::parse_event_t, Json&) { return depth <= kDeepest; }, false);
    if (!parsed.is_object()) {
        return base::Error{"a logged outcome is not a JSON object", "", ""};
    }
    Reader reader;
    Transition out;
    out.stimulus = reader.string(parsed, "stimulus");
    out.reads = reader.changes(parsed, "reads");
    out.changes = reader.changes(parsed, "changes");
    out.clock_from = {reader.whole(parsed, "clock_from")};
    out.clock_until = {reader.whole(parsed, "clock_until")};
    out.outcome = reader.outcome(parsed, "outcome");
    out.feed = reader.feed(parsed);
    out.delivered = reader.number(parsed, "delivered", 1) == 1;
    out.alerts = static_cast<uint32_t>(reader.number(parsed, "alerts", 1000));
    out.cost_ms = reader.real(parsed, "cost_ms");
    for (const Json& entry : reader.member(parsed, "triggers", Json::value_t::array)) {
        Trigger trigger;
        trigger.what = reader.string(entry, "what");
        trigger.feed = reader.feed(entry);
        trigger.per_hour = reader.real(entry, "per_hour");
        trigger.outcome = reader.outcome(entry, "outcome");
        trigger.changes = reader.changes(entry, "changes");
        trigger.at_once = reader.number(entry, "at_once", 1) == 1;
        trigger.hits = reader.number(entry, "hits", kMostCounted);
        trigger.trials = reader.real(entry, "trials");
        trigger.measured =
            static_cast<base::Harm>(reader.number(entry, "measured", base::kHarms - 1));
        const bool rate = std::isfinite(trigger.per_hour) && trigger.per_hour > 0 &&
                          std::isfinite(trigger.trials) && trigger.trials > 0 && trigger.hits > 0 &&
                          std::isfinite(trigger.hazard()) && trigger.hazard() > 0;
        if (!rate && !trigger.at_once) {
            reader.fail("a trigger's rate is not positive");
        }
        out.triggers.push_back(std::move(trigger));
    }
    for (const Json& entry : reader.member(parsed, "scores", Json::value_t::array)) {
        out.scores.push_back(reader.score(entry));
    }
    for (const Json& entry : reader.member(parsed, "rules", Json::value_t::array)) {
        out.rules.push_back(reader.rule(entry));
    }
    for (const Json& entry : reader.member(parsed, "sensors", Json::value_t::array)) {
        out.sensors.push_back(reader.sensor(entry));
    }
    for (const Json& entry : reader.member(parsed, "exclusions", Json::value_t::array)) {
        out.exclusions.push_back(reader.exclusion(entry));
    }
    const auto manifest = base::parse_digest(reader.string(parsed, "manifest"));
    if (!reader.failure().empty() || !manifest.ok()) {
        return base::Error{
            "a logged outcome is damaged: " +
                (reader.failure().empty() ? manifest.error().message : reader.failure()),
            "", ""};
    }
    out.manifest = *manifest;
    return out;
}

namespace {

// The component that keeps record of the feed's content, by its name in the store.
std::string_view keeper_of(content::Feed feed) {
    return endpoint::scanner::is_scanner_feed(feed)            ? "scanner"
           : endpoint::behavior::is_rule_feed(feed)            ? "behavior"
           : endpoint::applications::is_application_feed(feed) ? "applications"
           : feed == content::Feed::kRepairKit                 ? "repair"
                                                               : "delivered";
}

void fall_back(Snapshot& snapshot, content::Feed feed) {
    const std::string prefix = fmt::format("{}/{}/", keeper_of(feed), content::info(feed).name);
    snapshot.erase(prefix + "kills");
    const auto running = snapshot.extract(prefix + "running");
    const auto good = snapshot.extract(prefix + "last-known-good");
    if (good) {
        snapshot[prefix + "running"] = good.mapped();
    }
    if (running && (!good || good.mapped() != running.mapped())) {
        std::string& quarantine = snapshot[prefix + "quarantine"];
        quarantine = endpoint::supervision::quarantined(quarantine, running.mapped());
        snapshot.erase(ports::package_key(feed, running.mapped()));
    }
}

}  // namespace

Snapshot fallen_back(Snapshot snapshot, content::Feed feed) {
    if (endpoint::behavior::is_rule_feed(feed)) {
        for (const content::Feed one : endpoint::behavior::kRuleFeeds) {
            fall_back(snapshot, one);
        }
    } else if (keeper_of(feed) != "delivered") {
        fall_back(snapshot, feed);
    }
    return snapshot;
}

bool has_component(content::Feed feed) {
    return keeper_of(feed) != "delivered";
}

std::string kills_key(content::Feed feed) {
    return fmt::format("{}/{}/kills", keeper_of(feed), content::info(feed).name);
}

bool holds(const Transition& transition, const Snapshot& before, base::UtcTime clock) {
    if (clock < transition.clock_from || clock >= transition.clock_until) {
        return false;
    }
    return std::all_of(transition.reads.begin(), transition.reads.end(), [&](const auto& read) {
        const auto found = before.find(read.first);
        return read.second ? found != before.end() && found->second == *read.second
                           : found == before.end();
    });
}

base::UtcTime clock_of(const Stimulus& stimulus) {
    const auto* poll = std::get_if<PollStimulus>(&stimulus);
    return poll != nullptr ? poll->clock : base::UtcTime{};
}

std::string running_key(content::Feed feed) {
    return fmt::format("{}/{}/running", keeper_of(feed), content::info(feed).name);
}

std::optional<base::Digest> running_content(const Snapshot& snapshot, content::Feed feed) {
    const auto found = snapshot.find(running_key(feed));
    if (found == snapshot.end()) {
        return std::nullopt;
    }
    const auto parsed = base::parse_digest(found->second);
    return parsed.ok() ? std::optional(*parsed) : std::nullopt;
}

}  // namespace firebreak::assay
