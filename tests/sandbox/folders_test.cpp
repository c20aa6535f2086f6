// Folders under quota: what workers can do with them, leave in them, and not do.
#include "sandbox/folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sandbox/descriptors.h"
#include "sandbox/hostile.h"
#include "sandbox/weakenings/executable_mapping.h"
#include "sandbox/weakenings/quota_folders.h"

namespace firebreak::sandbox {
namespace {

using test::describe;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Which = Folders::Which;

constexpr Quotas kQuotas = {.log_bytes = 64 * 1024, .objects_bytes = 1024 * 1024};

Policy keeper() {
    Policy policy = test::policy_for("keeper");
    allow_quota_folders(policy, kQuotas);
    return policy;
}

std::string ask(Worker& worker, const std::string& what) {
    return describe(worker.call(base::view_of(what)));
}

// What the memory of the machine holds that belongs to no process: files in memory, for example.
uint64_t shared_memory_kib() {
    std::ifstream file("/proc/meminfo");
    for (std::string word; file >> word;) {
        if (uint64_t kib = 0; word == "Shmem:" && file >> kib) {
            return kib;
        }
    }
    return 0;
}

class QuotaFolder : public testing::Test {
  protected:
    void SetUp() override {
        const base::Result<Worker> worker = Worker::start(spawner_, test::policy_for("keeper"));
        ASSERT_OK(worker);
        if ((worker->layers() & (kNamespaces | kEmptyRoot)) != (kNamespaces | kEmptyRoot)) {
            GTEST_SKIP() << "this machine gives no namespaces, so no folders";
        }
        auto folders = Folders::make(spawner_, policy_);
        ASSERT_OK(folders);
        folders_.emplace(*std::move(folders));
    }
    Worker start() {
        base::Result<Worker> worker = Worker::start(spawner_, policy_, &*folders_);
        EXPECT_TRUE(worker.ok()) << worker.error().text();
        return *std::move(worker);
    }
    // Of a fresh worker.
    std::string ask_once(const std::string& what) {
        Worker worker = start();
        return ask(worker, what);
    }
    std::vector<std::string> names(Which which) {
        std::vector<std::string> all;
        const auto files = folders_->list(which);
        EXPECT_TRUE(files.ok());
        for (const Folders::File& file : *files) {
            all.push_back(file.name);
        }
        return all;
    }

    Spawner spawner_{test::hostile_worker_binary()};
    Policy policy_ = keeper();
    std::optional<Folders> folders_;
};

TEST_F(QuotaFolder, IsRecordedByName) {
    EXPECT_THAT(weakening_names(policy_), testing::ElementsAre("quota folders"));
    allow_executable_mapping(policy_);
    EXPECT_THAT(weakening_names(policy_),
                testing::ElementsAre("executable mapping", "quota folders"));
}

TEST_F(QuotaFolder, LeavesAllLayersInForce) {
    ASSERT_OK_AND(const Worker strict, Worker::start(spawner_, test::policy_for("keeper")));
    EXPECT_EQ(start().layers(), strict.layers());
}

TEST_F(QuotaFolder, KeepsALogThatTheParentReads) {
    Worker worker = start();
    EXPECT_EQ(ask(worker, "log one"), "reply all");
    EXPECT_EQ(ask(worker, "log two"), "reply all");
    EXPECT_EQ(ask_once("log three"), "reply all");
    ASSERT_OK_AND(const base::Bytes log, folders_->read(Which::kLog, "log", 1000));
    EXPECT_EQ(base::text_of(log), "one\ntwo\nthree\n");
    ASSERT_OK_AND(const base::Bytes begin, folders_->read(Which::kLog, "log", 5));
    EXPECT_EQ(base::text_of(begin), "one\nt");
    EXPECT_ERROR(folders_->read(Which::kObjects, "log", 5), "no plain file `log`");
    EXPECT_ERROR(folders_->read(Which::kLog, "../log", 5), "no plain file");
}

TEST_F(QuotaFolder, HoldsLargeObjectsForAsLongAsTheyAreUsed) {
    Worker worker = start();
    EXPECT_EQ(ask(worker, "object a 500000"), "reply all 500000");
    EXPECT_EQ(ask(worker, "object a 500000"), "reply all 500000");
    EXPECT_EQ(ask(worker, "map"), "reply mapped");
    EXPECT_THAT(names(Which::kObjects), testing::ElementsAre("mapped"));
}

TEST_F(QuotaFolder, ThatIsFullIsAnErrorInTheWorkerAndNotItsDeath) {
    Worker worker = start();
    EXPECT_EQ(ask(worker, "object a 5000000"), "reply full 1048576");
    EXPECT_EQ(ask(worker, "object a 1048576"), "reply all 1048576");
    EXPECT_EQ(ask(worker, "fill-log x 1000000"), "reply bytes 65536 ENOSPC");
    EXPECT_EQ(ask(worker, "log more"), "reply full");
    EXPECT_EQ(ask(worker, "fill-objects"), "reply files 256 ENOSPC");
    EXPECT_EQ(ask(worker, "object a 1"), "reply no room for another file");
}

TEST_F(QuotaFolder, HoldsItsQuotaWhateverTheWorkerDoes) {
    EXPECT_EQ(ask_once("fill-objects x 8192"), "reply bytes 1048576 ENOSPC");
    EXPECT_EQ(ask_once("stretch x 1099511627776"), "reply EFBIG");
    EXPECT_EQ(ask_once("stretch x 1000000"), "reply done");  // holes take no room
    ASSERT_OK_AND(const uint64_t used, folders_->used_bytes(Which::kObjects));
    EXPECT_EQ(used, kQuotas.objects_bytes);
    ASSERT_OK_AND(const uint64_t other, folders_->used_bytes(Which::kLog));
    EXPECT_EQ(other, 0u);
}

TEST_F(QuotaFolder, KeepsWhatAKilledWorkerLeavesOverForTheNext) {
    EXPECT_THAT(ask_once("leave a 300000"),
                StartsWith("crash, killed by a signal: signal: SIGABRT"));
    EXPECT_THAT(ask_once("leave b 300000"), HasSubstr("SIGABRT"));
    EXPECT_THAT(names(Which::kObjects), testing::ElementsAre("a", "b"));
    ASSERT_OK_AND(const uint64_t used, folders_->used_bytes(Which::kObjects));
    EXPECT_GE(used, 600'000u);
    Worker next = start();
    EXPECT_EQ(ask(next, "object a 1"),
              "reply an object `a` has been left over; remove what is left "
              "over first");
    EXPECT_EQ(ask(next, "clean"), "reply 2");
    EXPECT_EQ(ask(next, "clean"), "reply 0");
    EXPECT_EQ(ask(next, "object a 1000000"), "reply all 1000000");
    EXPECT_THAT(names(Which::kObjects), IsEmpty());
}

TEST_F(QuotaFolder, IsEmptiedHoweverManyFilesAreLeftOver) {
    EXPECT_EQ(ask_once("fill-objects"), "reply files 256 ENOSPC");
    EXPECT_EQ(names(Which::kObjects).size(), 256u);
    EXPECT_EQ(ask_once("clean"), "reply 256");
    EXPECT_THAT(names(Which::kObjects), IsEmpty());
}

TEST_F(QuotaFolder, LeadsNowhereElse) {
    for (const char* name :
         {"/etc/passwd", "../etc/passwd", "../../proc/self/maps", "/proc/1/root"}) {
        EXPECT_THAT(ask_once(std::string("open ") + name),
                    testing::AnyOf("reply ENOENT", "reply EACCES"))
            << name;
        EXPECT_THAT(ask_once(std::string("create ") + name),
                    testing::AnyOf("reply ENOENT", "reply EACCES", "reply EROFS"))
            << name;
    }
    // Above the folder is the folder; the worker's own root is another one, and empty.
    EXPECT_EQ(ask_once("create ../../inside"), "reply done");
    EXPECT_THAT(names(Which::kObjects), testing::ElementsAre("inside"));
    EXPECT_THAT(ask_once("create /outside"),
                testing::AnyOf("reply EACCES", "reply EROFS", "reply ENOSPC"));
    EXPECT_THAT(ask_once("remove ."), testing::AnyOf("reply EISDIR", "reply EINVAL"));
}

TEST_F(QuotaFolder, HoldsPlainFilesAlone) {
    const std::pair<const char*, const char*> kCalls[] = {
        {"map-code", "mmap; number: 9"}, {"open-path .", "openat; number: 257"},
        {"open-nameless", "openat"},     {"open-here x", "openat"},
        {"make-folder x", "mkdirat"},    {"make-link x", "symlinkat"},
        {"make-hard-link x", "linkat"},  {"make-pipe x", "mknodat"},
        {"rename x", "rename"},          {"change-folder", "fchdir"},
        {"change-mode", "fchmod"},       {"close-socket", "close; number: 3"},
    };
    for (const auto& [use, call] : kCalls) {
        EXPECT_THAT(ask_once(use), HasSubstr("forbidden call, killed at a forbidden system call: "
                                             "system call: " +
                                             std::string(call)))
            << use;
    }
    EXPECT_THAT(names(Which::kObjects), testing::ElementsAre("mapped"));
}

TEST_F(QuotaFolder, DoesNotOpenAnythingToWorkersWithoutIt) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, test::policy_for("keeper")));
    EXPECT_THAT(ask(worker, "log x"), HasSubstr("system call: openat"));
    EXPECT_ERROR(Worker::start(spawner_, policy_), "allows quota folders, and no folders");
    EXPECT_ERROR(Worker::start(spawner_, test::policy_for("keeper"), &*folders_),
                 "folders for a policy that does not allow them");
    EXPECT_ERROR(Folders::make(spawner_, test::policy_for("keeper")), "does not allow them");
}

TEST_F(QuotaFolder, IsNobodyElses) {
    ASSERT_OK_AND(const Folders others, Folders::make(spawner_, policy_));
    EXPECT_EQ(ask_once("create mine"), "reply done");
    ASSERT_OK_AND(const auto seen, others.list(Which::kObjects));
    EXPECT_THAT(seen, IsEmpty());
    std::ifstream mounts("/proc/self/mountinfo");
    const std::string all(std::istreambuf_iterator<char>(mounts), {});
    EXPECT_THAT(all, testing::Not(HasSubstr("nr_inodes=257")));
}

TEST_F(QuotaFolder, GoesTogetherWithExecutableMapping) {
    allow_executable_mapping(policy_);
    EXPECT_EQ(ask_once("log x"), "reply all");
    EXPECT_THAT(ask_once("map-code"), HasSubstr("system call: mmap"));
    EXPECT_EQ(ask_once("fill-objects"), "reply files 255 ENOSPC");
    EXPECT_EQ(ask_once("clean"), "reply 256");
}

TEST_F(QuotaFolder, LeavesNoMountAndNoDescriptorBehind) {
    ASSERT_OK_AND(Folders warm_up, Folders::make(spawner_, policy_));
    const size_t descriptors = test::open_descriptors();
    const uint64_t memory = shared_memory_kib();
    constexpr int kRounds = 1000;
    for (int round = 0; round < kRounds; ++round) {
        ASSERT_OK_AND(const Folders folders, Folders::make(spawner_, policy_));
        ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_, &folders));
        ASSERT_EQ(ask(worker, "fill-objects x 2000000"), "reply bytes 1048576 ENOSPC");
    }
    EXPECT_EQ(test::open_descriptors(), descriptors);
    // A gigabyte has been written; other programs have their memory files, too.
    EXPECT_LT(shared_memory_kib(), memory + kRounds * 1024 / 2);
    EXPECT_EQ(ask_once("log x"), "reply all");
}

}  // namespace
}  // namespace firebreak::sandbox
