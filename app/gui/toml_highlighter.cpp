#include "gui/toml_highlighter.h"

#include <QFont>
#include <QTextCharFormat>
#include <algorithm>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

using In = TomlState::In;

constexpr int kMostBrackets = 1000;

// A line, part by part.
class Reader {
  public:
    Reader(QStringView line, TomlState& state) : line_(line), state_(state) {}

    std::vector<TomlSpan> read() {
        if (state_.in != In::kNothing) {
            long_string(0, 0);
        }
        if (state_.in == In::kNothing && state_.brackets == 0) {
            header();
        }
        while (at_ < line_.size()) {
            part();
        }
        return std::move(spans_);
    }

  private:
    QChar here() const { return line_[at_]; }
    void span(qsizetype begin, qsizetype end, TomlKind kind) {
        if (end > begin) {
            spans_.push_back({begin, end - begin, kind});
        }
    }

    // "[[group]]" at the beginning of a line.
    void header() {
        qsizetype begin = 0;
        while (begin < line_.size() && line_[begin].isSpace()) {
            ++begin;
        }
        if (begin == line_.size() || line_[begin] != '[') {
            return;
        }
        qsizetype end = begin;
        while (end < line_.size() && line_[end] != '#' && line_[end] != '=') {
            ++end;
        }
        while (line_[end - 1].isSpace()) {
            --end;
        }
        span(begin, end, TomlKind::kHeader);
        at_ = end;
    }

    void part() {
        const QChar c = here();
        if (c == '#') {
            span(at_, line_.size(), TomlKind::kComment);
            at_ = line_.size();
        } else if (c == '"' || c == '\'') {
            string();
        } else if (is_bare(c)) {
            bare();
        } else {
            if (c == '=') {
                is_value_ = true;
            } else if (c == ',' || c == '{') {
                is_value_ = false;
            }
            if (c == '[' || c == '{') {
                state_.brackets = std::min(state_.brackets + 1, kMostBrackets);
            } else if (c == ']' || c == '}') {
                state_.brackets = std::max(state_.brackets - 1, 0);
            }
            ++at_;
        }
    }

    static bool is_bare(QChar c) {
        return c.isLetterOrNumber() || c == '_' || c == '-' || c == '+' || c == '.' || c == ':';
    }
    // A key if a "=" follows, else a value.
    bool is_key(qsizetype after) const {
        while (after < line_.size() && (line_[after].isSpace() || line_[after] == '.')) {
            ++after;
        }
        const bool assigned = after < line_.size() && line_[after] == '=';
        return assigned || (!is_value_ && state_.brackets == 0);
    }
    void bare() {
        qsizetype end = at_;
        while (end < line_.size() && is_bare(line_[end])) {
            ++end;
        }
        span(at_, end, is_key(end) ? TomlKind::kKey : TomlKind::kValue);
        at_ = end;
    }
    void string() {
        const QChar quote = here();
        const QString three(3, quote);
        if (line_.mid(at_).startsWith(three)) {
            state_.in = quote == '"' ? In::kBasicString : In::kLiteralString;
            long_string(at_, 3);
            return;
        }
        const qsizetype end = end_of(quote, at_ + 1, 1);
        span(at_, end, is_key(end) ? TomlKind::kKey : TomlKind::kString);
        at_ = end;
    }
    // From `begin`, of which the first `opening` are quotes.
    void long_string(qsizetype begin, qsizetype opening) {
        const QChar quote = state_.in == In::kBasicString ? '"' : '\'';
        bool closed = false;
        const qsizetype end = end_of(quote, begin + opening, 3, &closed);
        span(begin, end, TomlKind::kString);
        at_ = end;
        if (closed) {
            state_.in = In::kNothing;
        }
    }
    // Behind the closing quotes, or the end of the line.
    qsizetype end_of(QChar quote, qsizetype from, qsizetype quotes, bool* closed = nullptr) const {
        qsizetype in_a_row = 0;
        for (qsizetype i = from; i < line_.size(); ++i) {
            if (line_[i] == '\\' && quote == '"') {
                ++i;
                in_a_row = 0;
            } else if (line_[i] != quote) {
                in_a_row = 0;
            } else if (++in_a_row == quotes) {
                if (closed != nullptr) {
                    *closed = true;
                }
                return i + 1;
            }
        }
        return line_.size();
    }

    QStringView line_;
    TomlState& state_;
    std::vector<TomlSpan> spans_;
    qsizetype at_ = 0;
    bool is_value_ = false;
};

QTextCharFormat format_of(TomlKind kind) {
    const Colours now = colours();
    QTextCharFormat format;
    switch (kind) {
        case TomlKind::kKey:
            format.setForeground(now.text());
            break;
        case TomlKind::kHeader:
            format.setForeground(now.accent());
            format.setFontWeight(QFont::DemiBold);
            break;
        case TomlKind::kString:
            format.setForeground(now.success());
            break;
        case TomlKind::kValue:
            format.setForeground(now.accent());
            break;
        case TomlKind::kComment:
            format.setForeground(now.quiet_text());
            format.setFontItalic(true);
            break;
    }
    return format;
}

}  // namespace

std::vector<TomlSpan> toml_spans(QStringView line, TomlState& state) {
    return Reader(line, state).read();
}

void TomlHighlighter::highlightBlock(const QString& text) {
    const int before = std::max(previousBlockState(), 0);  // -1: there is none
    TomlState state{static_cast<In>(before % 4), before / 4};
    for (const TomlSpan& span : toml_spans(text, state)) {
        setFormat(static_cast<int>(span.begin), static_cast<int>(span.length),
                  format_of(span.kind));
    }
    setCurrentBlockState(static_cast<int>(state.in) + 4 * state.brackets);
}

}  // namespace firebreak::gui
