#include "endpoint/applications/messages.h"

#include <array>
#include <set>

#include "base/field_reader.h"

namespace firebreak::endpoint::applications {
namespace {

using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::FieldReader;
using base::Gathered;

enum class Kind : uint8_t { kLoadRules = 1, kDetect = 2, kDetectReply = 3, kKnown = 4 };
static_assert(static_cast<uint8_t>(Kind::kKnown) < rules::kLoadReplyMark);

constexpr std::array<std::string_view, 6> kEnds = {"not found", "found",  "error",
                                                   "deadline",  "memory", "disabled"};

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

template <class Message>
base::Result<Message> whole(const FieldReader& fields, Message message, const char* what) {
    if (!fields.complete()) {
        return base::Error{std::string("malformed ") + what, "", ""};
    }
    return message;
}

void write(ByteWriter& writer, const Claim& claim) {
    const Application& application = claim.application;
    writer.text(application.id);
    writer.text(application.name);
    writer.text(application.version);
    write_count(writer, application.evidence.size());
    for (const Evidence& evidence : application.evidence) {
        writer.u8(static_cast<uint8_t>(evidence.kind));
        writer.text(evidence.name);
    }
    write_count(writer, claim.exclusions.size());
    for (const Exclusion& exclusion : claim.exclusions) {
        writer.u8(static_cast<uint8_t>(exclusion.kind));
        writer.text(exclusion.path);
    }
}

Claim read_claim(FieldReader& fields) {
    Claim claim;
    Application& application = claim.application;
    application.id = fields.text(kMaxIdBytes);
    fields.within(!application.id.empty());
    application.name = fields.text(kMaxIdBytes);
    application.version = fields.text(kMaxIdBytes);
    for (uint32_t n = fields.count(kMaxEvidence); n > 0 && !fields.failed(); --n) {
        Evidence& evidence = application.evidence.emplace_back();
        evidence.kind = fields.one_of(EvidenceKind::kComponent);
        evidence.name = fields.text(kMaxPathBytes);
    }
    for (uint32_t n = fields.count(kMaxExclusions); n > 0 && !fields.failed(); --n) {
        Exclusion& exclusion = claim.exclusions.emplace_back();
        exclusion.kind = fields.one_of(ExclusionKind::kProcess);
        exclusion.path = fields.text(kMaxPathBytes);
    }
    return claim;
}

Detect read_detect(FieldReader& fields) {
    Detect request;
    request.machine = fields.bytes();
    request.powershell.does = fields.one_of(PowerShell::Does::kHangs);
    request.powershell.exit_code = fields.u32();
    request.powershell.text = fields.text(kMaxMessageBytes);
    return request;
}

RuleReply read_rule(FieldReader& fields) {
    RuleReply rule;
    rule.end = fields.one_of(RuleReply::End::kDisabled);
    rule.claim = read_claim(fields);
    rule.message = fields.text(kMaxMessageBytes);
    const bool is_bare = rule.claim.application.evidence.empty() && rule.claim.exclusions.empty();
    fields.within(rule.end == RuleReply::End::kFound ? !rule.claim.application.evidence.empty()
                                                     : is_bare);
    return rule;
}

}  // namespace

std::string_view to_text(RuleReply::End end) {
    const auto index = static_cast<size_t>(end);
    return index < kEnds.size() ? kEnds[index] : "?";
}

Gathered encode(const LoadRules& request) {
    ByteWriter writer = message(Kind::kLoadRules);
    rules::write_files(writer, request.files);
    return std::move(writer).gather();
}

Gathered encode(const Detect& request) {
    ByteWriter writer = message(Kind::kDetect);
    writer.borrowed_blob(request.machine);
    writer.u8(static_cast<uint8_t>(request.powershell.does));
    writer.u32(request.powershell.exit_code);
    writer.text(request.powershell.text);
    return std::move(writer).gather();
}

Bytes encode(const DetectReply& reply) {
    ByteWriter writer = message(Kind::kDetectReply);
    write_count(writer, reply.rules.size());
    for (const RuleReply& rule : reply.rules) {
        writer.u8(static_cast<uint8_t>(rule.end));
        write(writer, rule.claim);
        writer.text(rule.message);
    }
    for (const RuleCost& cost : reply.costs) {
        writer.u64(cost.nanoseconds);
        writer.u64(cost.memory_bytes);
    }
    writer.u32(reply.scripts);
    writer.u32(reply.scripts_failed);
    writer.u32(reply.waited_s);
    return std::move(writer).take();
}

Bytes encode(const std::vector<KnownApplication>& known) {
    ByteWriter writer = message(Kind::kKnown);
    write_count(writer, known.size());
    for (const KnownApplication& one : known) {
        writer.text(one.rule);
        write(writer, one.claim);
    }
    return std::move(writer).take();
}

base::Result<Request> parse_request(ByteView bytes) {
    FieldReader fields(bytes);
    Request request;
    switch (static_cast<Kind>(fields.u8())) {
        case Kind::kLoadRules:
            request = LoadRules{rules::read_files(fields)};
            break;
        case Kind::kDetect:
            request = read_detect(fields);
            break;
        default:
            return base::Error{"malformed request: of no known kind", "", ""};
    }
    return whole(fields, std::move(request), "request");
}

base::Result<DetectReply> parse_detect_reply(ByteView bytes) {
    FieldReader fields(bytes);
    is(fields, Kind::kDetectReply);
    DetectReply reply;
    std::set<std::string> ids;
    for (uint32_t n = fields.count(kMaxRules); n > 0 && !fields.failed(); --n) {
        const RuleReply& rule = reply.rules.emplace_back(read_rule(fields));
        fields.within(ids.insert(rule.claim.application.id).second);
    }
    reply.costs.resize(reply.rules.size());
    for (RuleCost& cost : reply.costs) {
        cost.nanoseconds = fields.u64();
        cost.memory_bytes = fields.u64();
    }
    reply.scripts = fields.u32();
    reply.scripts_failed = fields.u32();
    reply.waited_s = fields.u32();
    fields.within(reply.scripts <= reply.rules.size() * kMaxScripts &&
                  reply.scripts_failed <= reply.scripts &&
                  reply.waited_s <= reply.scripts * kScriptLimit_s);
    return whole(fields, std::move(reply), "reply of a detection");
}

base::Result<std::vector<KnownApplication>> parse_known(ByteView bytes) {
    FieldReader fields(bytes);
    is(fields, Kind::kKnown);
    std::vector<KnownApplication> known;
    for (uint32_t n = fields.count(kMaxRules); n > 0 && !fields.failed(); --n) {
        KnownApplication& one = known.emplace_back();
        one.rule = fields.text(rules::kMaxNameBytes);
        one.claim = read_claim(fields);
    }
    return whole(fields, std::move(known), "list of applications");
}

}  // namespace firebreak::endpoint::applications
