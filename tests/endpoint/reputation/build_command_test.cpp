// `firebreak content build --feed LocalRepData`, run as a user runs it.
#include <gmock/gmock.h>

#include "base/digest.h"
#include "base/file.h"
#include "endpoint/reputation/csv.h"
#include "endpoint/reputation/entries.h"
#include "support/process.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::reputation {
namespace {

using firebreak::test::Finished;
using testing::HasSubstr;
namespace fs = std::filesystem;

class ReputationBuildCommand : public testing::Test {
  protected:
    Finished build(const std::string& source, const std::string& feed) const {
        return firebreak::test::run(
            {firebreak::test::command_line_binary().string(), "content", "build", source, "--feed",
             feed, "--version", "2026.3", "-o", "package"},
            folder_.path());
    }
    void write(const std::string& name, base::ByteView bytes) const {
        ASSERT_OK(base::write_file(folder_.path() / name, bytes));
    }
    base::Result<base::Bytes> payload(const std::string& name) const {
        return base::read_file(folder_.path() / "package/payload" / name, 1 << 20);
    }
    firebreak::test::TemporaryFolder folder_;
};

TEST_F(ReputationBuildCommand, MakesATableOfCsv) {
    const std::string csv = "kind,sha256,reputation\nhash," + base::to_hex(test::key(1)) + ",5\n";
    write("source/a.csv", base::view_of(csv));
    const Finished done = build("source", "LocalRepData");
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr(kTablePayload));
    ASSERT_OK_AND(const base::Bytes table, payload(kTablePayload));
    EXPECT_EQ(table, write_table({{test::key(1), 5}}, {}).value());
    EXPECT_FALSE(payload("a.csv").ok());
}

TEST_F(ReputationBuildCommand, TakesATableAsItIsIfItIsSound) {
    base::Bytes table = write_table(test::entries(10), {}).value();
    write("source/mine.table", table);
    EXPECT_EQ(build("source", "LocalRepData").code, 0);
    ASSERT_OK_AND(const base::Bytes taken, payload("mine.table"));
    EXPECT_EQ(taken, table);
    table.pop_back();
    write("source/mine.table", table);
    const Finished refused = build("source", "LocalRepData");
    EXPECT_EQ(refused.code, 4);
    EXPECT_THAT(refused.err, HasSubstr("source/mine.table: cut short"));
}

TEST_F(ReputationBuildCommand, SaysWhichLineOfTheCsvIsWrong) {
    write("source/a.csv", base::view_of("kind,sha256,reputation\nhash,x,5\n"));
    const Finished refused = build("source", "LocalRepData");
    EXPECT_EQ(refused.code, 4);
    EXPECT_THAT(refused.err, HasSubstr("source/a.csv:2: `x` is no SHA-256"));
}

TEST_F(ReputationBuildCommand, LeavesTheSourcesOfOtherFeedsAlone) {
    write("source/a.csv", base::view_of("kind"));
    EXPECT_EQ(build("source", "Hmpa_data").code, 0);
    ASSERT_OK_AND(const base::Bytes taken, payload("a.csv"));
    EXPECT_EQ(taken, base::bytes_of("kind"));
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
