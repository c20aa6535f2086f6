#include "endpoint/sensors/sensors.h"

#include <gtest/gtest.h>

#include <string>

#include "support/result_matchers.h"

namespace firebreak::endpoint::sensors {
namespace {

using host::Event;
using host::EventKind;
using host::EventValue;

constexpr EventKind kFile = EventKind::kFileCreate;

size_t field(EventKind kind, std::string_view name) {
    return host::find_event_field(kind, name).value();
}

Event created(int64_t at_ms, std::string_view path, uint32_t process = 1, uint32_t count = 1) {
    Event event{.kind = kFile, .at_ms = at_ms, .process = process, .count = count};
    EXPECT_TRUE(event.set("path", EventValue::of(path)));
    return event;
}

// "path@time×count" of each that is delivered.
class Delivered {
  public:
    void operator()(const Event& event) {
        text_ += text_.empty() ? "" : " ";
        text_ += std::string(event.value("path").text()) + "@" + std::to_string(event.at_ms) + "×" +
                 std::to_string(event.count);
    }
    std::string take() { return std::exchange(text_, ""); }

  private:
    std::string text_;
};

SensorParameters merging(int64_t window_ms) {
    return {.merge_window_ms = window_ms, .merge_key = {field(kFile, "path")}};
}

TEST(Sensors, DeliverEverythingAtOnceUntilTheyAreTold) {
    Sensors sensors;
    Delivered out;
    sensors.push(created(1, "a"), out);
    sensors.push(created(1, "a"), out);
    EXPECT_EQ(out.take(), "a@1×1 a@1×1");
    EXPECT_EQ(sensors.counters(kFile), (SensorCounters{.in = 2, .delivered = 2}));
}

TEST(Sensors, MergeAlikeEventsUntilTheWindowEnds) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(10)));
    sensors.push(created(0, "a"), out);
    sensors.push(created(4, "b"), out);
    sensors.push(created(9, "a", 1, 5), out);
    EXPECT_EQ(out.take(), "");
    EXPECT_EQ(sensors.held(), 2u);
    sensors.push(created(10, "a"), out);
    EXPECT_EQ(out.take(), "a@0×6");
    sensors.flush(13, out);
    EXPECT_EQ(out.take(), "");
    sensors.flush(14, out);
    EXPECT_EQ(out.take(), "b@4×1");
    sensors.flush_all(out);
    EXPECT_EQ(out.take(), "a@10×1");
    EXPECT_EQ(sensors.counters(kFile), (SensorCounters{.in = 4, .merged = 1, .delivered = 3}));
}

TEST(Sensors, DoNotMergeWhatAnotherProcessOrAnotherKindDid) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, {.merge_window_ms = 10}));
    ASSERT_OK(sensors.set(EventKind::kFileDelete, {.merge_window_ms = 10}));
    Event deleted{.kind = EventKind::kFileDelete, .at_ms = 0, .process = 1};
    sensors.push(created(0, "a", 1), out);
    sensors.push(created(0, "b", 2), out);
    sensors.push(deleted, out);
    sensors.push(created(0, "c", 1), out);
    sensors.flush_all(out);
    EXPECT_EQ(out.take(), "a@0×2 b@0×1 @0×1");
}

TEST(Sensors, TellAnAbsentKeyFieldFromAnEmptyOne) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(10)));
    sensors.push(Event{.kind = kFile, .process = 1}, out);
    sensors.push(created(0, ""), out);
    EXPECT_EQ(sensors.held(), 2u);
}

TEST(Sensors, KeepTheirOwnCopyOfWhatTheyHold) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(10)));
    {
        std::string path = "a path that is too long to stand inside a string";
        sensors.push(created(0, path), out);
        path.assign(path.size(), '!');
    }
    sensors.flush_all(out);
    EXPECT_EQ(out.take(), "a path that is too long to stand inside a string@0×1");
}

TEST(Sensors, DeliverWindowsInTheOrderOfTheirEnds) {
    Sensors sensors;
    std::string order;
    const auto out = [&](const Event& event) {
        order += host::info_of(event.kind).name;
        order += " ";
    };
    ASSERT_OK(sensors.set(kFile, merging(100)));
    ASSERT_OK(sensors.set(EventKind::kFileDelete, {.merge_window_ms = 10}));
    sensors.push(created(0, "a"), out);
    sensors.push(Event{.kind = EventKind::kFileDelete, .at_ms = 5}, out);
    sensors.push(Event{.kind = EventKind::kFileRename, .at_ms = 200}, out);
    EXPECT_EQ(order, "file_delete file_create file_rename ");
}

TEST(Sensors, CountAnEventFromThePastAsHappeningNow) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(10)));
    sensors.push(created(100, "a"), out);
    sensors.push(created(5, "b"), out);
    sensors.flush(109, out);
    EXPECT_EQ(out.take(), "");
    sensors.flush(110, out);
    EXPECT_EQ(out.take(), "a@100×1 b@5×1");
}

TEST(Sensors, KeepCountsThatWouldOverflowAtTheirMost) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(10)));
    sensors.push(created(0, "a", 1, UINT32_MAX), out);
    sensors.push(created(0, "a", 1, 2), out);
    sensors.flush_all(out);
    EXPECT_EQ(out.take(), "a@0×4294967295");
}

TEST(Sensors, StandTheEndOfTime) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(kLongestMergeWindowMs)));
    sensors.push(created(INT64_MAX - 1, "a"), out);
    sensors.push(created(INT64_MIN, "b"), out);
    sensors.flush(INT64_MAX, out);
    EXPECT_EQ(out.take(), "a@9223372036854775806×1 b@-9223372036854775808×1");
}

// --- Dropping ------------------------------------------------------------------------------------

bool is_dropped(const DropCondition& condition, const Event& event) {
    Sensors sensors;
    EXPECT_TRUE(sensors.set(event.kind, {.drop = {condition}}).ok());
    sensors.push(event, [](const Event&) {});
    return sensors.counters(event.kind).dropped == 1;
}

TEST(Sensors, DropWhatMatchesWhateverTheCase) {
    const size_t path = field(kFile, "path");
    const Event event = created(0, R"(C:\Windows\Temp\X.tmp)");
    EXPECT_TRUE(is_dropped({path, Match::kStartsWith, R"(c:\WINDOWS\)"}, event));
    EXPECT_TRUE(is_dropped({path, Match::kEndsWith, ".TMP"}, event));
    EXPECT_TRUE(is_dropped({path, Match::kContains, R"(\temp\)"}, event));
    EXPECT_TRUE(is_dropped({path, Match::kContains, R"(c:\windows\temp\x.tmp)"}, event));
    EXPECT_TRUE(is_dropped({path, Match::kEquals, R"(c:\windows\temp\x.TMP)"}, event));
    EXPECT_FALSE(is_dropped({path, Match::kStartsWith, R"(\Windows)"}, event));
    EXPECT_FALSE(is_dropped({path, Match::kEndsWith, ".tm"}, event));
    EXPECT_FALSE(is_dropped({path, Match::kContains, R"(\temp\\)"}, event));
    EXPECT_FALSE(is_dropped({path, Match::kEquals, R"(c:\windows\temp\x.tm)"}, event));
    EXPECT_FALSE(is_dropped({path, Match::kContains, std::string(100, 'x')}, event));
    EXPECT_FALSE(is_dropped({field(kFile, "image"), Match::kContains, "c"}, event));
}

TEST(Sensors, FoldLettersOnly) {
    const size_t path = field(kFile, "path");
    EXPECT_FALSE(is_dropped({path, Match::kEquals, "["}, created(0, "{")));
    EXPECT_FALSE(is_dropped({path, Match::kEquals, "@"}, created(0, "`")));
}

TEST(Sensors, CompareNumbersByTheirDigits) {
    Event event{.kind = EventKind::kNetworkConnect};
    ASSERT_TRUE(event.set("remote_port", EventValue::of(5985)));
    const size_t port = field(EventKind::kNetworkConnect, "remote_port");
    EXPECT_TRUE(is_dropped({port, Match::kEquals, "5985"}, event));
    EXPECT_TRUE(is_dropped({port, Match::kStartsWith, "59"}, event));
    EXPECT_FALSE(is_dropped({port, Match::kEquals, "598"}, event));
}

TEST(Sensors, DropAllOfAKindThatIsOff) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, {.enabled = false}));
    sensors.push(created(0, "a"), out);
    EXPECT_EQ(out.take(), "");
    EXPECT_EQ(sensors.counters(kFile), (SensorCounters{.in = 1, .dropped = 1}));
}

// --- Bounds --------------------------------------------------------------------------------------

TEST(Sensors, DeliverTheOldestEarlyWhenTooManyAreHeld) {
    Sensors sensors({.windows = 2});
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(100)));
    sensors.push(created(0, "a"), out);
    sensors.push(created(1, "b"), out);
    sensors.push(created(2, "a"), out);
    EXPECT_EQ(out.take(), "");
    sensors.push(created(3, "c"), out);
    EXPECT_EQ(out.take(), "a@0×2");
    EXPECT_EQ(sensors.held(), 2u);
    EXPECT_EQ(sensors.counters(kFile).cut_short, 1u);
}

TEST(Sensors, DeliverTheOldestEarlyWhenTooMuchTextIsHeld) {
    Sensors sensors({.text_bytes = 10});
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(100)));
    sensors.push(created(0, "aaaa"), out);
    sensors.push(created(1, "bbbb"), out);
    EXPECT_EQ(out.take(), "");
    sensors.push(created(2, "cccccccc"), out);
    EXPECT_EQ(out.take(), "aaaa@0×1 bbbb@1×1");
    sensors.push(created(3, "too much at once"), out);
    EXPECT_EQ(out.take(), "too much at once@3×1");
    EXPECT_EQ(sensors.held(), 1u);
}

TEST(Sensors, RefuseParametersThatAreNoneAndKeepTheOldOnes) {
    Sensors sensors;
    ASSERT_OK(sensors.set(kFile, {.enabled = false}));
    const size_t path = field(kFile, "path");
    const size_t beyond = host::info_of(kFile).fields.size();
    EXPECT_ERROR(sensors.set(kFile, {.drop = {{beyond, Match::kEquals, "a"}}}), "does not have");
    EXPECT_ERROR(sensors.set(kFile, {.drop = {{path, Match::kEquals, ""}}}), "0 bytes");
    EXPECT_ERROR(sensors.set(kFile, {.drop = {{path, Match::kEquals, std::string(1025, 'a')}}}),
                 "1025 bytes");
    EXPECT_ERROR(sensors.set(kFile, {.merge_window_ms = -1}), "-1 ms");
    EXPECT_ERROR(sensors.set(kFile, {.merge_window_ms = 3'600'001}), "3600001 ms");
    EXPECT_ERROR(sensors.set(kFile, {.merge_key = {beyond}}), "does not have");
    EXPECT_ERROR(sensors.set(kFile, {.merge_key = {path, path}}), "path twice");
    EXPECT_ERROR(
        sensors.set(kFile, {.drop = std::vector<DropCondition>(65, {path, Match::kEquals, "a"})}),
        "65 conditions");
    sensors.push(created(0, "a"), [](const Event&) {});
    EXPECT_EQ(sensors.counters(kFile).dropped, 1u);
}

// --- New parameters ------------------------------------------------------------------------------

TEST(Sensors, DeliverWhatIsHeldOnceTheParametersChange) {
    Sensors sensors;
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(100)));
    sensors.push(created(0, "a"), out);
    ASSERT_OK(sensors.set(kFile, {}));
    EXPECT_EQ(out.take(), "");
    sensors.push(created(1, "b"), out);
    EXPECT_EQ(out.take(), "a@0×1 b@1×1");
}

TEST(Sensors, MayBeSetByTheSink) {
    Sensors sensors({.windows = 1});
    Delivered out;
    ASSERT_OK(sensors.set(kFile, merging(100)));
    sensors.push(created(0, "a"), out);
    // Room is made for b by delivering a, whose sink has b dropped.
    sensors.push(created(1, "b"), [&](const Event& event) {
        out(event);
        ASSERT_OK(sensors.set(kFile, {.enabled = false}));
    });
    EXPECT_EQ(out.take(), "a@0×1");
    EXPECT_EQ(sensors.held(), 0u);
    EXPECT_EQ(sensors.counters(kFile),
              (SensorCounters{.in = 2, .dropped = 1, .delivered = 1, .cut_short = 1}));
}

}  // namespace
}  // namespace firebreak::endpoint::sensors
