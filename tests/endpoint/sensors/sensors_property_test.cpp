// The sensors beside a shadow of them that does the same in the plainest way.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "endpoint/sensors/sensors.h"
#include "support/any_event.h"

namespace firebreak::endpoint::sensors {
namespace {

using host::Event;
using host::EventKind;
using host::EventValue;

constexpr size_t kKinds = 4;  // few, so that events are alike at times
constexpr SensorLimits kLimits{.windows = 4, .text_bytes = 80};

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return out;
}

size_t text_bytes(const Event& event) {
    size_t bytes = 0;
    for (const EventValue& value : event.values) {
        bytes += value.text().size();
    }
    return bytes;
}

class Shadow {
  public:
    std::vector<Event> delivered;
    std::map<EventKind, SensorCounters> counters;

    void set(EventKind kind, const SensorParameters& parameters) {
        parameters_[kind] = parameters;
        for (Held& held : held_) {
            held.end = held.event.kind == kind ? std::min(held.end, now_) : held.end;
        }
    }
    void push(const Event& event) {
        flush(event.at_ms);
        ++counters[event.kind].in;
        const SensorParameters& how = parameters_[event.kind];
        if (!how.enabled || std::ranges::any_of(how.drop, [&](const DropCondition& condition) {
                return holds(condition, event);
            })) {
            ++counters[event.kind].dropped;
        } else if (how.merge_window_ms == 0 || text_bytes(event) > kLimits.text_bytes) {
            deliver(event);
        } else {
            merge(event, how);
        }
    }
    void flush(int64_t now) {
        now_ = std::max(now_, now);
        deliver_up_to(now_);
    }
    void flush_all() { deliver_up_to(INT64_MAX); }
    size_t held() const { return held_.size(); }

  private:
    struct Held {
        Event event;
        int64_t end;
    };

    static bool holds(const DropCondition& condition, const Event& event) {
        const EventValue value = event.values[condition.field];
        const std::string text =
            value.is_number() ? std::to_string(value.number()) : lower(value.text());
        const std::string literal = lower(condition.literal);
        if (value.is_absent()) {
            return false;
        }
        switch (condition.match) {
            case Match::kEquals:
                return text == literal;
            case Match::kStartsWith:
                return text.starts_with(literal);
            case Match::kEndsWith:
                return text.ends_with(literal);
            case Match::kContains:
                return text.find(literal) != std::string::npos;
        }
        return false;
    }
    void merge(const Event& event, const SensorParameters& how) {
        for (Held& held : held_) {
            if (held.event.kind == event.kind && held.event.process == event.process &&
                std::ranges::all_of(how.merge_key, [&](size_t field) {
                    return held.event.values[field] == event.values[field];
                })) {
                held.event.count += event.count;
                ++counters[event.kind].merged;
                return;
            }
        }
        while (held_.size() >= kLimits.windows ||
               held_text() + text_bytes(event) > kLimits.text_bytes) {
            ++counters[held_.front().event.kind].cut_short;
            deliver_held(held_.begin());
        }
        held_.push_back({event, now_ + how.merge_window_ms});
    }
    size_t held_text() const {
        size_t bytes = 0;
        for (const Held& held : held_) {
            bytes += text_bytes(held.event);
        }
        return bytes;
    }
    void deliver(const Event& event) {
        ++counters[event.kind].delivered;
        delivered.push_back(event);
    }
    void deliver_held(std::deque<Held>::iterator at) {
        deliver(at->event);
        held_.erase(at);
    }
    void deliver_up_to(int64_t now) {
        while (true) {
            const auto next = std::ranges::min_element(held_, {}, &Held::end);
            if (next == held_.end() || next->end > now) {
                return;
            }
            deliver_held(next);
        }
    }

    std::map<EventKind, SensorParameters> parameters_;
    std::deque<Held> held_;  // in the order in which they were opened
    int64_t now_ = INT64_MIN;
};

SensorParameters any_parameters(EventKind kind) {
    const size_t fields = host::info_of(kind).fields.size();
    SensorParameters out;
    out.enabled = *rc::gen::inRange(0, 10) > 0;
    out.merge_window_ms = *rc::gen::element<int64_t>(0, 1, 50, 200, 1000);
    for (size_t field = 0; field < fields; ++field) {
        if (*rc::gen::inRange(0, 4) == 0) {
            out.merge_key.push_back(field);
        }
    }
    for (int n = *rc::gen::inRange(0, 3); n > 0; --n) {
        out.drop.push_back({*rc::gen::inRange<size_t>(0, fields),
                            *rc::gen::element(Match::kEquals, Match::kStartsWith, Match::kEndsWith,
                                              Match::kContains),
                            *rc::gen::element<std::string>("A", "b", "1", "40", ".EXE", "windows",
                                                           std::string(1, '\xff'))});
    }
    return out;
}

// Does the same to both.
class Pair {
  public:
    void change_parameters() {
        const auto kind = static_cast<EventKind>(*rc::gen::inRange<size_t>(0, kKinds));
        const SensorParameters parameters = any_parameters(kind);
        RC_ASSERT(sensors_.set(kind, parameters).ok());
        shadow_.set(kind, parameters);
    }
    void push_some() {
        for (int n = *rc::gen::inRange(0, 12); n > 0; --n) {
            Event event = test::any_event(at_, kKinds);
            at_ = event.at_ms;
            event.at_ms -= *rc::gen::element(0, 0, 0, 30);  // now and then too late
            sensors_.push(event, sink());
            shadow_.push(event);
        }
    }
    void pass_time() {
        at_ += *rc::gen::inRange(0, 300);
        sensors_.flush(at_, sink());
        shadow_.flush(at_);
    }
    void flush_all() {
        sensors_.flush_all(sink());
        shadow_.flush_all();
    }
    void compare() const {
        RC_ASSERT(sensors_.held() == shadow_.held());
        RC_ASSERT(texts_ == shadow_texts());
        uint64_t in = 0, out = 0;
        for (size_t n = 0; n < kKinds; ++n) {
            const auto kind = static_cast<EventKind>(n);
            const SensorCounters& counters = sensors_.counters(kind);
            const auto expected = shadow_.counters.find(kind);
            RC_ASSERT(counters ==
                      (expected == shadow_.counters.end() ? SensorCounters() : expected->second));
            in += counters.in;
            out += counters.merged + counters.dropped + counters.delivered;
        }
        RC_ASSERT(in == out + sensors_.held());
    }

  private:
    // An event, in writing: those delivered point to texts that do not last.
    static std::string text_of(const Event& event) {
        std::string out = std::to_string(static_cast<int>(event.kind)) + " " +
                          std::to_string(event.at_ms) + " " + std::to_string(event.process) + " " +
                          std::to_string(event.count);
        for (const EventValue& value : event.values) {
            out += value.is_text()     ? " '" + std::string(value.text()) + "'"
                   : value.is_number() ? " " + std::to_string(value.number())
                                       : " -";
        }
        return out;
    }
    std::vector<std::string> shadow_texts() const {
        std::vector<std::string> out;
        for (const Event& event : shadow_.delivered) {
            out.push_back(text_of(event));
        }
        return out;
    }
    std::function<void(const Event&)> sink() {
        return [this](const Event& event) { texts_.push_back(text_of(event)); };
    }

    Sensors sensors_{kLimits};
    Shadow shadow_;
    std::vector<std::string> texts_;
    int64_t at_ = 0;
};

RC_GTEST_PROP(Sensors, DoWhatTheirShadowDoes, ()) {
    Pair pair;
    for (int steps = *rc::gen::inRange(1, 25); steps > 0; --steps) {
        switch (*rc::gen::inRange(0, 6)) {
            case 0:
            case 1:
                pair.change_parameters();
                break;
            case 2:
                pair.pass_time();
                break;
            default:
                pair.push_some();
        }
        pair.compare();
    }
    pair.flush_all();
    pair.compare();
}

}  // namespace
}  // namespace firebreak::endpoint::sensors
