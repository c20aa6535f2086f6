#include "endpoint/scanner/messages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/result_matchers.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Bytes;
using base::Code;

LoadRequest some_load_request() {
    return {{{"worms.yar", base::bytes_of("rule a { condition: true }")}, {"empty.yara", {}}}};
}
ScanRequest some_scan_request() {
    return {"C:\\a\\b.doc", base::bytes_of("content")};
}
LoadReply some_load_reply() {
    return {Code::kRulesDoNotCompile, 0, "worms.yar", 12, "syntax error"};
}
ScanReply some_scan_reply() {
    return {Code::kNone, {"First", "Second"}, ""};
}

// What every parser owes to bytes of any origin: either an error, or the one message that encodes
// to just these bytes.
void expect_total(const Bytes& bytes) {
    if (const auto request = parse_request(bytes); request.ok()) {
        const Bytes again =
            std::visit([](const auto& message) { return encode(message); }, *request);
        RC_ASSERT(again == bytes);
    }
    if (const auto reply = parse_load_reply(bytes); reply.ok()) {
        RC_ASSERT(encode(*reply) == bytes);
    }
    if (const auto reply = parse_scan_reply(bytes); reply.ok()) {
        RC_ASSERT(encode(*reply) == bytes);
    }
}

RC_GTEST_PROP(ScannerMessages, ComeBackAsTheyWereSent, ()) {
    LoadRequest load;
    for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
        load.files.push_back({*rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<Bytes>()});
    }
    const auto request = parse_request(encode(load));
    RC_ASSERT(request.ok());
    RC_ASSERT(encode(std::get<LoadRequest>(*request)) == encode(load));

    const ScanRequest scan{*rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<Bytes>()};
    const auto scan_request = parse_request(encode(scan));
    RC_ASSERT(scan_request.ok());
    RC_ASSERT(std::get<ScanRequest>(*scan_request).name == scan.name);
    RC_ASSERT(std::get<ScanRequest>(*scan_request).subject == scan.subject);

    const ScanReply reply{Code::kNone, *rc::gen::arbitrary<std::vector<std::string>>(), ""};
    const auto scan_reply = parse_scan_reply(encode(reply));
    RC_ASSERT(scan_reply.ok());
    RC_ASSERT(scan_reply->rules == reply.rules);
}

RC_GTEST_PROP(ScannerMessages, OfArbitraryBytesAreErrorsOrCanonical, (const Bytes& bytes)) {
    expect_total(bytes);
}

RC_GTEST_PROP(ScannerMessages, ThatWereDamagedAreErrorsOrCanonical, ()) {
    std::vector<Bytes> originals = {encode(some_load_request()), encode(some_scan_request()),
                                    encode(some_load_reply()), encode(some_scan_reply())};
    Bytes bytes = *rc::gen::elementOf(originals);
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
        bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
    }
    expect_total(bytes);
}

TEST(ScannerMessages, CutShortOrDrawnOutAreErrors) {
    const auto fails = [](const Bytes& bytes) {
        return !parse_request(bytes).ok() && !parse_load_reply(bytes).ok() &&
               !parse_scan_reply(bytes).ok();
    };
    for (const Bytes& whole : {encode(some_load_request()), encode(some_scan_request()),
                               encode(some_load_reply()), encode(some_scan_reply())}) {
        ASSERT_FALSE(fails(whole));
        for (size_t length = 0; length < whole.size(); ++length) {
            EXPECT_TRUE(fails({whole.begin(), whole.begin() + static_cast<long>(length)}));
        }
        Bytes longer = whole;
        longer.push_back(0);
        EXPECT_TRUE(fails(longer));
    }
}

TEST(ScannerMessages, AreNotTakenForOneAnother) {
    EXPECT_FALSE(parse_request(encode(some_load_reply())).ok());
    EXPECT_FALSE(parse_load_reply(encode(some_scan_reply())).ok());
    EXPECT_FALSE(parse_scan_reply(encode(some_load_reply())).ok());
    EXPECT_FALSE(parse_scan_reply(encode(some_scan_request())).ok());
}

TEST(ScannerMessages, BeyondTheirLimitsAreErrors) {
    LoadRequest load;
    load.files.resize(kMaxRuleFiles, {"a.yar", {}});
    EXPECT_TRUE(parse_request(encode(load)).ok());
    load.files.push_back({"b.yar", {}});
    EXPECT_ERROR(parse_request(encode(load)), "too many files");

    ScanReply scan;
    scan.rules.resize(kMaxMatches, "R");
    EXPECT_TRUE(parse_scan_reply(encode(scan)).ok());
    scan.rules.push_back("R");
    EXPECT_ERROR(parse_scan_reply(encode(scan)), "too many rules");

    LoadReply reply = some_load_reply();
    reply.message.assign(kMaxMessageBytes, 'm');
    EXPECT_TRUE(parse_load_reply(encode(reply)).ok());
    reply.message += 'm';
    EXPECT_ERROR(parse_load_reply(encode(reply)), "malformed");
}

TEST(ScannerMessages, CarryNoCodeThatTheyHaveNoUseFor) {
    LoadReply load = some_load_reply();
    load.code = Code::kKilledBySignal;
    EXPECT_ERROR(parse_load_reply(encode(load)), "malformed");
    ScanReply scan = some_scan_reply();
    scan.code = static_cast<Code>(60'000);
    EXPECT_ERROR(parse_scan_reply(encode(scan)), "malformed");
}

// A count that promises more than is there must not make the parser allocate for it.
TEST(ScannerMessages, WithImpossibleLengthsAreErrors) {
    for (const uint32_t length : {0xffffffffu, 0x80000000u, 1000u}) {
        base::ByteWriter writer;
        writer.u8(2);  // a scan request
        writer.u32(length);
        writer.u8('x');
        EXPECT_FALSE(parse_request(std::move(writer).take()).ok());
    }
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
