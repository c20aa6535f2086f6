// A text field for TOML, or for other text with lines: line numbers, colours, and the place of a
// mistake.
#pragma once

#include <QPlainTextEdit>
#include <QString>
#include <optional>

#include "gui/toml_highlighter.h"

namespace firebreak::gui {

// Lines and columns count from 1, columns by characters (code points).
struct TextPlace {
    int line = 1, column = 1;
    friend bool operator==(const TextPlace&, const TextPlace&) = default;
};

class TomlEdit final : public QPlainTextEdit {
    Q_OBJECT

  public:
    enum class Colouring : unsigned char { kToml, kNone };
    explicit TomlEdit(QWidget* parent = nullptr, Colouring colouring = Colouring::kToml);

    // Underlines the word there, and marks the line; nullopt: none.
    void mark(std::optional<TextPlace> place, const QString& message = {});
    void jump(TextPlace place);
    // The underlined text, for tests and screen readers.
    QString marked_text() const;
    // In place of all, as one step that can be undone.
    void replace_all(const QString& text);

    // Of the column with the numbers, which paints by these.
    int margin_width() const;
    void paint_margin(QPaintEvent* event);

  protected:
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool event(QEvent* event) override;

  private:
    QTextCursor cursor_at(TextPlace place) const;
    QTextCursor word_at(TextPlace place) const;
    void lay_out_margin();
    void show_marks();

    TomlHighlighter* highlighter_;  // null: of other text
    QWidget* margin_;
    std::optional<TextPlace> mark_;
    QString message_;
};

}  // namespace firebreak::gui
