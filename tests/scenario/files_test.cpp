// Things that are no scenario at all.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
  protected:
    fs::path write(const std::string& content) const {
        const fs::path file = folder_.path() / "a.toml";
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }
    const fs::path& folder() const { return folder_.path(); }

  private:
    test::TemporaryFolder folder_;
};

TEST_F(Files, AreLoadedWhole) {
    ASSERT_OK_AND(const Experiment loaded, load(write(std::string(kEveryKey))));
    ASSERT_OK_AND(const Experiment parsed, parse(kEveryKey, "other.toml"));
    EXPECT_EQ(without_places(loaded), without_places(parsed));
    EXPECT_EQ(loaded.name, "a");
}

TEST_F(Files, ThatAreMissingAreNamed) {
    EXPECT_EQ(load("no/such/file.toml").error().text(),
              "no/such/file.toml: cannot open: No such file or directory");
}

TEST_F(Files, ThatAreFoldersOrPipesAreRefused) {
    EXPECT_EQ(load(folder()).error().text(), folder().string() + ": not a regular file");
    ASSERT_EQ(::mkfifo((folder() / "pipe").c_str(), 0600), 0);
    EXPECT_ERROR(load(folder() / "pipe"), "not a regular file");
}

TEST_F(Files, ThatAreEmptyAreRefused) {
    EXPECT_ERROR(load(write("")), "a.toml: the file is empty; begin it with `schema = 1`");
    EXPECT_ERROR(load(write("\n \t\n")), "the file is empty");
    EXPECT_ERROR(load(write("# only a comment\n")), "`schema` is missing; write `schema = 1`");
}

TEST_F(Files, ThatAreBinaryAreRefused) {
    EXPECT_ERROR(load(write(std::string("MZ\x90\0\3\0\0\0", 8))),
                 "a.toml:1:4: not a text file: it holds a NUL byte; save it as UTF-8 text");
    EXPECT_ERROR(load(write("schema = 1\ntitle = \"\xe9t\xe9\"\n")), "a.toml:2:");
    EXPECT_ERROR(load(write("schema = 1\ntitle = \"\xe9t\xe9\"\n")), "save it as UTF-8 text");
}

TEST_F(Files, ThatAreHugeAreRefusedUnread) {
    const fs::path file = write("schema = 1\n");
    fs::resize_file(file, 100 * 1024 * 1024);  // sparse
    EXPECT_ERROR(load(file), "a.toml: larger than 1048576 bytes");
}

TEST_F(Files, ThatNestDeeplyAreRefused) {
    std::string brackets = "schema = 1\nseed = ";
    std::string dots = "schema = 1\n";
    for (int i = 0; i < 200'000; ++i) {
        brackets += '[';
        dots += "a.";
    }
    EXPECT_ERROR(load(write(brackets)), "a.toml:2:25: nested more than 16 levels deep");
    EXPECT_ERROR(load(write(dots + "a = 1")), "a.toml:2:33: nested more than 16 levels deep");
}

TEST_F(Files, ThatAreMalformedAreNamedByLineAndColumn) {
    EXPECT_ERROR(load(write("schema = 1\ntitle = \"open\n")), "a.toml:2:14: ");
    EXPECT_ERROR(load(write("schema = 1\nschema = 1\n")), "a.toml:2:");
    EXPECT_ERROR(load(write("schema 1\n")), "a.toml:1:8: ");
}

}  // namespace
}  // namespace firebreak::scenario
