#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::base {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
  protected:
    fs::path at(const std::string& name) const { return folder_.path() / name; }
    fs::path make(const std::string& name, std::string_view content) const {
        std::ofstream(at(name), std::ios::binary) << content;
        return at(name);
    }
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& entry : fs::directory_iterator(folder_.path())) {
            out.push_back(entry.path().filename().string());
        }
        std::sort(out.begin(), out.end());
        return out;
    }

  private:
    test::TemporaryFolder folder_;
};
using ReadFile = Files;
using WriteFile = Files;

TEST_F(ReadFile, ReadsEveryByteUpToTheCap) {
    const std::string content("a\0b\r\n\xff", 6);
    const fs::path file = make("file", content);
    ASSERT_OK_AND(const Bytes bytes, read_file(file, 6));
    EXPECT_EQ(text_of(bytes), content);
    ASSERT_OK_AND(const Bytes empty, read_file(make("empty", ""), 0));
    EXPECT_TRUE(empty.empty());
}

TEST_F(ReadFile, RefusesOneByteMoreThanTheCapAndNamesTheFile) {
    const fs::path file = make("file", "1234567");
    EXPECT_ERROR(read_file(file, 6), "larger than 6 bytes");
    EXPECT_EQ(read_file(file, 6).error().place, file.string());
}

TEST_F(ReadFile, RefusesASparseTerabyteWithoutReadingIt) {
    const fs::path file = make("file", "");
    fs::resize_file(file, uint64_t{1} << 40);
    EXPECT_ERROR(read_file(file, 1 << 20), "larger than 1048576 bytes");
}

// Files under /proc say that they are empty, and then are not.
TEST_F(ReadFile, KeepsTheCapForFilesThatHideTheirSize) {
    ASSERT_OK_AND(const Bytes whole, read_file("/proc/self/status", 1 << 20));
    ASSERT_GT(whole.size(), 100u);
    EXPECT_EQ(text_of(whole).substr(0, 5), "Name:");
    EXPECT_ERROR(read_file("/proc/self/status", 100), "larger than 100 bytes");
}

TEST_F(ReadFile, RefusesWhatIsNoRegularFileWithoutWaiting) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    EXPECT_ERROR(read_file(at("pipe"), 10), "not a regular file");
    EXPECT_ERROR(read_file(at("."), 10), "not a regular file");
    EXPECT_ERROR(read_file("/dev/zero", 10), "not a regular file");
}

TEST_F(ReadFile, SaysThatAFileIsMissing) {
    EXPECT_ERROR(read_file(at("none"), 10), "No such file");
    EXPECT_ERROR(read_file("", 10), "No such file");
    fs::create_symlink(at("none"), at("dangling"));
    EXPECT_ERROR(read_file(at("dangling"), 10), "No such file");
}

TEST_F(WriteFile, MakesFoldersAndLeavesNothingBeside) {
    ASSERT_OK(write_file(at("a/b/file"), view_of("content")));
    ASSERT_OK_AND(const Bytes bytes, read_file(at("a/b/file"), 100));
    EXPECT_EQ(text_of(bytes), "content");
    EXPECT_EQ(names(), std::vector<std::string>{"a"});
    EXPECT_EQ(std::distance(fs::directory_iterator(at("a/b")), {}), 1);
    EXPECT_EQ(fs::status(at("a/b/file")).permissions(), fs::perms(0644));
}

// Whoever has the old file open keeps all of it: the new one is another file under the same name.
TEST_F(WriteFile, ReplacesAFileWithoutTouchingTheOldBytes) {
    const fs::path file = make("file", "old content");
    const int old = ::open(file.c_str(), O_RDONLY);
    ASSERT_GE(old, 0);
    ASSERT_OK(write_file(file, view_of("new")));
    char buffer[32] = {};
    EXPECT_EQ(::read(old, buffer, sizeof buffer), 11);
    EXPECT_STREQ(buffer, "old content");
    ::close(old);
    ASSERT_OK_AND(const Bytes bytes, read_file(file, 100));
    EXPECT_EQ(text_of(bytes), "new");
}

TEST_F(WriteFile, CleansUpWhenItCannotFinish) {
    fs::create_directories(at("folder/full"));
    EXPECT_ERROR(write_file(at("folder"), view_of("x")), "cannot put in place");
    EXPECT_EQ(names(), std::vector<std::string>{"folder"});
    EXPECT_TRUE(fs::is_directory(at("folder/full")));
}

TEST_F(WriteFile, SaysThatAFolderCannotBeMade) {
    make("file", "");
    EXPECT_ERROR(write_file(at("file/below"), view_of("x")), "cannot");
    EXPECT_EQ(fs::file_size(at("file")), 0u);
}

TEST_F(WriteFile, WritesNothingAsAnEmptyFile) {
    ASSERT_OK(write_file(at("file"), {}));
    EXPECT_EQ(fs::file_size(at("file")), 0u);
}

}  // namespace
}  // namespace firebreak::base
