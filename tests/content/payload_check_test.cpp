#include "content/payload_check.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "content/generators.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::Code;

PayloadFile promise_of(const Bytes& payload) {
    return {"p", payload.size(), base::sha384(payload)};
}

TEST(CheckPayload, ChecksTheSizeFirstAndThenTheDigest) {
    const Bytes payload = base::bytes_of("payload");
    const PayloadFile expected = promise_of(payload);
    EXPECT_EQ(check_payload(expected, payload), Code::kNone);
    EXPECT_EQ(check_payload(expected, base::bytes_of("payloads")), Code::kPayloadSizeWrong);
    EXPECT_EQ(check_payload(expected, base::bytes_of("pay")), Code::kPayloadSizeWrong);
    EXPECT_EQ(check_payload(expected, base::bytes_of("Payload")), Code::kPayloadDigestWrong);
    const PayloadFile wrong_size{"p", 0, base::sha384(payload)};
    EXPECT_EQ(check_payload(wrong_size, payload), Code::kPayloadSizeWrong);
    EXPECT_EQ(check_payload(promise_of({}), {}), Code::kNone);
}

TEST(PayloadCheck, WantsNoMoreOnceThereIsTooMuch) {
    const Bytes payload = base::bytes_of("payload");
    PayloadCheck check(promise_of(payload));
    EXPECT_TRUE(check.take(payload));
    EXPECT_FALSE(check.take(Bytes{0}));
    EXPECT_FALSE(check.take(Bytes{0}));
    EXPECT_FALSE(check.take({}));
    EXPECT_EQ(check.finish(), Code::kPayloadSizeWrong);
}

TEST(PayloadCheck, CountsNothingOfAPieceThatIsTooMuch) {
    // "pay" + "loads" is too long, and what would have fitted after "pay" does not mend it.
    PayloadCheck check(promise_of(base::bytes_of("payload")));
    EXPECT_TRUE(check.take(base::bytes_of("pay")));
    EXPECT_FALSE(check.take(base::bytes_of("loads")));
    EXPECT_FALSE(check.take(base::bytes_of("load")));
    EXPECT_EQ(check.finish(), Code::kPayloadSizeWrong);
}

RC_GTEST_PROP(PayloadCheck, SaysTheSameHoweverThePayloadIsCut, (const Bytes& payload)) {
    PayloadFile expected = promise_of(payload);
    expected.size = *rc::gen::element<uint64_t>(payload.size(), payload.size() + 1,
                                                payload.size() - (payload.empty() ? 0 : 1));
    if (*rc::gen::arbitrary<bool>()) {
        expected.sha384 = test::any_digest();
    }
    PayloadCheck check(expected);
    for (base::ByteView rest = payload; !rest.empty();) {
        const auto length = *rc::gen::inRange<size_t>(1, rest.size() + 1);
        check.take(rest.first(length));
        rest = rest.subspan(length);
    }
    RC_ASSERT(check.finish() == check_payload(expected, payload));
}

}  // namespace
}  // namespace firebreak::content
