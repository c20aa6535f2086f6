// What happens on a persona's machine.
#include <fmt/format.h>

#include "base/text.h"
#include "host/persona_reading.h"

namespace firebreak::host {

namespace {

using base::Result;
using base::Status;
using base::TomlTable;

constexpr size_t kMostWorkloads = 1000;
constexpr double kMostPerHour = 3600;
constexpr size_t kMostTextBytes = 16 * 1024;
constexpr base::Duration kLongestLife = base::hours(24);

std::vector<std::string> kind_names() {
    std::vector<std::string> names;
    for (const EventKindInfo& kind : event_kinds()) {
        names.emplace_back(kind.name);
    }
    return names;
}

Result<EventKind> read_kind(TomlTable& in) {
    FB_TRY(const std::string name, in.string("kind"));
    if (const auto kind = find_event_kind(name)) {
        return *kind;
    }
    return base::no_such("kind of event", name, kind_names(), in.place("kind"));
}

// Numbers of processes are not known before the machine runs.
bool is_process_number(const EventFieldInfo& field) {
    return field.name == "parent" || field.name == "target";
}

Result<std::variant<std::string, uint64_t>> read_field(TomlTable& in, const EventFieldInfo& field) {
    using Value = std::variant<std::string, uint64_t>;
    switch (field.type) {
        case FieldType::kFlag: {
            FB_TRY(const bool flag, in.boolean(field.name, false));
            return Value(uint64_t{flag});
        }
        case FieldType::kNumber: {
            FB_TRY(const int64_t number, in.integer(field.name, 0, INT64_MAX));
            return Value(static_cast<uint64_t>(number));
        }
        case FieldType::kText:
            break;
    }
    FB_TRY(std::string text, in.string(field.name));
    if (text.size() > kMostTextBytes) {
        return in.error(field.name, "more than 16 KiB of text", "make it shorter");
    }
    return Value(std::move(text));
}

Status read_fields(TomlTable& event, EventWorkload& out) {
    FB_TRY(std::optional<TomlTable> in, event.table("fields"));
    if (!in) {
        return {};
    }
    const std::span<const EventFieldInfo> fields = info_of(out.kind).fields;
    std::vector<std::string_view> allowed;
    for (const EventFieldInfo& field : fields) {
        if (!is_process_number(field)) {
            allowed.push_back(field.name);
        }
    }
    FB_CHECK(in->allow(allowed));
    for (size_t i = 0; i < fields.size(); ++i) {
        if (in->has(fields[i].name)) {
            FB_TRY(auto value, read_field(*in, fields[i]));
            out.fields.emplace_back(i, std::move(value));
        }
    }
    return in->finish();
}

Result<EventWorkload> read_event(TomlTable in) {
    FB_CHECK(in.allow({"kind", "per_hour", "process", "fields", "lasts"}));
    EventWorkload out;
    FB_TRY(out.kind, read_kind(in));
    FB_TRY(out.per_hour, in.number("per_hour", {0, kMostPerHour}));
    if (in.has("process")) {
        FB_TRY(out.process, read_path(in, "process"));
    }
    FB_CHECK(read_fields(in, out));
    if (in.has("lasts")) {
        FB_TRY(out.lasts, in.duration("lasts"));
        if (out.kind != EventKind::kProcessStart) {
            return in.error("lasts", "`lasts` of something other than a process_start",
                            "remove it");
        }
        if (out.lasts > kLongestLife || out.lasts.seconds == 0) {
            return in.error("lasts", "a process that lasts that long", "write 1s to 24h");
        }
    }
    FB_CHECK(in.finish());
    return out;
}

}  // namespace

Result<std::vector<EventWorkload>> read_events(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "event", kMostWorkloads));
    std::vector<EventWorkload> out;
    for (const TomlTable& table : tables) {
        FB_TRY(EventWorkload event, read_event(table));
        out.push_back(std::move(event));
    }
    return out;
}

}  // namespace firebreak::host
