#include "models/endpoint_events.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QStringList>

#include "support/sample_run.h"

namespace firebreak::models {
namespace {

using base::Category;
using base::Code;
using Tester = QAbstractItemModelTester;

class EndpointEventsTest : public testing::Test {
  protected:
    EndpointEventsTest() : events_(store_) {
        (void)new Tester(&events_, Tester::FailureReportingMode::Fatal, &events_);
    }
    void grow(std::vector<bridge::RowEvent> more) {
        bridge::RunUpdate update;
        update.run = 7;
        if (store_.empty()) {
            store_.begin(7);
            update.header = std::make_shared<const record::Header>(test::sample_run().header);
        }
        update.events = std::move(more);
        store_.apply(update);
    }
    QStringList lines() const {
        QStringList out;
        for (int row = 0; row < events_.rowCount(); ++row) {
            out << events_.index(row).data().toString();
        }
        return out;
    }

    RunStore store_;
    EndpointEvents events_;
};

TEST_F(EndpointEventsTest, ShowsThoseOfOneEndpointAndGrows) {
    events_.set_endpoint(3);
    grow({{{3600}, 3, Category::kInstalled, Code::kNone}, {{3600}, 4, Category::kInstalled, {}}});
    EXPECT_EQ(lines(), QStringList({"day 1 01:00  installed"}));
    grow({{{7200}, 3, Category::kCrash, Code::kKilledBySignal}});
    EXPECT_EQ(lines(),
              QStringList({"day 1 01:00  installed", "day 1 02:00  crash: killed by a signal"}));
    events_.set_endpoint(4);
    EXPECT_EQ(lines().size(), 1);
    events_.set_endpoint(std::nullopt);
    EXPECT_TRUE(lines().empty());
}

TEST_F(EndpointEventsTest, ForgetsThoseOfTheRunBefore) {
    events_.set_endpoint(3);
    grow({{{3600}, 3, Category::kInstalled, Code::kNone}});
    store_.begin(8);
    EXPECT_TRUE(lines().empty());
}

TEST_F(EndpointEventsTest, FindsTheNextEndpointThatFailed) {
    grow({{{1}, 9, Category::kCrash, Code::kKilledBySignal},
          {{2}, 5, Category::kInstalled, Code::kNone},
          {{3}, 7, Category::kRecovered, Code::kByUpdate},
          {{4}, 2, Category::kCorrupt, Code::kPayloadDigestWrong}});
    EXPECT_EQ(EndpointEvents::next_failed(store_, 2, 0, 100), 9u);
    EXPECT_EQ(EndpointEvents::next_failed(store_, 9, 0, 100), 2u) << "from the front again";
    EXPECT_EQ(EndpointEvents::next_failed(store_, 0, 3, 9), std::nullopt) << "outside";
    EXPECT_EQ(EndpointEvents::next_failed(store_, 0, 9, 10), 9u);
}

}  // namespace
}  // namespace firebreak::models
