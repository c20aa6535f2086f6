#include "endpoint/behavior/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "endpoint/behavior/rule_fixture.h"

namespace firebreak::endpoint::behavior {
namespace {

using host::EventKind;

bool matches(std::string_view pattern, std::string_view text) {
    auto parsed = Pattern::parse(pattern);
    EXPECT_TRUE(parsed.ok()) << pattern;
    return parsed.ok() && parsed->matches(text);
}

TEST(Pattern, MatchesAsAWholeWithoutRegardToCase) {
    EXPECT_TRUE(matches("abc", "aBC"));
    EXPECT_FALSE(matches("abc", "abcd"));
    EXPECT_TRUE(matches("ab*", "ABcd"));
    EXPECT_TRUE(matches("*cd", "abCD"));
    EXPECT_TRUE(matches("*bc*", "aBCd"));
    EXPECT_FALSE(matches("*bd*", "abcd"));
    EXPECT_TRUE(matches("", ""));
    EXPECT_FALSE(matches("", "x"));
}

TEST(Pattern, ThatMatchesAnythingIsNone) {
    EXPECT_ERROR(Pattern::parse("*"), "matches anything");
    EXPECT_ERROR(Pattern::parse("**"), "matches anything");
    EXPECT_ERROR(Pattern::parse("***"), "matches anything");
    EXPECT_ERROR(Pattern::parse(std::string(257, 'x')), "more than 256 bytes");
}

// text.like() takes a star anywhere: whoever writes one here means that, and would wait for ever.
TEST(Pattern, HasNoStarWithin) {
    for (const char* text : {"a*b", "*a*b", "a*b*", "*a*b*", "**a", "a**"}) {
        EXPECT_ERROR(Pattern::parse(text), "and not within it");
    }
}

RC_GTEST_PROP(Pattern, FindsWhatANaiveSearchFinds, ()) {
    const auto letters = rc::gen::container<std::string>(rc::gen::element('a', 'B', 'b'));
    const std::string text = *letters, word = *rc::gen::nonEmpty(letters);
    std::string small_text = text, small_word = word;
    for (std::string* one : {&small_text, &small_word}) {
        std::ranges::replace(*one, 'B', 'b');
    }
    RC_ASSERT(matches("*" + word + "*", text) ==
              (small_text.find(small_word) != std::string::npos));
    RC_ASSERT(matches(word + "*", text) == small_text.starts_with(small_word));
    RC_ASSERT(matches("*" + word, text) == small_text.ends_with(small_word));
    RC_ASSERT(matches(word, text) == (small_text == small_word));
}

TEST(Filter, WantsAllConditionsAndOneAlternativeOfEach) {
    Filter filter(EventKind::kNetworkConnect);
    ASSERT_OK(filter.add("image", "*\\a.exe"));
    ASSERT_OK(filter.add("image", "*\\b.exe"));
    ASSERT_OK(filter.add("remote_port", uint64_t{443}));
    const auto connect = [](const char* image, uint64_t port) {
        return event_of(EventKind::kNetworkConnect, 1, {{"image", image}, {"remote_port", port}});
    };
    EXPECT_TRUE(filter.matches(connect("C:\\A.EXE", 443)));
    EXPECT_TRUE(filter.matches(connect("C:\\b.exe", 443)));
    EXPECT_FALSE(filter.matches(connect("C:\\b.exe", 80)));
    EXPECT_FALSE(filter.matches(connect("C:\\c.exe", 443)));
    EXPECT_FALSE(filter.matches(event_of(EventKind::kNetworkConnect, 1, {})))
        << "what is absent meets nothing";
    EXPECT_TRUE(Filter(EventKind::kNetworkConnect).matches(connect("x", 1)));
}

TEST(Filter, RefusesWhatNoEventCouldMeet) {
    Filter filter(EventKind::kDnsQuery);
    EXPECT_ERROR(filter.add("qurey", "x"), "dns_query has no field `qurey`; its fields: ");
    EXPECT_ERROR(filter.add("query", uint64_t{1}), "`query` is a text");
    for (size_t i = 0; i < kMaxAlternatives; ++i) {
        ASSERT_OK(filter.add("query", "x"));
    }
    EXPECT_ERROR(filter.add("query", "x"), "more than 64 alternatives");
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
