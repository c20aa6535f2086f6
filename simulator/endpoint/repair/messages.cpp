#include "endpoint/repair/messages.h"

#include <algorithm>
#include <array>

#include "base/field_reader.h"

namespace firebreak::endpoint::repair {
namespace {

using base::ByteView;
using base::ByteWriter;
using base::FieldReader;

// The first byte of each; rules::kLoadReplyMark is another one.
enum class MessageKind : uint8_t { kLoadRules = 1, kMend = 2, kMendReply = 6 };

constexpr size_t kMaxPathBytes = 1024;

ByteWriter begin_message(MessageKind kind) {
    ByteWriter writer;
    writer.u8(static_cast<uint8_t>(kind));
    return writer;
}

void write_entry(ByteWriter& writer, const Entry& entry) {
    writer.u8(static_cast<uint8_t>(entry.index()));
    if (const auto* change = std::get_if<host::Change>(&entry)) {
        writer.blob(host::encode(std::vector{*change}));
    } else if (const auto* restore = std::get_if<Restore>(&entry)) {
        writer.text(restore->path);
    } else {
        writer.text(std::get<Note>(entry).text);
    }
}

Entry read_entry(FieldReader& fields) {
    switch (fields.u8()) {
        case 0: {
            auto changes = host::parse_changes(fields.bytes());
            if (fields.within(changes.ok() && changes->size() == 1)) {
                return std::move(changes->front());
            }
            return Note{};
        }
        case 1:
            return Restore{fields.text(kMaxPathBytes)};
        case 2:
            return Note{fields.text(kMaxNoteBytes)};
        default:
            fields.within(false);
            return Note{};
    }
}

RuleReport read_report(FieldReader& fields) {
    RuleReport report;
    report.end = fields.one_of(RuleReport::End::kMemory);
    report.rule = fields.text(rules::kMaxNameBytes);
    report.message = fields.text(rules::kMaxMessageBytes);
    size_t bytes = 0;
    for (uint32_t n = fields.count(kMaxEntries); n > 0 && !fields.failed(); --n) {
        report.journal.push_back(read_entry(fields));
        bytes += size_of(report.journal.back());
        fields.within(bytes <= kMaxJournalBytes);
    }
    // Of a rule that failed nothing is done.
    fields.within(report.end == RuleReport::End::kDone ? report.message.empty()
                                                       : report.journal.empty());
    return report;
}

Mend read_mend(FieldReader& fields) {
    Mend request;
    request.machine = fields.bytes();
    for (uint32_t n = fields.count(kMaxPackageFiles); n > 0 && !fields.failed(); --n) {
        PackageFile& file = request.package.emplace_back();
        file.path = fields.text(kMaxPathBytes);
        file.size = fields.u64();
        fields.within(file.size <= host::kMostFileBytes);
        for (uint8_t& byte : file.sha384.bytes) {
            byte = fields.u8();
        }
    }
    return request;
}

}  // namespace

std::string_view to_text(RuleReport::End end) {
    constexpr std::array<std::string_view, 4> kEnds = {"done", "error", "deadline", "memory"};
    return kEnds[std::min(static_cast<size_t>(end), kEnds.size() - 1)];
}

size_t size_of(const Entry& entry) {
    ByteWriter writer;
    write_entry(writer, entry);
    return std::move(writer).take().size();
}

base::Gathered encode(const LoadRules& request) {
    ByteWriter writer = begin_message(MessageKind::kLoadRules);
    rules::write_files(writer, request.files);
    return std::move(writer).gather();
}

base::Gathered encode(const Mend& request) {
    ByteWriter writer = begin_message(MessageKind::kMend);
    writer.borrowed_blob(request.machine);
    writer.u32(static_cast<uint32_t>(request.package.size()));
    for (const PackageFile& file : request.package) {
        writer.text(file.path);
        writer.u64(file.size);
        for (const uint8_t byte : file.sha384.bytes) {
            writer.u8(byte);
        }
    }
    return std::move(writer).gather();
}

base::Bytes encode(const MendReply& reply) {
    ByteWriter writer = begin_message(MessageKind::kMendReply);
    writer.u32(static_cast<uint32_t>(reply.rules.size()));
    for (const RuleReport& report : reply.rules) {
        writer.u8(static_cast<uint8_t>(report.end));
        writer.text(report.rule);
        writer.text(report.message);
        writer.u32(static_cast<uint32_t>(report.journal.size()));
        for (const Entry& entry : report.journal) {
            write_entry(writer, entry);
        }
    }
    return std::move(writer).take();
}

base::Result<Request> parse_request(ByteView bytes) {
    FieldReader fields(bytes);
    Request request;
    switch (static_cast<MessageKind>(fields.u8())) {
        case MessageKind::kLoadRules:
            request = LoadRules{rules::read_files(fields)};
            break;
        case MessageKind::kMend:
            request = read_mend(fields);
            break;
        default:
            fields.within(false);
    }
    if (!fields.complete()) {
        return base::Error{"malformed request", "", ""};
    }
    return request;
}

base::Result<MendReply> parse_mend_reply(ByteView bytes) {
    FieldReader fields(bytes);
    fields.within(fields.u8() == static_cast<uint8_t>(MessageKind::kMendReply));
    MendReply reply;
    for (uint32_t n = fields.count(kMaxRules); n > 0 && !fields.failed(); --n) {
        reply.rules.push_back(read_report(fields));
    }
    if (!fields.complete()) {
        return base::Error{"malformed journal of repairs", "", ""};
    }
    return reply;
}

}  // namespace firebreak::endpoint::repair
