// The files of a version of content, to be looked at, written and damaged.
#pragma once

#include <QSyntaxHighlighter>
#include <QWidget>
#include <map>
#include <string>

#include "gui/toml_edit.h"
#include "models/working_copy.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPlainTextEdit;
class QPushButton;
class QSpinBox;
class QStackedWidget;
class QTextDocument;

namespace firebreak::gui {

class NoticeStrip;

// Colours comments, texts, words of the language and numbers of rules in YARA or Lua. Any text will
// do.
class RuleHighlighter final : public QSyntaxHighlighter {
    Q_OBJECT

  public:
    enum class Language : unsigned char { kNone, kYara, kLua };
    RuleHighlighter(QTextDocument* document, Language language)
        : QSyntaxHighlighter(document), language_(language) {}

  protected:
    void highlightBlock(const QString& text) override;

  private:
    Language language_;
};

// A list of files, and the one that is chosen: text can be written, anything else is shown as
// bytes. What is done to files can be undone.
class ContentFiles final : public QWidget {
    Q_OBJECT

  public:
    // `copy` outlives it.
    explicit ContentFiles(models::WorkingCopy& copy, QWidget* parent = nullptr);

    void show_file(const std::string& name);
    // Goes there, and marks it; the file must be one of them.
    void go_to(const std::string& name, TextPlace place, const QString& message);
    void unmark() { edit_->mark(std::nullopt); }
    std::string shown() const { return shown_; }

  protected:
    void changeEvent(QEvent* event) override;

  private:
    QWidget* built_list();
    QWidget* built_editor();
    QWidget* built_bytes();
    void fill();
    void fill_list();
    void choose();
    void show_text(const models::WorkingCopy::Entry& entry);
    void show_bytes(const models::WorkingCopy::Entry& entry);
    void take_text();
    void add_named();
    void add_from_disk();
    void remove_or_restore();
    void flip(bool drawn);
    void cut();
    void put_bytes(base::Bytes bytes, const QString& what);
    void say(const base::Status& status);

    models::WorkingCopy& copy_;
    std::string shown_;
    std::map<std::string, QTextDocument*> documents_;
    bool filling_ = false;
    uint64_t draws_ = 0;
    QListWidget* list_ = nullptr;
    QLineEdit* new_name_ = nullptr;
    QPushButton* remove_ = nullptr;
    QComboBox* join_ = nullptr;
    QStackedWidget* pages_ = nullptr;
    TomlEdit* edit_ = nullptr;
    NoticeStrip* notice_ = nullptr;
    QLabel* facts_ = nullptr;
    QPlainTextEdit* hex_ = nullptr;
    QSpinBox *byte_ = nullptr, *bit_ = nullptr;
};

}  // namespace firebreak::gui
