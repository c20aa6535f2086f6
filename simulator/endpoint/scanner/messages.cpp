#include "endpoint/scanner/messages.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/field_reader.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Code;
using base::Gathered;

// What a message begins with. Other values are refused, so that no message passes for another.
enum class Kind : uint8_t {
    kLoadRules = 1,
    kLoadTable,
    kLoadModel,
    kTrustPublishers,
    kScanRequest,
    kScoreRequest,
    kLoadReply,
    kScanReply,
    kScoreReply,
};

ByteWriter message(Kind kind) {
    ByteWriter writer;
    writer.u8(static_cast<uint8_t>(kind));
    return writer;
}

void write_count(ByteWriter& writer, size_t count) {
    writer.u32(static_cast<uint32_t>(count));
}

void write_optional(ByteWriter& writer, const std::optional<uint8_t>& value) {
    writer.u8(value ? 1 : 0);
    if (value) {
        writer.u8(*value);
    }
}

void write_floats(ByteWriter& writer, const std::vector<float>& values) {
    write_count(writer, values.size());
    for (const float value : values) {
        writer.u32(std::bit_cast<uint32_t>(value));
    }
}

class Fields : public base::FieldReader {
  public:
    using FieldReader::FieldReader;

    bool is(Kind kind) { return within(u8() == static_cast<uint8_t>(kind)); }
    // 0 to 1. A process that models have run in may say anything: no number, say, which would make
    // every mean of scores no number either.
    float share() {
        const auto value = std::bit_cast<float>(u32());
        return within(value >= 0 && value <= 1) ? value : 0;
    }
    base::Sha256 sha256() {
        base::Sha256 digest{};
        const ByteView found = bytes();
        if (within(found.size() == digest.size())) {
            std::copy(found.begin(), found.end(), digest.begin());
        }
        return digest;
    }
    std::optional<uint8_t> optional_u8() { return flag() ? std::optional(u8()) : std::nullopt; }
    std::vector<float> floats() {
        std::vector<float> values;
        for (uint32_t n = count(kMaxFeatures); n > 0 && !failed(); --n) {
            values.push_back(std::bit_cast<float>(u32()));
        }
        return values;
    }
};

base::Error malformed(const char* what) {
    return {std::string("malformed ") + what, "", ""};
}

LoadRules read_rules(Fields& fields) {
    LoadRules request;
    for (uint32_t n = fields.count(kMaxRuleFiles); n > 0 && !fields.failed(); --n) {
        LoadRules::File& file = request.files.emplace_back();
        file.name = fields.text(kMaxNameBytes);
        file.source = fields.bytes();
    }
    return request;
}

TrustPublishers read_publishers(Fields& fields) {
    TrustPublishers request;
    for (uint32_t n = fields.count(kMaxPublishers); n > 0 && !fields.failed(); --n) {
        request.roots.push_back(fields.bytes());
    }
    request.at.unix_seconds = static_cast<int64_t>(fields.u64());
    return request;
}

Subject read_subject(Fields& fields) {
    Subject subject;
    subject.kind = fields.one_of(SubjectKind::kStream);
    subject.name = fields.text(kMaxNameBytes);
    for (uint32_t n = fields.count(kMaxRegions); n > 0 && !fields.failed(); --n) {
        Region& region = subject.regions.emplace_back();
        region.address = fields.u64();
        region.bytes = fields.bytes();
    }
    return subject;
}

void write(ByteWriter& writer, const Subject& subject) {
    writer.u8(static_cast<uint8_t>(subject.kind));
    writer.text(subject.name);
    write_count(writer, subject.regions.size());
    for (const Region& region : subject.regions) {
        writer.u64(region.address);
        writer.borrowed_blob(region.bytes);
    }
}

ScanRequest read_scan(Fields& fields) {
    ScanRequest request;
    for (uint32_t n = fields.count(kMaxSubjects); n > 0 && !fields.failed(); --n) {
        request.subjects.push_back(read_subject(fields));
    }
    return request;
}

Program read_program(Fields& fields) {
    Program program;
    program.where = fields.text(kMaxWhereBytes);
    program.sha256 = fields.sha256();
    if (fields.flag()) {
        program.signer = fields.sha256();
    }
    program.signer_name = fields.text(kMaxSignerBytes);
    program.by_hash = fields.optional_u8();
    program.by_signer = fields.optional_u8();
    program.features = fields.floats();
    return program;
}

void write(ByteWriter& writer, const Program& program) {
    writer.text(program.where);
    writer.blob(program.sha256);
    writer.u8(program.signer ? 1 : 0);
    if (program.signer) {
        writer.blob(*program.signer);
    }
    writer.text(program.signer_name);
    write_optional(writer, program.by_hash);
    write_optional(writer, program.by_signer);
    write_floats(writer, program.features);
}

SubjectReply read_subject_reply(Fields& fields) {
    constexpr std::array kCodes = {Code::kNone, Code::kScanFailed, Code::kOutOfMemory};
    SubjectReply reply;
    reply.code = fields.code(kCodes);
    for (uint32_t n = fields.count(kMaxMatches); n > 0 && !fields.failed(); --n) {
        Match& match = reply.matches.emplace_back();
        match.rule = fields.text(kMaxRuleNameBytes);
        match.where = fields.text(kMaxWhereBytes);
    }
    for (uint32_t n = fields.count(kMaxPrograms); n > 0 && !fields.failed(); --n) {
        reply.programs.push_back(read_program(fields));
    }
    for (uint32_t n = fields.count(kMaxGaps); n > 0 && !fields.failed(); --n) {
        Gap& gap = reply.gaps.emplace_back();
        gap.reason = fields.one_of(GapReason::kFailed);
        gap.where = fields.text(kMaxWhereBytes);
    }
    reply.message = fields.text(kMaxMessageBytes);
    return reply;
}

void write(ByteWriter& writer, const SubjectReply& reply) {
    writer.u16(static_cast<uint16_t>(reply.code));
    write_count(writer, reply.matches.size());
    for (const Match& match : reply.matches) {
        writer.text(match.rule);
        writer.text(match.where);
    }
    write_count(writer, reply.programs.size());
    for (const Program& program : reply.programs) {
        write(writer, program);
    }
    write_count(writer, reply.gaps.size());
    for (const Gap& gap : reply.gaps) {
        writer.u8(static_cast<uint8_t>(gap.reason));
        writer.text(gap.where);
    }
    writer.text(reply.message);
}

Score read_score(Fields& fields) {
    Score score;
    score.model = fields.text(kMaxRuleNameBytes);
    score.version = fields.text(kMaxRuleNameBytes);
    score.telemetry = fields.flag();
    score.score = fields.share();
    score.threshold = fields.share();
    score.malicious = fields.flag();
    score.refusal = fields.text(kMaxMessageBytes);
    return score;
}

}  // namespace

Gathered encode(const LoadRules& request) {
    ByteWriter writer = message(Kind::kLoadRules);
    write_count(writer, request.files.size());
    for (const LoadRules::File& file : request.files) {
        writer.text(file.name);
        writer.borrowed_blob(file.source);
    }
    return std::move(writer).gather();
}

Gathered encode(const LoadTable& request) {
    ByteWriter writer = message(Kind::kLoadTable);
    writer.text(request.name);
    writer.borrowed_blob(request.table);
    return std::move(writer).gather();
}

Gathered encode(const LoadModel& request) {
    ByteWriter writer = message(Kind::kLoadModel);
    writer.text(request.name);
    writer.borrowed_blob(request.library);
    return std::move(writer).gather();
}

Gathered encode(const TrustPublishers& request) {
    ByteWriter writer = message(Kind::kTrustPublishers);
    write_count(writer, request.roots.size());
    for (const ByteView root : request.roots) {
        writer.blob(root);
    }
    writer.u64(static_cast<uint64_t>(request.at.unix_seconds));
    return std::move(writer).gather();
}

Gathered encode(const ScanRequest& request) {
    ByteWriter writer = message(Kind::kScanRequest);
    write_count(writer, request.subjects.size());
    for (const Subject& subject : request.subjects) {
        write(writer, subject);
    }
    return std::move(writer).gather();
}

Gathered encode(const ScoreRequest& request) {
    ByteWriter writer = message(Kind::kScoreRequest);
    writer.u64(request.number);
    write_floats(writer, request.features);
    return std::move(writer).gather();
}

Bytes encode(const LoadReply& reply) {
    ByteWriter writer = message(Kind::kLoadReply);
    writer.u16(static_cast<uint16_t>(reply.code));
    writer.u32(reply.loaded);
    writer.text(reply.file);
    writer.u32(reply.line);
    writer.text(reply.message);
    return std::move(writer).take();
}

Bytes encode(const ScanReply& reply) {
    ByteWriter writer = message(Kind::kScanReply);
    write_count(writer, reply.subjects.size());
    for (const SubjectReply& subject : reply.subjects) {
        write(writer, subject);
    }
    return std::move(writer).take();
}

Bytes encode(const ScoreReply& reply) {
    ByteWriter writer = message(Kind::kScoreReply);
    write_count(writer, reply.scores.size());
    for (const Score& score : reply.scores) {
        writer.text(score.model);
        writer.text(score.version);
        writer.u8(score.telemetry ? 1 : 0);
        writer.u32(std::bit_cast<uint32_t>(score.score));
        writer.u32(std::bit_cast<uint32_t>(score.threshold));
        writer.u8(score.malicious ? 1 : 0);
        writer.text(score.refusal);
    }
    return std::move(writer).take();
}

base::Result<Request> parse_request(ByteView bytes) {
    Fields fields(bytes);
    Request request;
    switch (static_cast<Kind>(fields.u8())) {
        case Kind::kLoadRules:
            request = read_rules(fields);
            break;
        case Kind::kLoadTable:
            request = LoadTable{fields.text(kMaxNameBytes), fields.bytes()};
            break;
        case Kind::kLoadModel:
            request = LoadModel{fields.text(kMaxNameBytes), fields.bytes()};
            break;
        case Kind::kTrustPublishers:
            request = read_publishers(fields);
            break;
        case Kind::kScanRequest:
            request = read_scan(fields);
            break;
        case Kind::kScoreRequest: {
            const uint64_t number = fields.u64();
            request = ScoreRequest{number, fields.floats()};
            break;
        }
        default:
            return malformed("request: of no known kind");
    }
    if (!fields.complete()) {
        return malformed("request");
    }
    return request;
}

base::Result<LoadReply> parse_load_reply(ByteView bytes) {
    constexpr std::array kCodes = {
        Code::kNone,           Code::kPayloadSetWrong,  Code::kRulesDoNotCompile,
        Code::kIncludeRefused, Code::kOutOfMemory,      Code::kTableMalformed,
        Code::kModelMalformed, Code::kModelOverreaches, Code::kModelAbi,
        Code::kModelSelfTest};
    Fields fields(bytes);
    fields.is(Kind::kLoadReply);
    LoadReply reply;
    reply.code = fields.code(kCodes);
    reply.loaded = fields.u32();
    reply.file = fields.text(kMaxNameBytes);
    reply.line = fields.u32();
    reply.message = fields.text(kMaxMessageBytes);
    if (!fields.complete()) {
        return malformed("load reply");
    }
    return reply;
}

base::Result<ScanReply> parse_scan_reply(ByteView bytes, size_t subjects) {
    Fields fields(bytes);
    fields.is(Kind::kScanReply);
    ScanReply reply;
    for (uint32_t n = fields.count(kMaxSubjects); n > 0 && !fields.failed(); --n) {
        reply.subjects.push_back(read_subject_reply(fields));
    }
    if (!fields.complete() || reply.subjects.size() != subjects) {
        return malformed("scan reply");
    }
    return reply;
}

base::Result<ScoreReply> parse_score_reply(ByteView bytes) {
    Fields fields(bytes);
    fields.is(Kind::kScoreReply);
    ScoreReply reply;
    for (uint32_t n = fields.count(kMaxScores); n > 0 && !fields.failed(); --n) {
        reply.scores.push_back(read_score(fields));
    }
    if (!fields.complete()) {
        return malformed("score reply");
    }
    return reply;
}

std::string_view to_text(SubjectKind kind) {
    switch (kind) {
        case SubjectKind::kFile:
            return "file";
        case SubjectKind::kMemory:
            return "memory";
        case SubjectKind::kStream:
            return "stream";
    }
    return "?";
}

std::string_view to_text(GapReason reason) {
    switch (reason) {
        case GapReason::kTooDeep:
            return "nested too deeply";
        case GapReason::kTooMany:
            return "too many members";
        case GapReason::kTooLarge:
            return "too large when unpacked";
        case GapReason::kRatio:
            return "unpacks to far more than it is";
        case GapReason::kDamaged:
            return "damaged";
        case GapReason::kEncrypted:
            return "encrypted";
        case GapReason::kNoRoom:
            return "no room to unpack it";
        case GapReason::kFailed:
            return "its scan failed";
    }
    return "?";
}

}  // namespace firebreak::endpoint::scanner
