#include "gui/toml_highlighter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <QTextDocument>
#include <string>

namespace firebreak::gui {
namespace {

// "k:seed v:42": each span's letter and text.
std::string read(const QString& line, TomlState& state) {
    std::string out;
    for (const TomlSpan& span : toml_spans(line, state)) {
        constexpr char kLetters[] = "khsvc";
        out += (out.empty() ? "" : " ") + std::string(1, kLetters[static_cast<size_t>(span.kind)]) +
               ":" + line.mid(span.begin, span.length).toStdString();
    }
    return out;
}
std::string read(const QString& line) {
    TomlState state;
    return read(line, state);
}

TEST(TomlSpans, TellKeysValuesHeadersAndComments) {
    EXPECT_EQ(read("seed = 42 # why"), "k:seed v:42 c:# why");
    EXPECT_EQ(read("[[group]]"), "h:[[group]]");
    EXPECT_EQ(read("  [policy.halt] # x"), "h:[policy.halt] c:# x");
    EXPECT_EQ(read("policy.cdn_ttl = \"10m\""), "k:policy.cdn_ttl s:\"10m\"");
    EXPECT_EQ(read("start = 2026-03-02T00:00:00Z"), "k:start v:2026-03-02T00:00:00Z");
    EXPECT_EQ(read("\"a b\" = true"), "k:\"a b\" v:true");
    EXPECT_EQ(read("personas = { developer = 3, server = 1 }"),
              "k:personas k:developer v:3 k:server v:1");
    EXPECT_EQ(read(R"(a = "no \" end" # c)"), R"(k:a s:"no \" end" c:# c)");
    EXPECT_EQ(read(R"(path = 'C:\' # c)"), R"(k:path s:'C:\' c:# c)");
    EXPECT_EQ(read(""), "");
}

TEST(TomlSpans, GoOnOverLines) {
    TomlState state;
    EXPECT_EQ(read("text = \"\"\"one", state), "k:text s:\"\"\"one");
    EXPECT_EQ(read("# no comment", state), "s:# no comment");
    EXPECT_EQ(read("two\"\"\" # c", state), "s:two\"\"\" c:# c");
    EXPECT_EQ(state, TomlState{});
    EXPECT_EQ(read("tags = [", state), "k:tags");
    EXPECT_EQ(read("  \"a\", 7,", state), "s:\"a\" v:7");
    EXPECT_EQ(read("]", state), "");
    EXPECT_EQ(read("[act]", state), "h:[act]");
}

RC_GTEST_PROP(TomlSpans, LieWithinTheLineInOrder, (const std::string& bytes)) {
    const QString line = QString::fromLatin1(bytes.data(), static_cast<qsizetype>(bytes.size()));
    TomlState state{static_cast<TomlState::In>(*rc::gen::inRange(0, 3)), *rc::gen::inRange(0, 3)};
    qsizetype end = 0;
    for (const TomlSpan& span : toml_spans(line, state)) {
        RC_ASSERT(span.begin >= end);
        RC_ASSERT(span.length > 0);
        end = span.begin + span.length;
        RC_ASSERT(end <= line.size());
    }
    RC_ASSERT(state.brackets >= 0);
}

// Out of the characters that matter, since others seldom make anything.
RC_GTEST_PROP(TomlSpans, SurviveWhatIsNoToml, ()) {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("[]{}=\"'#,\\ a1.\n")));
    QTextDocument document;
    TomlHighlighter highlighter(&document);
    document.setPlainText(QString::fromStdString(text));
    highlighter.rehighlight();
    RC_ASSERT(document.toPlainText().toStdString() == text);
}

}  // namespace
}  // namespace firebreak::gui
