#include "models/assay_table.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QStringList>

#include "support/sample_run.h"

namespace firebreak::models {
namespace {

using Tester = QAbstractItemModelTester;

record::Assay assay(int64_t at_s, const std::string& stimulus, const std::string& category,
                    const std::string& evidence) {
    record::Assay out;
    out.at = {at_s};
    out.stimulus = stimulus;
    out.stage = "run";
    out.category = category;
    out.code = "killed by a signal";
    out.evidence = evidence;
    return out;
}

class AssayTableTest : public testing::Test {
  protected:
    AssayTableTest() : table_(store_), filtered_(table_, selection_) {
        (void)new Tester(&table_, Tester::FailureReportingMode::Fatal, &table_);
        (void)new Tester(&filtered_, Tester::FailureReportingMode::Fatal, &filtered_);
    }
    void grow(std::vector<record::Assay> more) {
        bridge::RunUpdate update;
        update.run = 7;
        if (store_.empty()) {
            store_.begin(7);
            update.header = std::make_shared<const record::Header>(test::sample_run().header);
        }
        update.assays = std::move(more);
        store_.apply(update);
    }
    QStringList stimuli() const {
        QStringList out;
        for (int row = 0; row < filtered_.rowCount(); ++row) {
            out << filtered_.index(row, AssayTable::kStimulus).data().toString();
        }
        return out;
    }

    RunStore store_;
    Selection selection_;
    AssayTable table_;
    AssayFilter filtered_;
};

TEST_F(AssayTableTest, GrowsWithTheRunAndStartsAgainWithAnother) {
    EXPECT_EQ(table_.rowCount(), 0);
    grow({assay(3600, "one", "crash", "")});
    grow({});
    grow({assay(7200, "two", "installed", ""), assay(7200, "three", "crash", "")});
    EXPECT_EQ(stimuli(), QStringList({"one", "two", "three"}));
    store_.load(test::sample_run(), "a.run");
    EXPECT_EQ(stimuli(), QStringList({"workload of server"}));
    store_.begin(9);
    EXPECT_EQ(table_.rowCount(), 0);
}

TEST_F(AssayTableTest, ShowsWhatWasRecorded) {
    store_.load(test::sample_run(), "a.run");
    QStringList cells;
    for (int column = 0; column < AssayTable::kColumns; ++column) {
        cells << table_.index(0, column).data().toString();
    }
    EXPECT_EQ(cells, QStringList({"day 1 01:00", "workload of server", "run", "crash",
                                  "killed by a signal", "signal: SIGSEGV"}));
}

TEST_F(AssayTableTest, SortsTimesAsTimes) {
    grow({assay(10 * 86400, "late", "crash", ""), assay(2 * 86400, "early", "crash", "")});
    filtered_.sort(AssayTable::kTime);  // "day 11" comes before "day 3" in letters
    EXPECT_EQ(stimuli(), QStringList({"early", "late"}));
}

TEST_F(AssayTableTest, FiltersByAllWordsInAnyColumn) {
    grow({assay(0, "scan on a till", "crash", "signal: SIGSEGV"),
          assay(0, "scan on a server", "crash", "signal: SIGSYS")});
    filtered_.set_words("sigsegv TILL");
    EXPECT_EQ(stimuli(), QStringList({"scan on a till"}));
    filtered_.set_words("sigsegv server");
    EXPECT_TRUE(stimuli().empty());
    filtered_.set_words("");
    EXPECT_EQ(stimuli().size(), 2);
}

TEST_F(AssayTableTest, ShowsFailuresAloneIfThatIsWanted) {
    grow({assay(0, "good", "installed", ""), assay(0, "nothing", "nothing new", ""),
          assay(0, "bad", "corrupt", "")});
    filtered_.set_failures_only(true);
    EXPECT_EQ(stimuli(), QStringList({"bad"}));
}

TEST_F(AssayTableTest, KeepsToTheTimeThatIsSelected) {
    grow({assay(100, "before", "crash", ""), assay(200, "first", "crash", ""),
          assay(300, "after", "crash", "")});
    selection_.set_time({{base::SimTime{200}, base::SimTime{300}}});
    EXPECT_EQ(stimuli(), QStringList({"first"}));
    selection_.clear();
    EXPECT_EQ(stimuli().size(), 3);
}

}  // namespace
}  // namespace firebreak::models
