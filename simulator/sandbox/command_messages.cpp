#include "sandbox/command_messages.h"

namespace firebreak::sandbox {

namespace {

using How = base::ProgramEnd::How;

base::Error malformed(const char* what) {
    return {std::string(what) + " that this build does not understand", "",
            "build firebreak and firebreak-worker from the same sources"};
}

void put(base::ByteWriter& out, const std::vector<std::string>& list) {
    out.u32(static_cast<uint32_t>(list.size()));
    for (const std::string& text : list) {
        out.text(text);
    }
}

std::vector<std::string> take_list(base::ByteReader& in) {
    std::vector<std::string> list;
    for (uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
        list.push_back(in.text());
    }
    return list;
}

}  // namespace

base::Bytes encode(const CommandOrder& order) {
    base::ByteWriter out;
    out.text(order.program);
    put(out, order.arguments);
    put(out, order.binds);
    out.u32(static_cast<uint32_t>(order.environment.size()));
    for (const auto& [name, value] : order.environment) {
        out.text(name);
        out.text(value);
    }
    out.u64(order.memory_bytes);
    out.u32(order.cpu_s);
    out.u32(order.wall_ms);
    out.u32(order.processes);
    out.u64(order.scratch_bytes);
    out.u32(static_cast<uint32_t>(order.files.size()));
    for (const base::InputFile& file : order.files) {
        out.text(file.path);
        out.blob(file.bytes);
    }
    return std::move(out).take();
}

base::Result<CommandOrder> parse_command_order(base::ByteView bytes) {
    base::ByteReader in(bytes);
    CommandOrder order;
    order.program = in.text();
    order.arguments = take_list(in);
    order.binds = take_list(in);
    bool ascending = true;
    for (uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
        std::string name = in.text();
        ascending = ascending &&
                    (order.environment.empty() || order.environment.rbegin()->first < name);
        order.environment[std::move(name)] = in.text();
    }
    order.memory_bytes = in.u64();
    order.cpu_s = in.u32();
    order.wall_ms = in.u32();
    order.processes = in.u32();
    order.scratch_bytes = in.u64();
    for (uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
        std::string path = in.text();
        order.files.push_back({std::move(path), in.blob()});
    }
    if (!in.complete() || !ascending) {
        return malformed("an order");
    }
    return order;
}

base::Bytes encode(const CommandReport& report) {
    base::ByteWriter out;
    out.text(report.failure);
    out.u8(static_cast<uint8_t>(report.end.how));
    out.u32(static_cast<uint32_t>(report.end.status));
    out.text(report.end.call);
    out.u64(static_cast<uint64_t>(report.end.cpu.count()));
    return std::move(out).take();
}

base::Result<CommandReport> parse_command_report(base::ByteView bytes) {
    base::ByteReader in(bytes);
    CommandReport report;
    report.failure = in.text();
    const uint8_t how = in.u8();
    report.end.how = static_cast<How>(how);
    report.end.status = static_cast<int>(in.u32());
    report.end.call = in.text();
    report.end.cpu = std::chrono::microseconds(static_cast<int64_t>(in.u64()));
    if (!in.complete() || how > static_cast<uint8_t>(How::kForbidden)) {
        return malformed("a report");
    }
    return report;
}

}  // namespace firebreak::sandbox
