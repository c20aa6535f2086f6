#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

std::filesystem::path write_run(const test::TemporaryFolder& folder, const Run& run) {
    const auto file = folder.path() / "runs" / "sample.run";
    auto writer = RunWriter::create(file, run.header);
    EXPECT_TRUE(writer.ok()) << writer.error().text();
    add_all(*writer, run);
    EXPECT_TRUE(writer->commit(run.reached).ok());
    EXPECT_TRUE(writer->finish(run.summary, run.tally, run.tenants).ok());
    return file;
}

// A row of the attack matrix with the sample's groups and releases.
void put_attack(Header& header) {
    Attack attack{"rollback", "bring back what was withdrawn", "hardened", Standing::kContained, {},
                  {}};
    Expectation none = test::expectation_of(base::Metric::kRunning, kAll, 1);
    none.moment = Moment::kAlways;
    none.text = "running rules-2: exactly 0, always";
    attack.held = {none, test::expectation_of(base::Metric::kRefused, 2)};
    Expectation few = test::expectation_of(base::Metric::kHarm);
    few.part = static_cast<int32_t>(base::Harm::kExhausted);
    few.comparison = Comparison::kAtMost;
    few.bound = 0.01;
    few.is_share = true;
    attack.contained = {few};
    header.attack = std::move(attack);
    Expectation verdict;
    verdict.attack = true;
    verdict.text = "the attack `rollback` under profile hardened: contained";
    verdict.place = "scenarios/attacks/rollback.toml:9:1";
    header.expectations.push_back(std::move(verdict));
}

std::filesystem::path write_sample(const test::TemporaryFolder& folder) {
    record::Run run = test::rich_run();
    run.header.expectations[0].metric = base::Metric::kHarm;
    run.header.expectations[0].part = static_cast<int32_t>(base::Harm::kUnbootable);
    run.header.expectations[0].moment = Moment::kAt;
    run.header.expectations[0].at = {7200};
    put_attack(run.header);
    return write_run(folder, run);
}

TEST(RunFile, HoldsTheHeaderAsItWasAmendedLast) {
    const test::TemporaryFolder folder;
    const record::Run run = test::rich_run();
    Header first = run.header;
    first.releases.pop_back();
    first.stages.clear();
    first.scenario = "schema = 1\n";
    const auto file = folder.path() / "sample.run";
    ASSERT_OK_AND(RunWriter writer, RunWriter::create(file, first));
    ASSERT_OK(writer.commit({300}));
    writer.amend(run.header);
    add_all(writer, run);
    ASSERT_OK(writer.commit({600}));
    ASSERT_OK_AND(const record::Run back, read_run(file));
    EXPECT_EQ(back.status, RunStatus::kInterrupted);
    EXPECT_EQ(back.reached, base::SimTime{600});
    EXPECT_EQ(back.header.scenario, run.header.scenario);
    EXPECT_EQ(back.header.releases, run.header.releases);
    EXPECT_EQ(back.header.groups, run.header.groups);
    EXPECT_EQ(back.header.personas, run.header.personas);
    EXPECT_EQ(back.header.settings, run.header.settings);
    EXPECT_EQ(back.header.stages, run.header.stages);
    EXPECT_EQ(back.header.fault_domains, run.header.fault_domains);
    EXPECT_EQ(back.header.expectations, run.header.expectations);
    EXPECT_EQ(back.timeline, run.timeline);
}

TEST(RunFile, ComesBackAsItWasWritten) {
    const test::TemporaryFolder folder;
    record::Run run = test::rich_run();
    run.header.expectations[0].part = 2;
    ASSERT_OK_AND(const record::Run back, read_run(write_run(folder, run)));
    EXPECT_EQ(back.header.attack, std::nullopt);
    EXPECT_EQ(back.status, RunStatus::kFinished);
    EXPECT_EQ(back.reached, run.reached);
    EXPECT_EQ(back.header.name, run.header.name);
    EXPECT_EQ(back.header.title, run.header.title);
    EXPECT_EQ(back.header.description, run.header.description);
    EXPECT_EQ(back.header.scenario, run.header.scenario);
    EXPECT_EQ(back.header.version, run.header.version);
    EXPECT_EQ(back.header.notes, run.header.notes);
    EXPECT_EQ(back.header.seed, 42u);
    EXPECT_EQ(back.header.start, run.header.start);
    EXPECT_EQ(back.header.duration, run.header.duration);
    EXPECT_EQ(back.header.groups, run.header.groups);
    EXPECT_EQ(back.header.releases, run.header.releases);
    EXPECT_EQ(back.header.personas, run.header.personas);
    EXPECT_EQ(back.header.settings, run.header.settings);
    EXPECT_EQ(back.header.stages, run.header.stages);
    EXPECT_EQ(back.header.fault_domains, run.header.fault_domains);
    EXPECT_EQ(back.header.expectations, run.header.expectations);
    EXPECT_EQ(back.commands, run.commands);
    EXPECT_EQ(back.timeline, run.timeline);
    EXPECT_EQ(back.assays, run.assays);
    EXPECT_EQ(back.series, run.series);
    EXPECT_EQ(back.tally, run.tally);
    EXPECT_EQ(back.tenants, run.tenants);
    EXPECT_EQ(back.summary, run.summary);
}

TEST(RunFile, KeepsTheAttackApartFromTheExpectations) {
    const test::TemporaryFolder folder;
    record::Run run = test::rich_run();
    put_attack(run.header);
    ASSERT_OK_AND(const record::Run back, read_run(write_run(folder, run)));
    EXPECT_EQ(back.header.attack, run.header.attack);
    EXPECT_EQ(back.header.expectations, run.header.expectations);
    EXPECT_TRUE(back.header.expectations.back().attack);
}

// Without these the first test would compare nothing with nothing.
TEST(RunFile, IsTestedWithARunThatHasSomethingOfEverything) {
    const record::Run run = test::rich_run();
    EXPECT_TRUE(run.header.stages.back().finds_per_h == std::nullopt);
    EXPECT_TRUE(run.header.stages.front().finds_per_h.has_value());
    EXPECT_FALSE(run.header.stages.front().first_seen_here.empty());
    EXPECT_GT(run.header.fault_domains.front().feeds.size(), 1u);
    EXPECT_TRUE(run.header.settings.front().given);
    EXPECT_FALSE(run.header.settings.back().given);
    EXPECT_TRUE(run.assays.back().imported);
    EXPECT_TRUE(run.assays.front().scores.front().score.has_value());
    EXPECT_FALSE(run.assays.front().scores.back().score.has_value());
    EXPECT_TRUE(run.tenants[1].first_affected.has_value());
    EXPECT_FALSE(run.tenants[1].last_recovered.has_value());
    for (const base::MetricInfo& metric : base::metrics()) {
        const bool recorded =
            std::any_of(run.series.begin(), run.series.end(),
                        [&](const auto& entry) { return entry.first.metric == metric.metric; });
        EXPECT_TRUE(recorded) << metric.name;
    }
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
    execute(file, "PRAGMA user_version = 1");
    EXPECT_ERROR(read_run(file), "schema 1, this version reads 5");
    execute(file, "PRAGMA user_version = 2");
    EXPECT_ERROR(read_run(file), "schema 2, this version reads 5");
    execute(file, "PRAGMA user_version = 3");
    EXPECT_ERROR(read_run(file), "schema 3, this version reads 5");
    execute(file, "PRAGMA user_version = 4");
    EXPECT_ERROR(read_run(file), "schema 4, this version reads 5");
}

TEST(RunReader, RefusesValuesThatNobodyWrote) {
    for (const char* sql :
         {"UPDATE expectation SET metric = 99",
          "UPDATE expectation SET release_group = 7",
          "UPDATE expectation SET bound = 9e999",
          "UPDATE series SET release_group = 99 WHERE metric = 1 AND release_group = 2",
          "UPDATE series SET metric = -1 WHERE metric = 8",
          "UPDATE timeline SET release = 55",
          "UPDATE expectation SET part = 14 WHERE id = 1",
          "UPDATE series SET part = 3 WHERE metric = 1 AND part = 2",
          "UPDATE series SET part = 6 WHERE metric = 23 AND part = 5",
          "UPDATE series SET part = 14 WHERE metric = 24 AND part = 9",
          "UPDATE series SET part = 0 WHERE metric = 3",
          "UPDATE expectation SET role = 4",
          "UPDATE expectation SET role = -1",
          "UPDATE expectation SET metric = 99 WHERE role = 2",
          "UPDATE attack SET expected = 3",
          "INSERT INTO attack (name, aim, profile, expected) VALUES (0, 0, 0, 0)",
          "DELETE FROM attack",
          "DROP TABLE attack",
          "UPDATE persona SET endpoints = -1",
          "UPDATE setting SET given = 2",
          "UPDATE stage SET endpoints = -1",
          "UPDATE stage SET bake = -1",
          "UPDATE stage SET endpoint_hours = -1.5",
          "UPDATE stage SET finds_per_h = -1e-4",
          "UPDATE stage SET finds_per_h = 9e999",
          "UPDATE stage_first_seen SET stage = 5",
          "UPDATE stage_first_seen SET stage = -1",
          "UPDATE fault_domain_feed SET fault_domain = 3",
          "UPDATE assay SET imported = 7",
          "UPDATE model_score SET assay = 2 WHERE id = 1",
          "UPDATE model_score SET assay = -1",
          "UPDATE model_score SET release = 3",
          "UPDATE model_score SET release = -2",
          "UPDATE model_score SET telemetry = 2",
          "UPDATE model_score SET score = 1.5",
          "UPDATE model_score SET score = -0.5",
          "UPDATE model_score SET score = 9e999",
          "UPDATE model_score SET threshold = 1.01",
          "DROP TABLE model_score",
          "UPDATE rule_use SET assay = 2 WHERE id = 1",
          "UPDATE rule_use SET release = 3",
          "UPDATE rule_use SET calls = -1",
          "UPDATE rule_use SET disabled = 2",
          "UPDATE rule_use SET memory_bytes = -1",
          "DROP TABLE rule_use",
          "UPDATE sensor_use SET assay = -1",
          "UPDATE sensor_use SET merged = -1",
          "DROP TABLE sensor_use",
          "UPDATE exclusion_use SET assay = -1",
          "UPDATE exclusion_use SET release = 7",
          "DROP TABLE exclusion_use",
          "UPDATE tenant SET release_group = 5",
          "UPDATE tenant SET release_group = -1",
          "UPDATE tenant SET lost = -1",
          "UPDATE tenant SET first_affected = -1",
          "DROP TABLE setting",
          "DROP TABLE persona",
          "DROP TABLE stage",
          "DROP TABLE stage_first_seen",
          "DROP TABLE fault_domain",
          "DROP TABLE fault_domain_feed",
          "DROP TABLE tenant",
          "UPDATE meta SET value = '0' WHERE key = 'duration'",
          "UPDATE meta SET value = '-1' WHERE key = 'reached'",
          "UPDATE meta SET value = 'nan' WHERE key = 'wall_s'",
          "UPDATE meta SET value = '9223372036854775807' WHERE key = 'start'",
          "UPDATE release_group SET endpoints = -5",
          "UPDATE tally SET count = -1",
          "DROP TABLE assay",
          "DELETE FROM meta WHERE key = 'seed'",
          "UPDATE meta SET value = 'x' WHERE key = 'duration'"}) {
        const test::TemporaryFolder folder;
        const auto file = write_sample(folder);
        execute(file, sql);
        SCOPED_TRACE(sql);
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
