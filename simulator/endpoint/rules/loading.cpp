#include "endpoint/rules/loading.h"

#include <array>

#include "base/text.h"

namespace firebreak::endpoint::rules {
namespace {

using base::ByteView;
using base::ByteWriter;
using base::Category;
using base::Code;
using base::FieldReader;
using base::Outcome;
using base::Stage;

Outcome refusal(const LoadReply& reply) {
    base::Evidence evidence;
    const std::string file = base::printable(reply.file);
    std::string message = base::printable(reply.message);
    if (!file.empty()) {
        evidence.emplace_back("file", file);
    }
    if (reply.line > 0) {
        evidence.emplace_back("line", std::to_string(reply.line));
        // LuaJIT says it once more.
        const std::string place = file + ":" + std::to_string(reply.line) + ": ";
        message.erase(0, message.starts_with(place) ? place.size() : 0);
    }
    evidence.emplace_back("message", std::move(message));
    const Category category =
        reply.code == Code::kOutOfMemory ? Category::kMemoryLimit : Category::kRejected;
    return {Stage::kLoad, category, reply.code, std::move(evidence)};
}

}  // namespace

void write_files(ByteWriter& writer, const std::vector<RuleFile>& files) {
    writer.u32(static_cast<uint32_t>(files.size()));
    for (const RuleFile& file : files) {
        writer.text(file.name);
        writer.borrowed_blob(file.source);
    }
}

std::vector<RuleFile> read_files(FieldReader& fields) {
    std::vector<RuleFile> files;
    for (uint32_t n = fields.count(kMaxRuleFiles); n > 0 && !fields.failed(); --n) {
        RuleFile& file = files.emplace_back();
        file.name = fields.text(kMaxNameBytes);
        file.source = fields.bytes();
    }
    return files;
}

base::Bytes encode(const LoadReply& reply) {
    ByteWriter writer;
    writer.u8(kLoadReplyMark);
    writer.u16(static_cast<uint16_t>(reply.code));
    writer.u32(reply.loaded);
    writer.text(reply.file);
    writer.u32(reply.line);
    writer.text(reply.message);
    return std::move(writer).take();
}

base::Result<LoadReply> parse_load_reply(ByteView bytes) {
    constexpr std::array kCodes = {Code::kNone, Code::kPayloadSetWrong, Code::kRulesDoNotCompile,
                                   Code::kRuleSelfTest, Code::kOutOfMemory};
    FieldReader fields(bytes);
    fields.within(fields.u8() == kLoadReplyMark);
    LoadReply reply;
    reply.code = fields.code(kCodes);
    reply.loaded = fields.u32();
    reply.file = fields.text(kMaxNameBytes);
    reply.line = fields.u32();
    reply.message = fields.text(kMaxMessageBytes);
    if (!fields.complete()) {
        return base::Error{"malformed load reply", "", ""};
    }
    return reply;
}

base::Result<std::optional<Outcome>> load(ports::ComponentProcess& process,
                                          const base::Gathered& request) {
    FB_TRY(ports::CallResult result, process.load(request));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kLoad;
        return std::optional(std::move(*death));
    }
    const auto reply = parse_load_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return std::optional(reply_invalid(Stage::kLoad, reply.error()));
    }
    return reply->code == Code::kNone ? std::nullopt : std::optional(refusal(*reply));
}

Outcome reply_invalid(Stage stage, const base::Error& error) {
    return {stage, Category::kProtocol, Code::kReplyInvalid, {{"reply", error.message}}};
}

bool is_kill(const Outcome& outcome) {
    return outcome.category != Category::kRejected && outcome.category != Category::kCorrupt &&
           outcome.category != Category::kTooLarge;
}

}  // namespace firebreak::endpoint::rules
