// `firebreak content make-executable`, run as a user runs it.
#include <gmock/gmock.h>

#include "base/digest.h"
#include "base/file.h"
#include "endpoint/executables/authenticode.h"
#include "support/process.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::executables {
namespace {

using firebreak::test::Finished;
using testing::HasSubstr;
namespace fs = std::filesystem;

class MakeExecutable : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_OK(base::write_file(folder_.path() / "code.bin", base::Bytes(300, 0xc3)));
    }
    Finished make(std::vector<std::string> more) {
        std::vector<std::string> words = {firebreak::test::command_line_binary().string(),
                                          "content", "make-executable", "-o", "sample.exe"};
        words.insert(words.end(), more.begin(), more.end());
        return firebreak::test::run(words, folder_.path());
    }
    base::Bytes sample() const {
        return base::read_file(folder_.path() / "sample.exe", 1 << 20).value();
    }
    const fs::path keys_ = firebreak::test::fixtures_dir() / "keys";
    firebreak::test::TemporaryFolder folder_;
};

TEST_F(MakeExecutable, WritesAProgramOfTheSectionsThatItIsGiven) {
    const Finished done = make({"--section", ".text=code.bin", "--section", ".data=code.bin",
                                "--machine", "x86", "--entry", "7"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("not signed"));
    const base::Bytes bytes = sample();
    EXPECT_THAT(done.out, HasSubstr(base::to_hex(base::sha256(bytes))));
    ASSERT_OK_AND(const PeImage image, parse_pe(bytes));
    EXPECT_EQ(image.machine, pe::kMachineX86);
    EXPECT_EQ(image.entry, image.sections[0].virtual_address + 7);
    ASSERT_EQ(image.sections.size(), 2u);
    EXPECT_EQ(image.sections[1].name, ".data");
}

TEST_F(MakeExecutable, SignsWithAKeyOfTheFolderAndSaysWho) {
    const Finished done =
        make({"--section", ".text=code.bin", "--sign", keys_.string(), "--signer", "DatasetA"});
    ASSERT_EQ(done.code, 0) << done.err;
    ASSERT_OK_AND(const auto roots, content::load_certificates(keys_ / "root.pem"));
    const SignatureVerdict verdict =
        verify_authenticode(sample(), roots, base::parse_utc("2026-03-02T08:00:00Z").value());
    ASSERT_TRUE(std::holds_alternative<SignedBy>(verdict));
    const SignedBy& by = std::get<SignedBy>(verdict);
    EXPECT_THAT(done.out, HasSubstr("signed by       " + by.common_name));
    EXPECT_THAT(done.out, HasSubstr(base::to_hex(by.certificate)));
}

TEST_F(MakeExecutable, ExplainsWhatIsWrong) {
    const Finished no_file = make({"--section", ".text"});
    EXPECT_EQ(no_file.code, 4);
    EXPECT_THAT(no_file.err, HasSubstr("write it as .text=FILE"));
    const Finished missing = make({"--section", ".text=nothing.bin"});
    EXPECT_EQ(missing.code, 4);
    EXPECT_THAT(missing.err, HasSubstr("nothing.bin: section .text: cannot open"));
    EXPECT_THAT(missing.err, HasSubstr("name a file that holds the bytes of the section"));
    const Finished entry = make({"--section", ".text=code.bin", "--entry", "300"});
    EXPECT_EQ(entry.code, 4);
    EXPECT_THAT(entry.err, HasSubstr("in the first section"));
    const Finished key =
        make({"--section", ".text=code.bin", "--sign", keys_.string(), "--signer", "nobody"});
    EXPECT_EQ(key.code, 4);
    EXPECT_THAT(key.err, HasSubstr("nobody.pem"));
    EXPECT_THAT(key.err, HasSubstr("the signers are DatasetA, LocalRepData"));
    const Finished near =
        make({"--section", ".text=code.bin", "--sign", keys_.string(), "--signer", "DatasetB"});
    EXPECT_EQ(near.code, 4);
    EXPECT_THAT(near.err, HasSubstr("did you mean `DatasetA`?"));
    const Finished folder =
        make({"--section", ".text=code.bin", "--sign", "nowhere", "--signer", "DatasetA"});
    EXPECT_EQ(folder.code, 4);
    EXPECT_THAT(folder.err, HasSubstr("make one: firebreak content keys new 'nowhere'"));
    EXPECT_EQ(make({"--section", ".text=code.bin", "--sign", keys_.string()}).code, 4);
    EXPECT_FALSE(fs::exists(folder_.path() / "sample.exe"));
}

}  // namespace
}  // namespace firebreak::endpoint::executables
