// What stands between the machine's events and the rules: rules set parameters per kind of event,
// by which a sensor drops events or merges alike ones before any rule sees them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/event.h"

namespace firebreak::endpoint::sensors {

enum class Match : uint8_t { kEquals, kStartsWith, kEndsWith, kContains };

// Holds for an event whose field is there and matches the literal, whatever the case of ASCII
// letters. A number is compared as its decimal digits.
struct DropCondition {
    size_t field = 0;  // among the kind's fields
    Match match = Match::kEquals;
    std::string literal;
};

inline constexpr size_t kMostDropConditions = 64;  // per kind
inline constexpr size_t kMostLiteralBytes = 1024;
inline constexpr int64_t kLongestMergeWindowMs = 3'600'000;

struct SensorParameters {
    bool enabled = true;                   // if not, every event of the kind is dropped
    std::vector<DropCondition> drop = {};  // any one that holds drops the event
    int64_t merge_window_ms = 0;           // 0: nothing is merged
    // Fields, each once; without any, all events of a process are alike.
    std::vector<size_t> merge_key = {};
};

// What became of the events of a kind: in = merged + dropped + delivered + those that are held.
struct SensorCounters {
    uint64_t in = 0;
    uint64_t merged = 0;  // into one that came before, which says how many it stands for
    uint64_t dropped = 0;
    uint64_t delivered = 0;
    uint64_t cut_short = 0;  // of those delivered: before their window ended, for lack of memory

    bool operator==(const SensorCounters&) const = default;
};

// Bounds of what is held for merging. With either reached, what is held the longest goes first.
struct SensorLimits {
    size_t windows = 4096;
    size_t text_bytes = 16 * 1024 * 1024;  // an event with more text than that is not merged
};

// Events of one machine, in the order in which they happen.
//
// An event that may be merged is held until its window ends, `merge_window_ms` after it, and is
// then delivered with the sum of the counts of all that were merged into it: those of the same kind
// and process whose key fields hold the same bytes, or are absent alike. So a merged event is late
// by its window and keeps the time and fields of its first. Windows that end are delivered in the
// order of their ends, equal ends in the order in which they were opened, before the event whose
// time shows that they have ended. Time does not go back: an event with an earlier time counts as
// happening at the latest time seen.
//
// The sink may call set(), nothing else. What it is passed lives until it returns; what is held is
// copied. Not thread-safe.
class Sensors {
  public:
    explicit Sensors(SensorLimits limits = {});

    // What is held of that kind is delivered with the next push or flush. Errors, with everything
    // as it was: a field that the kind does not have, or a bound above that is not kept.
    base::Status set(host::EventKind kind, SensorParameters parameters);

    // sink(const host::Event&), for each event that is delivered.
    template <class Sink>
    void push(const host::Event& event, Sink&& sink) {
        now_ = event.at_ms > now_ ? event.at_ms : now_;
        if (now_ >= next_end_) {
            deliver_ended(Receiver(sink));
        }
        Kind& kind = kinds_[static_cast<size_t>(event.kind)];
        ++kind.counters.in;
        if (kind.plain) {
            ++kind.counters.delivered;
            sink(event);
        } else {
            take(event, Receiver(sink));
        }
    }
    // It is `now_ms`: delivers what has ended.
    template <class Sink>
    void flush(int64_t now_ms, Sink&& sink) {
        now_ = now_ms > now_ ? now_ms : now_;
        if (now_ >= next_end_) {
            deliver_ended(Receiver(sink));
        }
    }
    // Delivers all that is held, ended or not.
    template <class Sink>
    void flush_all(Sink&& sink) {
        deliver_all(Receiver(sink));
    }

    const SensorCounters& counters(host::EventKind kind) const {
        return kinds_[static_cast<size_t>(kind)].counters;
    }
    // Events that are held.
    size_t held() const { return held_; }

  private:
    static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
    static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

    // A sink of whatever type.
    class Receiver {
      public:
        template <class Sink>
        explicit Receiver(Sink& sink)
            : sink_(&sink), call_([](const void* to, const host::Event& event) {
                  (*static_cast<Sink*>(const_cast<void*>(to)))(event);
              }) {}
        void operator()(const host::Event& event) const { call_(sink_, event); }

      private:
        const void* sink_;
        void (*call_)(const void*, const host::Event&);
    };

    // An event that is held. Windows of a kind stand in a queue: they end in the order in which
    // they were opened.
    struct Window {
        host::Event event;       // its texts lie in `text`
        std::vector<char> text;  // moves without moving its bytes
        int64_t end = 0;
        uint64_t opened = 0;  // the n-th ever
        uint64_t hash = 0;
        uint32_t next_of_kind = kNone;
        uint32_t next_of_hash = kNone;  // or the next free one
    };
    struct Kind {
        bool plain = true;  // nothing is dropped or merged
        SensorParameters parameters;
        SensorCounters counters;
        uint32_t first = kNone;
        uint32_t last = kNone;
    };

    void take(const host::Event& event, Receiver sink);
    void deliver_ended(Receiver sink);
    void deliver_all(Receiver sink);
    bool drops(const Kind& kind, const host::Event& event);
    bool holds(const DropCondition& condition, const host::EventValue& value);

    bool has_room_for(size_t text_bytes) const;
    uint32_t find(const host::Event& event, const Kind& kind, uint64_t hash) const;
    void open(const host::Event& event, Kind& kind, uint64_t hash, size_t text_bytes);
    uint32_t free_window();
    void deliver_oldest(Receiver sink);
    void deliver_first(Kind& kind, Receiver sink);
    void unlink_first(Kind& kind);
    void find_next_end();

    SensorLimits limits_;
    std::array<Kind, host::kEventKinds> kinds_;
    std::vector<Window> windows_;
    std::vector<uint32_t> by_hash_;  // the first window of each chain; a power of two of them
    std::vector<char> folded_;       // a text that is being looked at
    uint32_t free_ = kNone;
    size_t held_ = 0;
    size_t held_text_bytes_ = 0;
    uint64_t opened_ = 0;
    int64_t now_ = std::numeric_limits<int64_t>::min();
    int64_t next_end_ = kNever;
};

}  // namespace firebreak::endpoint::sensors
