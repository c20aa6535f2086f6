// What the verifier remembers costs no second signature verification, and excuses nothing.
#include <gtest/gtest.h>

#include "content/envelope.h"
#include "content/packages.h"
#include "content/remembered.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::Category;
using base::Code;
using test::Accepted;
using test::bundle_or_die;
using test::judged;
using test::RefusedAs;
using test::sample_envelope;
using test::sample_head;
using test::sample_json;
using test::sample_set;
using test::sample_statement;
using test::sign_or_die;
using test::signing_time;
using test::statement_or_die;
using test::test_pki;

TEST(Remembered, StaysSmallHoweverMuchThereIs) {
    Remembered<size_t> remembered;
    size_t found = 0;
    const size_t added = 3 * Remembered<size_t>::kMost;
    const auto key = [](size_t i) { return base::sha384(base::view_of(std::to_string(i))); };
    for (size_t i = 0; i < added; ++i) {
        remembered.add(key(i), i);
        ASSERT_EQ(remembered.find(key(i)), i);
    }
    for (size_t i = 0; i < added; ++i) {
        found += remembered.find(key(i)) ? 1 : 0;
    }
    EXPECT_LE(found, Remembered<size_t>::kMost);
}

TEST(Verifier, VerifiesTheSignatureOfNoEnvelopeTwice) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes package = sample_envelope();
    const Bytes head = bundle_or_die(canonical_json(sample_head()), {1, 2});
    const Bytes set = bundle_or_die(canonical_json(sample_set()), {1, 2});
    const Bytes statement = statement_or_die(sample_statement(), test_pki().root);
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(verifier.verify(package), Accepted());
        EXPECT_THAT(judged(verifier.verify_head(head, 2)), Accepted());
        EXPECT_THAT(judged(verifier.verify_set(set, 2)), Accepted());
        EXPECT_THAT(judged(verifier.verify_root_statement(statement)), Accepted());
        EXPECT_EQ(verifier.signatures_verified(), 1u + 2u + 2u + 1u);
    }
}

TEST(Verifier, RemembersNothingOfWhatItRefused) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes wrong = test::forge(sample_envelope(), [](EnvelopeParts& parts) {
        static const base::Bytes digest(48, 7);
        parts.message_digest = digest;
    });
    for (uint64_t times = 1; times <= 3; ++times) {
        EXPECT_THAT(verifier.verify(wrong), RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
        EXPECT_EQ(verifier.signatures_verified(), times);
    }
}

TEST(Verifier, HeedsRevocationOfWhatItRemembers) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes package = sample_envelope();
    EXPECT_THAT(verifier.verify(package), Accepted());
    const Trust revoked{
        {certificate_digest(test_pki().signers.at(Feed::kDatasetA).identity.certificate)}};
    EXPECT_THAT(verifier.verify(package, revoked),
                RefusedAs(Category::kUntrusted, Code::kChainRevoked));
    EXPECT_THAT(verifier.verify(package), Accepted());
}

TEST(Verifier, CountsTheSignaturesOfAHeadThatItRemembers) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes head = bundle_or_die(canonical_json(sample_head()), {1, 2});
    EXPECT_THAT(judged(verifier.verify_head(head, 2)), Accepted());
    EXPECT_THAT(judged(verifier.verify_head(head, 3)),
                RefusedAs(Category::kUntrusted, Code::kTooFewSignatures));
}

// One proof, four roles: what was good in one must not pass in another.
TEST(Verifier, TakesWhatItRemembersInItsOwnRoleAlone) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes package = sample_envelope();
    const Bytes head = bundle_or_die(canonical_json(sample_head()), std::vector<size_t>{1});
    const Bytes statement = statement_or_die(sample_statement(), test_pki().root);
    ASSERT_THAT(verifier.verify(package), Accepted());
    ASSERT_THAT(judged(verifier.verify_head(head, 1)), Accepted());
    ASSERT_THAT(judged(verifier.verify_root_statement(statement)), Accepted());

    EXPECT_THAT(judged(verifier.verify_head(package, 1)),
                RefusedAs(Category::kUntrusted, Code::kRoleWrong));
    EXPECT_THAT(judged(verifier.verify_root_statement(head)),
                RefusedAs(Category::kUntrusted, Code::kRoleWrong));
    for (const Bytes& other : {head, statement}) {
        EXPECT_FALSE(std::holds_alternative<Verified>(verifier.verify(other)));
    }
    EXPECT_FALSE(std::holds_alternative<SignedHead>(verifier.verify_head(statement, 1)));
}

}  // namespace
}  // namespace firebreak::content
