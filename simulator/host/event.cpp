#include "host/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <unordered_map>

namespace firebreak::host {

namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Error;
using base::Result;
using base::Status;

// Parsing reserves memory by counts that the bytes give, and events are copied by the million.
static_assert(sizeof(EventValue) == 16 && std::is_trivially_copyable_v<EventValue>);
static_assert(sizeof(Event) == 280 && std::is_trivially_copyable_v<Event>);

constexpr uint32_t kVersion = 1;
constexpr size_t kLeastTextBytes = 4;                   // its length
constexpr size_t kLeastEventBytes = 1 + 8 + 4 + 4 + 2;  // kind, time, process, count, fields

Error broken(std::string what, size_t event) {
    return Error{std::move(what), fmt::format("event {}", event + 1), ""};
}

bool fits(FieldType type, EventValue value) {
    switch (type) {
        case FieldType::kText:
            return value.is_text();
        case FieldType::kNumber:
            return value.is_number();
        case FieldType::kFlag:
            return value.is_number() && value.number() <= 1;
    }
    return false;
}

// What parse() would take.
bool is_sound(const Event& event) {
    const std::span<const EventFieldInfo> fields = info_of(event.kind).fields;
    for (size_t i = 0; i < event.values.size(); ++i) {
        const EventValue value = event.values[i];
        if (!value.is_absent() && (i >= fields.size() || !fits(fields[i].type, value))) {
            return false;
        }
    }
    return event.count > 0;
}

// Texts get their numbers in the order in which events first use them.
class TextNumbers {
  public:
    uint32_t of(std::string_view text) {
        const auto [known, fresh] = numbers_.emplace(text, static_cast<uint32_t>(numbers_.size()));
        if (fresh) {
            texts_.push_back(text);
        }
        return known->second;
    }
    std::span<const std::string_view> texts() const { return texts_; }

  private:
    std::unordered_map<std::string_view, uint32_t> numbers_;
    std::vector<std::string_view> texts_;
};

void write_event(ByteWriter& out, const Event& event, TextNumbers& numbers) {
    out.u8(static_cast<uint8_t>(event.kind));
    out.u64(static_cast<uint64_t>(event.at_ms));
    out.u32(event.process);
    out.u32(event.count);
    uint32_t present = 0;
    for (size_t i = 0; i < event.values.size(); ++i) {
        present |= event.values[i].is_absent() ? 0u : 1u << i;
    }
    out.u16(static_cast<uint16_t>(present));
    for (const EventValue& value : event.values) {
        if (value.is_text()) {
            out.u32(numbers.of(value.text()));
        } else if (value.is_number()) {
            out.u64(value.number());
        }
    }
}

// The texts' lengths, one after another, then their bytes: views of `storage`, which gets these.
Result<std::vector<std::string_view>> read_texts(ByteReader& in, size_t most,
                                                 std::string& storage) {
    const size_t count = in.u32();
    if (count > most / kLeastTextBytes) {
        return Error{"an event log that says it has more texts than it has bytes for", "", ""};
    }
    std::vector<uint32_t> lengths(count);
    for (uint32_t& length : lengths) {
        length = in.u32();
    }
    storage = in.text();
    std::string_view rest = storage;
    std::vector<std::string_view> texts(count);
    for (size_t i = 0; i < count; ++i) {
        if (lengths[i] > rest.size()) {
            return Error{"an event log whose texts are longer than its bytes", "", ""};
        }
        texts[i] = rest.substr(0, lengths[i]);
        rest.remove_prefix(lengths[i]);
    }
    if (in.failed() || !rest.empty()) {
        return Error{"an event log whose texts end early", "", ""};
    }
    return texts;
}

// What is wrong with it; null if nothing is.
const char* read_value(ByteReader& in, FieldType type, std::span<const std::string_view> texts,
                       EventValue& out) {
    if (type == FieldType::kText) {
        const uint32_t number = in.u32();
        if (number >= texts.size()) {
            return "a text that is not in the log";
        }
        out = EventValue::of(texts[number]);
        return nullptr;
    }
    out = EventValue::of(in.u64());
    return fits(type, out) ? nullptr : "a flag that is neither 0 nor 1";
}

const char* read_event(ByteReader& in, std::span<const std::string_view> texts, Event& out) {
    const uint8_t kind = in.u8();
    out.at_ms = static_cast<int64_t>(in.u64());
    out.process = in.u32();
    out.count = in.u32();
    const uint32_t present = in.u16();
    if (kind >= kEventKinds) {
        return "no such kind of event";
    }
    if (out.count == 0) {
        return "a count of 0";
    }
    out.kind = static_cast<EventKind>(kind);
    const std::span<const EventFieldInfo> fields = event_kinds()[kind].fields;
    if (present >> fields.size() != 0) {
        return "a field that its kind does not have";
    }
    for (size_t i = 0; i < fields.size(); ++i) {
        if ((present >> i & 1u) == 0) {
            continue;
        }
        if (const char* problem = read_value(in, fields[i].type, texts, out.values[i])) {
            return problem;
        }
    }
    return nullptr;
}

Status read_log_events(ByteReader& in, size_t count, std::span<const std::string_view> texts,
                       std::vector<Event>& out) {
    out.resize(count);
    for (size_t i = 0; i < count; ++i) {
        if (const char* problem = read_event(in, texts, out[i])) {
            return broken(in.failed() ? "the event log ends early" : problem, i);
        }
        if (i > 0 && out[i].at_ms < out[i - 1].at_ms) {
            return broken("a time before that of the event before it", i);
        }
    }
    if (!in.complete()) {
        return Error{"an event log that is shorter or longer than it says", "", ""};
    }
    return {};
}

}  // namespace

EventValue Event::value(std::string_view field) const {
    const std::optional<size_t> at = find_event_field(kind, field);
    return at ? values[*at] : EventValue();
}

bool Event::set(std::string_view field, EventValue value) {
    const std::optional<size_t> at = find_event_field(kind, field);
    if (!at || !fits(info_of(kind).fields[*at].type, value)) {
        return false;
    }
    values[*at] = value;
    return true;
}

EventLog::EventLog() : content_(std::make_shared<const Content>()) {}

Bytes EventLog::encode() const {
    TextNumbers numbers;
    ByteWriter events;
    for (const Event& event : content_->events) {
        write_event(events, event, numbers);
    }
    ByteWriter out;
    out.u32(kVersion);
    out.u32(static_cast<uint32_t>(numbers.texts().size()));
    std::string storage;
    for (const std::string_view text : numbers.texts()) {
        out.u32(static_cast<uint32_t>(text.size()));
        storage += text;
    }
    out.text(storage);
    out.u32(static_cast<uint32_t>(content_->events.size()));
    Bytes bytes = std::move(out).take();
    const Bytes rest = std::move(events).take();
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
}

Result<EventLog> EventLog::parse(ByteView bytes) {
    ByteReader in(bytes);
    if (in.u32() != kVersion) {
        return Error{"no event log of a version that is known here", "", ""};
    }
    auto content = std::make_shared<Content>();
    std::string& storage = content->texts.emplace_back();
    FB_TRY(const std::vector<std::string_view> texts, read_texts(in, bytes.size(), storage));
    const size_t count = in.u32();
    if (count > bytes.size() / kLeastEventBytes || count > kMostLogEvents) {
        return Error{"an event log that says it has more events than it can have", "", ""};
    }
    FB_CHECK(read_log_events(in, count, texts, content->events));
    return EventLog(std::move(content));
}

EventLogBuilder::EventLogBuilder() : content_(std::make_shared<EventLog::Content>()) {}

std::string_view EventLogBuilder::kept(std::string_view text) {
    if (const auto known = known_.find(text); known != known_.end()) {
        return *known;
    }
    return *known_.emplace(content_->texts.emplace_back(text)).first;
}

bool EventLogBuilder::add(const Event& event) {
    if (content_->events.size() >= kMostLogEvents || !is_sound(event)) {
        return false;
    }
    Event& copy = content_->events.emplace_back(event);
    for (EventValue& value : copy.values) {
        if (value.is_text()) {
            value = EventValue::of(kept(value.text()));
        }
    }
    return true;
}

void EventLogBuilder::count_from_first() {
    const auto first = std::ranges::min_element(content_->events, {}, &Event::at_ms);
    if (first == content_->events.end()) {
        return;
    }
    const uint64_t zero = static_cast<uint64_t>(first->at_ms);
    for (Event& event : content_->events) {
        // Of times that are further apart than a number can say, the later is as late as can be.
        const uint64_t since = static_cast<uint64_t>(event.at_ms) - zero;
        event.at_ms = static_cast<int64_t>(std::min<uint64_t>(since, INT64_MAX));
    }
}

EventLog EventLogBuilder::build() && {
    std::ranges::stable_sort(content_->events, {}, &Event::at_ms);
    known_.clear();
    return EventLog(std::move(content_));
}

}  // namespace firebreak::host
