#include "endpoint/behavior/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/result_matchers.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Bytes;
using base::Code;

const Bytes kSource = base::bytes_of("rule {id = \"a\"}");

EventReply some_reply() {
    EventReply reply;
    reply.detections = {{"a", "T1059", Severity::kHigh, 7, -5, {{"name", "value"}}}};
    reply.scans = {{3, "a", "C:\\x"}};
    reply.notes = {{RuleNote::What::kDisabled, "a", "failed 20 times"}};
    reply.left_out = 2;
    reply.handled = 9;
    return reply;
}

CostReply some_costs() {
    CostReply reply;
    RuleCost cost;
    cost.rule = "a";
    cost.calls = 4;
    cost.histogram[3] = 4;
    cost.disabled = true;
    reply.rules = {cost};
    reply.sensors = {{"dns_query", 5, 1, 1, 3}};
    reply.memory_bytes = 1000;
    return reply;
}

std::vector<Bytes> some_messages() {
    TellScan scan{3, true, true, "Worm", uint8_t{9}};
    return {encode(LoadRules{RuleFeed::kBehavior, {{"a.lua", kSource}}, true}).joined(),
            encode(HandleEvents{kSource, true, {{7, 90}}}).joined(),
            encode(scan).joined(),
            encode(TellCosts{}).joined(),
            encode(LoadReply{Code::kRulesDoNotCompile, 0, "a.lua", 3, "unexpected symbol"}),
            encode(some_reply()),
            encode(some_costs())};
}

// Either an error, or the one message that encodes to just these bytes; how many it was.
int parsed(const Bytes& bytes) {
    int kinds = 0;
    if (const auto request = parse_request(bytes); request.ok()) {
        ++kinds;
        RC_ASSERT(std::visit([](const auto& one) { return encode(one).joined(); }, *request) ==
                  bytes);
    }
    const auto check = [&](const auto& reply) {
        if (reply.ok()) {
            ++kinds;
            RC_ASSERT(encode(*reply) == bytes);
        }
    };
    check(parse_load_reply(bytes));
    check(parse_event_reply(bytes));
    check(parse_cost_reply(bytes));
    return kinds;
}

TEST(BehaviorMessages, ComeBackAsTheyWereSentAndPassForNoOther) {
    for (const Bytes& message : some_messages()) {
        EXPECT_EQ(parsed(message), 1);
        for (size_t size = 0; size < message.size(); ++size) {
            EXPECT_EQ(parsed(Bytes(message.begin(), message.begin() + size)), 0) << size;
        }
        Bytes longer = message;
        longer.push_back(0);
        EXPECT_EQ(parsed(longer), 0);
    }
    const auto reply = parse_event_reply(encode(some_reply()));
    ASSERT_OK(reply);
    EXPECT_EQ(reply->detections, some_reply().detections);
    EXPECT_EQ(reply->notes, some_reply().notes);
}

RC_GTEST_PROP(BehaviorMessages, AreOneMessageOrNoneWhateverTheBytes, ()) {
    std::vector<Bytes> messages = some_messages();
    Bytes bytes = *rc::gen::elementOf(messages);
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
        bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
    }
    RC_ASSERT(parsed(bytes) <= 1);
    RC_ASSERT(parsed(*rc::gen::arbitrary<Bytes>()) <= 1);
}

TEST(BehaviorMessages, KeepTheirLimits) {
    EventReply reply;
    reply.detections.resize(kMaxDetections);
    ASSERT_OK(parse_event_reply(encode(reply)));
    reply.detections.resize(kMaxDetections + 1);
    EXPECT_ERROR(parse_event_reply(encode(reply)), "malformed");
    EXPECT_ERROR(parse_load_reply(encode(LoadReply{Code::kHeadMissing, 0, "", 0, ""})),
                 "malformed");
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
