#include "models/working_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::models {
namespace {

using Change = WorkingCopy::Change;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WorkingCopyTest : public testing::Test {
  protected:
    WorkingCopyTest() : copy_(test::fixtures_dir()) {
        write("a.yar", "rule A { condition: true }");
        write("b.bin", std::string("\0\1\2", 3));
        write("README.md", "# of a folder");
        QObject::connect(&copy_, &WorkingCopy::changed, &copy_, [this] { ++changes_; });
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.path() / name, std::ios::binary) << text;
    }
    std::vector<std::pair<std::string, Change>> files() const {
        std::vector<std::pair<std::string, Change>> out;
        for (const WorkingCopy::Entry& one : copy_.entries()) {
            out.emplace_back(one.name, one.change);
        }
        return out;
    }
    void open() { ASSERT_OK(copy_.open(content::Feed::kDatasetA, folder_.path())); }

    test::TemporaryFolder folder_;
    WorkingCopy copy_;
    int changes_ = 0;
};

TEST_F(WorkingCopyTest, HoldsTheContentOfAFolderAndNotItsReadme) {
    EXPECT_FALSE(copy_.is_open());
    open();
    EXPECT_TRUE(copy_.is_open());
    EXPECT_FALSE(copy_.is_modified());
    EXPECT_THAT(files(),
                ElementsAre(std::pair{"a.yar", Change::kNone}, std::pair{"b.bin", Change::kNone}));
    EXPECT_EQ(copy_.name().toStdString(), folder_.path().string());
}

TEST_F(WorkingCopyTest, TellsWhatHasBeenDoneToEachFile) {
    open();
    changes_ = 0;
    copy_.set("a.yar", base::bytes_of("rule B { condition: true }"));
    copy_.remove("b.bin");
    ASSERT_OK(copy_.add("c.yar", {}));
    EXPECT_EQ(changes_, 3);
    EXPECT_TRUE(copy_.is_modified());
    EXPECT_THAT(files(), ElementsAre(std::pair{"a.yar", Change::kEdited},
                                     std::pair{"b.bin", Change::kRemoved},
                                     std::pair{"c.yar", Change::kAdded}));
    EXPECT_EQ(copy_.content().files.size(), 2u);
    EXPECT_EQ(copy_.original().files.size(), 2u);
    for (const char* name : {"a.yar", "b.bin", "c.yar"}) {
        copy_.restore(name);
    }
    EXPECT_FALSE(copy_.is_modified());
    EXPECT_EQ(copy_.content(), copy_.original());
}

TEST_F(WorkingCopyTest, CountsTextThatIsWrittenBackAsUnchanged) {
    open();
    copy_.set("a.yar", base::bytes_of("x"));
    copy_.set("a.yar", base::bytes_of("rule A { condition: true }"));
    EXPECT_FALSE(copy_.is_modified());
    changes_ = 0;
    copy_.set("a.yar", base::bytes_of("rule A { condition: true }"));
    EXPECT_EQ(changes_, 0);
}

TEST_F(WorkingCopyTest, NeverTouchesTheFolderThatWasOpened) {
    open();
    copy_.set("a.yar", base::bytes_of("changed"));
    copy_.remove("b.bin");
    std::ifstream in(folder_.path() / "a.yar");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(text, "rule A { condition: true }");
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "b.bin"));
}

TEST_F(WorkingCopyTest, RefusesNamesThatNoManifestAllows) {
    open();
    for (const char* name : {"", ".hidden", "a/b", "README.md", "two words", "ä.yar", "\n"}) {
        EXPECT_FALSE(copy_.add(name, {}).ok()) << name;
    }
    EXPECT_THAT(copy_.add("a.yar", {}).error().message, HasSubstr("of that name"));
    EXPECT_FALSE(copy_.is_modified());
}

TEST_F(WorkingCopyTest, StaysAsItIsWhenAFolderCannotBeOpened) {
    open();
    copy_.set("a.yar", base::bytes_of("changed"));
    const auto nowhere = copy_.open(content::Feed::kBehavior, folder_.path() / "nowhere");
    ASSERT_FALSE(nowhere.ok());
    EXPECT_THAT(nowhere.error().place, HasSubstr("nowhere"));
    const test::TemporaryFolder empty;
    EXPECT_FALSE(copy_.open(content::Feed::kBehavior, empty.path()).ok());
    EXPECT_EQ(copy_.feed(), content::Feed::kDatasetA);
    EXPECT_TRUE(copy_.is_modified());
}

TEST_F(WorkingCopyTest, JoinsAHostileRuleWithTheGoodOnes) {
    const auto content = test::fixtures_dir() / "content";
    ASSERT_OK(copy_.open(content::Feed::kBehavior, content / "malicious/Behavior/loop"));
    EXPECT_THAT(copy_.content().with, ElementsAre("good/Behavior/2026-03-02"));
    EXPECT_FALSE(copy_.is_modified());
    EXPECT_EQ(copy_.name(), "malicious/Behavior/loop");
    copy_.join({});
    EXPECT_TRUE(copy_.is_modified());
    // A whole rule set with a defect stands by itself.
    ASSERT_OK(copy_.open(content::Feed::kDatasetA, content / "defective/DatasetA/blind"));
    EXPECT_THAT(copy_.content().with, IsEmpty());
    ASSERT_OK(copy_.open(content::Feed::kMLModels, content / "defective/MLModels/opens-file"));
    EXPECT_THAT(copy_.content().with, IsEmpty());
    ASSERT_OK(copy_.open(content::Feed::kMLModels, folder_.path()));
    EXPECT_THAT(copy_.content().with, IsEmpty()) << "somebody's own";
    ASSERT_OK(copy_.open(content::Feed::kDatasetA, content / "good/DatasetA/2026-03-03"));
    EXPECT_THAT(copy_.content().with, IsEmpty());
}

TEST(ContentFixtures, AreListedByKindWithWhatTheySayOfThemselves) {
    const auto all = content_fixtures(test::fixtures_dir(), content::Feed::kDatasetA);
    ASSERT_GT(all.size(), 6u);
    EXPECT_EQ(all.front().name(), "good/DatasetA/2026-03-01");
    EXPECT_EQ(all.front().says, "The first release that the scenarios know.");
    for (const ContentFixture& one : all) {
        EXPECT_FALSE(one.says.isEmpty()) << one.name();
        EXPECT_TRUE(std::filesystem::is_directory(one.folder));
    }
    for (const ContentFixture& one :
         content_fixtures(test::fixtures_dir(), content::Feed::kRepairKit)) {
        EXPECT_FALSE(one.says.isEmpty()) << one.name();
    }
    EXPECT_THAT(content_fixtures("/nowhere", content::Feed::kDatasetA), IsEmpty());
}

TEST(ContentBytes, AreTextIfSomebodyCanReadThem) {
    EXPECT_TRUE(is_text(base::bytes_of("rule A\r\n\t{ }\n")));
    EXPECT_TRUE(is_text(base::bytes_of("Malmö")));
    EXPECT_TRUE(is_text({}));
    EXPECT_FALSE(is_text({'a', 0, 'b'}));
    EXPECT_FALSE(is_text({0xff, 0xfe, 'a'}));
    EXPECT_FALSE(is_text({'M', 0xc3}));
    EXPECT_FALSE(is_text(base::Bytes((2u << 20) + 1, 'a')));
}

TEST(ContentBytes, AreShownSixteenALine) {
    EXPECT_EQ(hex_view({'M', 'Z', 0x90, 0}, 100),
              "00000000  4d 5a 90 00                                      MZ..\n");
    EXPECT_EQ(hex_view(base::Bytes(40, 'x'), 17).count('\n'), 2);
    EXPECT_EQ(hex_view({}, 10), "");
}

RC_GTEST_PROP(ContentBytes, AreTakenWhateverTheyAre, (const base::Bytes& bytes)) {
    const QString shown = hex_view(bytes, 4096);
    const auto lines = static_cast<size_t>(shown.count('\n'));
    RC_ASSERT(lines == (std::min<size_t>(bytes.size(), 4096) + 15) / 16);
    const bool has_control = std::ranges::any_of(
        bytes, [](uint8_t byte) { return byte < 0x20 && byte != 9 && byte != 10 && byte != 13; });
    RC_ASSERT(!has_control || !is_text(bytes));
}

}  // namespace
}  // namespace firebreak::models
