#include "endpoint/sensors/sensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/random.h"

namespace firebreak::endpoint::sensors {

namespace {

using base::Error;
using base::Status;
using host::Event;
using host::EventKind;
using host::EventValue;

// What a window keeps for the next event that it holds, so that holding allocates nothing.
constexpr size_t kKeptTextBytes = 4096;

constexpr char folded(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with(std::string_view text, std::string_view literal) {
    return text.size() >= literal.size() &&
           std::equal(literal.begin(), literal.end(), text.begin(),
                      [](char of_literal, char of_text) { return of_literal == folded(of_text); });
}

uint64_t hash_of(const EventValue& value) {
    if (value.is_text()) {
        return std::hash<std::string_view>()(value.text());
    }
    return value.is_number() ? value.number() + 1 : 0;
}

uint64_t hash_of(const Event& event, const std::vector<size_t>& key) {
    uint64_t hash = (uint64_t{event.process} << 8) + static_cast<uint64_t>(event.kind);
    for (const size_t field : key) {
        hash = base::mix64(hash ^ hash_of(event.values[field]));
    }
    return base::mix64(hash);
}

bool are_alike(const Event& a, const Event& b, const std::vector<size_t>& key) {
    return a.kind == b.kind && a.process == b.process &&
           std::ranges::all_of(key,
                               [&](size_t field) { return a.values[field] == b.values[field]; });
}

size_t text_bytes_of(const Event& event) {
    size_t bytes = 0;
    for (const EventValue& value : event.values) {
        bytes += value.text().size();
    }
    return bytes;
}

uint32_t sum(uint32_t a, uint32_t b) {
    const uint32_t total = a + b;
    return total < a ? std::numeric_limits<uint32_t>::max() : total;
}

Status check_condition(const DropCondition& condition, const host::EventKindInfo& kind) {
    if (condition.field >= kind.fields.size()) {
        return Error{fmt::format("a condition on a field that {} does not have", kind.name), "",
                     ""};
    }
    if (condition.literal.empty() || condition.literal.size() > kMostLiteralBytes) {
        return Error{fmt::format("a condition on {} with a literal of {} bytes",
                                 kind.fields[condition.field].name, condition.literal.size()),
                     "", fmt::format("1 to {} bytes are allowed", kMostLiteralBytes)};
    }
    return {};
}

Status check_merging(const SensorParameters& parameters, const host::EventKindInfo& kind) {
    if (parameters.merge_window_ms < 0 || parameters.merge_window_ms > kLongestMergeWindowMs) {
        return Error{fmt::format("a merge window of {} ms", parameters.merge_window_ms), "",
                     fmt::format("0 to {} are allowed", kLongestMergeWindowMs)};
    }
    uint32_t seen = 0;
    for (const size_t field : parameters.merge_key) {
        if (field >= kind.fields.size()) {
            return Error{fmt::format("a merge key with a field that {} does not have", kind.name),
                         "", ""};
        }
        if ((seen >> field & 1u) != 0) {
            return Error{fmt::format("a merge key with {} twice", kind.fields[field].name), "", ""};
        }
        seen |= 1u << field;
    }
    return {};
}

Status check(const SensorParameters& parameters, const host::EventKindInfo& kind) {
    if (parameters.drop.size() > kMostDropConditions) {
        return Error{fmt::format("{} conditions for {}", parameters.drop.size(), kind.name), "",
                     fmt::format("{} are allowed", kMostDropConditions)};
    }
    for (const DropCondition& condition : parameters.drop) {
        FB_CHECK(check_condition(condition, kind));
    }
    return check_merging(parameters, kind);
}

}  // namespace

Sensors::Sensors(SensorLimits limits) : limits_(limits) {
    by_hash_.resize(std::bit_ceil(2 * std::max<size_t>(limits.windows, 1)), kNone);
}

Status Sensors::set(EventKind kind, SensorParameters parameters) {
    FB_CHECK(check(parameters, host::info_of(kind)));
    Kind& of = kinds_[static_cast<size_t>(kind)];
    for (uint32_t at = of.first; at != kNone; at = windows_[at].next_of_kind) {
        windows_[at].end = std::min(windows_[at].end, now_);
    }
    find_next_end();
    for (DropCondition& condition : parameters.drop) {
        std::ranges::transform(condition.literal, condition.literal.begin(), folded);
    }
    of.plain = parameters.enabled && parameters.drop.empty() && parameters.merge_window_ms == 0;
    of.parameters = std::move(parameters);
    return {};
}

void Sensors::take(const Event& event, Receiver sink) {
    Kind& kind = kinds_[static_cast<size_t>(event.kind)];
    const size_t text_bytes = text_bytes_of(event);
    // Once more after each delivery: its sink may have set other parameters.
    while (true) {
        if (!kind.parameters.enabled || drops(kind, event)) {
            ++kind.counters.dropped;
            return;
        }
        if (kind.parameters.merge_window_ms == 0 || text_bytes > limits_.text_bytes ||
            limits_.windows == 0) {
            ++kind.counters.delivered;
            sink(event);
            return;
        }
        const uint64_t hash = hash_of(event, kind.parameters.merge_key);
        if (const uint32_t at = find(event, kind, hash); at != kNone) {
            ++kind.counters.merged;
            windows_[at].event.count = sum(windows_[at].event.count, event.count);
            return;
        }
        if (has_room_for(text_bytes)) {
            open(event, kind, hash, text_bytes);
            return;
        }
        deliver_oldest(sink);
    }
}

// --- Dropping ------------------------------------------------------------------------------------

bool Sensors::drops(const Kind& kind, const Event& event) {
    return std::ranges::any_of(kind.parameters.drop, [&](const DropCondition& condition) {
        return holds(condition, event.values[condition.field]);
    });
}

bool Sensors::holds(const DropCondition& condition, const EventValue& value) {
    if (value.is_absent()) {
        return false;
    }
    char digits[20];
    std::string_view text = value.text();
    if (value.is_number()) {
        const char* end = std::to_chars(std::begin(digits), std::end(digits), value.number()).ptr;
        text = {digits, static_cast<size_t>(end - digits)};
    }
    const std::string_view literal = condition.literal;
    switch (condition.match) {
        case Match::kEquals:
            return text.size() == literal.size() && starts_with(text, literal);
        case Match::kStartsWith:
            return starts_with(text, literal);
        case Match::kEndsWith:
            return text.size() >= literal.size() &&
                   starts_with(text.substr(text.size() - literal.size()), literal);
        case Match::kContains:
            break;
    }
    // In linear time, however the two repeat themselves.
    if (text.size() < literal.size()) {
        return false;
    }
    folded_.resize(text.size());
    std::ranges::transform(text, folded_.begin(), folded);
    return memmem(folded_.data(), folded_.size(), literal.data(), literal.size()) != nullptr;
}

// --- Merging -------------------------------------------------------------------------------------

bool Sensors::has_room_for(size_t text_bytes) const {
    return held_ < limits_.windows && held_text_bytes_ + text_bytes <= limits_.text_bytes;
}

uint32_t Sensors::find(const Event& event, const Kind& kind, uint64_t hash) const {
    uint32_t at = by_hash_[hash & (by_hash_.size() - 1)];
    while (at != kNone) {
        const Window& window = windows_[at];
        if (window.hash == hash && are_alike(window.event, event, kind.parameters.merge_key)) {
            break;
        }
        at = window.next_of_hash;
    }
    return at;
}

uint32_t Sensors::free_window() {
    if (free_ == kNone) {
        windows_.emplace_back();
        return static_cast<uint32_t>(windows_.size() - 1);
    }
    const uint32_t at = free_;
    free_ = windows_[at].next_of_hash;
    return at;
}

void Sensors::open(const Event& event, Kind& kind, uint64_t hash, size_t text_bytes) {
    const uint32_t at = free_window();
    Window& window = windows_[at];
    window.event = event;
    window.text.resize(text_bytes);
    char* to = window.text.data();
    for (EventValue& value : window.event.values) {
        if (const std::string_view text = value.text(); value.is_text()) {
            std::ranges::copy(text, to);
            value = EventValue::of(std::string_view(to, text.size()));
            to += text.size();
        }
    }
    const int64_t length = kind.parameters.merge_window_ms;
    window.end = now_ > kNever - length ? kNever : now_ + length;
    window.opened = opened_++;
    window.hash = hash;
    window.next_of_kind = kNone;
    (kind.last == kNone ? kind.first : windows_[kind.last].next_of_kind) = at;
    kind.last = at;
    uint32_t& chain = by_hash_[hash & (by_hash_.size() - 1)];
    window.next_of_hash = chain;
    chain = at;
    ++held_;
    held_text_bytes_ += text_bytes;
    next_end_ = std::min(next_end_, window.end);
}

void Sensors::unlink_first(Kind& kind) {
    const uint32_t at = kind.first;
    Window& window = windows_[at];
    kind.first = window.next_of_kind;
    kind.last = kind.first == kNone ? kNone : kind.last;
    uint32_t* link = &by_hash_[window.hash & (by_hash_.size() - 1)];
    while (*link != at) {
        link = &windows_[*link].next_of_hash;
    }
    *link = window.next_of_hash;
    --held_;
    held_text_bytes_ -= window.text.size();
}

void Sensors::deliver_first(Kind& kind, Receiver sink) {
    const uint32_t at = kind.first;
    unlink_first(kind);
    find_next_end();
    ++kind.counters.delivered;
    sink(windows_[at].event);
    Window& window = windows_[at];
    if (window.text.capacity() > kKeptTextBytes) {
        window.text = {};
    }
    window.next_of_hash = free_;
    free_ = at;
}

void Sensors::deliver_oldest(Receiver sink) {
    Kind* oldest = nullptr;
    for (Kind& kind : kinds_) {
        if (kind.first != kNone &&
            (oldest == nullptr || windows_[kind.first].opened < windows_[oldest->first].opened)) {
            oldest = &kind;
        }
    }
    ++oldest->counters.cut_short;
    deliver_first(*oldest, sink);
}

void Sensors::deliver_ended(Receiver sink) {
    while (now_ >= next_end_ && held_ > 0) {
        Kind* next = nullptr;
        const auto order = [this](const Kind& kind) {
            return std::pair(windows_[kind.first].end, windows_[kind.first].opened);
        };
        for (Kind& kind : kinds_) {
            if (kind.first != kNone && (next == nullptr || order(kind) < order(*next))) {
                next = &kind;
            }
        }
        deliver_first(*next, sink);
    }
}

void Sensors::deliver_all(Receiver sink) {
    const int64_t now = now_;
    now_ = kNever;
    deliver_ended(sink);
    now_ = now;
}

void Sensors::find_next_end() {
    next_end_ = kNever;
    for (const Kind& kind : kinds_) {
        if (kind.first != kNone) {
            next_end_ = std::min(next_end_, windows_[kind.first].end);
        }
    }
}

}  // namespace firebreak::endpoint::sensors
