#include "models/timeline_model.h"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>

#include "support/sample_run.h"

namespace firebreak::models {
namespace {

using Mode = QAbstractItemModelTester::FailureReportingMode;

QString cell(const QAbstractItemModel& model, int row, int column) {
    return model.index(row, column).data().toString();
}

bool planned(const QAbstractItemModel& model, int row) {
    return model.index(row, 0).data(TimelineModel::kPlanned).toBool();
}

bridge::RunUpdate update_until(const record::Run& run, base::SimTime from, base::SimTime to) {
    bridge::RunUpdate update;
    update.run = 1;
    update.at = to;
    if (from.seconds == 0) {
        update.header = std::make_shared<const record::Header>(run.header);
    }
    for (const record::TimelineEntry& entry : run.timeline) {
        if (entry.at > from && entry.at <= to) {
            update.timeline.push_back(entry);
        }
    }
    return update;
}

TEST(TimelineModel, ListsWhatHappenedWithItsLetter) {
    RunStore store;
    TimelineModel model(store);
    const QAbstractItemModelTester tester(&model, Mode::Fatal);
    EXPECT_EQ(model.rowCount(), 0);
    store.load(test::rich_run(), "a.run");
    ASSERT_EQ(model.rowCount(), 14);
    EXPECT_EQ(model.happened(), 14);
    QString letters;
    for (int row = 0; row < model.rowCount(); ++row) {
        const QString letter = cell(model, row, TimelineModel::kFlag);
        letters += letter.isEmpty() ? "." : letter;
    }
    EXPECT_EQ(letters, "RRPP..PAHWXPC.");
    EXPECT_EQ(cell(model, 8, TimelineModel::kTime), "day 2 09:00");
    EXPECT_EQ(cell(model, 8, TimelineModel::kKind), "halt");
    EXPECT_EQ(cell(model, 8, TimelineModel::kRelease), "rules-2");
    EXPECT_EQ(cell(model, 3, TimelineModel::kGroup), "public-1");
    EXPECT_EQ(meaning_of('P'), "promotion");
    EXPECT_EQ(meaning_of('C'), "campaign");
}

TEST(TimelineModel, TurnsPlannedEntriesIntoThoseThatHappened) {
    const record::Run run = test::rich_run();
    RunStore store;
    TimelineModel model(store);
    const QAbstractItemModelTester tester(&model, Mode::Fatal);
    store.begin(1);
    base::SimTime before{0};
    store.apply(update_until(run, before, before));
    ASSERT_EQ(model.rowCount(), 3);  // the releases, planned
    EXPECT_TRUE(planned(model, 0));
    EXPECT_EQ(cell(model, 0, TimelineModel::kKind), "planned: publication");
    for (int64_t hour = 6; hour <= 168; hour += 6) {
        const base::SimTime now{hour * 3600};
        store.apply(update_until(run, before, now));
        before = now;
        for (int row = 0; row < model.rowCount(); ++row) {
            const qint64 at = model.index(row, 0).data(TimelineModel::kAt).toLongLong();
            EXPECT_EQ(planned(model, row), at > now.seconds);
        }
    }
    EXPECT_EQ(model.rowCount(), 14);
    store.begin(2);
    EXPECT_EQ(model.rowCount(), 0);
}

class TimelineFiltered : public testing::Test {
  protected:
    TimelineFiltered() {
        filter_.setSourceModel(&model_);
        store_.load(test::rich_run(), "a.run");
    }
    RunStore store_;
    Selection selection_;
    TimelineModel model_{store_};
    TimelineFilter filter_{selection_};
    QAbstractItemModelTester tester_{&filter_, Mode::Fatal};
};

TEST_F(TimelineFiltered, ByTime) {
    selection_.set_time({{{33 * 3600}, {33 * 3600 + 300}}});
    ASSERT_EQ(filter_.rowCount(), 1);
    EXPECT_EQ(cell(filter_, 0, TimelineModel::kFlag), "H");
}

TEST_F(TimelineFiltered, ByGroupWithWhatConcernsAll) {
    selection_.set_group(3);
    for (int row = 0; row < filter_.rowCount(); ++row) {
        EXPECT_THAT(cell(filter_, row, TimelineModel::kGroup).toStdString(),
                    testing::AnyOf("", "public-2"));
    }
    EXPECT_EQ(filter_.rowCount(), 5);
}

TEST_F(TimelineFiltered, ByRelease) {
    selection_.set_release(2);
    EXPECT_EQ(filter_.rowCount(), 4);  // two of its own, and two of none
}

TEST_F(TimelineFiltered, ByAllWordsInAnyColumn) {
    filter_.set_words("RULES-2 internal");
    ASSERT_EQ(filter_.rowCount(), 1);
    EXPECT_EQ(cell(filter_, 0, TimelineModel::kText), "rules-2 to internal");
    filter_.set_words("");
    EXPECT_EQ(filter_.rowCount(), 14);
}

}  // namespace
}  // namespace firebreak::models
