#include "gui/scenario_pane.h"

#include <QAction>
#include <QClipboard>
#include <QCryptographicHash>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QRegularExpressionValidator>
#include <QSettings>
#include <QStackedWidget>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>
#include <charconv>
#include <limits>

#include "gui/notice_strip.h"
#include "gui/scenario_rows.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace fs = std::filesystem;
using models::Outcome;
using models::ScenarioModel;
using State = bridge::RunSession::State;

namespace {

constexpr int kProgress_ms = 200;
constexpr uint64_t kMostSeed = std::numeric_limits<int64_t>::max();  // as the format has it

fs::path path_of(const QModelIndex& index) {
    return index.data(ScenarioModel::kPath).toString().toStdString();
}

// The screen reader's words for a row.
class Rows final : public models::ScenarioFilter {
  public:
    using ScenarioFilter::ScenarioFilter;
    QVariant data(const QModelIndex& index, int role) const override {
        return role == Qt::AccessibleTextRole ? QVariant(row_in_words(index))
                                              : ScenarioFilter::data(index, role);
    }
};

QString settings_key(const fs::path& root) {
    std::error_code ignored;
    const QByteArray name = QByteArray::fromStdString(fs::weakly_canonical(root, ignored).string());
    return "scenario_results/" +
           QCryptographicHash::hash(name, QCryptographicHash::Sha256).toHex().left(16);
}

}  // namespace

ScenarioPane::ScenarioPane(Desk& desk, QWidget* parent)
    : QWidget(parent),
      desk_(desk),
      model_(desk.places().scenarios),
      filter_(new QLineEdit(this)),
      pages_(new QStackedWidget(this)),
      tree_(new QTreeView(this)),
      empty_(new QLabel(this)),
      empty_button_(new QPushButton(this)),
      notice_(new NoticeStrip(this)),
      seed_(new QLineEdit(this)) {
    setObjectName("scenario_pane");
    notice_->setObjectName("scenario_notice");
    filter_->setObjectName("scenario_filter");
    filter_->setAccessibleName(tr("Filter the scenarios"));
    filter_->setPlaceholderText(tr("Filter by name, title or tag"));
    filter_->setClearButtonEnabled(true);
    connect(filter_, &QLineEdit::textChanged, this, &ScenarioPane::filter);
    build_tree();
    build_acts();
    pages_->addWidget(tree_);
    pages_->addWidget(built_empty_state());

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kGrid, kGrid, kGrid, kGrid);
    column->setSpacing(kGrid);
    column->addWidget(filter_);
    column->addWidget(pages_, 1);
    column->addWidget(built_progress());
    column->addWidget(notice_);
    column->addWidget(built_buttons());

    progress_due_.setSingleShot(true);
    progress_due_.setInterval(kProgress_ms);
    connect(&progress_due_, &QTimer::timeout, this, &ScenarioPane::show_progress);
    connect(&desk.store(), &models::RunStore::grown, this, [this] {
        if (folder_ && !progress_due_.isActive()) {
            progress_due_.start();
        }
    });
    connect(&desk.store(), &models::RunStore::restarted, this, &ScenarioPane::note_restart);
    connect(&desk, &Desk::run_ended, this, &ScenarioPane::note_ended);
    connect(&desk, &Desk::problem, this,
            [this](const QString& what, const QString& place, const QString& remedy) {
                if (starting_) {
                    note_failed(what, place, remedy);
                }
            });
    connect(&desk.session(), &bridge::RunSession::failed, this, &ScenarioPane::note_failed);
    connect(&desk.session(), &bridge::RunSession::state_changed, this, &ScenarioPane::note_state);
    connect(&model_, &ScenarioModel::rescanned, this, &ScenarioPane::note_disk);
    connect(&model_, &ScenarioModel::described, this, &ScenarioPane::filter);
    load_results();
    filter();
}

// --- what it is made of

void ScenarioPane::build_tree() {
    auto* rows = new Rows(this);
    rows->setSourceModel(&model_);
    filtered_ = rows;
    tree_->setObjectName("scenario_tree");
    tree_->setAccessibleName(tr("Scenarios"));
    tree_->setModel(filtered_);
    tree_->setItemDelegate(new ScenarioRows(tree_));
    tree_->setHeaderHidden(true);
    tree_->setFrameShape(QFrame::NoFrame);
    tree_->setIndentation(2 * kGrid);
    tree_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    tree_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    tree_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    tree_->setExpandsOnDoubleClick(false);
    tree_->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(tree_, &QTreeView::activated, this, [this](const QModelIndex& index) {
        if (index.data(ScenarioModel::kIsFolder).toBool()) {
            tree_->setExpanded(index, !tree_->isExpanded(index));
        } else {
            run();
        }
    });
    connect(tree_, &QTreeView::customContextMenuRequested, this, [this](const QPoint& where) {
        QMenu* shown = menu();
        shown->setAttribute(Qt::WA_DeleteOnClose);
        shown->popup(tree_->viewport()->mapToGlobal(where));
    });
    connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &ScenarioPane::show_state);
}

QAction* ScenarioPane::act(const QString& name, const QKeySequence& keys, const QString& id,
                           void (ScenarioPane::*what)()) {
    auto* out = new QAction(name, this);
    out->setObjectName(id);
    out->setShortcut(keys);
    out->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    if (!keys.isEmpty()) {
        out->setToolTip(tr("%1 (%2)").arg(name, keys.toString(QKeySequence::NativeText)));
    }
    connect(out, &QAction::triggered, this, what);
    addAction(out);
    return out;
}

void ScenarioPane::build_acts() {
    run_ =
        act(tr("Run"), QKeySequence(Qt::CTRL | Qt::Key_Return), "scenario_run", &ScenarioPane::run);
    paused_ = act(tr("Run paused"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Return),
                  "scenario_run_paused", &ScenarioPane::run_paused);
    another_ = act(tr("Run with another seed"), QKeySequence(Qt::ALT | Qt::Key_Return),
                   "scenario_run_seed", &ScenarioPane::run_with_another_seed);
    edit_ = act(tr("Open in the editor"), QKeySequence(Qt::Key_F4), "scenario_edit",
                &ScenarioPane::edit);
    edit_->setIconText(tr("Edit"));  // on a button
    copy_ = act(tr("Copy as command line"), {}, "scenario_copy", &ScenarioPane::copy_command_line);
    cancel_ = act(tr("Cancel the folder"), QKeySequence(Qt::Key_Escape), "scenario_cancel",
                  &ScenarioPane::cancel);
    cancel_->setIconText(tr("Cancel"));
}

QList<QAction*> ScenarioPane::acts() const {
    return {run_, paused_, another_, edit_, copy_, cancel_};
}

QMenu* ScenarioPane::menu() {
    auto* out = new QMenu(this);
    out->addActions({run_, paused_, another_});
    out->addSeparator();
    out->addActions({edit_, copy_});
    return out;
}

QWidget* ScenarioPane::built_buttons() {
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kGrid);
    const auto button = [&](QAction* action) {
        auto* out = new QToolButton(bar);
        out->setDefaultAction(action);
        out->setObjectName(action->objectName() + "_button");
        out->setAccessibleName(action->text());
        out->setFocusPolicy(Qt::StrongFocus);
        out->setToolButtonStyle(Qt::ToolButtonTextOnly);
        return out;
    };
    auto* more = new QMenu(bar);
    more->addActions({paused_, another_, edit_, copy_});
    QToolButton* run = button(run_);
    row->addWidget(run);
    run->setMenu(more);
    run->setPopupMode(QToolButton::MenuButtonPopup);
    seed_->setObjectName("scenario_seed");
    seed_->setAccessibleName(tr("Seed"));
    seed_->setPlaceholderText(tr("Seed"));
    seed_->setToolTip(tr("Runs use this seed in place of the scenario's; empty: the scenario's"));
    seed_->setValidator(new QRegularExpressionValidator(QRegularExpression("[0-9]{0,19}"), seed_));
    seed_->setClearButtonEnabled(true);
    connect(seed_, &QLineEdit::returnPressed, this, &ScenarioPane::run);
    row->addWidget(seed_, 1);
    row->addWidget(button(edit_));
    return bar;
}

QWidget* ScenarioPane::built_progress() {
    progress_ = new QWidget(this);
    auto* column = new QVBoxLayout(progress_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kGrid / 2);
    auto* row = new QHBoxLayout;
    progress_text_ = new QLabel(progress_);
    progress_text_->setObjectName("scenario_progress");
    progress_text_->setWordWrap(true);
    progress_text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Minimum);
    row->addWidget(progress_text_, 1);
    auto* stop = new QToolButton(progress_);
    stop->setDefaultAction(cancel_);
    stop->setObjectName("scenario_cancel_button");
    stop->setAccessibleName(cancel_->text());
    stop->setFocusPolicy(Qt::StrongFocus);
    row->addWidget(stop, 0, Qt::AlignTop);
    column->addLayout(row);
    progress_bar_ = new QProgressBar(progress_);
    progress_bar_->setAccessibleName(tr("Progress of the folder"));
    progress_bar_->setTextVisible(false);
    progress_bar_->setFixedHeight(kGrid / 2);
    column->addWidget(progress_bar_);
    progress_->hide();
    return progress_;
}

QWidget* ScenarioPane::built_empty_state() {
    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->addStretch();
    empty_->setObjectName("scenario_empty");
    empty_->setWordWrap(true);
    empty_->setAlignment(Qt::AlignCenter);
    column->addWidget(empty_);
    empty_button_->setObjectName("scenario_empty_button");
    connect(empty_button_, &QPushButton::clicked, this,
            [this] { filtered_->is_set() ? filter_->clear() : model_.rescan(); });
    column->addWidget(empty_button_, 0, Qt::AlignHCenter);
    column->addStretch();
    return page;
}

// --- choosing

void ScenarioPane::focus_filter() {
    filter_->setFocus(Qt::ShortcutFocusReason);
    filter_->selectAll();
}

void ScenarioPane::select(const fs::path& file) {
    const QModelIndex index = filtered_->mapFromSource(model_.index_of(file));
    if (index.isValid()) {
        tree_->setCurrentIndex(index);
        tree_->scrollTo(index);
    }
}

void ScenarioPane::filter() {
    const fs::path current = path_of(tree_->currentIndex());
    filtered_->set_words(filter_->text());
    if (filtered_->is_set()) {
        tree_->expandAll();
        if (!tree_->currentIndex().isValid()) {  // so that Enter runs what was found
            QModelIndex first = filtered_->index(0, 0);
            while (first.isValid() && filtered_->rowCount(first) > 0) {
                first = filtered_->index(0, 0, first);
            }
            tree_->setCurrentIndex(first);
        }
    } else {
        if (filtered_->rowCount() == 1) {
            tree_->expandAll();
        }
        select(current);
    }
    show_state();
}

void ScenarioPane::note_disk() {
    const bool gone = !running_.empty() && !model_.index_of(running_).isValid();
    if (gone) {
        std::error_code ignored;
        if (!fs::exists(running_, ignored)) {
            notice_->say(NoticeStrip::Kind::kQuestion,
                         tr("%1 was deleted while it runs").arg(words(running_.stem().string())),
                         tr("The run goes on; its record holds the whole scenario"));
        }
    }
    filter();
}

std::vector<fs::path> ScenarioPane::chosen() const {
    std::vector<fs::path> out;
    const auto add = [&](const auto& self, const QModelIndex& index) -> void {
        if (!index.isValid()) {
            return;
        }
        if (!index.data(ScenarioModel::kIsFolder).toBool()) {
            out.push_back(path_of(index));
        }
        for (int row = 0; row < filtered_->rowCount(index); ++row) {
            self(self, filtered_->index(row, 0, index));
        }
    };
    add(add, tree_->currentIndex());
    return out;
}

std::optional<uint64_t> ScenarioPane::seed() const {
    const std::string text = seed_->text().toStdString();
    uint64_t out = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && failure == std::errc() && out <= kMostSeed ? std::optional(out)
                                                                       : std::nullopt;
}

// --- running

void ScenarioPane::run() {
    const QModelIndex index = tree_->currentIndex();
    const auto files = chosen();
    if (files.empty()) {
        return;
    }
    if (!seed_->text().isEmpty() && !seed()) {
        notice_->say(NoticeStrip::Kind::kProblem, tr("This seed is too large"),
                     tr("Write a whole number from 0 to %1").arg(grouped(kMostSeed)));
    } else if (index.data(ScenarioModel::kIsFolder).toBool()) {
        run_all(files);
    } else {
        (void)start(files.front(), seed(), false);
    }
}

void ScenarioPane::run_paused() {
    const auto files = chosen();
    if (!files.empty()) {
        (void)start(files.front(), seed(), true);
    }
}

void ScenarioPane::run_with_another_seed() {
    uint64_t last = 0;
    const auto files = chosen();
    if (files.empty()) {
        return;
    }
    if (!seed()) {
        if (!desk_.store().empty() && desk_.scenario() == files.front()) {
            last = desk_.store().run().header.seed;
        } else if (const auto experiment = scenario::load(files.front(), {}); experiment.ok()) {
            last = experiment->seed;
        }
        seed_->setText(QString::number(last < kMostSeed ? last + 1 : 0));
    }
    run();
}

bool ScenarioPane::start(const fs::path& file, std::optional<uint64_t> seed, bool paused) {
    if (folder_ && folder_->now != file) {
        finish_folder(tr("ended for another run"));
    }
    notice_->clear();
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
        note_result(file, Outcome::kFailed, tr("the file is gone"));
        say_problem(tr("This scenario is no longer on the disk"), words(file.string()),
                    tr("Choose another; the tree follows the folder"));
        model_.rescan();
        return false;
    }
    running_ = file;
    starting_ = true;
    note_result(file, Outcome::kRunning, {});
    const bool started = desk_.run(file, seed, paused);
    starting_ = false;
    show_state();
    return started;
}

void ScenarioPane::run_all(const std::vector<fs::path>& files) {
    if (folder_) {
        finish_folder(tr("ended for another run"));
    }
    Folder folder;
    folder.name = tree_->currentIndex().data().toString();
    folder.left.assign(files.begin(), files.end());
    folder.all = static_cast<int>(files.size());
    folder.seed = seed();
    folder_ = std::move(folder);
    notice_->clear();
    for (const fs::path& file : files) {
        folder_->before[file] = model_.result(file);
        model_.set_result(file, {Outcome::kWaiting, {}});
    }
    start_next();
}

void ScenarioPane::start_next() {
    while (folder_ && !folder_->left.empty()) {
        folder_->now = folder_->left.front();
        folder_->left.pop_front();
        if (start(folder_->now, folder_->seed, false)) {
            show_progress();
            return;
        }
        ++folder_->failed;
    }
    if (folder_) {
        finish_folder({});
    }
}

// Not within the signal of the run that ended: others still hear of it.
void ScenarioPane::next_later() {
    QTimer::singleShot(0, this, [this, now = folder_->now] {
        if (folder_ && folder_->now == now) {
            start_next();
        }
    });
}

// `how` if before its time.
void ScenarioPane::finish_folder(const QString& how) {
    const Folder done = *std::exchange(folder_, std::nullopt);
    for (const fs::path& file : done.left) {
        model_.set_result(file, done.before.at(file));
    }
    keep_results();
    progress_->hide();
    const QString counts = tr("%1: %2 of %3 passed, %4 failed")
                               .arg(done.name, QString::number(done.passed),
                                    QString::number(done.all), QString::number(done.failed));
    const bool bad = done.failed > 0;
    notice_->say(bad ? NoticeStrip::Kind::kProblem : NoticeStrip::Kind::kQuestion,
                 how.isEmpty() ? counts : counts + ", " + how);
    show_state();
}

void ScenarioPane::cancel() {
    if (folder_) {
        const fs::path now = folder_->now;
        finish_folder(tr("cancelled"));
        if (model_.result(now).outcome == Outcome::kRunning) {
            note_result(now, Outcome::kStopped, tr("cancelled"));
            running_.clear();
            desk_.session().stop();
        }
    }
}

// --- what became of it

void ScenarioPane::note_result(const fs::path& file, Outcome outcome, const QString& headline) {
    model_.set_result(file, {outcome, headline});
    keep_results();
}

void ScenarioPane::note_ended(const QString& scenario, bool passed, const QString& headline) {
    const fs::path file = scenario.toStdString();
    if (file.empty()) {
        return;
    }
    note_result(file, passed ? Outcome::kPassed : Outcome::kFailed, headline);
    running_.clear();
    if (folder_ && folder_->now == file) {
        ++(passed ? folder_->passed : folder_->failed);
        next_later();
        show_progress();
    }
}

void ScenarioPane::note_failed(const QString& message, const QString& place,
                               const QString& remedy) {
    const fs::path file = running_;
    if (file.empty()) {
        return;
    }
    note_result(file, Outcome::kFailed, message);
    running_.clear();
    say_problem(message, place, remedy);
    if (folder_ && folder_->now == file && !starting_) {
        ++folder_->failed;
        next_later();
    }
}

void ScenarioPane::note_state(State state) {
    if (state == State::kPreparing && model_.index_of(desk_.scenario()).isValid()) {
        running_ = desk_.scenario();  // by whoever started it
        model_.set_result(running_, {Outcome::kRunning, {}});
    } else if (state == State::kStopped && !running_.empty()) {
        note_result(running_, Outcome::kStopped,
                    tr("stopped at %1").arg(words(desk_.store().at())));
        running_.clear();
        if (folder_) {
            finish_folder(tr("stopped"));
        }
    }
}

// Somebody started another run, or opened one: the one from here is over.
void ScenarioPane::note_restart() {
    if (!running_.empty() && desk_.scenario() != running_) {
        note_result(running_, Outcome::kStopped, tr("ended for another run"));
        running_.clear();
        if (folder_) {
            finish_folder(tr("ended for another run"));
        }
    }
}

void ScenarioPane::say_problem(const QString& what, const QString& place, const QString& remedy) {
    QString sentence = what;
    sentence.replace(0, 1, sentence.left(1).toUpper());
    QStringList more;
    for (const QString& part : {place, remedy}) {
        if (!part.isEmpty()) {
            more.push_back(part);
        }
    }
    std::vector<NoticeStrip::Act> acts;
    // "file:line:column".
    const QStringList parts = place.split(':');
    if (parts.size() >= 3) {
        const QString file = parts.mid(0, parts.size() - 2).join(':');
        acts.emplace_back(tr("Show the place"), [this, file, parts] {
            Q_EMIT open_requested(file, parts[parts.size() - 2].toInt(), parts.back().toInt());
        });
    }
    notice_->say(NoticeStrip::Kind::kProblem, sentence, more.join('\n'), acts);
}

// --- what it shows

void ScenarioPane::show_state() {
    const QModelIndex index = tree_->currentIndex();
    const bool folder = index.data(ScenarioModel::kIsFolder).toBool();
    run_->setText(!folder               ? tr("Run")
                  : filtered_->is_set() ? tr("Run those shown")
                                        : tr("Run folder"));
    run_->setEnabled(index.isValid());
    for (QAction* action : {paused_, another_, edit_, copy_}) {
        action->setEnabled(index.isValid() && !folder);
    }
    cancel_->setEnabled(folder_.has_value());
    const bool any = filtered_->rowCount() > 0;
    pages_->setCurrentIndex(any ? 0 : 1);
    if (any) {
        return;
    }
    const bool filtering = filtered_->is_set() && model_.rowCount() > 0;
    empty_->setText(filtering
                        ? tr("No scenario is called or tagged “%1”.").arg(filter_->text())
                        : tr("There are no scenarios in %1. A scenario is a .toml file that says "
                             "what the fleet is, what is released, and what you expect.")
                              .arg(words(model_.root().string())));
    empty_button_->setText(filtering ? tr("Clear the filter") : tr("Look again"));
    empty_button_->setAccessibleName(empty_button_->text());
}

void ScenarioPane::show_progress() {
    if (!folder_) {
        return;
    }
    const int done = folder_->passed + folder_->failed;
    double share = done;
    QString now;
    const models::RunStore& store = desk_.store();
    if (desk_.scenario() == folder_->now && !store.empty()) {
        const auto whole = static_cast<double>(store.run().header.duration.seconds);
        const double part = static_cast<double>(store.at().seconds) / whole;
        const bool over = model_.result(folder_->now).outcome != Outcome::kRunning;
        share += over ? 0 : part;
        now = tr(" · %1 %2 %").arg(words(folder_->now.stem().string())).arg(int(100 * part));
    }
    progress_text_->setText(tr("%1 of %2 · %3 passed · %4 failed")
                                .arg(done)
                                .arg(folder_->all)
                                .arg(folder_->passed)
                                .arg(folder_->failed) +
                            now);
    progress_bar_->setRange(0, folder_->all * 1000);
    progress_bar_->setValue(static_cast<int>(share * 1000));
    progress_->show();
}

void ScenarioPane::edit() {
    const QModelIndex index = tree_->currentIndex();
    if (index.isValid() && !index.data(ScenarioModel::kIsFolder).toBool()) {
        Q_EMIT open_requested(index.data(ScenarioModel::kPath).toString(), 0, 0);
    }
}

void ScenarioPane::copy_command_line() {
    const auto files = chosen();
    if (files.empty()) {
        return;
    }
    std::string line = "./firebreak run " + quoted(files.front().string());
    if (const auto number = seed()) {
        line += " --seed " + std::to_string(*number);
    }
    QGuiApplication::clipboard()->setText(words(line));
    notice_->say(NoticeStrip::Kind::kQuiet, tr("Copied: %1").arg(words(line)));
}

// --- results, from one start of the program to the next

void ScenarioPane::load_results() {
    const QVariantMap kept = QSettings().value(settings_key(model_.root())).toMap();
    for (auto it = kept.begin(); it != kept.end(); ++it) {
        const QStringList parts = it.value().toStringList();
        if (parts.size() == 2) {
            const Outcome outcome = parts[0] == "passed" ? Outcome::kPassed : Outcome::kFailed;
            model_.set_result(model_.root() / it.key().toStdString(), {outcome, parts[1]});
        }
    }
}

// Passed and failed alone: a run that was stopped says nothing about its scenario.
void ScenarioPane::keep_results() const {
    QVariantMap kept;
    for (const auto& [file, result] : model_.results()) {
        if (result.outcome == Outcome::kPassed || result.outcome == Outcome::kFailed) {
            const std::string name = file.lexically_relative(model_.root()).string();
            kept[words(name)] = QStringList{
                result.outcome == Outcome::kPassed ? "passed" : "failed", result.headline};
        }
    }
    QSettings().setValue(settings_key(model_.root()), kept);
}

}  // namespace firebreak::gui
