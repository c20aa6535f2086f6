// A lab over the tiny fixtures that runs a scenario to its end: what an observer saw on the way,
// and what the record says of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/lab.h"
#include "record/run_reader.h"
#include "support/small_lab.h"

namespace firebreak::lab {

class RecordedLab : public testing::Test {
  protected:
    using History = std::vector<HistoryEntry>;

    void assemble(const std::string& scenario) {
        lab_ = test::assemble(fixtures_.experiment(scenario), fixtures_.options());
        ASSERT_NE(lab_, nullptr);
        seen_.clear();
        lab_->observe([this](uint32_t endpoint, const HistoryEntry& entry) {
            seen_[endpoint].push_back(entry);
        });
    }
    // To the end, and reads the record back.
    void finish() {
        ASSERT_NE(lab_, nullptr);
        const base::Status done = lab_->advance_until(lab_->end());
        ASSERT_TRUE(done.ok()) << done.error().text();
        ASSERT_TRUE(lab_->finish(0.5).ok());
        auto run = record::read_run(fixtures_.run_file());
        ASSERT_TRUE(run.ok()) << run.error().text();
        run_ = std::move(run).value();
    }
    void run(const std::string& scenario) {
        assemble(scenario);
        finish();
    }

    // -1: the record says nothing of it.
    double at(base::SimTime time, base::Metric metric, int32_t group = record::kAll,
              int32_t release = record::kAll, int32_t part = record::kAll) const {
        return record::value_at(run_.series, {metric, group, release, part}, time).value_or(-1);
    }
    double at_end(base::Metric metric, int32_t group = record::kAll,
                  int32_t release = record::kAll) const {
        return at(run_.reached, metric, group, release);
    }
    // Breakdowns that have always been zero are not written.
    double harm(base::Harm harm, int32_t group = record::kAll) const {
        return part(base::Metric::kHarm, group, static_cast<int32_t>(harm));
    }
    double signals(base::Channel channel, int32_t group = record::kAll) const {
        return part(base::Metric::kSignals, group, static_cast<int32_t>(channel));
    }
    double part(base::Metric metric, int32_t group, int32_t number) const {
        return record::value_at(run_.series, {metric, group, record::kAll, number}, run_.reached)
            .value_or(0);
    }
    std::vector<record::TimelineEntry> timeline(const std::string& kind) const {
        std::vector<record::TimelineEntry> out;
        std::copy_if(run_.timeline.begin(), run_.timeline.end(), std::back_inserter(out),
                     [&](const record::TimelineEntry& entry) { return entry.kind == kind; });
        return out;
    }

    // Every such entry of every endpoint, by time.
    History all(base::Category category) const {
        History out;
        for (const auto& [endpoint, history] : seen_) {
            std::copy_if(history.begin(), history.end(), std::back_inserter(out),
                         [&](const HistoryEntry& entry) { return entry.category == category; });
        }
        std::sort(out.begin(), out.end(),
                  [](const HistoryEntry& a, const HistoryEntry& b) { return a.at < b.at; });
        return out;
    }
    static std::vector<base::Category> categories(const History& history) {
        std::vector<base::Category> out;
        for (const HistoryEntry& entry : history) {
            out.push_back(entry.category);
        }
        return out;
    }

    test::SmallFixtures fixtures_;
    std::unique_ptr<Lab> lab_;
    std::map<uint32_t, History> seen_;  // by endpoint
    record::Run run_;
};

}  // namespace firebreak::lab
