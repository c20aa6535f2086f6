// Colours for TOML.
#pragma once

#include <QStringView>
#include <QSyntaxHighlighter>
#include <vector>

namespace firebreak::gui {

enum class TomlKind : unsigned char { kKey, kHeader, kString, kValue, kComment };

struct TomlSpan {
    qsizetype begin = 0, length = 0;
    TomlKind kind = TomlKind::kKey;
    friend bool operator==(const TomlSpan&, const TomlSpan&) = default;
};

// Where a line ends, and so the next one begins: in a string over several lines, or in a list, in
// which a bare word is a value.
struct TomlState {
    enum class In : unsigned char { kNothing, kBasicString, kLiteralString };
    In in = In::kNothing;
    int brackets = 0;  // open ones, of lists and inline tables
    friend bool operator==(const TomlState&, const TomlState&) = default;
};

// The coloured parts of a line in order. Any text will do: what is no TOML is coloured somehow.
std::vector<TomlSpan> toml_spans(QStringView line, TomlState& state);

class TomlHighlighter final : public QSyntaxHighlighter {
    Q_OBJECT

  public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

  protected:
    void highlightBlock(const QString& text) override;
};

}  // namespace firebreak::gui
