#include "endpoint/update/durable_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/file.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::update {
namespace {

TEST(DurableStore, ReadsBackWhatWasCommitted) {
    const test::TemporaryFolder folder;
    {
        ASSERT_OK_AND(const auto store, DurableStore::open(folder.path() / "s.db"));
        ASSERT_OK(store->commit({{"a", "1"}, {"b", std::string("x\0y", 3)}}));
        ASSERT_OK(store->commit({{"a", std::nullopt}, {"c", ""}}));
    }
    ASSERT_OK_AND(const auto store, DurableStore::open(folder.path() / "s.db"));
    EXPECT_EQ(store->get("a").value(), std::nullopt);
    EXPECT_EQ(store->get("b").value(), std::string("x\0y", 3));
    EXPECT_EQ(store->get("c").value(), "");
}

TEST(DurableStore, KeepsPayloadsByDigestAndRefusesDamagedOnes) {
    const test::TemporaryFolder folder;
    const base::Bytes bytes = base::bytes_of("payload");
    const base::Digest digest = base::sha384(bytes);
    ASSERT_OK_AND(const auto store, DurableStore::open(folder.path() / "s.db"));
    EXPECT_ERROR(store->blob(digest), "never kept");
    ASSERT_OK(store->keep(digest, bytes));
    EXPECT_EQ(store->blob(digest).value(), bytes);
    ASSERT_OK(store->keep(digest, base::bytes_of("paYload")));
    EXPECT_ERROR(store->blob(digest), "damaged");
}

TEST(DurableStore, RefusesAFileThatIsNoDatabase) {
    const test::TemporaryFolder folder;
    ASSERT_OK(base::write_file(folder.path() / "s.db", base::bytes_of(std::string(4096, 'x'))));
    EXPECT_ERROR(DurableStore::open(folder.path() / "s.db"), "not a database");
}

// A process is killed in the middle of a long series of commits, each of which sets both entries to
// the same number: whatever is found afterwards, they agree, and nothing that was reported durable
// is gone.
TEST(DurableStore, LosesNothingCommittedWhenItsProcessIsKilled) {
    const test::TemporaryFolder folder;
    int reports[2];
    ASSERT_EQ(::pipe(reports), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        auto store = DurableStore::open(folder.path() / "s.db");
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

    ASSERT_OK_AND(const auto store, DurableStore::open(folder.path() / "s.db"));
    ASSERT_OK_AND(const auto a, store->get("a"));
    ASSERT_OK_AND(const auto b, store->get("b"));
    EXPECT_EQ(a, b);
    EXPECT_GE(std::stoi(a.value()), last);
}

}  // namespace
}  // namespace firebreak::endpoint::update
