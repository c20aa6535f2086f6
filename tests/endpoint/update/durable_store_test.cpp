#include "endpoint/update/durable_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/file.h"
#include "endpoint/update/store_stories.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::update {
namespace {

using test::keep;
using test::payload_of;

class DurableStoreTest : public testing::Test {
  protected:
    std::unique_ptr<DurableStore> open() {
        auto opened = DurableStore::open(folder_.path());
        EXPECT_TRUE(opened.ok()) << opened.error().text();
        return opened.ok() ? std::move(opened).value() : nullptr;
    }
    base::Bytes read(const char* name) {
        return base::read_file(folder_.path() / name, 1 << 24).value();
    }
    void overwrite(const char* name, base::ByteView bytes) {
        EXPECT_TRUE(base::write_file(folder_.path() / name, bytes).ok());
    }
    void damage(const char* name) { overwrite(name, base::view_of(std::string(40'000, 'x'))); }
    // Something to lose.
    void use() {
        const auto store = open();
        ASSERT_OK(store->commit({{"a", "1"}}));
        ASSERT_OK(keep(*store, payload_));
    }
    void expect_used(DurableStore& store) {
        EXPECT_EQ(store.get("a").value(), "1");
        EXPECT_EQ(store.blob(digest_).value(), payload_);
        EXPECT_TRUE(store.has_blob(digest_).value());
    }

    test::TemporaryFolder folder_;
    const base::Bytes payload_ = payload_of(70'000, 1);
    const base::Digest digest_ = base::sha384(payload_);
};

TEST_F(DurableStoreTest, ReadsBackWhatWasCommitted) {
    {
        const auto store = open();
        ASSERT_OK(store->commit({{"a", "1"}, {"b", std::string("x\0y", 3)}}));
        ASSERT_OK(store->commit({{"a", std::nullopt}, {"c", ""}}));
    }
    const auto store = open();
    EXPECT_EQ(store->get("a").value(), std::nullopt);
    EXPECT_EQ(store->get("b").value(), std::string("x\0y", 3));
    EXPECT_EQ(store->get("c").value(), "");
    EXPECT_TRUE(store->repairs().empty());
}

TEST_F(DurableStoreTest, ListsTheValuesOfKeysWithOneBeginning) {
    const auto store = open();
    ASSERT_OK(store->commit({{"a", "0"}, {"a/x", "1"}, {"a/y", "2"}, {"b/x", "3"}}));
    EXPECT_EQ(store->values("a/").value(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(store->values("").value().size(), 4U);
}

TEST_F(DurableStoreTest, KeepsPayloadsOfAnySizeByDigest) {
    for (const size_t size : {0, 1, 1 << 20, (1 << 20) + 1, 5'000'000}) {
        const base::Bytes bytes = payload_of(size, 2);
        {
            const auto store = open();
            EXPECT_FALSE(store->has_blob(base::sha384(bytes)).value());
            EXPECT_ERROR(store->blob(base::sha384(bytes)), "never kept");
            ASSERT_OK(keep(*store, bytes));
            EXPECT_EQ(store->blob(base::sha384(bytes)).value(), bytes);
        }
        EXPECT_EQ(open()->blob(base::sha384(bytes)).value(), bytes) << size;
    }
}

TEST_F(DurableStoreTest, KeepsNothingThatHasAnotherDigestOrWasNotFinished) {
    const auto store = open();
    {
        ASSERT_OK_AND(const auto writer, store->new_blob(digest_));
        ASSERT_OK(writer->write(payload_of(70'000, 3)));
        EXPECT_ERROR(writer->finish(), "what was written is not payload");
    }
    {
        ASSERT_OK_AND(const auto writer, store->new_blob(digest_));
        ASSERT_OK(writer->write(payload_));
    }
    EXPECT_FALSE(store->has_blob(digest_).value());
    EXPECT_ERROR(store->blob(digest_), "never kept");
}

TEST_F(DurableStoreTest, WritesOnePayloadAtATime) {
    const auto store = open();
    {
        ASSERT_OK_AND(const auto writer, store->new_blob(digest_));
        EXPECT_ERROR(store->new_blob(base::sha384({})), "one payload is written at a time");
    }
    ASSERT_OK(keep(*store, payload_));
}

TEST_F(DurableStoreTest, DropsAllPayloadsButThoseNamed) {
    const base::Bytes other = payload_of(5'000, 4);
    {
        const auto store = open();
        ASSERT_OK(keep(*store, payload_));
        ASSERT_OK(keep(*store, other));
        ASSERT_OK(store->keep_only({base::sha384(other), base::sha384(payload_of(1, 5))}));
        EXPECT_FALSE(store->has_blob(digest_).value());
    }
    const auto store = open();
    EXPECT_FALSE(store->has_blob(digest_).value());
    EXPECT_EQ(store->blob(base::sha384(other)).value(), other);
}

TEST_F(DurableStoreTest, TurnsASecondUserAway) {
    const auto store = open();
    EXPECT_ERROR(DurableStore::open(folder_.path()), "locked; end the other process");
    ASSERT_OK(store->commit({{"a", "1"}}));
}

// ---- Damage

TEST_F(DurableStoreTest, MendsOneDamagedCopyFromTheOtherAndSaysSo) {
    use();
    for (const char* name : {"a.db", "b.db"}) {
        for (const size_t left : {size_t{0}, size_t{3'000}, read(name).size() - 40'000}) {
            const base::Bytes whole = read(name);
            overwrite(name, base::ByteView(whole).first(left));
            {
                const auto store = open();
                expect_used(*store);
                ASSERT_EQ(store->repairs().size(), 1U) << name << " " << left;
                EXPECT_EQ(store->repairs()[0].find(name), 0U) << store->repairs()[0];
            }
            EXPECT_TRUE(open()->repairs().empty());
        }
        damage(name);
        expect_used(*open());
        std::filesystem::remove(folder_.path() / name);
        EXPECT_EQ(open()->repairs(),
                  std::vector<std::string>{std::string(name) + " is missing; mended from " +
                                           (*name == 'a' ? "b.db" : "a.db")});
        expect_used(*open());
    }
}

TEST_F(DurableStoreTest, DoesNotGoBackToAnOlderCopy) {
    use();
    for (const char* name : {"a.db", "b.db"}) {
        const base::Bytes old = read(name);
        {
            const auto store = open();
            ASSERT_OK(store->commit({{"floor", "1"}}));
            ASSERT_OK(store->commit({{"floor", name}}));
        }
        overwrite(name, old);
        const auto store = open();
        EXPECT_EQ(store->get("floor").value(), name);
        ASSERT_EQ(store->repairs().size(), 1U);
        EXPECT_NE(store->repairs()[0].find("is of an older time"), std::string::npos);
    }
}

TEST_F(DurableStoreTest, DoesNotChooseBetweenTheCopiesOfTwoMachines) {
    use();
    const base::Bytes ours = read("b.db");
    const test::TemporaryFolder elsewhere;
    {
        ASSERT_OK_AND(const auto other, DurableStore::open(elsewhere.path()));
        ASSERT_OK(other->commit({{"a", "2"}}));
    }
    std::filesystem::copy_file(elsewhere.path() / "b.db", folder_.path() / "b.db",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_ERROR(DurableStore::open(folder_.path()), "those of two machines");
    overwrite("b.db", ours);
    expect_used(*open());
}

TEST_F(DurableStoreTest, DoesNotOpenWhenBothCopiesAreDamaged) {
    use();
    damage("a.db");
    damage("b.db");
    EXPECT_ERROR(DurableStore::open(folder_.path()), "neither copy of the store can be used");
    overwrite("a.db", {});
    overwrite("b.db", {});
    EXPECT_ERROR(DurableStore::open(folder_.path()), "a.db is empty, b.db is empty");
}

TEST_F(DurableStoreTest, StartsOverOnlyWhenNothingIsLeftAndThrowsNothingAway) {
    use();
    EXPECT_ERROR(DurableStore::start_over(folder_.path()), "a.db is sound: nothing was touched");
    damage("a.db");
    EXPECT_ERROR(DurableStore::start_over(folder_.path()), "b.db is sound: nothing was touched");
    damage("b.db");
    const base::Bytes damaged = read("b.db");
    ASSERT_OK_AND(const auto aside, DurableStore::start_over(folder_.path()));
    EXPECT_EQ(base::read_file(aside / "b.db", 1 << 20).value(), damaged);

    const auto store = open();
    EXPECT_EQ(store->get("a").value(), std::nullopt);
    ASSERT_OK(store->commit({{"a", "2"}}));
}

// ---- A real process on a real disk

// A process is killed in the middle of a long series of commits, each of which sets both entries to
// the same number: whatever is found afterwards, they agree, and nothing that was reported durable
// is gone.
TEST_F(DurableStoreTest, LosesNothingCommittedWhenItsProcessIsKilled) {
    int reports[2];
    ASSERT_EQ(::pipe(reports), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        auto store = DurableStore::open(folder_.path());
        for (int n = 1; store.ok(); ++n) {
            if (!(*store)->commit({{"a", std::to_string(n)}, {"b", std::to_string(n)}}).ok() ||
                ::write(reports[1], &n, sizeof n) != sizeof n) {
                break;
            }
        }
        ::_exit(1);
    }
    ::close(reports[1]);
    int last = 0;
    while (last < 20 && ::read(reports[0], &last, sizeof last) == sizeof last) {
    }
    ::kill(child, SIGKILL);
    int n = 0;
    while (::read(reports[0], &n, sizeof n) == sizeof n) {
        last = n;
    }
    ::close(reports[0]);
    ::waitpid(child, nullptr, 0);
    ASSERT_GE(last, 20);

    const auto store = open();
    ASSERT_OK_AND(const auto a, store->get("a"));
    ASSERT_OK_AND(const auto b, store->get("b"));
    EXPECT_EQ(a, b);
    EXPECT_GE(std::stoi(a.value()), last);
}

}  // namespace
}  // namespace firebreak::endpoint::update
