// Libraries that a worker's parent hands to it, and what else does not become executable by that.
#include "sandbox/weakenings/executable_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "sandbox/channel.h"
#include "sandbox/hostile.h"

namespace firebreak::sandbox {
namespace {

using test::describe;
using testing::HasSubstr;

base::Bytes library(const std::string& name) {
    auto bytes =
        base::read_file(std::filesystem::path(FIREBREAK_BIN_DIR) / (name + ".so"), 1 << 20);
    return bytes.ok() ? *std::move(bytes) : base::Bytes{};
}

Policy loading_policy_for(const std::string& component) {
    Policy policy = test::policy_for(component);
    allow_executable_mapping(policy);
    return policy;
}

class ExecutableMapping : public testing::Test {
  protected:
    // Of a worker that loads so many libraries, where these are offered.
    std::string load(size_t count, const std::vector<base::Bytes>& offered) {
        return call(loading_policy_for("loader"), count, offered);
    }
    std::string call(const Policy& policy, size_t count, const std::vector<base::Bytes>& offered) {
        base::Result<Worker> worker = Worker::start(spawner_, policy);
        if (!worker.ok()) {
            return worker.error().text();
        }
        const std::vector<base::ByteView> files(offered.begin(), offered.end());
        return describe(worker->call(base::Bytes(count, 'x'), files));
    }

    Spawner spawner_{test::hostile_worker_binary()};
    const base::Bytes harmless_ = library("harmless-library");
};

TEST_F(ExecutableMapping, IsRecordedByName) {
    EXPECT_THAT(weakening_names(loading_policy_for("loader")),
                testing::ElementsAre("executable mapping"));
    EXPECT_THAT(weakening_names(test::policy_for("loader")), testing::IsEmpty());
}

TEST_F(ExecutableMapping, LetsTheWorkerLoadWhatItsParentOffers) {
    EXPECT_EQ(load(1, {harmless_}), "reply 13.000000 ");
    EXPECT_EQ(load(3, {harmless_, harmless_, harmless_}), "reply 13.000000 13.000000 13.000000 ");
    EXPECT_EQ(load(0, {harmless_}), "reply ");
}

TEST_F(ExecutableMapping, LeavesAllLayersInForce) {
    ASSERT_OK_AND(const Worker strict, Worker::start(spawner_, test::policy_for("loader")));
    ASSERT_OK_AND(const Worker worker, Worker::start(spawner_, loading_policy_for("loader")));
    EXPECT_EQ(worker.layers(), strict.layers());
}

TEST_F(ExecutableMapping, HoldsForOneCall) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, loading_policy_for("loader")));
    const std::vector<base::ByteView> files = {harmless_, harmless_};
    EXPECT_EQ(describe(worker.call(base::view_of("x"), files)), "reply 13.000000 ");
    // Known by its path now; the second one is not offered any more.
    EXPECT_EQ(describe(worker.call(base::view_of("x"))), "reply 13.000000 ");
    EXPECT_THAT(describe(worker.call(base::view_of("xx"))), HasSubstr("system call: openat"));
}

TEST_F(ExecutableMapping, IsOverWithTheLastFile) {
    EXPECT_THAT(load(2, {harmless_}), HasSubstr("forbidden call, killed at a forbidden system "
                                                "call: system call: openat; number: 257"));
    EXPECT_THAT(load(1, {}), HasSubstr("system call: openat"));
}

TEST_F(ExecutableMapping, LetsALibraryDoNoMoreThanTheWorker) {
    const std::pair<const char*, const char*> kCalls[] = {
        {"opening-library", "openat; number: 257"},
        {"connecting-library", "socket; number: 41"},
        {"asking-library", "newfstatat; number: 262"},
        {"making-executable-library", "mprotect; number: 10"},
        {"writing-code-library", "mmap; number: 9"},
    };
    for (const auto& [name, call] : kCalls) {
        ASSERT_FALSE(library(name).empty()) << name;
        EXPECT_THAT(load(1, {library(name)}),
                    HasSubstr("forbidden call, killed at a forbidden system call: system call: " +
                              std::string(call)))
            << name;
    }
}

TEST_F(ExecutableMapping, GivesALibraryThatOpensAFileTheNextLibraryAndNothingElse) {
    EXPECT_THAT(load(2, {library("opening-library"), harmless_}), HasSubstr("openat"));
}

TEST_F(ExecutableMapping, RefusesMappingsThatAreWritableAndExecutableOrShared) {
    for (const char* component : {"map-library-for-all", "map-library-shared"}) {
        EXPECT_THAT(call(loading_policy_for(component), 1, {harmless_}),
                    HasSubstr("system call: mmap; number: 9"))
            << component;
    }
    EXPECT_THAT(call(loading_policy_for("write-library"), 1, {harmless_}),
                HasSubstr("call: write"));
    for (const char* component : {"map-executable", "make-executable"}) {
        EXPECT_THAT(call(loading_policy_for(component), 1, {harmless_}),
                    HasSubstr("forbidden call"))
            << component;
    }
}

TEST_F(ExecutableMapping, RefusesWhatIsNoLibraryInTheLoadersWords) {
    EXPECT_EQ(load(1, {base::Bytes(10, 'x')}), "reply /library 0: file too short");
    EXPECT_EQ(load(1, {base::Bytes(5000, 'x')}), "reply /library 0: invalid ELF header");
    EXPECT_EQ(load(1, {base::Bytes{}}), "reply /library 0: file too short");
}

TEST_F(ExecutableMapping, SurvivesLibrariesThatBreakOffAnywhere) {
    for (size_t size = 64; size < harmless_.size(); size += 1009) {
        const base::Bytes cut(harmless_.begin(), harmless_.begin() + static_cast<long>(size));
        const std::string what = load(1, {cut});
        EXPECT_TRUE(what.starts_with("reply /library 0: ") || what.starts_with("crash, ") ||
                    what.starts_with("forbidden call, ") || what == "reply 13.000000 ")
            << size << " bytes: " << what;
    }
}

TEST_F(ExecutableMapping, IsForPoliciesThatSaySo) {
    EXPECT_THAT(call(test::policy_for("loader"), 1, {harmless_}),
                HasSubstr("error: libraries for a worker whose policy does not let it load any"));
    EXPECT_THAT(call(test::policy_for("loader"), 1, {}), HasSubstr("system call: openat"));
}

TEST_F(ExecutableMapping, HasAnEnd) {
    const std::vector<base::Bytes> many(kMostFiles + 1, harmless_);
    EXPECT_THAT(load(1, many), HasSubstr("error: 9 libraries with one request, where 8 are"));
}

TEST_F(ExecutableMapping, CountsTheLibrarysOwnCpuTime) {
    Policy policy = loading_policy_for("loader");
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy));
    const std::vector<base::ByteView> files = {harmless_};
    EXPECT_EQ(describe(worker.call(base::view_of("x"), files)), "reply 13.000000 ");
    EXPECT_GT(worker.last_call_cpu().count(), 0);
    EXPECT_LT(worker.last_call_cpu(), std::chrono::milliseconds(policy.call_cpu_ms));
}

}  // namespace
}  // namespace firebreak::sandbox
