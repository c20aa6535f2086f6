// The engine on a thread of its own, with real runs of a small fleet.
#include "bridge/run_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QCoreApplication>

#include "models/run_store.h"
#include "record/run_reader.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"
#include "support/waiting.h"

namespace firebreak::bridge {
namespace {

using State = RunSession::State;
using testing::Contains;
using testing::Field;
using testing::IsEmpty;
using testing::Not;

constexpr char kRelease[] = R"(
[[release]]
id = "rules-2"
feed = "DatasetA"
source = "good/DatasetA/2026-03-02"
at = "2h"
)";

class RunSessionTest : public testing::Test {
  protected:
    RunSessionTest() {
        QObject::connect(&session_, &RunSession::updated, &store_, [this] { take(); });
        QObject::connect(&session_, &RunSession::failed, &store_,
                         [this](const QString& what, const QString& where, const QString&) {
                             failure_ = where + ": " + what;
                         });
        QObject::connect(&session_, &RunSession::broke, &store_,
                         [this](const QString& why) { broke_ = why; });
        QObject::connect(&session_, &RunSession::answered, &store_,
                         [this](const QString&, const QString& problem) { answer_ = problem; });
    }
    void take() {
        if (const auto update = session_.take()) {
            store_.apply(*update);
        }
    }
    RunSession::Request request(const std::string& text) {
        RunSession::Request request{fixtures_.experiment(text), fixtures_.options()};
        return request;
    }
    void start(bool paused, const std::string& text = std::string(test::kSmallFleet) + kRelease) {
        store_.begin(session_.start(request(text), paused));
    }
    void wait_for(State state) {
        test::wait_until(
            [&] { return session_.state() == state || session_.state() == State::kFailed; });
        take();
        EXPECT_EQ(session_.state(), state) << failure_.toStdString();
    }

    test::SmallFixtures fixtures_;
    RunSession session_;
    models::RunStore store_;
    QString failure_, broke_;
    std::optional<QString> answer_;
};

// What the window knows is what the file has: the whole of it, and nothing else.
TEST_F(RunSessionTest, TellsOfARunWhatItsFileHolds) {
    start(false);
    wait_for(State::kEnded);
    ASSERT_OK_AND(const record::Run run, record::read_run(fixtures_.run_file()));
    ASSERT_FALSE(store_.empty());
    EXPECT_EQ(store_.run().header.scenario, run.header.scenario);
    EXPECT_EQ(store_.run().header.groups, run.header.groups);
    EXPECT_EQ(store_.run().timeline, run.timeline);
    EXPECT_EQ(store_.run().commands, run.commands);
    EXPECT_EQ(store_.run().assays, run.assays);
    EXPECT_EQ(store_.run().series, run.series);
    EXPECT_EQ(store_.fingerprint(), run.summary.fingerprint);
    EXPECT_EQ(store_.run().status, record::RunStatus::kFinished);
    EXPECT_EQ(store_.run().tally, run.tally);
    EXPECT_EQ(store_.at(), base::SimTime{run.header.duration.seconds});
    EXPECT_THAT(store_.events(), Not(IsEmpty()));
    EXPECT_EQ(store_.events_left_out(), 0u);
    ASSERT_NE(store_.shown_snapshot(), nullptr);
    EXPECT_EQ(store_.shown_snapshot()->groups.size(), 4u);
}

TEST_F(RunSessionTest, GoesOnStepByStepAndAsFarAsItIsTold) {
    start(true);
    wait_for(State::kPaused);
    EXPECT_EQ(store_.at(), base::SimTime{0});
    session_.step();
    test::wait_until([&] { return store_.at().seconds > 0 && session_.state() == State::kPaused; });
    EXPECT_EQ(store_.at(), base::SimTime{300});
    session_.run_until(base::SimTime{4 * 3600});
    test::wait_until([&] { return store_.at() >= base::SimTime{4 * 3600}; });
    wait_for(State::kPaused);
    EXPECT_EQ(store_.at(), base::SimTime{4 * 3600});
    session_.run();
    wait_for(State::kEnded);
}

TEST_F(RunSessionTest, PausesAtWhatItIsToldToPauseAt) {
    Breaks breaks;
    breaks.failure = true;
    session_.set_breaks(breaks);
    start(false, std::string(test::kSmallFleet) +
                     "[[release]]\nid = \"bad\"\nfeed = \"DatasetA\"\n"
                     "source = \"corrupt/DatasetA/does-not-compile\"\nat = \"2h\"\n");
    wait_for(State::kPaused);
    test::wait_until([&] { return !broke_.isEmpty(); });
    EXPECT_TRUE(broke_.startsWith("first failure: ")) << broke_.toStdString();
    // What was recorded may come after the word that it has paused.
    test::wait_until([&] {
        return testing::Value(store_.run().timeline,
                              Contains(Field(&record::TimelineEntry::kind, "refusal")));
    });
    EXPECT_LT(store_.at(), base::SimTime{3 * 86400});
}

TEST_F(RunSessionTest, RecordsActsWithTheirTime) {
    start(true);
    wait_for(State::kPaused);
    session_.run_until(base::SimTime{3 * 3600});
    test::wait_until([&] { return store_.at() >= base::SimTime{3 * 3600}; });
    wait_for(State::kPaused);
    session_.act({lab::Command::Kind::kHalt, "rules-2"});
    test::wait_until([&] { return answer_.has_value(); });
    EXPECT_EQ(*answer_, QString());
    answer_.reset();
    session_.act({lab::Command::Kind::kHalt, "no such thing"});
    test::wait_until([&] { return answer_.has_value(); });
    EXPECT_NE(*answer_, QString());
    take();
    const record::Command halt = store_.run().commands.back();
    EXPECT_EQ(halt.kind, "halt");
    EXPECT_EQ(halt.origin, "operator");
    EXPECT_EQ(halt.result, "done");
    EXPECT_EQ(halt.at, base::SimTime{3 * 3600});
}

TEST_F(RunSessionTest, KeepsWhatThereIsWhenItIsStopped) {
    start(true);
    wait_for(State::kPaused);
    session_.run_until(base::SimTime{6 * 3600});
    test::wait_until([&] { return store_.at() >= base::SimTime{6 * 3600}; });
    session_.stop();
    wait_for(State::kStopped);
    ASSERT_OK_AND(const record::Run run, record::read_run(fixtures_.run_file()));
    EXPECT_EQ(run.status, record::RunStatus::kInterrupted);
    EXPECT_EQ(run.reached, store_.at());
    EXPECT_EQ(run.timeline, store_.run().timeline);
}

TEST_F(RunSessionTest, SaysWhatStandsInTheWay) {
    start(false, std::string(test::kSmallFleet) +
                     "[[release]]\nid = \"x\"\nfeed = \"DatasetA\"\nsource = \"good/nowhere\"\n"
                     "at = \"2h\"\n");
    test::wait_until([&] { return session_.state() == State::kFailed; });
    EXPECT_TRUE(failure_.contains("small.toml")) << failure_.toStdString();
    EXPECT_TRUE(store_.empty());
}

TEST_F(RunSessionTest, DropsWhatIsLeftOfTheRunBefore) {
    start(false);
    test::wait_until([&] { return !store_.empty(); });
    start(true);
    EXPECT_TRUE(store_.empty());
    wait_for(State::kPaused);
    EXPECT_EQ(store_.at(), base::SimTime{0}) << "nothing of the run before";
    EXPECT_THAT(store_.events(), IsEmpty());
}

TEST_F(RunSessionTest, FollowsOneEndpoint) {
    start(false);
    wait_for(State::kEnded);
    std::optional<QStringList> lines;
    QObject::connect(&session_, &RunSession::followed, &store_,
                     [&](quint32 endpoint, const QStringList& history, const QString& problem) {
                         EXPECT_EQ(endpoint, 3u);
                         EXPECT_EQ(problem, QString());
                         lines = history;
                     });
    session_.follow(3);
    test::wait_until([&] { return lines.has_value(); });
    int of_store = 0;
    for (const RowEvent& event : store_.events()) {
        of_store += event.endpoint == 3;
    }
    EXPECT_EQ(lines->size(), of_store);
}

TEST_F(RunSessionTest, GoesBackToAnyMoment) {
    start(true);
    wait_for(State::kPaused);
    for (const int64_t hour : {1, 2, 6, 12}) {
        session_.run_until(base::SimTime{hour * 3600});
        test::wait_until([&] { return store_.at() >= base::SimTime{hour * 3600}; });
    }
    store_.show(base::SimTime{2 * 3600});
    EXPECT_TRUE(store_.is_back());
    EXPECT_EQ(store_.shown_snapshot()->at, base::SimTime{2 * 3600});
    store_.show(std::nullopt);
    EXPECT_EQ(store_.shown_snapshot()->at, base::SimTime{12 * 3600});
}

}  // namespace
}  // namespace firebreak::bridge

int main(int count, char** arguments) {
    testing::InitGoogleTest(&count, arguments);
    const QCoreApplication application(count, arguments);
    return RUN_ALL_TESTS();
}
