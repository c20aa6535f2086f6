#include "gui/scenario_editor.h"

#include <gmock/gmock.h>

#include <QPushButton>
#include <QSignalSpy>
#include <QTextBlock>

#include "gui/notice_strip.h"
#include "gui/scenario_folder.h"

namespace firebreak::gui {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ScenarioEditorTest : public ScenarioFolder {
  protected:
    ScenarioEditorTest() : desk_(places()), editor_(desk_) {
        editor_.resize(600, 500);
        editor_.show();
    }
    void open(const std::string& name) {
        const QSignalSpy checked(&editor_, &ScenarioEditor::checked);
        editor_.open(path(name));
        EXPECT_TRUE(wait_for([&] { return checked.count() > 0; }));
    }
    TomlEdit* edit() { return editor_.findChild<TomlEdit*>("scenario_text"); }
    std::string said(const char* name) {
        auto* strip = editor_.findChild<NoticeStrip*>(name);
        return strip->isVisible() ? strip->text().toStdString() : "";
    }
    std::string question() { return said("editor_question"); }
    std::string verdict() { return said("editor_verdict"); }
    void press(const QString& name) {
        for (auto* button : editor_.findChildren<QPushButton*>("notice_button")) {
            if (button->text() == name && button->isVisible()) {
                QTest::mouseClick(button, Qt::LeftButton);
                return;
            }
        }
        ADD_FAILURE() << "no button is called " << name.toStdString();
    }
    // Types over the first occurrence.
    void type_over(const QString& old, const QString& text) {
        QTextCursor cursor = edit()->document()->find(old);
        ASSERT_FALSE(cursor.isNull()) << old.toStdString();
        const QSignalSpy checked(&editor_, &ScenarioEditor::checked);
        edit()->setTextCursor(cursor);
        QTest::keyClicks(edit(), text);
        ASSERT_TRUE(wait_for([&] { return checked.count() > 0; }));
    }

    Desk desk_;
    ScenarioEditor editor_;
};

TEST_F(ScenarioEditorTest, SaysWhatAGoodFileDescribes) {
    open("top.toml");
    EXPECT_EQ(editor_.text().toStdString(), good_scenario());
    EXPECT_THAT(verdict(), StartsWith("No mistakes"));
    EXPECT_THAT(verdict(), HasSubstr("60 endpoints"));
    EXPECT_FALSE(editor_.is_modified());
}

TEST_F(ScenarioEditorTest, ShowsAMistakeWhereItIsWhileSomebodyTypes) {
    open("top.toml");
    type_over("seed", "seeed");
    ASSERT_TRUE(editor_.mistake().has_value());
    EXPECT_EQ(edit()->marked_text(), "seeed");
    EXPECT_THAT(verdict(), HasSubstr("Unknown key `seeed`"));
    EXPECT_THAT(verdict(), HasSubstr("did you mean `seed`?"));
    edit()->moveCursor(QTextCursor::End);
    QTest::keyClick(edit(), Qt::Key_F8);
    EXPECT_EQ(edit()->textCursor().block().text(), "seeed = 5");
    type_over("seeed", "seed");
    EXPECT_FALSE(editor_.mistake().has_value());
    EXPECT_EQ(edit()->marked_text(), "");
}

TEST_F(ScenarioEditorTest, LeadsToTheMistakeInAFileThatThisOneExtends) {
    write("_base.toml", "schema = 1\nseed = -1\n");
    write("child.toml", "schema = 1\nextends = \"_base.toml\"\ntitle = \"Child\"\n");
    open("child.toml");
    EXPECT_EQ(edit()->marked_text(), "") << "nothing is wrong here";
    EXPECT_THAT(verdict(), HasSubstr("_base.toml:2:"));
    editor_.go_to_mistake();
    EXPECT_EQ(editor_.file(), path("_base.toml"));
    EXPECT_EQ(edit()->textCursor().blockNumber(), 1);
    EXPECT_TRUE(wait_for([&] { return verdict().find("Well-formed") != std::string::npos; }))
        << "a part need not be whole";
}

TEST_F(ScenarioEditorTest, SavesCommentsAndAllElseByteForByte) {
    const std::string before = "# why: \xE2\x80\xA6\n" + good_scenario() + "\n\n   # the end";
    write("top.toml", before);
    open("top.toml");
    type_over("seed = 5", "seed = 6");
    EXPECT_TRUE(editor_.is_modified());
    QTest::keyClick(edit(), Qt::Key_S, Qt::ControlModifier);
    EXPECT_FALSE(editor_.is_modified());
    std::string after = before;
    after.replace(after.find("seed = 5"), 8, "seed = 6");
    EXPECT_EQ(read("top.toml"), after);
}

TEST_F(ScenarioEditorTest, KeepsLineEndsOfWindows) {
    write("top.toml", "schema = 1\r\ntitle = \"a\"\r\n");
    open("top.toml");
    type_over("\"a\"", "\"b\"");
    ASSERT_TRUE(editor_.save());
    EXPECT_EQ(read("top.toml"), "schema = 1\r\ntitle = \"b\"\r\n");
}

TEST_F(ScenarioEditorTest, OpensWhatItCouldNotKeepForLookingOnly) {
    const std::string bytes = "title = \"\xFF\xFE\"\n";
    write("odd.toml", bytes);
    open("odd.toml");
    EXPECT_TRUE(edit()->isReadOnly());
    EXPECT_THAT(question(), HasSubstr("only be looked at"));
    EXPECT_FALSE(editor_.save());
    EXPECT_EQ(read("odd.toml"), bytes);
}

TEST_F(ScenarioEditorTest, AsksBeforeChangesWouldBeLost) {
    open("top.toml");
    type_over("seed = 5", "seed = 6");
    editor_.open(path("fast/bad.toml"));
    EXPECT_EQ(editor_.file(), path("top.toml"));
    EXPECT_THAT(question(), HasSubstr("not saved"));
    press("Stay");
    EXPECT_EQ(editor_.file(), path("top.toml"));
    EXPECT_TRUE(editor_.is_modified());
    editor_.open(path("fast/bad.toml"));
    press("Save");
    EXPECT_EQ(editor_.file(), path("fast/bad.toml"));
    EXPECT_THAT(read("top.toml"), HasSubstr("seed = 6"));
    bool left = false;
    edit()->insertPlainText("# ");
    editor_.leave([&] { left = true; });
    EXPECT_FALSE(left);
    press("Discard");
    EXPECT_TRUE(left);
    EXPECT_EQ(editor_.text().toStdString(), bad_scenario());
    EXPECT_EQ(read("fast/bad.toml"), bad_scenario());
}

TEST_F(ScenarioEditorTest, RevertsInAStepThatCanBeUndone) {
    open("top.toml");
    type_over("seed = 5", "seed = 6");
    editor_.revert();
    EXPECT_EQ(editor_.text().toStdString(), good_scenario());
    EXPECT_FALSE(editor_.is_modified());
    edit()->undo();
    EXPECT_THAT(editor_.text().toStdString(), HasSubstr("seed = 6"));
    EXPECT_TRUE(editor_.is_modified());
}

TEST_F(ScenarioEditorTest, SaysThatTheFileWasChangedByAnother) {
    open("top.toml");
    const std::string other = "# by another\n" + good_scenario();
    write("top.toml", other);
    ASSERT_TRUE(wait_for([&] { return question().find("another program") != std::string::npos; }));
    EXPECT_EQ(editor_.text().toStdString(), good_scenario()) << "not before somebody says so";
    press("Reload");
    EXPECT_EQ(editor_.text().toStdString(), other);
    EXPECT_FALSE(editor_.is_modified());
}

TEST_F(ScenarioEditorTest, DoesNotSaveOverWhatAnotherWrote) {
    open("top.toml");
    type_over("seed = 5", "seed = 6");
    const std::string other = "# by another\n" + good_scenario();
    write("top.toml", other);
    EXPECT_FALSE(editor_.save());
    EXPECT_EQ(read("top.toml"), other);
    press("Keep this text");
    EXPECT_TRUE(editor_.save());
    EXPECT_THAT(read("top.toml"), HasSubstr("seed = 6"));
}

TEST_F(ScenarioEditorTest, KeepsTheTextOfAFileThatIsDeleted) {
    open("top.toml");
    std::filesystem::remove(path("top.toml"));
    ASSERT_TRUE(wait_for([&] { return question().find("no longer") != std::string::npos; }));
    EXPECT_TRUE(editor_.is_modified());
    press("Save it again");
    EXPECT_EQ(read("top.toml"), good_scenario());
    EXPECT_FALSE(editor_.is_modified());
}

TEST_F(ScenarioEditorTest, KeepsTheTextWhenItCannotBeSaved) {
    open("fast/good.toml");
    type_over("seed = 5", "seed = 6");
    std::filesystem::remove_all(path("fast"));
    EXPECT_FALSE(editor_.save());
    EXPECT_THAT(question(), HasSubstr("could not be saved"));
    EXPECT_TRUE(editor_.is_modified());
    EXPECT_THAT(editor_.text().toStdString(), HasSubstr("seed = 6"));
}

TEST_F(ScenarioEditorTest, RunsTheTextThatIsShown) {
    open("top.toml");
    type_over("seed = 5", "seed = 6");
    QTest::keyClick(edit(), Qt::Key_Return, Qt::ControlModifier);
    EXPECT_FALSE(editor_.is_modified());
    ASSERT_TRUE(
        wait_for([&] { return desk_.session().state() == bridge::RunSession::State::kEnded; }));
    EXPECT_EQ(desk_.store().run().header.seed, 6U);
}

TEST_F(ScenarioEditorTest, MarksPlacesByCharactersNotBytes) {
    TomlEdit edit;
    edit.setPlainText(QString::fromUtf8("a = \"\xF0\x9F\x98\x80\xC3\xA9\" wrong\nb"));
    edit.mark(TextPlace{1, 10});
    EXPECT_EQ(edit.marked_text(), "wrong");
    edit.mark(TextPlace{1, 99});
    EXPECT_EQ(edit.marked_text(), "g") << "behind the end: something is missing there";
    edit.mark(TextPlace{99, 1});
    EXPECT_EQ(edit.marked_text(), "b");
}

}  // namespace
}  // namespace firebreak::gui
