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
    out.stimulus = "poll of public-1: DatasetA; heads/public-1/DatasetA.json: x";
    out.reads = {{"update/DatasetA/floor", std::nullopt}, {"scanner/DatasetA/running", "x"}};
    out.changes = {{"update/DatasetA/floor", "1772409600"},
                   {"scanner/DatasetA/running", "ab\n\"c"},
                   {"package/ab", std::nullopt}};
    out.clock_from = {1'772'409'600};
    out.outcome = {Stage::kVerify,
                   Category::kCorrupt,
                   Code::kPayloadDigestWrong,
                   {{"file", "a.yar"}, {"signal", "SIGSYS"}}};
    out.feed = content::Feed::kBehavior;
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
    out.scores = {{"abcd", "C:\\a.exe", "packed", "1.0.0", false, 0.25, 0.5, ""},
                  {"abcd", "C:\\a.exe", "packed", "1.1.0", true, 0, 0.5, "no number"}};
    out.cost_ms = 12.5;
    return out;
}

void expect_same(const Transition& a, const Transition& b) {
    EXPECT_EQ(a.stimulus, b.stimulus);
    EXPECT_EQ(a.reads, b.reads);
    EXPECT_EQ(a.changes, b.changes);
    EXPECT_EQ(a.clock_from, b.clock_from);
    EXPECT_EQ(a.clock_until, b.clock_until);
    EXPECT_EQ(a.outcome.stage, b.outcome.stage);
    EXPECT_EQ(a.outcome.category, b.outcome.category);
    EXPECT_EQ(a.outcome.code, b.outcome.code);
    EXPECT_EQ(a.outcome.evidence, b.outcome.evidence);
    EXPECT_EQ(a.feed, b.feed);
    EXPECT_EQ(a.manifest, b.manifest);
    EXPECT_EQ(a.delivered, b.delivered);
    EXPECT_EQ(a.alerts, b.alerts);
    EXPECT_EQ(a.scores, b.scores);
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
         {"\"stimulus\"", "\"reads\"", "\"changes\"", "\"clock_from\"", "\"clock_until\"",
          "\"outcome\"", "\"feed\"", "\"manifest\"", "\"delivered\"", "\"alerts\"", "\"triggers\"",
          "\"scores\"", "\"telemetry\"", "\"threshold\"", "\"refusal\"", "\"cost_ms\""}) {
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

TEST(Transition, RefusesAScoreThatIsNoShare) {
    Transition odd = sample();
    odd.scores[0].score = 1.5;
    EXPECT_ERROR(parse_transition(to_json(odd)), "`score` is not 0 to 1");
    odd = sample();
    odd.scores[1].threshold = -1;
    EXPECT_ERROR(parse_transition(to_json(odd)), "`threshold` is not 0 to 1");
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

TEST(Transition, HoldsWhereTheComponentWouldSeeTheSame) {
    const Transition one = sample();
    const Snapshot same = {{"scanner/DatasetA/running", "x"}, {"elsewhere", "y"}};
    EXPECT_TRUE(holds(one, same, one.clock_from));
    Snapshot other = same;
    other["scanner/DatasetA/running"] = "z";
    EXPECT_FALSE(holds(one, other, one.clock_from));
    other = same;
    other.erase("scanner/DatasetA/running");
    EXPECT_FALSE(holds(one, other, one.clock_from));
    other = same;
    other["update/DatasetA/floor"] = "1";
    EXPECT_FALSE(holds(one, other, one.clock_from)) << "it found nothing there";
}

TEST(Transition, HoldsOnlyWithinItsClockInterval) {
    Transition one;
    for (const int64_t time : {INT64_MIN, int64_t{0}, INT64_MAX - 1}) {
        EXPECT_TRUE(holds(one, {}, {time})) << "nobody asked the clock";
    }
    one.clock_from = {100};
    one.clock_until = {200};
    EXPECT_FALSE(holds(one, {}, {99}));
    EXPECT_TRUE(holds(one, {}, {100}));
    EXPECT_TRUE(holds(one, {}, {199}));
    EXPECT_FALSE(holds(one, {}, {200}));
}

ServedFile file(const std::string& words, const std::string& bytes = "") {
    return {std::make_shared<const base::Bytes>(base::bytes_of(bytes)), words};
}

TEST(Stimulus, NamesAllThatItHolds) {
    PollStimulus poll;
    poll.channel = poll.group = "public-1";
    std::vector<std::string> texts = {text(poll)};
    const auto add = [&] { texts.push_back(text(poll)); };
    poll.channel = "public-1.2";
    add();
    poll.feeds = {content::Feed::kDatasetA};
    add();
    poll.feeds.push_back(content::Feed::kESH);
    add();
    poll.edges = 3;
    add();
    poll.files["heads/public-1.2/DatasetA.json"] = file("one signed 100");
    add();
    poll.files["heads/public-1.2/DatasetA.json"] = file("one signed 200");
    add();
    poll.files["heads/public-1.2/ESH.json"] = file("nothing");
    add();
    poll.faults.resize(1);
    poll.faults[0].feed = content::Feed::kDatasetA;
    poll.faults[0].draw = 1;
    add();
    poll.faults[0].draw = 2;
    add();
    poll.faults[0].own_edge = true;
    add();
    poll.faults[0].target = faults::FaultTarget::kHead;
    add();
    poll.faults.push_back(poll.faults[0]);
    add();
    poll.faults[1].kind = faults::FaultKind::kWrongClock;
    add();
    poll.faults[1].shift = {-3600};
    add();
    std::swap(poll.faults[0], poll.faults[1]);
    add();
    texts.push_back(text(WorkloadStimulus{{0}, "server"}));
    texts.push_back(text(WorkloadStimulus{{0}, "till"}));
    std::sort(texts.begin(), texts.end());
    EXPECT_EQ(std::unique(texts.begin(), texts.end()), texts.end());
}

TEST(Stimulus, LeavesSignatureBytesAndTheTimeOut) {
    PollStimulus a, b;
    a.files["heads/g/DatasetA.signed"] = file("number 3", "one signature");
    b.files["heads/g/DatasetA.signed"] = file("number 3", "another signature");
    b.clock = {1'772'409'600};
    EXPECT_EQ(text(a), text(b));
}

}  // namespace
}  // namespace firebreak::assay
