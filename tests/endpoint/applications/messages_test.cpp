#include "endpoint/applications/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/result_matchers.h"

namespace firebreak::endpoint::applications {
namespace {

using base::Bytes;
using base::Code;

const Bytes kSource = base::bytes_of("application {id = \"a\"}");

Claim some_claim() {
    return {{"app", "App", "1.0", {{EvidenceKind::kService, "App"}}},
            {{ExclusionKind::kFolder, "C:\\App"}, {ExclusionKind::kProcess, "C:\\App\\a.exe"}}};
}

RuleReply failed_rule(const std::string& id, RuleReply::End end = RuleReply::End::kDeadline) {
    RuleReply rule;
    rule.end = end;
    rule.claim.application.id = id;
    rule.message = "stopped";
    return rule;
}

DetectReply some_reply() {
    DetectReply reply;
    reply.rules = {{RuleReply::End::kFound, some_claim(), ""}, failed_rule("other")};
    reply.costs = {{1'500'000, 40'000}, {20'000'000, 3'000'000}};
    reply.scripts = 2;
    reply.scripts_failed = 1;
    reply.waited_s = 62;
    return reply;
}

std::vector<Bytes> some_messages() {
    return {encode(LoadRules{{{"a.lua", kSource}}}).joined(),
            encode(Detect{kSource, {PowerShell::Does::kFails, 3, "no"}}).joined(),
            rules::encode({Code::kRulesDoNotCompile, 0, "a.lua", 3, "unexpected symbol"}),
            encode(some_reply()), encode(std::vector<KnownApplication>{{"a.lua", some_claim()}})};
}

// Either an error, or the one message that encodes to just these bytes; how many it was.
int parsed(const Bytes& bytes) {
    int kinds = 0;
    if (const auto request = parse_request(bytes); request.ok()) {
        ++kinds;
        RC_ASSERT(std::visit([](const auto& one) { return encode(one).joined(); }, *request) ==
                  bytes);
    }
    const auto check = [&](const auto& message) {
        if (message.ok()) {
            ++kinds;
            RC_ASSERT(encode(*message) == bytes);
        }
    };
    check(rules::parse_load_reply(bytes));
    check(parse_detect_reply(bytes));
    check(parse_known(bytes));
    return kinds;
}

RC_GTEST_PROP(MessagesProperty, AreParsedFromTheirOwnEncodingAlone, ()) {
    Bytes bytes = *rc::gen::elementOf(some_messages());
    RC_ASSERT(parsed(bytes) == 1);
    for (int changes = *rc::gen::inRange(1, 4); changes > 0; --changes) {
        const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
        bytes[at] = *rc::gen::arbitrary<uint8_t>();
    }
    bytes.resize(*rc::gen::inRange<size_t>(1, bytes.size() + 3));
    RC_ASSERT(parsed(bytes) <= 1);
}

RC_GTEST_PROP(MessagesProperty, TakeAnyBytes, ()) {
    RC_ASSERT(parsed(*rc::gen::arbitrary<Bytes>()) <= 1);
}

TEST(Messages, CarryWhatWasSaid) {
    ASSERT_OK_AND(const DetectReply reply, parse_detect_reply(encode(some_reply())));
    EXPECT_EQ(reply.rules, some_reply().rules);
    EXPECT_EQ(reply.waited_s, 62u);
    EXPECT_EQ(reply.costs.at(1).memory_bytes, 3'000'000u);
    const std::vector<KnownApplication> known = {{"a.lua", some_claim()}};
    ASSERT_OK_AND(const auto again, parse_known(encode(known)));
    EXPECT_EQ(again, known);
}

// --- what a process may say that has gone bad

TEST(Messages, RefuseAReplyWithTwoRulesOfOneApplication) {
    DetectReply reply = some_reply();
    reply.rules[1].claim.application.id = "app";
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
}

TEST(Messages, RefuseAnApplicationWithoutAnIdOrWithoutEvidence) {
    DetectReply reply = some_reply();
    reply.rules[0].claim.application.id = "";
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
    reply = some_reply();
    reply.rules[0].claim.application.evidence.clear();
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
}

TEST(Messages, RefuseExclusionsOfARuleThatFailed) {
    DetectReply reply = some_reply();
    reply.rules[0].end = RuleReply::End::kError;
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
}

TEST(Messages, RefuseMoreTimeAndScriptsThanRulesMayHave) {
    for (const auto spoil : {+[](DetectReply& reply) { reply.scripts = 5; },
                             +[](DetectReply& reply) { reply.scripts_failed = 3; },
                             +[](DetectReply& reply) { reply.waited_s = 121; }}) {
        DetectReply reply = some_reply();
        spoil(reply);
        EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
    }
}

TEST(Messages, RefuseMoreThanThereMayBeOfAnything) {
    DetectReply reply = some_reply();
    reply.rules[0].claim.exclusions.resize(kMaxExclusions + 1);
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
    reply = some_reply();
    reply.rules[0].claim.exclusions[0].path = std::string(kMaxPathBytes + 1, 'x');
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
    reply = some_reply();
    for (size_t i = 0; i < kMaxRules; ++i) {
        reply.rules.push_back(failed_rule(std::to_string(i)));
    }
    reply.costs.resize(reply.rules.size());
    EXPECT_FALSE(parse_detect_reply(encode(reply)).ok());
}

// So that no rule takes room from another.
TEST(Messages, OfAllRulesThatSayAsMuchAsTheyMayAreNoLongerThanAReplyMayBe) {
    constexpr size_t kLongestReply = 1024 * 1024;  // sandbox::Policy
    const std::string text(kMaxIdBytes - 3, 'x'), path(kMaxPathBytes, 'x');
    DetectReply reply;
    for (size_t i = 0; i < kMaxRules; ++i) {
        RuleReply rule{RuleReply::End::kFound, {}, std::string(kMaxMessageBytes, 'x')};
        rule.claim.application = {std::to_string(i) + text, text + "xxx", text + "xxx", {}};
        rule.claim.application.id.resize(kMaxIdBytes, 'y');
        rule.claim.application.evidence.assign(kMaxEvidence, {EvidenceKind::kFile, path});
        rule.claim.exclusions.assign(kMaxExclusions, {ExclusionKind::kFile, path});
        reply.rules.push_back(std::move(rule));
    }
    reply.costs.resize(reply.rules.size());
    const Bytes bytes = encode(reply);
    EXPECT_TRUE(parse_detect_reply(bytes).ok());
    EXPECT_LE(bytes.size(), kLongestReply);
}

}  // namespace
}  // namespace firebreak::endpoint::applications
