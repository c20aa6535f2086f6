#include "host/event.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include <algorithm>
#include <set>

#include "support/any_event.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

// --- The catalogue -------------------------------------------------------------------------------

bool is_snake_case(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                std::string_view::npos;
}

TEST(EventCatalogue, FindsEveryKindAndFieldByItsName) {
    for (const EventKindInfo& kind : event_kinds()) {
        EXPECT_EQ(find_event_kind(kind.name), kind.kind);
        EXPECT_EQ(&info_of(kind.kind), &kind);
        for (size_t i = 0; i < kind.fields.size(); ++i) {
            EXPECT_EQ(find_event_field(kind.kind, kind.fields[i].name), i) << kind.name;
        }
    }
    EXPECT_EQ(find_event_kind("process_started"), std::nullopt);
    EXPECT_EQ(find_event_field(EventKind::kDnsQuery, "command_line"), std::nullopt);
}

TEST(EventCatalogue, NamesAreWrittenAlikeAndMeaningsAreOneLine) {
    for (const EventKindInfo& kind : event_kinds()) {
        EXPECT_TRUE(is_snake_case(kind.name)) << kind.name;
        EXPECT_FALSE(kind.meaning.empty()) << kind.name;
        for (const EventFieldInfo& field : kind.fields) {
            EXPECT_TRUE(is_snake_case(field.name)) << field.name;
            EXPECT_FALSE(field.meaning.empty()) << field.name;
            EXPECT_EQ(field.meaning.find('\n'), std::string_view::npos) << field.name;
        }
    }
}

// --- Events --------------------------------------------------------------------------------------

TEST(Event, TakesValuesOfTheFieldsType) {
    Event event{.kind = EventKind::kNetworkConnect};
    EXPECT_TRUE(event.set("remote_address", EventValue::of("10.0.0.1")));
    EXPECT_TRUE(event.set("remote_port", EventValue::of(443)));
    EXPECT_TRUE(event.set("outbound", EventValue::of(1)));
    EXPECT_FALSE(event.set("remote_address", EventValue::of(4)));
    EXPECT_FALSE(event.set("remote_port", EventValue::of("443")));
    EXPECT_FALSE(event.set("outbound", EventValue::of(2)));
    EXPECT_FALSE(event.set("query", EventValue::of("a")));
    EXPECT_EQ(event.value("remote_address").text(), "10.0.0.1");
    EXPECT_EQ(event.value("remote_port").number(), 443u);
    EXPECT_TRUE(event.value("remote_host").is_absent());
    EXPECT_TRUE(event.value("query").is_absent());
}

TEST(EventValue, TellsNothingFromEmptyText) {
    EXPECT_NE(EventValue(), EventValue::of(""));
    EXPECT_NE(EventValue::of(0), EventValue());
    EXPECT_EQ(EventValue::of(std::string("a")), EventValue::of("a"));
    EXPECT_EQ(EventValue::of(7).text(), "");
    EXPECT_EQ(EventValue::of("7").number(), 0u);
}

// --- Logs ----------------------------------------------------------------------------------------

Event started(int64_t at_ms, std::string_view image) {
    Event event{.at_ms = at_ms, .process = 1};
    event.values[0] = EventValue::of(image);
    return event;
}

EventLog log_of(const std::vector<Event>& events) {
    EventLogBuilder builder;
    for (const Event& event : events) {
        EXPECT_TRUE(builder.add(event));
    }
    return std::move(builder).build();
}

TEST(EventLog, IsInOrderOfTimeAndOfEqualTimesAsAdded) {
    const EventLog log =
        log_of({started(5, "a"), started(3, "b"), started(5, "c"), started(3, "d")});
    std::string order;
    for (const Event& event : log.events()) {
        order += event.values[0].text();
    }
    EXPECT_EQ(order, "bdac");
}

TEST(EventLog, KeepsItsTextsAndEqualOnesOnce) {
    EventLog log;
    {
        const std::string image = "a text too long for a small string's own buffer";
        const EventLog original = log_of({started(1, image), started(2, std::string(image))});
        log = original;
    }
    ASSERT_EQ(log.events().size(), 2u);
    EXPECT_EQ(log.events()[0].values[0].text(), "a text too long for a small string's own buffer");
    EXPECT_EQ(log.events()[0].values[0].text().data(), log.events()[1].values[0].text().data());
    const base::Bytes once = log_of({log.events()[0]}).encode();
    EXPECT_LT(log.encode().size(), once.size() + 40);
}

TEST(EventLog, TakesNoEventThatParsingWouldRefuse) {
    EventLogBuilder builder;
    Event beyond{.kind = EventKind::kLogCleared};
    beyond.values[2] = EventValue::of("a");
    EXPECT_FALSE(builder.add(beyond));
    Event of_another_type{.kind = EventKind::kLogCleared};
    of_another_type.values[0] = EventValue::of(1);
    EXPECT_FALSE(builder.add(of_another_type));
    EXPECT_FALSE(builder.add(Event{.count = 0}));
    EXPECT_EQ(builder.size(), 0u);
}

TEST(EventLog, IsEmptyWithoutEvents) {
    ASSERT_OK_AND(const EventLog log, EventLog::parse(EventLog().encode()));
    EXPECT_TRUE(log.events().empty());
}

RC_GTEST_PROP(EventLog, ReadsBackWhatWasWritten, ()) {
    const std::vector<Event> events = test::any_events();
    const EventLog log = log_of(events);
    RC_ASSERT(std::ranges::equal(log.events(), events));
    const base::Bytes bytes = log.encode();
    const auto again = EventLog::parse(bytes);
    RC_ASSERT(again.ok());
    RC_ASSERT(std::ranges::equal(again->events(), events));
    RC_ASSERT(again->encode() == bytes);
}

RC_GTEST_PROP(EventLog, RefusesEveryPrefixAndWhateverComesAfter, ()) {
    base::Bytes bytes = log_of(test::any_events()).encode();
    const auto end = *rc::gen::inRange<size_t>(0, bytes.size());
    RC_ASSERT(!EventLog::parse(base::ByteView(bytes).first(end)).ok());
    bytes.push_back(0);
    RC_ASSERT(!EventLog::parse(bytes).ok());
}

RC_GTEST_PROP(EventLog, EitherRefusesChangedBytesOrReadsEventsThatItCouldHaveWritten, ()) {
    base::Bytes bytes = log_of(test::any_events()).encode();
    bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
    const auto log = EventLog::parse(bytes);
    if (log.ok()) {
        EventLogBuilder builder;
        for (const Event& event : log->events()) {
            RC_ASSERT(builder.add(event));
        }
        const EventLog same = std::move(builder).build();
        RC_ASSERT(std::ranges::equal(same.events(), log->events()));
    }
}

// What one event's bytes may not say.
struct Wrong {
    uint8_t kind = 17;
    uint64_t at_ms = 0;
    uint32_t count = 1;
    uint16_t present = 1;
    uint32_t text = 0;
};

base::Status parse_wrong(const Wrong& wrong) {
    base::ByteWriter out;
    out.u32(1);  // version
    out.u32(1);  // texts
    out.u32(3);
    out.text("Sec");
    out.u32(1);  // events
    out.u8(wrong.kind);
    out.u64(wrong.at_ms);
    out.u32(0);
    out.u32(wrong.count);
    out.u16(wrong.present);
    out.u32(wrong.text);
    const auto log = EventLog::parse(std::move(out).take());
    return log.ok() ? base::Status() : log.error();
}

TEST(EventLog, SaysWhatIsWrongAndInWhichEvent) {
    ASSERT_OK(parse_wrong({}));
    EXPECT_ERROR(parse_wrong({.kind = 18}), "event 1: no such kind");
    EXPECT_ERROR(parse_wrong({.count = 0}), "a count of 0");
    EXPECT_ERROR(parse_wrong({.present = 4}), "a field that its kind");
    EXPECT_ERROR(parse_wrong({.text = 1}), "a text that is not in");
    EXPECT_ERROR(parse_wrong({.present = 0}), "shorter or longer");
}

TEST(EventLog, RefusesTimesThatGoBackAndFlagsThatAreNone) {
    base::Bytes back = log_of({started(1, "a"), started(2, "a")}).encode();
    Event two{.kind = EventKind::kImageLoad};
    two.set("signed", EventValue::of(1));
    base::Bytes flag = log_of({two}).encode();
    flag[flag.size() - 8] = 2;
    EXPECT_ERROR(EventLog::parse(flag), "neither 0 nor 1");
    const size_t second = back.size() - (1 + 8 + 4 + 4 + 2 + 4);
    back[second + 1] = 0;
    EXPECT_ERROR(EventLog::parse(back), "event 2: a time before");
}

TEST(EventLog, ReservesNothingForCountsThatItsBytesCannotHold) {
    base::ByteWriter texts;
    texts.u32(1);
    texts.u32(UINT32_MAX);
    EXPECT_FALSE(EventLog::parse(std::move(texts).take()).ok());
    base::ByteWriter events;
    events.u32(1);
    events.u32(0);
    events.text("");
    events.u32(UINT32_MAX);
    EXPECT_FALSE(EventLog::parse(std::move(events).take()).ok());
}

}  // namespace
}  // namespace firebreak::host
