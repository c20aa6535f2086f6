#include "assay/transition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/result_matchers.h"

namespace firebreak::assay {
namespace {

using base::Category;
using base::Code;
using base::Stage;

Transition sample() {
    Transition out;
    out.stimulus = "poll DatasetA in public-1: offered x; damage none; replayed nothing";
    out.reads = {{"update/DatasetA/floor", std::nullopt}, {"scanner/DatasetA/running", "x"}};
    out.changes = {{"update/DatasetA/floor", "1772409600"},
                   {"scanner/DatasetA/running", "ab\n\"c"},
                   {"package/ab", std::nullopt}};
    out.outcome = {Stage::kVerify,
                   Category::kCorrupt,
                   Code::kPayloadDigestWrong,
                   {{"file", "a.yar"}, {"signal", "SIGSYS"}}};
    out.manifest = base::sha384(base::bytes_of("m"));
    out.delivered = true;
    out.alerts = 1;
    out.triggers = {{"C:\\a\\b.txt",
                     0.5,
                     false,
                     3,
                     4,
                     {Stage::kRun, Category::kCpuLimit, Code::kKilledAtCpuLimit, {}},
                     base::Harm::kNone,
                     {{"k", "v"}}},
                    {"eicar.com",
                     0,
                     true,
                     1,
                     2,
                     {Stage::kRun, Category::kMissed, Code::kSampleNotFound, {}},
                     base::Harm::kNone,
                     {}}};
    out.cost_ms = 12.5;
    return out;
}

void expect_same(const Transition& a, const Transition& b) {
    EXPECT_EQ(a.stimulus, b.stimulus);
    EXPECT_EQ(a.reads, b.reads);
    EXPECT_EQ(a.changes, b.changes);
    EXPECT_EQ(a.outcome.stage, b.outcome.stage);
    EXPECT_EQ(a.outcome.category, b.outcome.category);
    EXPECT_EQ(a.outcome.code, b.outcome.code);
    EXPECT_EQ(a.outcome.evidence, b.outcome.evidence);
    EXPECT_EQ(a.manifest, b.manifest);
    EXPECT_EQ(a.delivered, b.delivered);
    EXPECT_EQ(a.alerts, b.alerts);
    ASSERT_EQ(a.triggers.size(), b.triggers.size());
    for (size_t i = 0; i < a.triggers.size(); ++i) {
        EXPECT_EQ(a.triggers[i].what, b.triggers[i].what);
        EXPECT_EQ(a.triggers[i].per_hour, b.triggers[i].per_hour);
        EXPECT_EQ(a.triggers[i].at_once, b.triggers[i].at_once);
        EXPECT_EQ(a.triggers[i].hazard(), b.triggers[i].hazard());
        EXPECT_EQ(a.triggers[i].changes, b.triggers[i].changes);
        EXPECT_EQ(a.triggers[i].outcome.code, b.triggers[i].outcome.code);
    }
}

TEST(Transition, ComesBackFromItsLineInTheLog) {
    ASSERT_OK_AND(const Transition back, parse_transition(to_json(sample())));
    expect_same(sample(), back);
}

TEST(Transition, WritesEvidenceThatIsNoUtf8) {
    Transition odd = sample();
    odd.outcome.evidence = {{"stderr", "\xff\xfe broken"}};
    ASSERT_OK(parse_transition(to_json(odd)));
}

TEST(Transition, RefusesALineThatLacksSomething) {
    const std::string whole = to_json(sample());
    for (const char* member :
         {"\"stimulus\"", "\"reads\"", "\"changes\"", "\"outcome\"", "\"manifest\"",
          "\"delivered\"", "\"alerts\"", "\"triggers\"", "\"cost_ms\""}) {
        std::string broken = whole;
        const size_t at = broken.find(member);
        ASSERT_NE(at, std::string::npos);
        broken[at + 1] = 'X';
        EXPECT_ERROR(parse_transition(broken), "damaged");
    }
    EXPECT_ERROR(parse_transition(""), "not a JSON object");
    EXPECT_ERROR(parse_transition("[]"), "not a JSON object");
    EXPECT_ERROR(parse_transition(std::string(100000, '[')), "not a JSON object");
}

RC_GTEST_PROP(Transition, SurvivesAnyDamageToItsLine, ()) {
    std::string line = to_json(sample());
    const int changes = *rc::gen::inRange(1, 8);
    for (int i = 0; i < changes; ++i) {
        const auto at = *rc::gen::inRange<size_t>(0, line.size());
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                line[at] = *rc::gen::arbitrary<char>();
                break;
            case 1:
                line.erase(at, *rc::gen::inRange<size_t>(1, 20));
                break;
            default:
                line.insert(at, 1, *rc::gen::arbitrary<char>());
        }
        if (line.empty()) {
            break;
        }
    }
    (void)parse_transition(line).ok();
}

TEST(Stimulus, NamesAllThatItHolds) {
    content::Package one;
    one.manifest_digest = base::sha384(base::bytes_of("one"));
    one.signing_time = {100};
    content::Package later = one;
    later.signing_time = {200};
    PollStimulus poll;
    poll.group = "public-1";
    std::vector<std::string> texts = {text(poll)};
    poll.offered = &one;
    texts.push_back(text(poll));
    poll.offered = &later;
    texts.push_back(text(poll));
    poll.group = "public-2";
    texts.push_back(text(poll));
    poll.damage = {faults::DamageKind::kBitFlip, faults::DamageTarget::kPayload, 1, {}};
    texts.push_back(text(poll));
    poll.damage.draw = 2;
    texts.push_back(text(poll));
    poll.replayed = &one;
    texts.push_back(text(poll));
    poll.feed = content::Feed::kESH;
    texts.push_back(text(poll));
    texts.push_back(text(WorkloadStimulus{{0}, "server"}));
    texts.push_back(text(WorkloadStimulus{{0}, "till"}));
    std::sort(texts.begin(), texts.end());
    EXPECT_EQ(std::unique(texts.begin(), texts.end()), texts.end());
}

TEST(Stimulus, LeavesSignatureBytesOut) {
    content::Package one;
    one.envelope = base::bytes_of("one signature");
    content::Package other = one;
    other.envelope = base::bytes_of("another signature");
    PollStimulus a, b;
    a.offered = &one;
    b.offered = &other;
    EXPECT_EQ(text(a), text(b));
}

}  // namespace
}  // namespace firebreak::assay
