#include "gui/toml_edit.h"

#include <QFontDatabase>
#include <QHelpEvent>
#include <QPainter>
#include <QTextBlock>
#include <QToolTip>
#include <algorithm>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

class Margin final : public QWidget {
  public:
    explicit Margin(TomlEdit* edit) : QWidget(edit), edit_(edit) {}
    QSize sizeHint() const override { return {edit_->margin_width(), 0}; }

  protected:
    void paintEvent(QPaintEvent* event) override { edit_->paint_margin(event); }

  private:
    TomlEdit* edit_;
};

bool ends_word(QChar c) {
    return c.isSpace() || c == '=' || c == ',' || c == ']' || c == '}' || c == '#';
}

}  // namespace

TomlEdit::TomlEdit(QWidget* parent, Colouring colouring)
    : QPlainTextEdit(parent),
      highlighter_(colouring == Colouring::kToml ? new TomlHighlighter(document()) : nullptr),
      margin_(new Margin(this)) {
    QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    font.setPointSizeF(QWidget::font().pointSizeF());
    setFont(font);
    setLineWrapMode(QPlainTextEdit::NoWrap);
    setTabStopDistance(4 * QFontMetricsF(font).horizontalAdvance(' '));
    setFrameShape(QFrame::NoFrame);
    connect(this, &QPlainTextEdit::blockCountChanged, this, &TomlEdit::lay_out_margin);
    connect(this, &QPlainTextEdit::updateRequest, this, [this](const QRect& rect, int dy) {
        dy != 0 ? margin_->scroll(0, dy)
                : margin_->update(0, rect.y(), margin_->width(), rect.height());
    });
    connect(this, &QPlainTextEdit::cursorPositionChanged, this, [this] {
        show_marks();
        margin_->update();
    });
    lay_out_margin();
    show_marks();
}

// --- places

QTextCursor TomlEdit::cursor_at(TextPlace place) const {
    QTextBlock block = document()->findBlockByNumber(std::max(place.line, 1) - 1);
    if (!block.isValid()) {
        block = document()->lastBlock();
    }
    const QString text = block.text();
    qsizetype at = 0;
    for (int column = 1; column < place.column && at < text.size(); ++column) {
        at += text[at].isHighSurrogate() && at + 1 < text.size() ? 2 : 1;
    }
    QTextCursor cursor(document());
    cursor.setPosition(block.position() + static_cast<int>(at));
    return cursor;
}

// At the end of a line, where something is missing: the word before.
QTextCursor TomlEdit::word_at(TextPlace place) const {
    QTextCursor cursor = cursor_at(place);
    const QTextBlock block = cursor.block();
    const QString text = block.text();
    qsizetype begin = cursor.positionInBlock();
    qsizetype end = begin;
    if (begin < text.size() && (text[begin] == '"' || text[begin] == '\'')) {
        const qsizetype close = text.indexOf(text[begin], begin + 1);
        end = close < 0 ? text.size() : close + 1;
    } else {
        while (end < text.size() && !ends_word(text[end])) {
            ++end;
        }
    }
    if (end == begin && begin < text.size()) {
        ++end;
    }
    while (end == begin && begin > 0) {
        --begin;
    }
    cursor.setPosition(block.position() + static_cast<int>(begin));
    cursor.setPosition(block.position() + static_cast<int>(end), QTextCursor::KeepAnchor);
    return cursor;
}

void TomlEdit::mark(std::optional<TextPlace> place, const QString& message) {
    mark_ = place;
    message_ = message;
    show_marks();
    margin_->update();
}

void TomlEdit::jump(TextPlace place) {
    setTextCursor(cursor_at(place));
    centerCursor();
    setFocus();
}

QString TomlEdit::marked_text() const {
    return mark_ ? word_at(*mark_).selectedText() : QString();
}

void TomlEdit::replace_all(const QString& text) {
    const int at = textCursor().position();
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    cursor.select(QTextCursor::Document);
    cursor.insertText(text);
    cursor.endEditBlock();
    cursor.setPosition(std::min(at, document()->characterCount() - 1));
    setTextCursor(cursor);
}

void TomlEdit::show_marks() {
    QList<QTextEdit::ExtraSelection> all;
    QTextEdit::ExtraSelection line;
    line.format.setBackground(palette().color(QPalette::AlternateBase));
    line.format.setProperty(QTextFormat::FullWidthSelection, true);
    line.cursor = textCursor();
    line.cursor.clearSelection();
    all.push_back(line);
    if (mark_) {
        QTextEdit::ExtraSelection wrong;
        wrong.cursor = word_at(*mark_);
        wrong.format.setUnderlineStyle(QTextCharFormat::WaveUnderline);
        wrong.format.setUnderlineColor(colours().failure());
        wrong.format.setForeground(colours().failure());
        all.push_back(wrong);
    }
    setExtraSelections(all);
}

// --- the margin

int TomlEdit::margin_width() const {
    const auto digits = QString::number(std::max(blockCount(), 99)).size();
    return 2 * kGrid + fontMetrics().horizontalAdvance('9') * static_cast<int>(digits);
}

void TomlEdit::lay_out_margin() {
    setViewportMargins(margin_width(), 0, 0, 0);
    const QRect inside = contentsRect();
    margin_->setGeometry(inside.left(), inside.top(), margin_width(), inside.height());
}

void TomlEdit::paint_margin(QPaintEvent* event) {
    QPainter painter(margin_);
    painter.setFont(font());
    painter.fillRect(event->rect(), colours().background());
    const int current = textCursor().blockNumber();
    for (QTextBlock block = firstVisibleBlock(); block.isValid(); block = block.next()) {
        const QRectF where = blockBoundingGeometry(block).translated(contentOffset());
        if (where.top() > event->rect().bottom()) {
            break;
        }
        const bool wrong = mark_ && block.blockNumber() + 1 == mark_->line;
        painter.setPen(wrong                            ? colours().failure()
                       : block.blockNumber() == current ? colours().text()
                                                        : colours().quiet_text());
        const QRect line(0, static_cast<int>(where.top()), margin_->width() - kGrid,
                         fontMetrics().height());
        painter.drawText(line, Qt::AlignRight, QString::number(block.blockNumber() + 1));
        if (wrong) {  // a shape, beside the colour
            painter.setPen(Qt::NoPen);
            painter.setBrush(colours().failure());
            const int middle = line.center().y();
            painter.drawPolygon(QPolygon({{1, middle - 4}, {6, middle}, {1, middle + 4}}));
        }
    }
}

void TomlEdit::resizeEvent(QResizeEvent* event) {
    QPlainTextEdit::resizeEvent(event);
    lay_out_margin();
}

void TomlEdit::changeEvent(QEvent* event) {
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && margin_ != nullptr) {
        if (highlighter_ != nullptr) {
            highlighter_->rehighlight();
        }
        show_marks();
        margin_->update();
    } else if (event->type() == QEvent::FontChange && margin_ != nullptr) {
        lay_out_margin();
    }
}

bool TomlEdit::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip && mark_) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const QPoint in_text = viewport()->mapFrom(this, help->pos());
        const bool there = cursorForPosition(in_text).blockNumber() + 1 == mark_->line;
        there ? QToolTip::showText(help->globalPos(), message_, this) : QToolTip::hideText();
        return true;
    }
    return QPlainTextEdit::event(event);
}

}  // namespace firebreak::gui
