#include "endpoint/scanner/messages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "support/result_matchers.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Bytes;
using base::Code;

const Bytes kRules = base::bytes_of("rule a { condition: true }");
const Bytes kContent = base::bytes_of("content");
const Bytes kLong(10'000, 'x');  // goes without being copied

std::vector<Bytes> some_requests() {
    return {encode(LoadRules{{{"worms.yar", kRules}, {"long.yara", kLong}}}).joined(),
            encode(LoadTable{"reputation.table", kContent}).joined(),
            encode(LoadModel{"packed.live.so", kLong}).joined(),
            encode(TrustPublishers{{kContent, kRules}, {1'700'000'000}}).joined(),
            encode(ScanRequest{{ports::file_subject("C:\\a\\b.doc", kContent),
                                {SubjectKind::kMemory, "a.exe", {{16, kContent}, {4096, {}}}, {}}}})
                .joined(),
            encode(ScoreRequest{7, {0.5f, -1.0f}}).joined()};
}

LoadReply some_load_reply() {
    return {Code::kRulesDoNotCompile, 0, "worms.yar", 12, "syntax error"};
}

SubjectReply some_subject_reply() {
    SubjectReply reply;
    reply.matches = {{"First", ""}, {"Second", "a.zip/b"}};
    Program program;
    program.where = "@512";
    program.sha256[3] = 7;
    program.signer = base::Sha256{1, 2, 3};
    program.signer_name = "Example Publishing";
    program.by_hash = 90;
    program.features = {1.5f};
    reply.programs = {program, Program{}};
    reply.gaps = {{GapReason::kEncrypted, "a.zip/c"}};
    return reply;
}

ScoreReply some_score_reply() {
    return {{{"packed", "3", false, 0.75f, 0.5f, true, ""},
             {"packed", "4", true, 0, 0.25f, false, "it gave no number"}}};
}

std::vector<Bytes> some_messages() {
    std::vector<Bytes> messages = some_requests();
    messages.push_back(encode(some_load_reply()));
    messages.push_back(encode(ScanReply{{some_subject_reply()}}));
    messages.push_back(encode(some_score_reply()));
    return messages;
}

// What every parser owes to bytes of any origin: either an error, or the one message that encodes
// to just these bytes.
void expect_total(const Bytes& bytes) {
    if (const auto request = parse_request(bytes); request.ok()) {
        const Bytes again =
            std::visit([](const auto& message) { return encode(message).joined(); }, *request);
        RC_ASSERT(again == bytes);
    }
    if (const auto reply = parse_load_reply(bytes); reply.ok()) {
        RC_ASSERT(encode(*reply) == bytes);
    }
    for (const size_t subjects : {0, 1, 2}) {
        if (const auto reply = parse_scan_reply(bytes, subjects); reply.ok()) {
            RC_ASSERT(encode(*reply) == bytes);
        }
    }
    if (const auto reply = parse_score_reply(bytes); reply.ok()) {
        RC_ASSERT(encode(*reply) == bytes);
    }
}

bool is_any_message(const Bytes& bytes) {
    return parse_request(bytes).ok() || parse_load_reply(bytes).ok() ||
           parse_scan_reply(bytes, 1).ok() || parse_score_reply(bytes).ok();
}

RC_GTEST_PROP(ScannerMessages, ComeBackAsTheyWereSent, ()) {
    std::vector<Bytes> sources;
    LoadRules load;
    for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
        sources.push_back(*rc::gen::arbitrary<Bytes>());
    }
    for (const Bytes& source : sources) {
        load.files.push_back({*rc::gen::arbitrary<std::string>(), source});
    }
    const Bytes encoded = encode(load).joined();
    const auto request = parse_request(encoded);
    RC_ASSERT(request.ok());
    RC_ASSERT(encode(std::get<LoadRules>(*request)).joined() == encoded);

    const Bytes content = *rc::gen::arbitrary<Bytes>();
    const std::string name = *rc::gen::arbitrary<std::string>();
    const Bytes scan = encode(ScanRequest{{ports::file_subject(name, content)}}).joined();
    const auto scan_request = parse_request(scan);
    RC_ASSERT(scan_request.ok());
    const Subject& subject = std::get<ScanRequest>(*scan_request).subjects.at(0);
    RC_ASSERT(subject.name == name);
    RC_ASSERT(std::ranges::equal(subject.regions.at(0).bytes, content));

    SubjectReply reply = some_subject_reply();
    reply.matches.push_back({*rc::gen::arbitrary<std::string>(), name});
    const auto scan_reply = parse_scan_reply(encode(ScanReply{{reply}}), 1);
    RC_ASSERT(scan_reply.ok());
    RC_ASSERT(scan_reply->subjects[0].matches == reply.matches);
    RC_ASSERT(scan_reply->subjects[0].gaps == reply.gaps);
}

RC_GTEST_PROP(ScannerMessages, OfArbitraryBytesAreErrorsOrCanonical, (const Bytes& bytes)) {
    expect_total(bytes);
}

RC_GTEST_PROP(ScannerMessages, ThatWereDamagedAreErrorsOrCanonical, ()) {
    Bytes bytes = *rc::gen::elementOf(some_messages());
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
        bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
    }
    expect_total(bytes);
}

TEST(ScannerMessages, CutShortOrDrawnOutAreErrors) {
    for (const Bytes& whole : some_messages()) {
        ASSERT_TRUE(is_any_message(whole));
        for (size_t length = 0; length < whole.size(); ++length) {
            EXPECT_FALSE(
                is_any_message({whole.begin(), whole.begin() + static_cast<long>(length)}));
        }
        Bytes longer = whole;
        longer.push_back(0);
        EXPECT_FALSE(is_any_message(longer));
    }
}

TEST(ScannerMessages, AreNotTakenForOneAnother) {
    for (const Bytes& message : some_messages()) {
        const int taken = parse_request(message).ok() + parse_load_reply(message).ok() +
                          parse_scan_reply(message, 1).ok() + parse_score_reply(message).ok();
        EXPECT_EQ(taken, 1);
    }
}

TEST(ScannerMessages, BeyondTheirLimitsAreErrors) {
    LoadRules load;
    load.files.resize(kMaxRuleFiles, {"a.yar", {}});
    EXPECT_TRUE(parse_request(encode(load).joined()).ok());
    load.files.push_back({"b.yar", {}});
    EXPECT_ERROR(parse_request(encode(load).joined()), "malformed");

    SubjectReply scan;
    scan.matches.resize(kMaxMatches, {"R", ""});
    EXPECT_TRUE(parse_scan_reply(encode(ScanReply{{scan}}), 1).ok());
    scan.matches.push_back({"R", ""});
    EXPECT_ERROR(parse_scan_reply(encode(ScanReply{{scan}}), 1), "malformed");

    LoadReply reply = some_load_reply();
    reply.message.assign(kMaxMessageBytes, 'm');
    EXPECT_TRUE(parse_load_reply(encode(reply)).ok());
    reply.message += 'm';
    EXPECT_ERROR(parse_load_reply(encode(reply)), "malformed");
}

TEST(ScannerMessages, AnswerForJustTheSubjectsThatWereSent) {
    const Bytes two = encode(ScanReply{{SubjectReply{}, SubjectReply{}}});
    EXPECT_TRUE(parse_scan_reply(two, 2).ok());
    EXPECT_ERROR(parse_scan_reply(two, 1), "malformed");
    EXPECT_ERROR(parse_scan_reply(two, 3), "malformed");
}

TEST(ScannerMessages, CarryNoCodeThatTheyHaveNoUseFor) {
    LoadReply load = some_load_reply();
    load.code = Code::kKilledBySignal;
    EXPECT_ERROR(parse_load_reply(encode(load)), "malformed");
    SubjectReply scan = some_subject_reply();
    scan.code = static_cast<Code>(60'000);
    EXPECT_ERROR(parse_scan_reply(encode(ScanReply{{scan}}), 1), "malformed");
}

TEST(ScannerMessages, CarryNoScoreOrThresholdThatIsNotAShare) {
    for (const float bad : {-0.25f, 1.5f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
        ScoreReply reply = some_score_reply();
        reply.scores[0].score = bad;
        EXPECT_ERROR(parse_score_reply(encode(reply)), "malformed");
        reply = some_score_reply();
        reply.scores[1].threshold = bad;
        EXPECT_ERROR(parse_score_reply(encode(reply)), "malformed");
    }
}

// A count that promises more than is there must not make the parser allocate for it.
TEST(ScannerMessages, WithImpossibleLengthsAreErrors) {
    for (const uint32_t length : {0xffffffffu, 0x80000000u, 1000u}) {
        for (uint8_t kind = 1; kind < 10; ++kind) {
            base::ByteWriter writer;
            writer.u8(kind);
            writer.u32(length);
            writer.u8('x');
            EXPECT_FALSE(is_any_message(std::move(writer).take()));
        }
    }
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
