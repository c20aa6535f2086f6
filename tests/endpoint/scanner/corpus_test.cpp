// Real rule files of many authors: whatever is wrong with one of them, the worker says so and
// lives.
#include <gtest/gtest.h>

#include "base/file.h"
#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::scanner {
namespace {

TEST(RuleCorpus, EveryFileLoadsOrIsRefusedWithAMessage) {
    const auto corpus = test::corpus_dir();
    if (!corpus) {
        GTEST_SKIP() << "FIREBREAK_CORPUS is not set";
    }
    test::SandboxedScanners processes;
    int loaded = 0;
    int refused = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(*corpus / "yara-rules")) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(".yar") && !name.ends_with(".yara")) {
            continue;
        }
        ASSERT_OK_AND(const base::Bytes source,
                      base::read_file(entry.path(), content::kMaxPayloadBytes));
        ASSERT_OK_AND(const auto process, processes.start());
        ASSERT_OK_AND(const auto result, process->call(test::load_request({{name, source}})));
        const auto* death = std::get_if<base::Outcome>(&result);
        ASSERT_EQ(death, nullptr) << entry.path() << ": " << base::to_text(death->evidence);
        ASSERT_OK_AND(const LoadReply reply, parse_load_reply(std::get<base::Bytes>(result)));
        if (reply.code == base::Code::kNone) {
            ++loaded;
            EXPECT_GT(reply.loaded, 0u) << entry.path();
        } else {
            ++refused;
            EXPECT_FALSE(reply.message.empty()) << entry.path();
        }
    }
    RecordProperty("loaded", loaded);
    RecordProperty("refused", refused);
    EXPECT_GT(loaded, 300) << refused << " refused";
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
