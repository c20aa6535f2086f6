#include "gui/scenario_editor.h"

#include <QAction>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QSaveFile>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>
#include <charconv>
#include <utility>

#include "base/toml_document.h"
#include "gui/notice_strip.h"
#include "gui/theme.h"
#include "gui/words.h"
#include "scenario/experiment.h"

namespace firebreak::gui {

namespace fs = std::filesystem;

namespace {

constexpr int kTyping_ms = 250;
constexpr int kDisk_ms = 120;  // a save is several changes

using Kind = NoticeStrip::Kind;

struct Spot {
    std::string file;
    TextPlace place;
};

// "scenarios/a.toml:3:1".
std::optional<Spot> spot_of(const std::string& place) {
    const size_t second = place.rfind(':');
    const size_t first = second == std::string::npos || second == 0 ? std::string::npos
                                                                    : place.rfind(':', second - 1);
    if (first == std::string::npos) {
        return std::nullopt;
    }
    Spot out{place.substr(0, first), {}};
    const auto read = [&](size_t begin, size_t end, int& number) {
        const char* last = place.data() + end;
        const auto [stop, failure] = std::from_chars(place.data() + begin, last, number);
        return failure == std::errc() && stop == last;
    };
    if (!read(first + 1, second, out.place.line) ||
        !read(second + 1, place.size(), out.place.column)) {
        return std::nullopt;
    }
    return out;
}

QString sentence(const base::Error& error) {
    QString out = words(error.message);
    out.replace(0, 1, out.left(1).toUpper());
    return out;
}

std::optional<QByteArray> read_whole(const fs::path& file) {
    QFile in(words(file.string()));
    if (!in.open(QIODevice::ReadOnly)) {
        return std::nullopt;
    }
    return in.read(static_cast<qint64>(base::kMaxTomlBytes) + 1);
}

}  // namespace

ScenarioEditor::ScenarioEditor(Desk& desk, QWidget* parent)
    : QWidget(parent),
      desk_(desk),
      pages_(new QStackedWidget(this)),
      title_(new QLabel(this)),
      edit_(new TomlEdit(this)),
      question_(new NoticeStrip(this)),
      verdict_(new NoticeStrip(this)) {
    setObjectName("scenario_editor");
    checks_.setMaxThreadCount(1);
    edit_->setObjectName("scenario_text");
    edit_->setAccessibleName(tr("Text of the scenario"));
    question_->setObjectName("editor_question");
    verdict_->setObjectName("editor_verdict");
    build_acts();

    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(built_header());
    column->addWidget(question_);
    column->addWidget(edit_, 1);
    column->addWidget(verdict_);
    pages_->addWidget(built_empty_state());
    pages_->addWidget(page);
    auto* whole = new QVBoxLayout(this);
    whole->setContentsMargins(0, 0, 0, 0);
    whole->addWidget(pages_);

    typing_.setSingleShot(true);
    typing_.setInterval(kTyping_ms);
    settle_.setSingleShot(true);
    settle_.setInterval(kDisk_ms);
    connect(&typing_, &QTimer::timeout, this, &ScenarioEditor::begin_check);
    connect(&settle_, &QTimer::timeout, this, &ScenarioEditor::look_at_disk);
    connect(&watcher_, &QFileSystemWatcher::fileChanged, this, [this] { settle_.start(); });
    connect(&watcher_, &QFileSystemWatcher::directoryChanged, this, [this] { settle_.start(); });
    connect(edit_, &QPlainTextEdit::textChanged, this, [this] { typing_.start(); });
    connect(edit_->document(), &QTextDocument::modificationChanged, this, [this](bool modified) {
        show_state();
        Q_EMIT modified_changed(modified);
    });
    show_state();
}

ScenarioEditor::~ScenarioEditor() {
    checks_.waitForDone();
}

QAction* ScenarioEditor::act(const QString& name, const QKeySequence& keys, const QString& id,
                             void (ScenarioEditor::*what)()) {
    auto* out = new QAction(name, this);
    out->setObjectName(id);
    out->setShortcut(keys);
    out->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    out->setToolTip(
        keys.isEmpty() ? name : tr("%1 (%2)").arg(name, keys.toString(QKeySequence::NativeText)));
    connect(out, &QAction::triggered, this, what);
    addAction(out);
    return out;
}

void ScenarioEditor::build_acts() {
    save_ = act(tr("Save"), QKeySequence::Save, "editor_save", &ScenarioEditor::save_now);
    revert_ = act(tr("Revert"), {}, "editor_revert", &ScenarioEditor::revert);
    revert_->setToolTip(tr("Back to the saved text (undo brings the changes back)"));
    run_ = act(tr("Run this text"), QKeySequence(Qt::CTRL | Qt::Key_Return), "editor_run",
               &ScenarioEditor::run_text);
    next_ = act(tr("Go to the mistake"), QKeySequence(Qt::Key_F8), "editor_mistake",
                &ScenarioEditor::go_to_mistake);
}

QList<QAction*> ScenarioEditor::acts() const {
    return {save_, revert_, run_, next_};
}

QWidget* ScenarioEditor::built_header() {
    auto* header = new QWidget(this);
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(kGrid, kGrid / 2, kGrid, kGrid / 2);
    row->setSpacing(kGrid / 2);
    title_->setObjectName("editor_title");
    title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    row->addWidget(title_, 1);
    for (QAction* action : {save_, revert_, run_}) {
        auto* button = new QToolButton(header);
        button->setDefaultAction(action);
        button->setObjectName(action->objectName() + "_button");
        button->setAccessibleName(action->text());
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        row->addWidget(button);
    }
    return header;
}

QWidget* ScenarioEditor::built_empty_state() {
    auto* label = new QLabel(tr("A scenario file is edited here: what the fleet is, what is "
                                "released, what goes wrong, and what you expect. Mistakes are "
                                "shown where they are, as you type.\n\nChoose a scenario in the "
                                "tree and press F4 to open it."),
                             this);
    label->setObjectName("editor_empty");
    label->setWordWrap(true);
    label->setAlignment(Qt::AlignCenter);
    label->setMargin(3 * kGrid);
    return label;
}

QString ScenarioEditor::name() const {
    return words(file_.filename().string());
}

bool ScenarioEditor::is_modified() const {
    return !file_.empty() && edit_->document()->isModified();
}

void ScenarioEditor::show_state() {
    const bool is_open = !file_.empty();
    pages_->setCurrentIndex(is_open ? 1 : 0);
    const QString title = is_modified() ? tr("● %1 — not saved").arg(name()) : name();
    title_->setText(title);
    title_->setToolTip(words(file_.string()));
    save_->setEnabled(is_modified());
    revert_->setEnabled(is_modified());
    run_->setEnabled(is_open && !name().startsWith('_'));
    next_->setEnabled(mistake_.has_value());
}

// --- files

void ScenarioEditor::open(const fs::path& file, std::optional<TextPlace> place) {
    const auto go = [this, place] {
        if (place && !file_.empty()) {
            edit_->jump(*place);
        }
    };
    if (file == file_) {
        go();
        return;
    }
    leave([this, file, go] {
        load(file);
        go();
    });
}

void ScenarioEditor::load(const fs::path& file) {
    const auto read = read_whole(file);
    if (!read || static_cast<uint64_t>(read->size()) > base::kMaxTomlBytes) {
        pages_->setCurrentIndex(1);
        question_->say(
            Kind::kProblem,
            read ? tr("This file is too large to be a scenario") : tr("This file cannot be read"),
            tr("%1\nChoose another in the tree").arg(words(file.string())));
        return;
    }
    file_ = file;
    saved_ = *read;
    crlf_ = saved_.contains("\r\n");
    mistake_.reset();
    edit_->mark(std::nullopt);
    edit_->setPlainText(QString::fromUtf8(saved_));
    edit_->document()->setModified(false);
    question_->clear();
    verdict_->clear();
    // What a text field cannot keep, it would destroy with the first save.
    const bool kept = bytes() == saved_;
    edit_->setReadOnly(!kept);
    if (!kept) {
        question_->say(Kind::kProblem, tr("%1 can only be looked at here").arg(name()),
                       tr("It holds bytes that are no text, or line ends of both kinds; saving "
                          "would change them. Mend it in another editor"));
    }
    watch();
    show_state();
    begin_check();
    Q_EMIT opened(words(file_.string()));
}

void ScenarioEditor::close_file() {
    file_.clear();
    saved_.clear();
    mistake_.reset();
    edit_->mark(std::nullopt);
    edit_->clear();
    edit_->document()->setModified(false);
    question_->clear();
    verdict_->clear();
    ++check_;
    watch();
    show_state();
}

void ScenarioEditor::leave(std::function<void()> then) {
    if (!is_modified()) {
        then();
        return;
    }
    show();
    question_->say(Kind::kQuestion, tr("The changes to %1 are not saved").arg(name()),
                   tr("Discarding them cannot be undone"),
                   {{tr("Save"),
                     [this, then] {
                         if (save()) {
                             then();
                         }
                     }},
                    {tr("Discard"),
                     [this, then] {
                         revert();  // `then` may leave this file open
                         then();
                     }},
                    {tr("Stay"), [this] { edit_->setFocus(); }}});
}

QByteArray ScenarioEditor::bytes() const {
    QString text = edit_->toPlainText();
    if (crlf_) {
        text.replace('\n', "\r\n");
    }
    return text.toUtf8();
}

bool ScenarioEditor::save() {
    if (file_.empty() || edit_->isReadOnly()) {
        return false;
    }
    const auto now = read_whole(file_);
    if (now && *now != saved_ && *now != bytes()) {
        say_changed_on_disk(*now);
        return false;
    }
    return write(bytes());
}

bool ScenarioEditor::write(const QByteArray& bytes) {
    QSaveFile out(words(file_.string()));
    const bool done =
        out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size() && out.commit();
    if (!done) {
        question_->say(Kind::kProblem,
                       tr("%1 could not be saved: %2").arg(name(), out.errorString()),
                       tr("The text is still here. Make room, or allow writing, and save again"),
                       {{tr("Save again"), [this] { (void)save(); }}});
        return false;
    }
    saved_ = bytes;
    edit_->document()->setModified(false);
    question_->clear();
    watch();
    show_state();
    return true;
}

void ScenarioEditor::revert() {
    if (!file_.empty() && !edit_->isReadOnly()) {
        edit_->replace_all(QString::fromUtf8(saved_).replace("\r\n", "\n"));
        edit_->document()->setModified(false);
    }
}

void ScenarioEditor::run_text() {
    if (file_.empty() || (is_modified() && !save())) {
        return;
    }
    // The engine reads the file: what was typed last is in it, whether it has been checked or not.
    (void)desk_.run(file_);
}

// --- the file on disk

void ScenarioEditor::watch() {
    const QStringList old = watcher_.files() + watcher_.directories();
    if (!old.isEmpty()) {
        watcher_.removePaths(old);
    }
    if (!file_.empty()) {
        watcher_.addPath(words(file_.parent_path().empty() ? "." : file_.parent_path().string()));
        watcher_.addPath(words(file_.string()));
    }
}

void ScenarioEditor::look_at_disk() {
    if (file_.empty()) {
        return;
    }
    const auto now = read_whole(file_);
    watch();
    if (!now) {
        edit_->document()->setModified(true);
        question_->say(Kind::kQuestion, tr("%1 is no longer on the disk").arg(name()),
                       tr("Its text is still here"),
                       {{tr("Save it again"), [this] { (void)write(bytes()); }},
                        {tr("Close it"), [this] { close_file(); }}});
    } else if (*now == saved_) {
        return;
    } else if (*now == bytes()) {
        saved_ = *now;
        edit_->document()->setModified(false);
        question_->clear();
    } else {
        say_changed_on_disk(*now);
    }
}

void ScenarioEditor::say_changed_on_disk(const QByteArray& now) {
    question_->say(Kind::kQuestion, tr("%1 was changed by another program").arg(name()),
                   is_modified()
                       ? tr("You have changed it here, too; undo brings your text back after "
                            "reloading")
                       : QString(),
                   {{tr("Reload"),
                     [this] {
                         if (const auto newest = read_whole(file_)) {
                             saved_ = *newest;
                             crlf_ = saved_.contains("\r\n");
                             revert();
                         }
                     }},
                    {tr("Keep this text"), [this, now] {
                         saved_ = now;
                         edit_->document()->setModified(true);
                     }}});
}

// --- checking

ScenarioEditor::Check ScenarioEditor::checked_text(const std::string& text, const fs::path& file) {
    if (file.filename().string().starts_with("_")) {  // a part: it need not be whole
        const auto part = base::TomlDocument::parse(text, file.string());
        return part.ok() ? Check{std::nullopt, tr("Well-formed; other scenarios extend this file")}
                         : Check{part.error(), {}};
    }
    const auto parsed = scenario::parse(text, file);
    if (!parsed.ok()) {
        return {parsed.error(), {}};
    }
    uint64_t endpoints = 0;
    for (const scenario::Group& group : parsed->groups) {
        endpoints += group.endpoints;
    }
    return {std::nullopt, tr("No mistakes · %1 endpoints · %2 · expectations: %3")
                              .arg(grouped(endpoints), words(parsed->duration),
                                   QString::number(parsed->expectations.size()))};
}

// On another thread: an inventory of many megabytes may have to be read.
void ScenarioEditor::begin_check() {
    typing_.stop();
    if (file_.empty()) {
        return;
    }
    const uint64_t number = ++check_;
    checks_.clear();
    checks_.start([this, number, text = edit_->toPlainText().toStdString(), file = file_] {
        const Check check = checked_text(text, file);
        QMetaObject::invokeMethod(
            this, [this, number, check] { take(number, check); }, Qt::QueuedConnection);
    });
}

void ScenarioEditor::take(uint64_t number, const Check& check) {
    if (number != check_) {
        return;  // of a text that is no more
    }
    mistake_ = check.mistake;
    const auto place = place_here();
    edit_->mark(place, mistake_ ? words(mistake_->text()) : QString());
    if (!mistake_) {
        verdict_->say(Kind::kQuiet, check.summary);
    } else {
        const QString where =
            place ? tr("Line %1, column %2 (F8)").arg(place->line).arg(place->column)
                  : words(mistake_->place);
        const QString remedy = words(mistake_->remedy);
        verdict_->say(Kind::kProblem, sentence(*mistake_),
                      remedy.isEmpty() ? where : where + " · " + remedy);
    }
    show_state();
    Q_EMIT checked();
}

std::optional<TextPlace> ScenarioEditor::place_here() const {
    const auto spot = mistake_ ? spot_of(mistake_->place) : std::nullopt;
    return spot && fs::path(spot->file).lexically_normal() == file_.lexically_normal()
               ? std::optional(spot->place)
               : std::nullopt;
}

void ScenarioEditor::go_to_mistake() {
    if (const auto here = place_here()) {
        edit_->jump(*here);
    } else if (const auto there = mistake_ ? spot_of(mistake_->place) : std::nullopt) {
        open(there->file, there->place);  // in a file that this one extends
    }
}

}  // namespace firebreak::gui
