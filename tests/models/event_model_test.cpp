#include "models/event_model.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include "base/random.h"
#include "models/run_store.h"

namespace firebreak::models {
namespace {

using base::Category;
using base::Code;
using bridge::RowEvent;
using FailureMode = QAbstractItemModelTester::FailureReportingMode;

// Three groups of 10, 90 and 900.
std::shared_ptr<const record::Header> three_groups() {
    auto out = std::make_shared<record::Header>();
    out->groups = {{"engineering", "engineering", 10, 1},
                   {"internal", "internal", 90, 1},
                   {"public-1", "public", 900, 3}};
    return out;
}

class EventModelTest : public testing::Test {
  protected:
    EventModelTest() {
        store_.begin(1);
        apply({}, true);
    }
    void apply(std::vector<RowEvent> events, bool first = false) {
        bridge::RunUpdate update;
        update.run = 1;
        update.header = first ? three_groups() : nullptr;
        update.events = std::move(events);
        store_.apply(update);
    }
    // By the words that a person reads.
    std::vector<std::string> rows(const EventModel& model) const {
        std::vector<std::string> out;
        for (int row = 0; row < model.rowCount(); ++row) {
            std::string line;
            for (int column = 0; column < EventModel::kColumns; ++column) {
                line += (column == 0 ? "" : "|") +
                        model.index(row, column).data().toString().toStdString();
            }
            out.push_back(line);
        }
        return out;
    }
    RunStore store_;
};

const std::vector<RowEvent> kSomeEvents = {
    {{0}, 3, Category::kInstalled, Code::kNone},
    {{300}, 9, Category::kCrash, Code::kKilledBySignal},
    {{300}, 10, Category::kCrash, Code::kKilledBySignal},
    {{86'400 + 600}, 999, Category::kCorrupt, Code::kPayloadDigestWrong},
    {{90'000}, 9, Category::kRecovered, Code::kByUpdate},
};

TEST_F(EventModelTest, ShowsWhenWhereAndWhatInWords) {
    apply(kSomeEvents);
    const EventModel model(store_);
    EXPECT_EQ(rows(model), (std::vector<std::string>{
                               "day 1 00:00|3|engineering|installed|",
                               "day 1 00:05|9|engineering|crash|killed by a signal",
                               "day 1 00:05|10|internal|crash|killed by a signal",
                               "day 2 00:10|999|public-1|corrupt|payload digest is wrong",
                               "day 2 01:00|9|engineering|recovered|by the next update",
                           }));
    EXPECT_EQ(model.count(Category::kCrash), 2U);
    EXPECT_EQ(model.group_of(1000), record::kAll) << "there are endpoints 0 to 999";
}

TEST_F(EventModelTest, TellsViewsOfRowsThatCome) {
    EventModel model(store_);
    const QAbstractItemModelTester tester(&model, FailureMode::Fatal);
    const QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
    apply({kSomeEvents[0], kSomeEvents[1]});
    EXPECT_EQ(model.rowCount(), 0) << "a pane takes them when it has time";
    model.take_new();
    EXPECT_EQ(model.rowCount(), 2);
    apply({kSomeEvents[2]});
    model.take_new();
    model.take_new();
    EXPECT_EQ(model.rowCount(), 3);
    EXPECT_EQ(inserted.count(), 2);
}

TEST_F(EventModelTest, AppliesItsFilterToRowsThatComeLater) {
    EventModel model(store_);
    const QAbstractItemModelTester tester(&model, FailureMode::Fatal);
    EventFilter filter;
    filter.categories = {Category::kCrash};
    model.set_filter(filter);
    for (const RowEvent& event : kSomeEvents) {
        apply({event});
        model.take_new();
    }
    EXPECT_EQ(model.rowCount(), 2);
    EXPECT_EQ(model.all(), 5U);
    EXPECT_EQ(model.event(1)->endpoint, 10U);
    EXPECT_EQ(model.event(2), nullptr);
}

TEST_F(EventModelTest, FiltersByGroupEndpointTimeAndWords) {
    apply(kSomeEvents);
    EventModel model(store_);
    const auto left = [&](const EventFilter& filter) {
        model.set_filter(filter);
        std::vector<uint32_t> out;
        for (int row = 0; row < model.rowCount(); ++row) {
            out.push_back(model.event(row)->endpoint);
        }
        return out;
    };
    using Endpoints = std::vector<uint32_t>;
    EXPECT_EQ(left({.group = 0}), (Endpoints{3, 9, 9}));
    EXPECT_EQ(left({.group = 1}), (Endpoints{10}));
    EXPECT_EQ(left({.group = 7}), Endpoints{}) << "of another run";
    EXPECT_EQ(left({.endpoint = 9}), (Endpoints{9, 9}));
    EXPECT_EQ(left({.group = 1, .endpoint = 9}), Endpoints{});
    EXPECT_EQ(left({.time = {{{300}, {90'000}}}}), (Endpoints{9, 10, 999}))
        << "without the end of the range";
    EXPECT_EQ(left({.words = {"CRASH"}}), (Endpoints{9, 10}));
    EXPECT_EQ(left({.words = {"digest"}}), (Endpoints{999}));
    EXPECT_EQ(left({.words = {"public"}}), (Endpoints{999}));
    EXPECT_EQ(left({.words = {"9"}}), (Endpoints{9, 9})) << "a number is a whole number";
    EXPECT_EQ(left({.words = {"9", "crash"}}), (Endpoints{9}));
    EXPECT_EQ(left({}), (Endpoints{3, 9, 10, 999, 9}));
}

TEST_F(EventModelTest, FindsTheRowOfAMoment) {
    apply(kSomeEvents);
    EventModel model(store_);
    EXPECT_EQ(model.row_at({0}), 0);
    EXPECT_EQ(model.row_at({299}), 0);
    EXPECT_EQ(model.row_at({300}), 2);
    EXPECT_EQ(model.row_at({1'000'000}), 4);
    model.set_filter({.group = 2});
    EXPECT_EQ(model.row_at({300}), -1);
}

TEST_F(EventModelTest, ForgetsTheRunBefore) {
    apply(kSomeEvents);
    EventModel model(store_);
    const QAbstractItemModelTester tester(&model, FailureMode::Fatal);
    model.set_filter({.words = {"crash"}});
    store_.begin(2);
    EXPECT_EQ(model.rowCount(), 0);
    EXPECT_EQ(model.all(), 0U);
    EXPECT_EQ(model.count(Category::kCrash), 0U);
}

TEST_F(EventModelTest, WritesCsvThatQuotesWhatNeedsIt) {
    apply(kSomeEvents);
    const EventModel model(store_);
    EXPECT_EQ(model.csv({{0, 1}, {3, 4}}).toStdString(),
              "time,seconds,endpoint,group,category,code\n"
              "day 1 00:00,0,3,engineering,installed,\n"
              "day 2 00:10,87000,999,public-1,corrupt,payload digest is wrong\n");
}

// The index against the plain reading of the filter, over random events that come in portions.
TEST_F(EventModelTest, KeepsWhatAPlainFilterWouldKeep) {
    const base::RandomStream random(7, base::Stream{});
    uint64_t drawn = 0;
    const auto draw = [&](uint64_t below) { return random.below(below, drawn++); };
    EventModel model(store_);
    std::vector<RowEvent> all;
    int64_t now = 0;
    for (int portion = 0; portion < 40; ++portion) {
        std::vector<RowEvent> more;
        for (uint64_t n = draw(30); n > 0; --n) {
            now += static_cast<int64_t>(draw(50));
            more.push_back({{now},
                            static_cast<uint32_t>(draw(1000)),
                            static_cast<Category>(draw(EventModel::kCategories)),
                            draw(2) == 0 ? Code::kNone : Code::kKilledBySignal});
        }
        all.insert(all.end(), more.begin(), more.end());
        apply(more);
        if (draw(3) == 0) {
            EventFilter filter;
            for (uint64_t n = draw(3); n > 0; --n) {
                filter.categories.insert(static_cast<Category>(draw(EventModel::kCategories)));
            }
            if (draw(2) == 0) {
                filter.group = static_cast<int32_t>(draw(3));
            }
            if (draw(2) == 0) {
                filter.time = {{static_cast<int64_t>(draw(3000))}, {now}};
            }
            if (draw(2) == 0) {
                filter.words = {"signal"};
            }
            model.set_filter(filter);
        }
        model.take_new();
        std::vector<const RowEvent*> expected;
        for (const RowEvent& event : all) {
            const EventFilter& filter = model.filter();
            const int32_t group = event.endpoint < 10 ? 0 : event.endpoint < 100 ? 1 : 2;
            if ((filter.categories.empty() || filter.categories.contains(event.category)) &&
                filter.group.value_or(group) == group &&
                (!filter.time ||
                 (event.at >= filter.time->first && event.at < filter.time->second)) &&
                (filter.words.isEmpty() || event.code == Code::kKilledBySignal)) {
                expected.push_back(&event);
            }
        }
        ASSERT_EQ(model.rowCount(), static_cast<int>(expected.size()));
        for (int row = 0; row < model.rowCount(); ++row) {
            ASSERT_EQ(model.event(row)->at, expected[static_cast<size_t>(row)]->at);
            ASSERT_EQ(model.event(row)->endpoint, expected[static_cast<size_t>(row)]->endpoint);
        }
    }
    EXPECT_GT(all.size(), 300U);
}

}  // namespace
}  // namespace firebreak::models
