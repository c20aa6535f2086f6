#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/file.h"
#include "base/random.h"
#include "record/run_reader.h"
#include "record/run_writer.h"
#include "support/paths.h"
#include "support/result_matchers.h"
#include "support/sample_run.h"

namespace firebreak::record {
namespace {

void add_all(RunWriter& writer, const Run& run) {
    for (const Command& row : run.commands) {
        writer.add(row);
    }
    for (const TimelineEntry& row : run.timeline) {
        writer.add(row);
    }
    for (const Assay& row : run.assays) {
        writer.add(row);
    }
    for (const auto& [key, points] : run.series) {
        for (const Point& point : points) {
            writer.add(key, point);
        }
    }
}

std::filesystem::path write_sample(const test::TemporaryFolder& folder) {
    const Run run = [] {
        Run sample = test::sample_run();
        sample.header.expectations = {{base::Metric::kAffected,
                                       1,
                                       kAll,
                                       Comparison::kAtMost,
                                       0.25,
                                       true,
                                       Moment::kAt,
                                       {7200},
                                       "text",
                                       "a.toml:1:1"}};
        return sample;
    }();
    const auto file = folder.path() / "runs" / "sample.run";
    auto writer = RunWriter::create(file, run.header);
    EXPECT_TRUE(writer.ok()) << writer.error().text();
    add_all(*writer, run);
    EXPECT_TRUE(writer->commit(run.reached).ok());
    EXPECT_TRUE(writer->finish(run.summary, run.tally).ok());
    return file;
}

TEST(RunFile, ComesBackAsItWasWritten) {
    const test::TemporaryFolder folder;
    ASSERT_OK_AND(const record::Run back, read_run(write_sample(folder)));
    const record::Run run = test::sample_run();
    EXPECT_EQ(back.status, RunStatus::kFinished);
    EXPECT_EQ(back.header.name, run.header.name);
    EXPECT_EQ(back.header.scenario, run.header.scenario);
    EXPECT_EQ(back.header.seed, 42u);
    EXPECT_EQ(back.header.start, run.header.start);
    ASSERT_EQ(back.header.groups.size(), 2u);
    EXPECT_EQ(back.header.groups[1].name, "public-1");
    EXPECT_EQ(back.header.groups[1].endpoints, 1000u);
    ASSERT_EQ(back.header.releases.size(), 2u);
    EXPECT_EQ(back.header.releases[1].kind, "fix");
    ASSERT_EQ(back.header.expectations.size(), 1u);
    const Expectation& expectation = back.header.expectations[0];
    EXPECT_EQ(expectation.metric, base::Metric::kAffected);
    EXPECT_EQ(expectation.comparison, Comparison::kAtMost);
    EXPECT_EQ(expectation.bound, 0.25);
    EXPECT_TRUE(expectation.is_share);
    EXPECT_EQ(expectation.moment, Moment::kAt);
    EXPECT_EQ(expectation.at, base::SimTime{7200});
    ASSERT_EQ(back.timeline.size(), 2u);
    EXPECT_EQ(back.timeline[1].text, run.timeline[1].text);
    ASSERT_EQ(back.assays.size(), 1u);
    EXPECT_EQ(back.assays[0].evidence, "signal: SIGSEGV");
    EXPECT_EQ(back.series.size(), run.series.size());
    for (const auto& [key, points] : run.series) {
        ASSERT_EQ(back.series.at(key).size(), points.size());
        EXPECT_EQ(back.series.at(key).back().value, points.back().value);
    }
    EXPECT_EQ(back.tally, run.tally);
    EXPECT_EQ(back.summary.fingerprint, run.summary.fingerprint);
    EXPECT_EQ(back.summary.polls, run.summary.polls);
}

TEST(RunFile, IsASingleFileOnceFinished) {
    const test::TemporaryFolder folder;
    const auto file = write_sample(folder);
    size_t files = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(file.parent_path())) {
        ++files;
    }
    EXPECT_EQ(files, 1u);
}

TEST(RunFile, HoldsWhatWasCommittedWhenItsProcessIsKilled) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "killed.run";
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        auto writer = RunWriter::create(file, test::sample_run().header);
        writer->add(TimelineEntry{{100}, "act", kAll, kAll, "committed"});
        if (!writer->commit({3600}).ok()) {
            ::_exit(1);
        }
        writer->add(TimelineEntry{{4000}, "act", kAll, kAll, "not committed"});
        (void)!::write(ready[1], "x", 1);
        ::pause();
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ASSERT_OK_AND(const record::Run run, read_run(file));
    EXPECT_EQ(run.status, RunStatus::kInterrupted);
    EXPECT_EQ(run.reached, base::SimTime{3600});
    ASSERT_EQ(run.timeline.size(), 1u);
    EXPECT_EQ(run.timeline[0].text, "committed");
}

TEST(RunFile, IsNotWrittenOverAFileOfAnotherKind) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "thesis.txt";
    ASSERT_OK(base::write_file(file, base::bytes_of("years of work")));
    EXPECT_ERROR(RunWriter::create(file, test::sample_run().header), "not a run file");
    ASSERT_OK_AND(const base::Bytes kept, base::read_file(file, 100));
    EXPECT_EQ(kept, base::bytes_of("years of work"));
}

TEST(RunFile, ReplacesAnOlderRunAndAnEmptyFile) {
    const test::TemporaryFolder folder;
    const auto file = write_sample(folder);
    ASSERT_OK(RunWriter::create(file, test::sample_run().header));
    const auto empty = folder.path() / "empty.run";
    ASSERT_OK(base::write_file(empty, {}));
    ASSERT_OK(RunWriter::create(empty, test::sample_run().header));
}

TEST(RunReader, RefusesWhatIsNoRunFile) {
    const test::TemporaryFolder folder;
    EXPECT_ERROR(read_run(folder.path() / "none.run"), "no such run file");
    EXPECT_ERROR(read_run(folder.path()), "no such run file");
    ASSERT_OK(base::write_file(folder.path() / "text", base::bytes_of(std::string(5000, 'x'))));
    EXPECT_FALSE(read_run(folder.path() / "text").ok());
    ASSERT_OK(base::write_file(folder.path() / "empty", {}));
    EXPECT_FALSE(read_run(folder.path() / "empty").ok());
}

void execute(const std::filesystem::path& file, const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, &message), SQLITE_OK)
        << sql << ": " << message;
    sqlite3_close(database);
}

TEST(RunReader, RefusesAnotherSchema) {
    const test::TemporaryFolder folder;
    const auto file = write_sample(folder);
    execute(file, "PRAGMA user_version = 9");
    EXPECT_ERROR(read_run(file), "schema 9");
}

TEST(RunReader, RefusesValuesThatNobodyWrote) {
    for (const char* sql :
         {"UPDATE expectation SET metric = 99", "UPDATE expectation SET release_group = 7",
          "UPDATE expectation SET bound = 9e999",
          "UPDATE series SET release_group = 99 WHERE metric = 1 AND release_group = 1",
          "UPDATE series SET metric = -1 WHERE metric = 8", "UPDATE timeline SET release = 55",
          "UPDATE release_group SET endpoints = -5", "UPDATE tally SET count = -1",
          "DROP TABLE assay", "DELETE FROM meta WHERE key = 'seed'",
          "UPDATE meta SET value = 'x' WHERE key = 'duration'"}) {
        const test::TemporaryFolder folder;
        const auto file = write_sample(folder);
        execute(file, sql);
        EXPECT_ERROR(read_run(file), "damaged");
    }
}

// Whatever bytes change, reading ends: with a run or with an error.
TEST(RunReader, SurvivesDamagedBytes) {
    const test::TemporaryFolder folder;
    ASSERT_OK_AND(const base::Bytes whole, base::read_file(write_sample(folder), 1 << 24));
    const base::RandomStream random(1, base::Stream::kMutation);
    int refused = 0;
    for (uint64_t n = 0; n < 400; ++n) {
        base::Bytes broken = whole;
        for (uint64_t k = 0; k <= n % 7; ++k) {
            broken[random.below(broken.size(), n, 2 * k)] =
                static_cast<uint8_t>(random.bits(n, 2 * k + 1));
        }
        if (n % 5 == 0) {
            broken.resize(random.below(broken.size(), n, 99));
        }
        const auto file = folder.path() / "broken.run";
        ASSERT_OK(base::write_file(file, broken));
        refused += !read_run(file).ok();
    }
    EXPECT_GT(refused, 20);
}

TEST(Series, HasTheValueOfItsLastStep) {
    const record::Run run = test::sample_run();
    const SeriesKey key{base::Metric::kAffected, 1, kAll};
    EXPECT_EQ(value_at(run.series, key, {7499}), std::nullopt);
    EXPECT_EQ(value_at(run.series, key, {7500}), 5);
    EXPECT_EQ(value_at(run.series, key, {7799}), 5);
    EXPECT_EQ(value_at(run.series, key, {99999}), 12);
    EXPECT_EQ(value_at(run.series, {base::Metric::kDown, 0, kAll}, {0}), std::nullopt);
}

}  // namespace
}  // namespace firebreak::record
