#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include "content/generators.h"
#include "content/head.h"

namespace firebreak::content {
namespace {

using test::any_digest;
using test::mutated;

Feed any_feed() {
    return static_cast<Feed>(*rc::gen::inRange<int>(0, kFeedCount));
}

uint64_t any_number(uint64_t least) {
    return *rc::gen::inRange<uint64_t>(least, (1ull << 53) + 1);
}

constexpr int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

base::UtcTime any_time(int64_t least, int64_t most = kLastSecond) {
    return {*rc::gen::inRange<int64_t>(least, most + 1)};
}

std::string any_group() {
    return *test::text_of_characters("az09-", 40);
}

std::optional<base::Digest> any_digest_or_none() {
    return *rc::gen::arbitrary<bool>() ? std::optional(any_digest()) : std::nullopt;
}

SignedHead any_head() {
    const base::UtcTime issued = any_time(0, kLastSecond - 1);
    return {any_feed(),   any_group(),   any_number(0), any_digest_or_none(),
            any_digest(), any_number(0), issued,        any_time(issued.unix_seconds + 1)};
}

SetManifest any_set() {
    SetManifest set{any_group(), any_number(0), {}};
    for (int n = *rc::gen::inRange(0, 18); n > 0; --n) {
        set.packages[any_feed()] = any_digest();
    }
    return set;
}

RootStatement any_statement() {
    RootStatement statement{any_number(1), {}, {}};
    if (*rc::gen::arbitrary<bool>()) {
        statement.sequence = any_number(0);
    }
    for (int n = *rc::gen::inRange(0, 10); n > 0; --n) {
        statement.revoked.insert(any_digest());
        statement.floors[any_feed()] = any_time(0);
    }
    return statement;
}

// The one thing that must hold of any bytes at all.
void check_parsed_heads_are_canonical(const base::Bytes& bytes) {
    const auto check = [&bytes](const auto& parsed) {
        if (parsed.ok()) {
            RC_ASSERT(canonical_json(*parsed) == bytes);
        }
    };
    check(parse_head(bytes));
    check(parse_signed_head(bytes));
    check(parse_set_manifest(bytes));
    check(parse_root_statement(bytes));
}

// How many of the parsers take it.
int readings(const base::Bytes& bytes) {
    return (parse_head(bytes).ok() ? 1 : 0) + (parse_signed_head(bytes).ok() ? 1 : 0) +
           (parse_set_manifest(bytes).ok() ? 1 : 0) + (parse_root_statement(bytes).ok() ? 1 : 0);
}

RC_GTEST_PROP(HeadProperty, EveryHeadSurvivesTheRoundTripAndIsNothingElse, ()) {
    const Head head{any_feed(), any_digest_or_none()};
    const auto parsed = parse_head(canonical_json(head));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == head);
    RC_ASSERT(readings(canonical_json(head)) == 1);
}

RC_GTEST_PROP(HeadProperty, EveryValidSignedHeadSurvivesTheRoundTripAndIsNothingElse, ()) {
    const SignedHead head = any_head();
    RC_ASSERT(validate(head).ok());
    const auto parsed = parse_signed_head(canonical_json(head));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == head);
    RC_ASSERT(readings(canonical_json(head)) == 1);
}

RC_GTEST_PROP(HeadProperty, EveryValidSetSurvivesTheRoundTripAndIsNothingElse, ()) {
    const SetManifest set = any_set();
    RC_ASSERT(validate(set).ok());
    const auto parsed = parse_set_manifest(canonical_json(set));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == set);
    RC_ASSERT(readings(canonical_json(set)) == 1);
}

RC_GTEST_PROP(HeadProperty, EveryValidStatementSurvivesTheRoundTripAndIsNothingElse, ()) {
    const RootStatement statement = any_statement();
    RC_ASSERT(validate(statement).ok());
    const auto parsed = parse_root_statement(canonical_json(statement));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == statement);
    RC_ASSERT(readings(canonical_json(statement)) == 1);
}

RC_GTEST_PROP(HeadProperty, AMutatedDocumentIsRefusedOrAnotherCanonicalOne, ()) {
    check_parsed_heads_are_canonical(
        mutated(canonical_json(Head{any_feed(), any_digest_or_none()})));
    check_parsed_heads_are_canonical(mutated(canonical_json(any_head())));
    check_parsed_heads_are_canonical(mutated(canonical_json(any_set())));
    check_parsed_heads_are_canonical(mutated(canonical_json(any_statement())));
}

RC_GTEST_PROP(HeadProperty, RandomBytesNeverPass, (const base::Bytes& bytes)) {
    RC_ASSERT(readings(bytes) == 0);
}

}  // namespace
}  // namespace firebreak::content
