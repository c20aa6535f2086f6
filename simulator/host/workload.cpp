#include "host/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include "base/text.h"
#include "host/windows_path.h"

namespace firebreak::host {

namespace {

using base::Error;
using base::Result;
using base::Status;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kLatestMs = 100 * 366 * 24 * kHourMs;
// Draws of one workload in one hour: more than its moments.
constexpr uint64_t kDrawsPerHour = 1u << 13;

// Moments of one hour that are told apart; more come once in a blue moon, and are left out.
uint64_t most_in_an_hour(const EventWorkload& workload) {
    const double rate = workload.per_hour;
    return static_cast<uint64_t>(std::ceil(rate + 8 * std::sqrt(rate) + 8));
}
static_assert(3600 + 8 * 60 + 8 < kDrawsPerHour);

// "{n}" in a text stands for the number of the moment, so that not all events are alike.
std::string numbered(std::string text, uint64_t n) {
    constexpr std::string_view kMark = "{n}";
    const std::string digits = std::to_string(n);
    for (size_t at = text.find(kMark); at != std::string::npos;
         at = text.find(kMark, at + digits.size())) {
        text.replace(at, kMark.size(), digits);
    }
    return text;
}

class Workday {
  public:
    Workday(const Persona& persona, const base::RandomStream& random, uint64_t endpoint,
            int64_t from_ms, int64_t to_ms)
        : random_(random), endpoint_(endpoint), from_ms_(from_ms), to_ms_(to_ms) {
        for (const EventWorkload& workload : persona.events) {
            note(workload.process);
            for (const auto& [field, value] : workload.fields) {
                if (info_of(workload.kind).fields[field].name == "target_image") {
                    note(std::get<std::string>(value));
                }
            }
        }
        uint32_t last = 0;
        for (auto& [path, number] : processes_) {
            number = ++last;
        }
        for (const EventWorkload& workload : persona.events) {
            starts_per_hour_ += starts_in_an_hour(workload);
        }
    }

    Status add(const EventWorkload& workload, uint64_t index) {
        const int64_t lasts_ms = workload.lasts.seconds * 1000;
        const int64_t first_hour = std::max<int64_t>(0, from_ms_ - lasts_ms) / kHourMs;
        for (int64_t hour = first_hour; hour * kHourMs < to_ms_; ++hour) {
            FB_CHECK(add_hour(workload, index, static_cast<uint64_t>(hour)));
        }
        started_before_ += starts_in_an_hour(workload);
        return {};
    }
    EventLog take() && { return std::move(builder_).build(); }

  private:
    static uint64_t starts_in_an_hour(const EventWorkload& workload) {
        return workload.kind == EventKind::kProcessStart ? most_in_an_hour(workload) : 0;
    }
    void note(const std::string& image) {
        if (!image.empty()) {
            processes_.emplace(case_folded(image), 0);
        }
    }
    uint32_t process_of(const std::string& image) const {
        const auto found = processes_.find(case_folded(image));
        return found == processes_.end() ? 0 : found->second;
    }
    // A Poisson process: independent exponential gaps, begun anew each hour.
    Status add_hour(const EventWorkload& workload, uint64_t index, uint64_t hour) {
        if (workload.per_hour <= 0) {
            return {};
        }
        // Both of the endpoint and the workload, so that no two share draws.
        const uint64_t key = base::mix64(endpoint_) ^ base::mix64(~index);
        double at = 0;
        for (uint64_t n = 0; n < most_in_an_hour(workload); ++n) {
            at += random_.waiting_time(workload.per_hour, key, hour * kDrawsPerHour + n);
            if (at >= 1) {
                break;
            }
            const int64_t into_hour =
                std::min(static_cast<int64_t>(at * static_cast<double>(kHourMs)), kHourMs - 1);
            FB_CHECK(
                add_moment(workload, hour, n, static_cast<int64_t>(hour) * kHourMs + into_hour));
        }
        return {};
    }
    Status add_moment(const EventWorkload& workload, uint64_t hour, uint64_t n, int64_t at_ms) {
        Event event{.kind = workload.kind, .at_ms = at_ms, .process = process_of(workload.process)};
        std::deque<std::string> texts;
        const uint64_t moment = hour * most_in_an_hour(workload) + n;
        for (const auto& [field, value] : workload.fields) {
            const auto* text = std::get_if<std::string>(&value);
            event.values[field] = text != nullptr
                                      ? EventValue::of(texts.emplace_back(numbered(*text, moment)))
                                      : EventValue::of(std::get<uint64_t>(value));
        }
        if (const uint32_t target = process_of(std::string(event.value("target_image").text()))) {
            event.set("target", EventValue::of(target));
        }
        if (workload.kind == EventKind::kProcessStart) {
            return add_process(workload, event, hour * starts_per_hour_ + started_before_ + n);
        }
        if (event.value("image").is_absent() && !workload.process.empty()) {
            event.set("image", EventValue::of(workload.process));
        }
        return add(event);
    }
    // The n-th process ever that the workload might start.
    Status add_process(const EventWorkload& workload, Event& event, uint64_t n) {
        const uint64_t number = processes_.size() + 1 + n;
        if (number > UINT32_MAX) {
            return Error{"more processes than have numbers", "", "ask for an earlier time"};
        }
        if (event.process != 0) {
            event.set("parent", EventValue::of(event.process));
            event.set("parent_image", EventValue::of(workload.process));
        }
        event.process = static_cast<uint32_t>(number);
        FB_CHECK(add(event));
        if (workload.lasts.seconds == 0) {
            return {};
        }
        Event end{.kind = EventKind::kProcessEnd,
                  .at_ms = event.at_ms + workload.lasts.seconds * 1000,
                  .process = event.process};
        for (const std::string_view field : {"image", "user", "pid"}) {
            end.set(field, event.value(field));
        }
        return add(end);
    }
    Status add(const Event& event) {
        if (event.at_ms < from_ms_ || event.at_ms >= to_ms_ || builder_.add(event)) {
            return {};
        }
        return Error{fmt::format("more than {} events",
                                 base::with_thousands(static_cast<int64_t>(kMostLogEvents))),
                     "", "ask for a shorter time"};
    }

    base::RandomStream random_;
    uint64_t endpoint_;
    int64_t from_ms_;
    int64_t to_ms_;
    std::map<std::string, uint32_t> processes_;  // that run from the beginning
    uint64_t starts_per_hour_ = 0;
    uint64_t started_before_ = 0;  // of them, by workloads before this one
    EventLogBuilder builder_;
};

}  // namespace

Result<EventLog> workload_events(const Persona& persona, const base::RandomStream& random,
                                 uint64_t endpoint, int64_t from_ms, int64_t to_ms) {
    if (from_ms < 0 || to_ms > kLatestMs) {
        return Error{"a time that no machine lives to see", "", "ask for 0 to 100 years"};
    }
    Workday day(persona, random, endpoint, from_ms, to_ms);
    for (size_t i = 0; i < persona.events.size(); ++i) {
        FB_CHECK(day.add(persona.events[i], i));
    }
    return std::move(day).take();
}

}  // namespace firebreak::host
