// The durable store on a disk that is full, read-only, failing, or changes what it holds.
#include <gtest/gtest.h>

#include "endpoint/update/crash_harness.h"
#include "endpoint/update/durable_store.h"
#include "endpoint/update/store_stories.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::update {
namespace {

using test::CrashHarness;
using test::every_kind;
using test::keep;
using test::payload_of;
using test::SimulatedDisk;

constexpr const char* kFiles[] = {"./a.db", "./b.db"};

class StoreFault : public testing::Test {
  protected:
    void SetUp() override {
        harness_.live([](ports::Store& store) { ASSERT_OK(every_kind(store)); });
        ASSERT_EQ(harness_.start(), "");
        beginning_ = harness_.beginning();
    }
    // Everything that was committed can be read.
    void expect_readable(ports::Store& store) {
        for (const auto& [key, value] : harness_.shadow().entries()) {
            ASSERT_OK_AND(const auto found, store.get(key));
            EXPECT_EQ(found, value) << key;
        }
        for (const auto& [digest, bytes] : harness_.shadow().payloads()) {
            ASSERT_OK_AND(const auto found, store.blob(digest));
            EXPECT_EQ(found, bytes);
        }
    }
    base::Result<std::unique_ptr<DurableStore>> open() {
        return DurableStore::open(".", {disk_.vfs()});
    }

    CrashHarness harness_{1, nullptr};
    SimulatedDisk& disk_ = harness_.disk();
    CrashHarness::Beginning beginning_;
};

// ---- Full

TEST_F(StoreFault, AFullDiskChangesNothingAndIsOverWhenThereIsRoom) {
    const uint64_t used = disk_.used();
    bool refused = true;
    int tried = 0;
    for (uint64_t room = 0; refused; room += 8'192, ++tried) {
        harness_.begin_from(beginning_);
        harness_.live([&](ports::Store& store) {
            disk_.set_capacity(used + room);
            refused = !every_kind(store).ok();
            expect_readable(store);
            disk_.set_capacity(std::nullopt);
            ASSERT_OK(every_kind(store));
        });
        ASSERT_EQ(harness_.start(), "") << room;
        if (HasFailure()) {
            FAIL() << "with room for " << room;
        }
    }
    EXPECT_GT(tried, 10);
}

TEST_F(StoreFault, AStoreOpensOnAFullDisk) {
    for (uint64_t room = 0; room < 400'000; room += 8'192) {
        harness_.begin_from(beginning_);
        disk_.set_capacity(disk_.used() + room);
        harness_.live([](ports::Store& store) { (void)every_kind(store); });
        ASSERT_EQ(harness_.start(), "") << room;
        disk_.set_capacity(std::nullopt);
        harness_.live([](ports::Store& store) { ASSERT_OK(every_kind(store)); });
        ASSERT_EQ(harness_.start(), "") << room;
    }
}

TEST_F(StoreFault, SaysThatTheDiskIsFull) {
    ASSERT_OK_AND(const auto store, open());
    disk_.set_capacity(disk_.used());
    EXPECT_ERROR(keep(*store, payload_of(500'000, 9)), "full; free some space");
}

TEST_F(StoreFault, DroppingPayloadsMakesRoomOnAFullDisk) {
    ASSERT_OK_AND(const auto store, open());
    ASSERT_OK(keep(*store, payload_of(900'000, 8)));
    disk_.set_capacity(disk_.used() + 300'000);  // for what is written down before it is changed
    ASSERT_FALSE(keep(*store, payload_of(800'000, 9)).ok());
    ASSERT_OK(store->keep_only({}));
    ASSERT_OK(keep(*store, payload_of(800'000, 9)));
}

// ---- Read-only

TEST_F(StoreFault, AReadOnlyDiskIsReadAndWrittenOnceItCanBe) {
    harness_.live([&](ports::Store& store) {
        disk_.set_read_only(true);
        EXPECT_FALSE(store.commit({{"a", "new"}}).ok());
        EXPECT_FALSE(keep(store, payload_of(5'000, 9)).ok());
        EXPECT_FALSE(store.commit({{"a", "new"}}).ok());
        expect_readable(store);
        disk_.set_read_only(false);
        ASSERT_OK(every_kind(store));
    });
    EXPECT_EQ(harness_.start(), "");
}

TEST_F(StoreFault, AStoreOpensOnAReadOnlyDisk) {
    disk_.set_read_only(true);
    harness_.live([&](ports::Store& store) {
        expect_readable(store);
        EXPECT_FALSE(store.commit({{"a", "new"}}).ok());
        disk_.set_read_only(false);
        ASSERT_OK(every_kind(store));
    });
    EXPECT_EQ(harness_.start(), "");
}

// The machine goes off in the middle of a change; its disk is read-only when it is up again, and
// nothing can be taken back. One of the two copies was not being changed.
TEST_F(StoreFault, AStoreOpensOnAReadOnlyDiskWhereverItWasInterrupted) {
    for (uint64_t n = 1; n < 120; ++n) {
        harness_.begin_from(beginning_);
        disk_.end_at(n, SimulatedDisk::End::kKill);
        harness_.live([](ports::Store& store) { (void)every_kind(store); });
        disk_.set_read_only(true);
        ASSERT_EQ(harness_.start(), "") << n;
        disk_.set_read_only(false);
        harness_.live([](ports::Store& store) { ASSERT_OK(every_kind(store)); });
        ASSERT_EQ(harness_.start(), "") << n;
    }
}

// ---- I/O errors

TEST_F(StoreFault, AnErrorAtAnyChangeIsAnsweredAndOver) {
    for (const uint64_t errors : {1, 4, 30}) {
        for (uint64_t n = 1;; ++n) {
            harness_.begin_from(beginning_);
            const uint64_t before = disk_.changes();
            harness_.live([&](ports::Store& store) {
                disk_.fail_at(n, errors);
                (void)every_kind(store);
                expect_readable(store);
                disk_.fail_at(1, 0);
                ASSERT_OK(every_kind(store));
            });
            disk_.restart(SimulatedDisk::End::kPowerCut);
            ASSERT_EQ(harness_.start(), "") << n << " " << errors;
            if (HasFailure() || disk_.changes() < before + n) {
                ASSERT_FALSE(HasFailure()) << n << " " << errors;
                break;
            }
        }
    }
}

TEST_F(StoreFault, ACopyThatCannotBeReadIsMadeAgain) {
    for (const char* file : kFiles) {
        harness_.begin_from(beginning_);
        disk_.set_unreadable(file);
        EXPECT_EQ(harness_.start(), "") << file;
        disk_.set_unreadable("");
        ASSERT_OK_AND(const auto store, open());
        EXPECT_EQ(store->repairs().size(), 1U);
        expect_readable(*store);
    }
}

// ---- Damage

// Of the first bytes every bit, of the others one in so many.
TEST_F(StoreFault, AnyBitOfEitherCopyMayBeWrong) {
    int noticed = 0, tried = 0;
    for (const char* file : kFiles) {
        const uint64_t bits = 8 * disk_.size(file);
        for (uint64_t bit = 0; bit < bits; bit += bit < 8 * 120 ? 1 : 1'511) {
            harness_.begin_from(beginning_);
            disk_.flip_bit(file, bit);
            {
                ASSERT_OK_AND(const auto store, open());
                noticed += store->repairs().empty() ? 0 : 1;
                expect_readable(*store);
                ASSERT_OK(store->commit({{"a", "5"}, {"new", "1"}}));
            }
            harness_.begin_from({disk_.image(), harness_.shadow()});
            ASSERT_OK_AND(const auto store, open());
            EXPECT_TRUE(store->repairs().empty()) << file << " bit " << bit;
            EXPECT_EQ(store->get("new").value(), "1") << file << " bit " << bit;
            expect_readable(*store);
            ASSERT_FALSE(HasFailure()) << file << " bit " << bit;
            ++tried;
        }
    }
    EXPECT_GT(tried, 2'000);
    EXPECT_GT(noticed, tried / 3);  // the others are in unused parts of the files
}

// One wrong bit in each copy: the state comes back whole, or not at all.
TEST_F(StoreFault, DamageToBothCopiesNeverYieldsAnotherState) {
    int refused = 0;
    for (uint64_t bit = 0; bit < 8 * disk_.size(kFiles[0]); bit += 997) {
        harness_.begin_from(beginning_);
        disk_.flip_bit(kFiles[0], bit);
        disk_.flip_bit(kFiles[1], bit % (8 * disk_.size(kFiles[1])));
        const auto store = open();
        refused += store.ok() ? 0 : 1;
        if (!store.ok()) {
            EXPECT_NE(store.error().text().find("neither copy"), std::string::npos)
                << store.error().text();
            continue;
        }
        for (const auto& [key, value] : harness_.shadow().entries()) {
            EXPECT_EQ((*store)->get(key).value(), value);
        }
        for (const auto& [digest, bytes] : harness_.shadow().payloads()) {
            const auto found = (*store)->blob(digest);
            EXPECT_TRUE(!found.ok() || *found == bytes);
        }
    }
    EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace firebreak::endpoint::update
