// What happens on a machine: events, their kinds and fields, and logs of them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::host {

// --- Kinds and their fields ----------------------------------------------------------------------

// Append only: the numbers stand in messages.
enum class EventKind : uint8_t {
    kProcessStart,
    kProcessEnd,
    kProcessAccess,
    kRemoteThread,
    kFileCreate,
    kFileDelete,
    kFileRename,
    kRegistrySet,
    kRegistryDelete,
    kNetworkConnect,
    kImageLoad,
    kDriverLoad,
    kDnsQuery,
    kScript,
    kLogon,
    kPipe,
    kServiceInstall,
    kLogCleared,
};
inline constexpr size_t kEventKinds = 18;
inline constexpr size_t kMostEventFields = 16;

enum class FieldType : uint8_t {
    kText,
    kNumber,
    kFlag,  // a number: 0 or 1
};
std::string_view name_of(FieldType type);  // "text", "number", "flag"

struct EventFieldInfo {
    std::string_view name;  // as rules write it: "command_line"
    FieldType type = FieldType::kText;
    std::string_view meaning;  // one line, for a reference page
};

struct EventKindInfo {
    EventKind kind = EventKind::kProcessStart;
    std::string_view name;                   // as rules write it: "process_start"
    std::string_view meaning;                // one line, for a reference page
    std::span<const EventFieldInfo> fields;  // 1 to kMostEventFields, in the order of their values
};

// One row per kind, in the order of their numbers.
std::span<const EventKindInfo, kEventKinds> event_kinds();
const EventKindInfo& info_of(EventKind kind);
std::optional<EventKind> find_event_kind(std::string_view name);
// Where a kind's field stands in Event::values.
std::optional<size_t> find_event_field(EventKind kind, std::string_view name);

// --- Events --------------------------------------------------------------------------------------

// A field's value, or none. Text is not owned: whoever made the value says how long it lives.
class EventValue {
  public:
    constexpr EventValue() = default;
    // At most 4 GiB - 1.
    static constexpr EventValue of(std::string_view text) {
        EventValue out;
        out.text_ = text.data();
        out.length_ = static_cast<uint32_t>(text.size());
        out.type_ = Type::kText;
        return out;
    }
    static constexpr EventValue of(uint64_t number) {
        EventValue out;
        out.number_ = number;
        out.type_ = Type::kNumber;
        return out;
    }

    constexpr bool is_absent() const { return type_ == Type::kAbsent; }
    constexpr bool is_text() const { return type_ == Type::kText; }
    constexpr bool is_number() const { return type_ == Type::kNumber; }
    // Empty, unless it is a text.
    constexpr std::string_view text() const {
        return is_text() ? std::string_view(text_, length_) : std::string_view();
    }
    // 0, unless it is a number.
    constexpr uint64_t number() const { return is_number() ? number_ : 0; }

    // Texts are compared by their bytes.
    constexpr bool operator==(const EventValue& other) const {
        return type_ == other.type_ && text() == other.text() && number() == other.number();
    }

  private:
    enum class Type : uint8_t { kAbsent, kText, kNumber };
    union {
        const char* text_;
        uint64_t number_ = 0;
    };
    uint32_t length_ = 0;
    Type type_ = Type::kAbsent;
};

struct Event {
    EventKind kind = EventKind::kProcessStart;
    int64_t at_ms = 0;     // simulated
    uint32_t process = 0;  // that acted; in process_start the one that starts. A number stands for
                           // one process as long as the machine lives; 0: unknown
    uint32_t count = 1;    // how many alike this one stands for, itself included
    std::array<EventValue, kMostEventFields> values{};  // in the order of the kind's fields

    bool operator==(const Event&) const = default;
    // The field's value; absent too if the kind has no such field.
    EventValue value(std::string_view field) const;
    // False, and nothing is set, if the kind has no such field or the field is of another type.
    // A flag is a number of 0 or 1.
    bool set(std::string_view field, EventValue value);
};

// --- Logs of events ------------------------------------------------------------------------------

// What a log may hold: an event takes 280 bytes of memory.
inline constexpr size_t kMostLogEvents = 1'000'000;

// Events in the order of their time, with their texts. Immutable; copies share what they hold, and
// any number of threads may read.
class EventLog {
  public:
    EventLog();
    // Texts live as long as any copy of this log.
    std::span<const Event> events() const& { return content_->events; }
    std::span<const Event> events() && = delete;  // of a log that is about to go

    // Little-endian: version, texts, events; each text once.
    base::Bytes encode() const;
    // Of bytes that nobody vouches for: no kind, field or text that is not there, values of the
    // type that their fields have, counts of 1 at least, times that never go back.
    static base::Result<EventLog> parse(base::ByteView bytes);

  private:
    friend class EventLogBuilder;
    struct Content {
        std::deque<std::string> texts;  // that events point into
        std::vector<Event> events;
    };
    explicit EventLog(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

    std::shared_ptr<const Content> content_;  // never null
};

// Collects events, in any order of time. Equal texts are kept once.
class EventLogBuilder {
  public:
    EventLogBuilder();
    // Copies the event's texts. False, and nothing is added, if there are kMostLogEvents already, a
    // value is not of its field's type, or the count is 0.
    bool add(const Event& event);
    size_t size() const { return content_->events.size(); }
    // Moves all times so that the earliest is 0.
    void count_from_first();
    // Sorted by time; of equal times, as they were added.
    EventLog build() &&;

  private:
    std::string_view kept(std::string_view text);

    std::shared_ptr<EventLog::Content> content_;
    std::unordered_set<std::string_view> known_;  // they lie in content_->texts
};

}  // namespace firebreak::host
