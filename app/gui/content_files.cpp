#include "gui/content_files.h"

#include <fmt/format.h>

#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextDocumentLayout>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedWidget>
#include <QTextDocument>
#include <QVBoxLayout>
#include <algorithm>
#include <limits>

#include "base/digest.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sha256.h"
#include "gui/notice_strip.h"
#include "gui/theme.h"
#include "gui/words.h"
#include "models/trial_verdict.h"

namespace firebreak::gui {

namespace {

using Copy = models::WorkingCopy;
using Strip = NoticeStrip::Kind;

constexpr size_t kHexShown = 4096;
constexpr uint64_t kMostFromDisk = 64u << 20;
enum Page { kNoFile, kText, kBytes };

RuleHighlighter::Language language_of(const std::string& name) {
    using Language = RuleHighlighter::Language;
    return name.ends_with(".yar") || name.ends_with(".yara") ? Language::kYara
           : name.ends_with(".lua")                          ? Language::kLua
                                                             : Language::kNone;
}

const QRegularExpression& rule_tokens(RuleHighlighter::Language language) {
    static const QRegularExpression kYara(
        R"((//.*$|/\*.*?\*/)|("(?:\\.|[^"\\])*"))"
        R"(|\b(rule|meta|strings|condition|and|or|not|any|all|of|them|for|in|at|import|include|)"
        R"(private|global|filesize|entrypoint|true|false|wide|ascii|nocase|fullword|matches|)"
        R"(contains)\b|(\b\d+(?:KB|MB)?\b|\b0x[0-9a-fA-F]+\b))");
    static const QRegularExpression kLua(
        R"((--.*$)|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\b(and|break|do|else|elseif|end|false|)"
        R"(for|function|if|in|local|nil|not|or|repeat|return|then|true|until|while)\b|)"
        R"((\b\d+(?:\.\d+)?\b))");
    return language == RuleHighlighter::Language::kYara ? kYara : kLua;
}

QString text_of_bytes(const base::Bytes& bytes) {
    QString text = words(base::text_of(bytes));
    return text.replace("\r\n", "\n");
}

bool has_dos_lines(const base::Bytes& bytes) {
    return base::text_of(bytes).find("\r\n") != std::string_view::npos;
}

QString mark_of(Copy::Change change) {
    switch (change) {
        case Copy::Change::kEdited:
            return ContentFiles::tr("edited");
        case Copy::Change::kAdded:
            return ContentFiles::tr("added");
        case Copy::Change::kRemoved:
            return ContentFiles::tr("removed");
        case Copy::Change::kNone:
            break;
    }
    return {};
}

QPushButton* small_button(const QString& text, const char* name, QWidget* parent) {
    auto* out = new QPushButton(text, parent);
    out->setObjectName(QLatin1String(name));
    out->setAccessibleName(QString(text).remove('&'));
    out->setAutoDefault(false);
    return out;
}

QTextDocument* new_document(const QString& text, TomlEdit* edit) {
    auto* out = new QTextDocument(text, edit);
    out->setDocumentLayout(new QPlainTextDocumentLayout(out));
    out->setDefaultFont(edit->font());
    return out;
}

}  // namespace

void RuleHighlighter::highlightBlock(const QString& text) {
    if (language_ == Language::kNone) {
        return;
    }
    const Colours now = colours();
    const QColor of_group[] = {now.quiet_text(), now.success(), now.accent(), now.failure()};
    auto found = rule_tokens(language_).globalMatch(text);
    while (found.hasNext()) {
        const QRegularExpressionMatch match = found.next();
        const int group = match.lastCapturedIndex();
        if (group >= 1 && group <= 4) {
            setFormat(static_cast<int>(match.capturedStart()),
                      static_cast<int>(match.capturedLength()), of_group[group - 1]);
        }
    }
}

ContentFiles::ContentFiles(models::WorkingCopy& copy, QWidget* parent)
    : QWidget(parent), copy_(copy) {
    auto* split = new QSplitter(Qt::Horizontal);
    split->setObjectName("workbench_files_split");
    split->setChildrenCollapsible(false);
    split->addWidget(built_list());
    split->addWidget(built_editor());
    split->setStretchFactor(0, 2);
    split->setStretchFactor(1, 5);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, kGrid / 2, 0, 0);
    layout->addWidget(split);
    connect(&copy_, &Copy::opened, this, [this] {
        shown_.clear();
        edit_->setDocument(new_document({}, edit_));
        for (const auto& [name, document] : documents_) {
            document->deleteLater();
        }
        documents_.clear();
        notice_->clear();
        edit_->mark(std::nullopt);
    });
    connect(&copy_, &Copy::changed, this, &ContentFiles::fill);
    fill();
}

QWidget* ContentFiles::built_list() {
    list_ = new QListWidget;
    list_->setObjectName("workbench_files");
    list_->setAccessibleName(tr("Files of the content"));
    list_->setFrameShape(QFrame::NoFrame);
    list_->setTextElideMode(Qt::ElideMiddle);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(list_, &QListWidget::currentRowChanged, this, [this] { choose(); });
    new_name_ = new QLineEdit;
    new_name_->setObjectName("workbench_new_file");
    new_name_->setAccessibleName(tr("Name of a new file"));
    new_name_->setPlaceholderText(tr("New file …"));
    new_name_->setToolTip(tr("Write a name and press Return"));
    connect(new_name_, &QLineEdit::returnPressed, this, &ContentFiles::add_named);
    remove_ = small_button(tr("R&emove"), "workbench_remove_file", this);
    connect(remove_, &QPushButton::clicked, this, &ContentFiles::remove_or_restore);
    auto* add = small_button(tr("&Add …"), "workbench_add_file", this);
    add->setToolTip(tr("Add files from the disk"));
    connect(add, &QPushButton::clicked, this, &ContentFiles::add_from_disk);
    join_ = new QComboBox;
    join_->setObjectName("workbench_join");
    join_->setAccessibleName(tr("Released together with"));
    join_->setToolTip(tr("A version whose files are released together with these"));
    join_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    join_->setMinimumContentsLength(8);
    connect(join_, &QComboBox::activated, this, [this](int row) {
        const std::string with = join_->itemData(row).toString().toStdString();
        copy_.join(with.empty() ? std::vector<std::string>{} : std::vector{with});
    });
    auto* column = new QWidget;
    column->setMinimumWidth(22 * fontMetrics().averageCharWidth());
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(kGrid / 2);
    buttons->addWidget(add);
    buttons->addWidget(remove_);
    auto* layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(list_, 1);
    layout->addWidget(new_name_);
    layout->addLayout(buttons);
    layout->addWidget(join_);
    return column;
}

QWidget* ContentFiles::built_editor() {
    edit_ = new TomlEdit(nullptr, TomlEdit::Colouring::kNone);
    edit_->setObjectName("workbench_text");
    edit_->setAccessibleName(tr("Text of the file"));
    edit_->setTabChangesFocus(false);
    connect(edit_, &QPlainTextEdit::textChanged, this, &ContentFiles::take_text);
    notice_ = new NoticeStrip;
    notice_->setObjectName("workbench_file_notice");
    pages_ = new QStackedWidget;
    auto* nothing = new QLabel(tr("Choose a file."));
    nothing->setAlignment(Qt::AlignCenter);
    pages_->addWidget(nothing);
    pages_->addWidget(edit_);
    pages_->addWidget(built_bytes());
    auto* column = new QWidget;
    auto* layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(notice_);
    layout->addWidget(pages_, 1);
    return column;
}

QWidget* ContentFiles::built_bytes() {
    facts_ = new QLabel;
    facts_->setObjectName("workbench_bytes_facts");
    facts_->setWordWrap(true);
    facts_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    hex_ = new QPlainTextEdit;
    hex_->setObjectName("workbench_bytes");
    hex_->setAccessibleName(tr("First bytes of the file"));
    hex_->setReadOnly(true);
    hex_->setLineWrapMode(QPlainTextEdit::NoWrap);
    hex_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    hex_->setFrameShape(QFrame::NoFrame);
    hex_->setTabChangesFocus(true);
    byte_ = new QSpinBox;
    byte_->setObjectName("workbench_byte");
    byte_->setAccessibleName(tr("Byte of the file, from 0"));
    byte_->setPrefix(tr("byte "));
    byte_->setGroupSeparatorShown(true);
    bit_ = new QSpinBox;
    bit_->setObjectName("workbench_bit");
    bit_->setAccessibleName(tr("Bit of the byte, from the lowest"));
    bit_->setPrefix(tr("bit "));
    bit_->setRange(0, 7);
    auto* flip_one = small_button(tr("F&lip it"), "workbench_flip", this);
    auto* flip_any = small_button(tr("Flip a &drawn bit"), "workbench_flip_drawn", this);
    auto* cut_off = small_button(tr("Cut &off from there"), "workbench_cut", this);
    connect(flip_one, &QPushButton::clicked, this, [this] { flip(false); });
    connect(flip_any, &QPushButton::clicked, this, [this] { flip(true); });
    connect(cut_off, &QPushButton::clicked, this, &ContentFiles::cut);
    auto* page = new QWidget;
    auto* places = new QHBoxLayout;
    places->setSpacing(kGrid / 2);
    for (QWidget* one : std::initializer_list<QWidget*>{byte_, bit_, flip_one}) {
        places->addWidget(one);
    }
    places->addStretch();
    auto* others = new QHBoxLayout;
    others->setSpacing(kGrid / 2);
    others->addWidget(flip_any);
    others->addWidget(cut_off);
    others->addStretch();
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(facts_);
    layout->addWidget(hex_, 1);
    layout->addLayout(places);
    layout->addLayout(others);
    return page;
}

void ContentFiles::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        for (const auto& [name, document] : documents_) {
            for (RuleHighlighter* one : document->findChildren<RuleHighlighter*>()) {
                one->rehighlight();
            }
        }
    }
}

// --- what is shown

void ContentFiles::fill() {
    if (filling_) {
        fill_list();
        return;
    }
    filling_ = true;
    fill_list();
    join_->clear();
    join_->addItem(tr("released alone"), QString());
    for (const std::string& one : copy_.is_open() ? copy_.joinable() : std::vector<std::string>{}) {
        join_->addItem(tr("with %1").arg(words(std::filesystem::path(one).filename().string())),
                       words(one));
        join_->setItemData(join_->count() - 1, words(one), Qt::ToolTipRole);
    }
    const auto& with = copy_.content().with;
    join_->setCurrentIndex(with.empty() ? 0 : std::max(0, join_->findData(words(with.front()))));
    filling_ = false;
    choose();
}

void ContentFiles::fill_list() {
    const bool was = std::exchange(filling_, true);
    const auto entries = copy_.entries();
    list_->clear();
    for (const Copy::Entry& one : entries) {
        const QString mark = mark_of(one.change);
        auto* item = new QListWidgetItem(
            mark.isEmpty() ? words(one.name) : tr("● %1 – %2").arg(words(one.name), mark), list_);
        item->setData(Qt::UserRole, words(one.name));
        item->setToolTip(item->text());
        QFont font = list_->font();
        font.setStrikeOut(one.change == Copy::Change::kRemoved);
        font.setBold(!mark.isEmpty());
        item->setFont(font);
        if (one.name == shown_) {
            list_->setCurrentItem(item);
        }
    }
    if (list_->currentRow() < 0 && list_->count() > 0) {
        list_->setCurrentRow(0);
    }
    filling_ = was;
}

void ContentFiles::choose() {
    if (filling_) {
        return;
    }
    const QListWidgetItem* item = list_->currentItem();
    const std::string name =
        item == nullptr ? "" : item->data(Qt::UserRole).toString().toStdString();
    if (name != shown_) {
        notice_->clear();
        edit_->mark(std::nullopt);
    }
    shown_ = name;
    const auto entry = copy_.entry(name);
    remove_->setEnabled(entry.has_value());
    if (!entry) {
        pages_->setCurrentIndex(kNoFile);
        return;
    }
    const bool is_same = entry->change == Copy::Change::kNone;
    remove_->setText(is_same || entry->change == Copy::Change::kAdded ? tr("R&emove")
                                                                      : tr("R&estore"));
    remove_->setAccessibleName(remove_->text().remove('&'));
    models::is_text(*entry->bytes) ? show_text(*entry) : show_bytes(*entry);
}

void ContentFiles::show_text(const Copy::Entry& entry) {
    QTextDocument*& document = documents_[entry.name];
    const QString text = text_of_bytes(*entry.bytes);
    filling_ = true;
    if (document == nullptr) {
        document = new_document(text, edit_);
        new RuleHighlighter(document, language_of(entry.name));
    }
    if (edit_->document() != document) {
        edit_->setDocument(document);
    }
    if (document->toPlainText() != text) {
        edit_->replace_all(text);
    }
    edit_->setReadOnly(entry.change == Copy::Change::kRemoved);
    filling_ = false;
    pages_->setCurrentIndex(kText);
}

void ContentFiles::show_bytes(const Copy::Entry& entry) {
    const base::Bytes& bytes = *entry.bytes;
    const bool is_named_as_text = language_of(entry.name) != RuleHighlighter::Language::kNone ||
                                  entry.name.ends_with(".csv") || entry.name.ends_with(".json");
    facts_->setText(tr("%1 bytes, SHA-256 %2%3")
                        .arg(grouped(bytes.size()),
                             words(base::to_hex(base::sha256(bytes))).left(16) + "…",
                             is_named_as_text
                                 ? tr("\nNot shown as text: it is not UTF-8, or longer than 2 MiB.")
                                 : QString()));
    facts_->setToolTip(words(base::to_hex(base::sha256(bytes))));
    hex_->setPlainText(models::hex_view(bytes, kHexShown));
    const size_t last = bytes.empty() ? 0 : bytes.size() - 1;
    byte_->setRange(0, static_cast<int>(std::min<size_t>(last, std::numeric_limits<int>::max())));
    pages_->setCurrentIndex(kBytes);
}

void ContentFiles::show_file(const std::string& name) {
    for (int row = 0; row < list_->count(); ++row) {
        if (list_->item(row)->data(Qt::UserRole).toString() == words(name)) {
            list_->setCurrentRow(row);
        }
    }
}

void ContentFiles::go_to(const std::string& name, TextPlace place, const QString& message) {
    show_file(name);
    if (shown_ == name && pages_->currentIndex() == kText) {
        edit_->mark(place, message);
        edit_->jump(place);
    }
}

// --- what is done

void ContentFiles::take_text() {
    const auto entry = copy_.entry(shown_);
    if (filling_ || !entry || entry->change == Copy::Change::kRemoved) {
        return;
    }
    QString text = edit_->toPlainText();
    const auto before = copy_.original().files.find(shown_);
    if (before != copy_.original().files.end() && has_dos_lines(*before->second)) {
        text.replace("\n", "\r\n");
    }
    filling_ = true;  // the text is what it should be
    copy_.set(shown_, base::bytes_of(text.toStdString()));
    filling_ = false;
    const auto now = copy_.entry(shown_);
    const bool is_same = !now || now->change == Copy::Change::kNone;
    remove_->setText(is_same || now->change == Copy::Change::kAdded ? tr("R&emove")
                                                                    : tr("R&estore"));
}

void ContentFiles::say(const base::Status& status) {
    if (!status.ok()) {
        notice_->say(Strip::kProblem, words(status.error().message),
                     tr("%1; %2").arg(words(status.error().place), words(status.error().remedy)));
    }
}

void ContentFiles::add_named() {
    const std::string name = new_name_->text().trimmed().toStdString();
    const base::Status added = copy_.add(name, {});
    say(added);
    if (added.ok()) {
        new_name_->clear();
        show_file(name);
        edit_->setFocus();
    }
}

void ContentFiles::add_from_disk() {
    const QStringList files = QFileDialog::getOpenFileNames(this, tr("Add files to the content"));
    for (const QString& file : files) {
        const std::filesystem::path path = file.toStdString();
        auto bytes = base::read_file(path, kMostFromDisk);
        say(bytes.ok() ? copy_.add(path.filename().string(), std::move(bytes).value())
                       : base::Status(bytes.error()));
        show_file(path.filename().string());
    }
}

void ContentFiles::remove_or_restore() {
    const auto entry = copy_.entry(shown_);
    if (!entry) {
        return;
    }
    const std::string name = shown_;
    const base::Bytes before = *entry->bytes;
    const bool removes =
        entry->change == Copy::Change::kNone || entry->change == Copy::Change::kAdded;
    const bool was_removed = entry->change == Copy::Change::kRemoved;
    removes ? copy_.remove(name) : copy_.restore(name);
    if (was_removed) {
        notice_->clear();
        return;
    }
    notice_->say(
        Strip::kQuiet,
        removes ? tr("%1 is removed").arg(words(name)) : tr("%1 is what it was").arg(words(name)),
        {}, {{tr("Undo"), [this, name, before] {
                  copy_.set(name, before);
                  show_file(name);
              }}});
}

void ContentFiles::put_bytes(base::Bytes bytes, const QString& what) {
    const auto entry = copy_.entry(shown_);
    const base::Bytes before = *entry->bytes;
    const std::string name = shown_;
    copy_.set(name, std::move(bytes));
    notice_->say(Strip::kQuiet, what, {}, {{tr("Undo"), [this, name, before] {
                                                copy_.set(name, before);
                                                show_file(name);
                                            }}});
}

void ContentFiles::flip(bool drawn) {
    const auto entry = copy_.entry(shown_);
    if (!entry || entry->bytes->empty() || entry->change == Copy::Change::kRemoved) {
        return;
    }
    base::Bytes bytes = *entry->bytes;
    const uint64_t draw = base::mix64(++draws_);
    const size_t at = drawn ? draw % bytes.size() : static_cast<size_t>(byte_->value());
    const int bit = drawn ? static_cast<int>(draw >> 61) : bit_->value();
    bridge::DamageDone done{
        shown_, at, bytes.size(), bytes[at], static_cast<uint8_t>(1u << bit), "the file", true};
    bytes[at] ^= done.flipped;
    put_bytes(std::move(bytes), models::text_of(done));
    byte_->setValue(static_cast<int>(at));
    bit_->setValue(bit);
}

void ContentFiles::cut() {
    const auto entry = copy_.entry(shown_);
    if (!entry || entry->bytes->empty() || entry->change == Copy::Change::kRemoved) {
        return;
    }
    base::Bytes bytes = *entry->bytes;
    const auto at = static_cast<size_t>(byte_->value());
    const bridge::DamageDone done{shown_, at, bytes.size(), bytes[at], 0, "the file", true};
    bytes.resize(at);
    put_bytes(std::move(bytes), models::text_of(done));
}

}  // namespace firebreak::gui
