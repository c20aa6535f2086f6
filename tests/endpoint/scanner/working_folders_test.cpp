// The scanner's real process with its two folders: full, and with what a killed one has left over.
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/scanner/archive.h"
#include "endpoint/scanner/real_scanner.h"
#include "sandbox/folders.h"
#include "sandbox/weakenings/quota_folders.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Bytes;
using base::Code;
using sandbox::Folders;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kMiB = 1024 * 1024;

// Bytes that do not pack, so that no ratio is met; the mark stands at their end.
Bytes large_member(size_t size) {
    const base::RandomStream random(5, base::Stream::kMutation);
    Bytes out(size);
    for (size_t i = 0; i + 8 <= size; i += 8) {
        const uint64_t bits = random.bits(i, 0);
        std::memcpy(&out[i], &bits, 8);
    }
    const std::string_view mark = "MARK";
    std::copy(mark.begin(), mark.end(), out.end() - 4);
    return out;
}

Bytes zip_of(const std::vector<std::pair<std::string, Bytes>>& members) {
    struct archive* writer = archive_write_new();
    archive_write_set_format_zip(writer);
    Bytes out(64 * kMiB);
    size_t used = 0;
    EXPECT_EQ(archive_write_open_memory(writer, out.data(), out.size(), &used), ARCHIVE_OK);
    for (const auto& [name, contents] : members) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_size(entry, static_cast<la_int64_t>(contents.size()));
        archive_write_header(writer, entry);
        archive_write_data(writer, contents.data(), contents.size());
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    out.resize(used);
    return out;
}

class ScannerFolders : public testing::Test {
  protected:
    void make(uint64_t log_bytes, uint64_t objects_bytes) {
        policy_ = test::scanner_policy();
        policy_.call_cpu_ms = 4000;
        sandbox::allow_quota_folders(policy_, {log_bytes, objects_bytes});
        auto folders = Folders::make(spawner_, policy_);
        if (!folders.ok()) {
            GTEST_SKIP() << folders.error().text();
        }
        folders_.emplace(std::move(folders).value());
    }
    // A process with these rules.
    void start(const std::string& rules) {
        auto worker = sandbox::Worker::start(spawner_, policy_, &*folders_);
        ASSERT_OK(worker);
        worker_.emplace(std::move(worker).value());
        const auto result =
            worker_->call(test::load_request({{"rules.yar", base::bytes_of(rules)}}));
        ASSERT_TRUE(result.ok() && std::holds_alternative<Bytes>(*result));
        ASSERT_EQ(parse_load_reply(std::get<Bytes>(*result))->code, Code::kNone);
    }
    SubjectReply scan(const Bytes& bytes) {
        const auto result = worker_->call(test::scan_request("C:\\a.zip", bytes));
        EXPECT_TRUE(result.ok()) << result.error().text();
        if (const auto* death = std::get_if<base::Outcome>(&*result)) {
            died_ = *death;
            return {};
        }
        return parse_scan_reply(std::get<Bytes>(*result), 1)->subjects[0];
    }
    std::vector<Folders::File> objects() const { return *folders_->list(Folders::Which::kObjects); }
    std::string log() const {
        const auto bytes = folders_->read(Folders::Which::kLog, "log", kMiB);
        return bytes.ok() ? std::string(base::text_of(*bytes)) : "";
    }

    static constexpr auto kRules = "rule Marked { strings: $m = \"MARK\" condition: $m }";
    sandbox::Spawner spawner_{test::worker_binary()};
    sandbox::Policy policy_;
    std::optional<Folders> folders_;
    std::optional<sandbox::Worker> worker_;
    std::optional<base::Outcome> died_;
};

TEST_F(ScannerFolders, HoldLargeMembersWhileTheyAreScanned) {
    make(kMiB, 32 * kMiB);
    start(kRules);
    EXPECT_THAT(scan(zip_of({{"large.bin", large_member(6 * kMiB)}})).matches,
                Contains(Match{"Marked", "large.bin"}));
    EXPECT_THAT(objects(), IsEmpty()) << "and no longer";
}

TEST_F(ScannerFolders, SayWhatTheyHadNoRoomFor) {
    make(kMiB, 5 * kMiB);
    start(kRules);
    const SubjectReply reply = scan(
        zip_of({{"large.bin", large_member(8 * kMiB)}, {"small.txt", base::bytes_of("MARK")}}));
    EXPECT_THAT(reply.gaps, ElementsAre(Gap{GapReason::kNoRoom, "large.bin"}));
    EXPECT_THAT(reply.matches, Contains(Match{"Marked", "small.txt"})) << "what came after it";
    EXPECT_THAT(log(), HasSubstr("no room to unpack it: C:\\a.zip large.bin"));
}

TEST_F(ScannerFolders, ScanWhatIsInMemoryOfAMemberThatDoesNotFit) {
    make(kMiB, kMiB);
    start(kRules);
    Bytes large = large_member(8 * kMiB);
    const std::string_view mark = "MARK";
    std::copy(mark.begin(), mark.end(), large.begin());
    EXPECT_THAT(scan(zip_of({{"large.bin", large}})).matches,
                Contains(Match{"Marked", "large.bin"}));
}

TEST_F(ScannerFolders, ScanAllTheSameWhenTheLogIsFull) {
    make(4096, 32 * kMiB);
    start(kRules);
    const Bytes damaged = base::bytes_of("PK\x03\x04 and nothing of a zip");
    for (int i = 0; i < 200; ++i) {
        EXPECT_THAT(scan(damaged).gaps, SizeIs(1));
    }
    EXPECT_LE(log().size(), 4096u);
    EXPECT_THAT(scan(base::bytes_of("MARK")).matches, SizeIs(1));
}

TEST_F(ScannerFolders, AreTidiedUpByTheNextProcessAfterAKill) {
    make(kMiB, 32 * kMiB);
    start("rule Slow { strings: $a = /a.{0,200}a.{0,200}a.{0,200}b/ condition: $a }");
    // Packed, there is nothing in it for the rule; and beside noise it is no bomb.
    scan(zip_of({{"noise.bin", large_member(64 * 1024)}, {"deadly.bin", Bytes(5 * kMiB, 'a')}}));
    ASSERT_TRUE(died_.has_value());
    EXPECT_EQ(died_->category, base::Category::kCpuLimit);
    ASSERT_THAT(objects(), SizeIs(1)) << "left over by the one that was killed";
    start(kRules);
    EXPECT_THAT(objects(), IsEmpty());
    EXPECT_THAT(log(), HasSubstr("left-over objects removed: 1"));
    EXPECT_THAT(scan(zip_of({{"large.bin", large_member(6 * kMiB)}})).matches,
                Contains(Match{"Marked", "large.bin"}));
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
