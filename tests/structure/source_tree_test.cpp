#include "structure/source_tree.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "support/paths.h"

namespace firebreak::structure {
namespace {

using testing::ElementsAre;
using testing::Key;

void write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

TEST(SourceTree, HoldsOwnTextAndNothingBuiltOrForeign) {
    const test::TemporaryFolder root;
    for (const char* path :
         {"firebreak", "LICENSE", "simulator/base/a.h", "simulator/base/a.o", "app/CMakeLists.txt",
          "build/release/a.cpp", "fixtures/a.toml", ".git/a.h", "tests/fuzz/corpus/seed"}) {
        write(root.path() / path, std::string("text of ") + path);
    }
    const SourceTree tree = read_source_tree(root.path());
    EXPECT_THAT(
        tree, ElementsAre(Key("app/CMakeLists.txt"), Key("firebreak"), Key("simulator/base/a.h")));
    EXPECT_EQ(tree.at("simulator/base/a.h"), "text of simulator/base/a.h");
}

TEST(SourceTree, KnowsWhoOwnsAFile) {
    EXPECT_EQ(owner_of("simulator/endpoint/scanner/engine.h"), "simulator/endpoint");
    EXPECT_EQ(owner_of("simulator/README.md"), "");
    EXPECT_EQ(owner_of("README.md"), "");
    EXPECT_EQ(folder_of("simulator/endpoint/scanner/engine.h"), "simulator/endpoint/scanner");
    EXPECT_EQ(join("simulator/base", "../host/a.h"), "simulator/host/a.h");
    EXPECT_EQ(join("", "CMakeLists.txt"), "CMakeLists.txt");
}

TEST(CodeOnly, BlanksCommentsAndLiteralsButKeepsLines) {
    EXPECT_EQ(code_only("a // b\nc"), "a     \nc");
    EXPECT_EQ(code_only("a /* b\n c */ d"), "a     \n      d");
    EXPECT_EQ(code_only(R"(f("x \" y", 'z');)"), "f(        ,    );");
    EXPECT_EQ(code_only("R\"x(a\n\")x\" b"), "R    \n     b");
}

TEST(CodeOnly, KnowsDigitSeparatorsFromCharacters) {
    EXPECT_EQ(code_only("1'000'000 + 0x1'f"), "1'000'000 + 0x1'f");
    EXPECT_EQ(code_only("case 'a': u8'b'"), "case    : u8   ");
}

TEST(CodeOnly, StopsAtTheEndOfWhatIsNotClosed) {
    EXPECT_EQ(code_only("a \"b"), "a   ");
    EXPECT_EQ(code_only("a \"b\\"), "a    ");
    EXPECT_EQ(code_only("a /* b"), "a     ");
    EXPECT_EQ(code_only("R\"x"), "R  ");
    EXPECT_EQ(code_only("'"), " ");
}

RC_GTEST_PROP(CodeOnly, KeepsLengthAndLinesOfAnyText, ()) {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("\"\"''//**\\\n\nR()a1 ")));
    const std::string code = code_only(text);
    RC_ASSERT(code.size() == text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        RC_ASSERT((code[i] == '\n') == (text[i] == '\n'));
        RC_ASSERT(code[i] == text[i] || code[i] == ' ');
    }
}

TEST(CMakeWords, AreFreeOfCommentsQuotesAndBrackets) {
    EXPECT_THAT(cmake_words("a(b \"c\" # d\n  e.cpp)\n;f"),
                ElementsAre("a", "b", "c", "e.cpp", "f"));
}

}  // namespace
}  // namespace firebreak::structure
