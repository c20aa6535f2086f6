#include "endpoint/behavior/messages.h"

#include <algorithm>

#include "base/field_reader.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::FieldReader;
using base::Gathered;

constexpr size_t kMaxRules = 2 * kMaxRuleFiles;

enum class Kind : uint8_t {
    kLoadRules = 1,
    kHandleEvents,
    kTellScan,
    kTellCosts,
    kLoadReply = rules::kLoadReplyMark,
    kEventReply,
    kCostReply,
};

constexpr std::array<std::string_view, 5> kSeverities = {"info", "low", "medium", "high",
                                                         "critical"};
constexpr std::array<std::string_view, 5> kNotes = {"error", "deadline", "memory", "over budget",
                                                    "disabled"};

ByteWriter message(Kind kind) {
    ByteWriter writer;
    writer.u8(static_cast<uint8_t>(kind));
    return writer;
}

bool is(FieldReader& fields, Kind kind) {
    return fields.within(fields.u8() == static_cast<uint8_t>(kind));
}

void write_count(ByteWriter& writer, size_t count) {
    writer.u32(static_cast<uint32_t>(count));
}

base::Error malformed(const char* what) {
    return {std::string("malformed ") + what, "", ""};
}

template <class Message>
base::Result<Message> whole(const FieldReader& fields, Message message, const char* what) {
    if (!fields.complete()) {
        return malformed(what);
    }
    return message;
}

LoadRules read_rules(FieldReader& fields) {
    LoadRules request;
    request.feed = fields.one_of(RuleFeed::kBehavior);
    request.files = rules::read_files(fields);
    request.tried = fields.flag();
    return request;
}

HandleEvents read_events(FieldReader& fields) {
    HandleEvents request;
    request.log = fields.bytes();
    request.last = fields.flag();
    for (uint32_t n = fields.count(kMaxReputations); n > 0 && !fields.failed(); --n) {
        HandleEvents::Reputation& one = request.reputations.emplace_back();
        one.process = fields.u32();
        one.score = fields.u8();
    }
    return request;
}

TellScan read_scan(FieldReader& fields) {
    TellScan request;
    request.number = fields.u32();
    request.scanned = fields.flag();
    request.detected = fields.flag();
    request.found = fields.text(kMaxEvidenceBytes);
    if (fields.flag()) {
        request.reputation = fields.u8();
    }
    return request;
}

Detection read_detection(FieldReader& fields) {
    Detection detection;
    detection.rule = fields.text(kMaxNameBytes);
    detection.technique = fields.text(kMaxNameBytes);
    detection.severity = fields.one_of(Severity::kCritical);
    detection.process = fields.u32();
    detection.at_ms = static_cast<int64_t>(fields.u64());
    for (uint32_t n = fields.count(kMaxEvidence); n > 0 && !fields.failed(); --n) {
        auto& [name, value] = detection.evidence.emplace_back();
        name = fields.text(kMaxNameBytes);
        value = fields.text(kMaxEvidenceBytes);
    }
    return detection;
}

void write(ByteWriter& writer, const Detection& detection) {
    writer.text(detection.rule);
    writer.text(detection.technique);
    writer.u8(static_cast<uint8_t>(detection.severity));
    writer.u32(detection.process);
    writer.u64(static_cast<uint64_t>(detection.at_ms));
    write_count(writer, detection.evidence.size());
    for (const auto& [name, value] : detection.evidence) {
        writer.text(name);
        writer.text(value);
    }
}

RuleCost read_cost(FieldReader& fields) {
    RuleCost cost;
    cost.rule = fields.text(kMaxNameBytes);
    cost.feed = static_cast<RuleFeed>(fields.u8());
    fields.within(cost.feed <= RuleFeed::kBehavior);
    for (uint64_t* number : {&cost.calls, &cost.errors, &cost.detections, &cost.nanoseconds}) {
        *number = fields.u64();
    }
    for (uint64_t& bucket : cost.histogram) {
        bucket = fields.u64();
    }
    cost.memory_bytes = fields.u64();
    cost.disabled = fields.flag();
    return cost;
}

void write(ByteWriter& writer, const RuleCost& cost) {
    writer.text(cost.rule);
    writer.u8(static_cast<uint8_t>(cost.feed));
    for (const uint64_t number : {cost.calls, cost.errors, cost.detections, cost.nanoseconds}) {
        writer.u64(number);
    }
    for (const uint64_t bucket : cost.histogram) {
        writer.u64(bucket);
    }
    writer.u64(cost.memory_bytes);
    writer.u8(cost.disabled ? 1 : 0);
}

template <size_t N>
std::string_view name_at(const std::array<std::string_view, N>& names, size_t index) {
    return index < N ? names[index] : "?";
}

}  // namespace

std::string_view to_text(Severity severity) {
    return name_at(kSeverities, static_cast<size_t>(severity));
}

std::optional<Severity> find_severity(std::string_view name) {
    const auto found = std::ranges::find(kSeverities, name);
    return found == kSeverities.end()
               ? std::nullopt
               : std::optional(static_cast<Severity>(found - kSeverities.begin()));
}

std::string_view to_text(RuleNote::What what) {
    return name_at(kNotes, static_cast<size_t>(what));
}

Gathered encode(const LoadRules& request) {
    ByteWriter writer = message(Kind::kLoadRules);
    writer.u8(static_cast<uint8_t>(request.feed));
    rules::write_files(writer, request.files);
    writer.u8(request.tried ? 1 : 0);
    return std::move(writer).gather();
}

Gathered encode(const HandleEvents& request) {
    ByteWriter writer = message(Kind::kHandleEvents);
    writer.borrowed_blob(request.log);
    writer.u8(request.last ? 1 : 0);
    write_count(writer, request.reputations.size());
    for (const HandleEvents::Reputation& one : request.reputations) {
        writer.u32(one.process);
        writer.u8(one.score);
    }
    return std::move(writer).gather();
}

Gathered encode(const TellScan& request) {
    ByteWriter writer = message(Kind::kTellScan);
    writer.u32(request.number);
    writer.u8(request.scanned ? 1 : 0);
    writer.u8(request.detected ? 1 : 0);
    writer.text(request.found);
    writer.u8(request.reputation ? 1 : 0);
    if (request.reputation) {
        writer.u8(*request.reputation);
    }
    return std::move(writer).gather();
}

Gathered encode(const TellCosts&) {
    return message(Kind::kTellCosts).gather();
}

Bytes encode(const EventReply& reply) {
    ByteWriter writer = message(Kind::kEventReply);
    write_count(writer, reply.detections.size());
    for (const Detection& detection : reply.detections) {
        write(writer, detection);
    }
    write_count(writer, reply.scans.size());
    for (const ScanWanted& scan : reply.scans) {
        writer.u32(scan.number);
        writer.text(scan.rule);
        writer.text(scan.path);
    }
    write_count(writer, reply.notes.size());
    for (const RuleNote& note : reply.notes) {
        writer.u8(static_cast<uint8_t>(note.what));
        writer.text(note.rule);
        writer.text(note.message);
    }
    writer.u64(reply.left_out);
    writer.u64(reply.handled);
    return std::move(writer).take();
}

Bytes encode(const CostReply& reply) {
    ByteWriter writer = message(Kind::kCostReply);
    write_count(writer, reply.rules.size());
    for (const RuleCost& cost : reply.rules) {
        write(writer, cost);
    }
    write_count(writer, reply.sensors.size());
    for (const SensorCount& count : reply.sensors) {
        writer.text(count.kind);
        for (const uint64_t number : {count.in, count.merged, count.dropped, count.delivered}) {
            writer.u64(number);
        }
    }
    writer.u64(reply.memory_bytes);
    return std::move(writer).take();
}

base::Result<Request> parse_request(ByteView bytes) {
    FieldReader fields(bytes);
    Request request;
    switch (static_cast<Kind>(fields.u8())) {
        case Kind::kLoadRules:
            request = read_rules(fields);
            break;
        case Kind::kHandleEvents:
            request = read_events(fields);
            break;
        case Kind::kTellScan:
            request = read_scan(fields);
            break;
        case Kind::kTellCosts:
            request = TellCosts{};
            break;
        default:
            return malformed("request: of no known kind");
    }
    return whole(fields, std::move(request), "request");
}

base::Result<EventReply> parse_event_reply(ByteView bytes) {
    FieldReader fields(bytes);
    is(fields, Kind::kEventReply);
    EventReply reply;
    for (uint32_t n = fields.count(kMaxDetections); n > 0 && !fields.failed(); --n) {
        reply.detections.push_back(read_detection(fields));
    }
    for (uint32_t n = fields.count(kMaxScans); n > 0 && !fields.failed(); --n) {
        ScanWanted& scan = reply.scans.emplace_back();
        scan.number = fields.u32();
        scan.rule = fields.text(kMaxNameBytes);
        scan.path = fields.text(kMaxEvidenceBytes);
    }
    for (uint32_t n = fields.count(kMaxNotes); n > 0 && !fields.failed(); --n) {
        RuleNote& note = reply.notes.emplace_back();
        note.what = fields.one_of(RuleNote::What::kDisabled);
        note.rule = fields.text(kMaxNameBytes);
        note.message = fields.text(kMaxMessageBytes);
    }
    reply.left_out = fields.u64();
    reply.handled = fields.u64();
    return whole(fields, std::move(reply), "reply to events");
}

base::Result<CostReply> parse_cost_reply(ByteView bytes) {
    FieldReader fields(bytes);
    is(fields, Kind::kCostReply);
    CostReply reply;
    for (uint32_t n = fields.count(kMaxRules); n > 0 && !fields.failed(); --n) {
        reply.rules.push_back(read_cost(fields));
    }
    for (uint32_t n = fields.count(kMaxSensors); n > 0 && !fields.failed(); --n) {
        SensorCount& count = reply.sensors.emplace_back();
        count.kind = fields.text(kMaxNameBytes);
        for (uint64_t* number : {&count.in, &count.merged, &count.dropped, &count.delivered}) {
            *number = fields.u64();
        }
    }
    reply.memory_bytes = fields.u64();
    return whole(fields, std::move(reply), "reply of costs");
}

}  // namespace firebreak::endpoint::behavior
