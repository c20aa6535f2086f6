// The durable store on a disk that is full, read-only, failing, or changes what it holds.
#include <gtest/gtest.h>

#include <algorithm>

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

// A single error at each change. Several on end begin at one change in `stride`, since most of what
// they meet is that of a single one.
TEST_F(StoreFault, AnErrorAtAnyChangeIsAnsweredAndOver) {
    struct Series {
        uint64_t errors, stride;
    };
    for (const auto& [errors, stride] : {Series{1, 1}, Series{4, 5}, Series{30, 11}}) {
        for (uint64_t n = 1;; n += stride) {
            harness_.begin_from(beginning_);
            const uint64_t before = disk_.changes();
            harness_.live([&](ports::Store& store) {
                disk_.fail_at(n, errors);
                (void)every_kind(store);
                expect_readable(store);
                disk_.fail_at(1, 0);
                ASSERT_OK(store.commit({{"over", std::to_string(n)}}));
                ASSERT_OK(keep(store, payload_of(5'000, 9)));
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

// Of the file's header and of each page's, every bit or one in `header_stride`; of the others one
// in so many, at different places of the pages.
std::vector<uint64_t> bits_to_try(uint64_t size, uint64_t header_stride) {
    constexpr uint64_t kPage = 32'768, kFileHeader = 100, kPageHeader = 8, kStride = 4'001;
    std::vector<uint64_t> bits;
    for (uint64_t bit = 0; bit < 8 * size; ++bit) {
        const uint64_t at = bit / 8;
        const uint64_t header = at < kPage ? kFileHeader + kPageHeader : kPageHeader;
        if ((at % kPage < header && bit % header_stride == 0) || bit % kStride == 0) {
            bits.push_back(bit);
        }
    }
    return bits;
}

TEST_F(StoreFault, AnyBitOfEitherCopyMayBeWrong) {
    harness_.begin_from({});
    harness_.live([](ports::Store& store) {
        ASSERT_OK(store.commit({{"a", "1"}, {"b", std::string(6'000, 'b')}}));
        ASSERT_OK(keep(store, payload_of(9'000, 1)));
    });
    ASSERT_EQ(harness_.start(), "");
    beginning_ = harness_.beginning();
    int noticed = 0, tried = 0;
    for (const char* file : kFiles) {
        // The second copy is read by the same code: a third of its headers will do.
        for (const uint64_t bit : bits_to_try(disk_.size(file), file == kFiles[0] ? 1 : 3)) {
            harness_.begin_from(beginning_);
            disk_.flip_bit(file, bit);
            {
                ASSERT_OK_AND(const auto store, open());
                noticed += store->repairs().empty() ? 0 : 1;
                expect_readable(*store);
                ASSERT_OK(store->commit({{"new", "1"}}));
            }
            disk_.restart(SimulatedDisk::End::kPowerCut);
            ASSERT_OK_AND(const auto store, open());
            EXPECT_TRUE(store->repairs().empty()) << file << " bit " << bit;
            EXPECT_EQ(store->get("new").value(), "1") << file << " bit " << bit;
            expect_readable(*store);
            ASSERT_FALSE(HasFailure()) << file << " bit " << bit;
            ++tried;
        }
    }
    EXPECT_GT(tried, 1'500);
    EXPECT_GT(noticed, tried / 3);  // the others are in unused parts of the files
}

// A large payload, so that it is read from the disk: SQLite keeps 2 MiB of a file in memory.
class PayloadInUse : public StoreFault {
  protected:
    // Where some of it stands in this file.
    uint64_t place_in(const char* file) {
        const base::Bytes bytes = disk_.image().at(file);
        const auto at = std::search(bytes.begin(), bytes.end(), large_.begin() + 3'000'000,
                                    large_.begin() + 3'000'064);
        EXPECT_NE(at, bytes.end());
        return static_cast<uint64_t>(at - bytes.begin());
    }
    void damage(const char* file) { disk_.flip_bit(file, 8 * place_in(file)); }
    // A page of it begins with the number of the next one; such a number there never is.
    void damage_chain(const char* file) {
        disk_.flip_bit(file, 8 * (place_in(file) / 32'768 * 32'768) + 7);
    }
    void expect_whole(DurableStore& store) {
        ASSERT_OK_AND(const auto found, store.blob(digest_));
        EXPECT_TRUE(found == large_);
    }

    const base::Bytes large_ = payload_of(6'000'000, 6);
    const base::Digest digest_ = base::sha384(large_);
};

TEST_F(PayloadInUse, IsReadFromTheSecondCopyWhenTheFirstIsDamagedAndMended) {
    ASSERT_OK_AND(const auto store, open());
    ASSERT_OK(keep(*store, large_));
    damage("./a.db");
    expect_whole(*store);
    EXPECT_TRUE(store->has_blob(digest_).value());
    expect_whole(*store);
    ASSERT_EQ(store->repairs().size(), 1U);
    EXPECT_NE(store->repairs()[0].find("is damaged in a.db; mended from b.db"), std::string::npos);
    damage("./b.db");  // so that it can only come from the first
    expect_whole(*store);
}

TEST_F(PayloadInUse, IsMendedWithTheNextChangeWhenTheWholeCopyIsOfNoUse) {
    ASSERT_OK_AND(const auto store, open());
    ASSERT_OK(keep(*store, large_));
    damage_chain("./a.db");
    expect_whole(*store);
    ASSERT_OK(store->commit({{"new", "1"}}));
    EXPECT_TRUE(store->has_blob(digest_).value());
    EXPECT_EQ(store->repairs(),
              std::vector<std::string>{"a.db was of no use; made again from b.db"});
    damage("./b.db");  // so that it can only come from the first
    expect_whole(*store);
}

TEST_F(PayloadInUse, IsMendedWithTheNextStartWhenTheSecondCopyIsDamaged) {
    {
        ASSERT_OK_AND(const auto store, open());
        ASSERT_OK(keep(*store, large_));
        damage("./b.db");
        expect_whole(*store);
    }
    ASSERT_OK_AND(const auto store, open());
    ASSERT_EQ(store->repairs().size(), 1U);
    EXPECT_EQ(store->repairs()[0], "payloads found damaged in b.db: 1");
    EXPECT_TRUE(store->has_blob(digest_).value());
}

TEST_F(PayloadInUse, IsToBeDownloadedAgainWhenItCannotBeMended) {
    ASSERT_OK_AND(const auto store, open());
    ASSERT_OK(keep(*store, large_));
    damage("./a.db");
    disk_.set_read_only(true);
    expect_whole(*store);
    EXPECT_FALSE(store->has_blob(digest_).value());
    ASSERT_EQ(store->repairs().size(), 1U);
    EXPECT_NE(store->repairs()[0].find("cannot be mended now"), std::string::npos);
    disk_.set_read_only(false);
    ASSERT_OK(keep(*store, large_));
    EXPECT_TRUE(store->has_blob(digest_).value());
}

TEST_F(PayloadInUse, IsGivenByNeitherCopyWhenBothAreDamaged) {
    ASSERT_OK_AND(const auto store, open());
    ASSERT_OK(keep(*store, large_));
    damage("./a.db");
    damage("./b.db");
    EXPECT_ERROR(store->blob(digest_), "is damaged");
    EXPECT_FALSE(store->has_blob(digest_).value());
    ASSERT_OK(keep(*store, large_));
    expect_whole(*store);
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
