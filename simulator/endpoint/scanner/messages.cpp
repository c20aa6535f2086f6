#include "endpoint/scanner/messages.h"

#include <algorithm>
#include <array>

namespace firebreak::endpoint::scanner {
namespace {

using base::ByteReader;
using base::ByteWriter;
using base::Code;

// What a message begins with. Other values are refused, so that no message passes for another.
enum class Kind : uint8_t { kLoadRequest = 1, kScanRequest, kLoadReply, kScanReply };

ByteWriter message(Kind kind) {
    ByteWriter writer;
    writer.u8(static_cast<uint8_t>(kind));
    return writer;
}

base::Error malformed(const char* what) {
    return {std::string("malformed ") + what, "", ""};
}

// Text no longer than `limit`; too long a one makes `ok` false.
std::string text(ByteReader& reader, size_t limit, bool& ok) {
    const base::ByteView bytes = reader.blob();
    ok = ok && bytes.size() <= limit;
    return std::string(base::text_of(bytes.first(std::min(bytes.size(), limit))));
}

template <size_t N>
Code code(ByteReader& reader, const std::array<Code, N>& known, bool& ok) {
    const auto value = static_cast<Code>(reader.u16());
    ok = ok && std::find(known.begin(), known.end(), value) != known.end();
    return value;
}

base::Bytes bytes(ByteReader& reader) {
    const base::ByteView view = reader.blob();
    return {view.begin(), view.end()};
}

base::Result<Request> parse_load_request(ByteReader& reader) {
    const uint32_t count = reader.u32();
    if (count > kMaxRuleFiles) {
        return malformed("load request: too many files");
    }
    LoadRequest request;
    bool ok = true;
    for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
        LoadRequest::RuleFile& file = request.files.emplace_back();
        file.name = text(reader, kMaxNameBytes, ok);
        file.source = bytes(reader);
    }
    if (!ok || !reader.complete()) {
        return malformed("load request");
    }
    return Request(std::move(request));
}

base::Result<Request> parse_scan_request(ByteReader& reader) {
    bool ok = true;
    ScanRequest request;
    request.name = text(reader, kMaxNameBytes, ok);
    request.subject = bytes(reader);
    if (!ok || !reader.complete()) {
        return malformed("scan request");
    }
    return Request(std::move(request));
}

}  // namespace

base::Bytes encode(const LoadRequest& request) {
    ByteWriter writer = message(Kind::kLoadRequest);
    writer.u32(static_cast<uint32_t>(request.files.size()));
    for (const LoadRequest::RuleFile& file : request.files) {
        writer.text(file.name);
        writer.blob(file.source);
    }
    return std::move(writer).take();
}

base::Bytes encode(const ScanRequest& request) {
    return encode_scan_request(request.name, request.subject);
}

base::Bytes encode_scan_request(std::string_view name, base::ByteView subject) {
    ByteWriter writer = message(Kind::kScanRequest);
    writer.text(name);
    writer.blob(subject);
    return std::move(writer).take();
}

base::Bytes encode(const LoadReply& reply) {
    ByteWriter writer = message(Kind::kLoadReply);
    writer.u16(static_cast<uint16_t>(reply.code));
    writer.u32(reply.rules);
    writer.text(reply.file);
    writer.u32(reply.line);
    writer.text(reply.message);
    return std::move(writer).take();
}

base::Bytes encode(const ScanReply& reply) {
    ByteWriter writer = message(Kind::kScanReply);
    writer.u16(static_cast<uint16_t>(reply.code));
    writer.u32(static_cast<uint32_t>(reply.rules.size()));
    for (const std::string& rule : reply.rules) {
        writer.text(rule);
    }
    writer.text(reply.message);
    return std::move(writer).take();
}

base::Result<Request> parse_request(base::ByteView bytes) {
    ByteReader reader(bytes);
    switch (static_cast<Kind>(reader.u8())) {
        case Kind::kLoadRequest:
            return parse_load_request(reader);
        case Kind::kScanRequest:
            return parse_scan_request(reader);
        default:
            return malformed("request: of no known kind");
    }
}

base::Result<LoadReply> parse_load_reply(base::ByteView bytes) {
    constexpr std::array kCodes = {Code::kNone, Code::kPayloadSetWrong, Code::kRulesDoNotCompile,
                                   Code::kIncludeRefused, Code::kOutOfMemory};
    ByteReader reader(bytes);
    bool ok = reader.u8() == static_cast<uint8_t>(Kind::kLoadReply);
    LoadReply reply;
    reply.code = code(reader, kCodes, ok);
    reply.rules = reader.u32();
    reply.file = text(reader, kMaxNameBytes, ok);
    reply.line = reader.u32();
    reply.message = text(reader, kMaxMessageBytes, ok);
    if (!ok || !reader.complete()) {
        return malformed("load reply");
    }
    return reply;
}

base::Result<ScanReply> parse_scan_reply(base::ByteView bytes) {
    constexpr std::array kCodes = {Code::kNone, Code::kScanFailed, Code::kOutOfMemory};
    ByteReader reader(bytes);
    bool ok = reader.u8() == static_cast<uint8_t>(Kind::kScanReply);
    ScanReply reply;
    reply.code = code(reader, kCodes, ok);
    const uint32_t count = reader.u32();
    if (count > kMaxMatches) {
        return malformed("scan reply: too many rules");
    }
    for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
        reply.rules.push_back(text(reader, kMaxRuleNameBytes, ok));
    }
    reply.message = text(reader, kMaxMessageBytes, ok);
    if (!ok || !reader.complete()) {
        return malformed("scan reply");
    }
    return reply;
}

}  // namespace firebreak::endpoint::scanner
