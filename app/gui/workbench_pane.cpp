#include "gui/workbench_pane.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <map>

#include "base/text.h"
#include "gui/content_files.h"
#include "gui/elided_label.h"
#include "gui/notice_strip.h"
#include "gui/theme.h"
#include "gui/trial_changes_form.h"
#include "gui/trial_result_view.h"
#include "gui/words.h"
#include "host/persona.h"

namespace firebreak::gui {

namespace fs = std::filesystem;

namespace {

using Strip = NoticeStrip::Kind;
constexpr size_t kLongestTitle = 100;
constexpr char kFirstFixture[] = "DatasetA/2026-03-02";

QString kind_of_fixture(const std::string& kind) {
    return kind == "good"        ? WorkbenchPane::tr("good")
           : kind == "defective" ? WorkbenchPane::tr("defective")
           : kind == "corrupt"   ? WorkbenchPane::tr("corrupt")
                                 : WorkbenchPane::tr("malicious");
}

// Of the personas that there are: file name and title, or the name where that cannot be read.
std::vector<std::pair<std::string, QString>> personas_in(const fs::path& fixtures) {
    std::vector<std::pair<std::string, QString>> out;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(fixtures / "personas", ignored)) {
        if (entry.path().extension() == ".toml") {
            const auto persona = host::load_persona(entry.path());
            const std::string name = entry.path().stem().string();
            out.emplace_back(name, words(persona.ok() ? persona->title : name));
        }
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace

WorkbenchPane::WorkbenchPane(Desk& desk, QWidget* parent)
    : QWidget(parent),
      desk_(desk),
      copy_(desk.places().fixtures),
      trial_({desk.places().fixtures, desk.places().worker}) {
    build_acts();
    notice_ = new NoticeStrip;
    notice_->setObjectName("workbench_notice");
    pages_ = new QStackedWidget;
    pages_->addWidget(built_empty());
    pages_->addWidget(built_body());
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid, kGrid / 2, kGrid, kGrid / 2);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(built_opening());
    layout->addWidget(notice_);
    layout->addWidget(pages_, 1);
    connect(&copy_, &models::WorkingCopy::opened, this, [this] {
        saved_scenario_.clear();
        saved_copy_.clear();
        changes_->reset();
        trial_.cancel();
        result_->clear();
        notice_->clear();
        show_state();
    });
    connect(&copy_, &models::WorkingCopy::changed, this, &WorkbenchPane::note_change);
    connect(changes_, &TrialChangesForm::changed, this, &WorkbenchPane::note_change);
    connect(&trial_, &bridge::ContentTrial::progressed, result_, &TrialResultView::tell_progress);
    connect(&trial_, &bridge::ContentTrial::finished, this, [this](const auto& result) {
        result_->show_result(result, copy_.feed(), copy_.content().files);
        show_state();
    });
    connect(result_, &TrialResultView::cancel_requested, this, &WorkbenchPane::cancel);
    connect(result_, &TrialResultView::place_requested, this,
            [this](const models::TrialPlace& place, const QString& message) {
                tabs_->setCurrentIndex(0);
                files_->go_to(place.file, {place.line, place.column}, message);
            });
    std::map<std::string, std::string> titles;
    for (const auto& [name, box] : personas_) {
        titles[name] = box->accessibleName().toStdString();
    }
    result_->set_titles(std::move(titles));
    fill_fixtures();
    for (const auto signal : {&models::RunStore::restarted, &models::RunStore::grown}) {
        connect(&desk_.store(), signal, this,
                [this] { from_run_->setEnabled(!desk_.store().empty()); });
    }
    show_state();
}

// Behind another pane it takes no more room than that one needs.
QSize WorkbenchPane::minimumSizeHint() const {
    return {48 * fontMetrics().averageCharWidth(), 8 * fontMetrics().height()};
}

// --- how it is made

QAction* WorkbenchPane::act(const QString& name, const QKeySequence& keys, const char* id,
                            std::function<void()> what) {
    auto* out = new QAction(name, this);
    out->setObjectName(QLatin1String(id));
    out->setShortcut(keys);
    out->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(out, &QAction::triggered, this, std::move(what));
    addAction(out);
    acts_.push_back(out);
    return out;
}

void WorkbenchPane::build_acts() {
    run_ = act(tr("Run this content now"), QKeySequence(Qt::CTRL | Qt::Key_Return), "workbench_run",
               [this] { run(); });
    cancel_ = act(tr("Cancel the trial"), {}, "workbench_cancel", [this] { cancel(); });
    act(tr("Open a folder of content …"), {}, "workbench_open", [this] { choose_folder(); });
    from_run_ = act(tr("Open what the shown run released"), {}, "workbench_open_released",
                    [this] { open_from_run(); });
    save_ = act(tr("Save the content"), QKeySequence::Save, "workbench_save", [this] { save(); });
    save_copy_ = act(tr("Save a copy of the content as …"), {}, "workbench_save_copy",
                     [this] { choose_copy(); });
    save_scenario_ = act(tr("Save the trial as a scenario …"), {}, "workbench_save_scenario",
                         [this] { choose_scenario_file(); });
    copy_command_ =
        act(tr("Copy the saved trial as command line"), {}, "workbench_copy_command", [this] {
            QApplication::clipboard()->setText(command_line());
            notice_->say(Strip::kQuiet, tr("Copied: %1").arg(command_line()));
        });
    discard_ = act(tr("Discard all changes to the content"), {}, "workbench_discard",
                   [this] { discard(); });
}

QWidget* WorkbenchPane::built_opening() {
    feed_ = new QComboBox;
    feed_->setObjectName("workbench_feed");
    feed_->setAccessibleName(tr("Feed"));
    for (const content::Feed feed : bridge::feeds_with_component()) {
        feed_->addItem(words(content::info(feed).name), static_cast<int>(feed));
        feed_->setItemData(
            feed_->count() - 1,
            tr("%1, of the %2")
                .arg(words(content::info(feed).payload), words(content::info(feed).component)),
            Qt::ToolTipRole);
    }
    connect(feed_, &QComboBox::activated, this, &WorkbenchPane::fill_fixtures);
    fixture_ = new QComboBox;
    fixture_->setObjectName("workbench_fixture");
    fixture_->setAccessibleName(tr("Version of the content"));
    fixture_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    fixture_->setMinimumContentsLength(16);
    connect(fixture_, &QComboBox::activated, this, &WorkbenchPane::choose_fixture);
    auto* run = new QPushButton(tr("Run &now"));
    run->setObjectName("workbench_run_button");
    run->setAccessibleName(tr("Run this content now"));
    run->setToolTip(tr("Sign it, deliver it, run it (Ctrl+Return)"));
    run->setAutoDefault(false);
    connect(run, &QPushButton::clicked, run_, &QAction::trigger);
    connect(run_, &QAction::changed, run, [this, run] { run->setEnabled(run_->isEnabled()); });
    auto* more = new QToolButton;
    more->setObjectName("workbench_more");
    more->setText(tr("More"));
    more->setAccessibleName(tr("Open, save and copy"));
    more->setPopupMode(QToolButton::InstantPopup);
    more->setToolButtonStyle(Qt::ToolButtonTextOnly);
    more->addActions(acts_.mid(2));
    auto* out = new QWidget;
    auto* row = new QHBoxLayout(out);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kGrid / 2);
    row->addWidget(feed_);
    row->addWidget(fixture_, 1);
    row->addWidget(more);
    row->addWidget(run);
    return out;
}

QWidget* WorkbenchPane::built_empty() {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(3 * kGrid, kGrid, 3 * kGrid, kGrid);
    auto* text = new QLabel(
        tr("Content is tried here before it is released: open a version of a feed, edit its rules, "
           "flip a bit, sign it with another key, and see within seconds what update client and "
           "components make of it on each persona, with the evidence, beside the unmodified one."));
    text->setObjectName("workbench_empty");
    text->setWordWrap(true);
    text->setAlignment(Qt::AlignCenter);
    auto* first = new QPushButton(tr("Open a first rule set"));
    first->setObjectName("workbench_first");
    first->setAccessibleName(first->text());
    first->setAutoDefault(false);
    const fs::path folder = desk_.places().fixtures / "content/good" / kFirstFixture;
    std::error_code ignored;
    first->setVisible(fs::is_directory(folder, ignored));
    connect(first, &QPushButton::clicked, this,
            [this, folder] { open(content::Feed::kDatasetA, folder); });
    column->addStretch();
    column->addWidget(text);
    column->addWidget(first, 0, Qt::AlignHCenter);
    column->addStretch();
    return page;
}

QWidget* WorkbenchPane::built_body() {
    files_ = new ContentFiles(copy_);
    changes_ = new TrialChangesForm;
    result_ = new TrialResultView;
    auto* changes = new QScrollArea;
    changes->setWidget(changes_);
    changes->setWidgetResizable(true);
    changes->setFrameShape(QFrame::NoFrame);
    tabs_ = new QTabWidget;
    tabs_->setObjectName("workbench_tabs");
    tabs_->setDocumentMode(true);
    tabs_->addTab(files_, tr("F&iles"));
    tabs_->addTab(changes, tr("Signing and &way"));
    tabs_->addTab(built_machines(), tr("&Machines"));
    about_ = new ElidedLabel(1);
    about_->setObjectName("workbench_about");
    about_->setFont(small_font());
    about_->set_quiet(true);
    auto* left = new QWidget;
    auto* column = new QVBoxLayout(left);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kGrid / 2);
    column->addWidget(about_);
    column->addWidget(tabs_, 1);
    auto* split = new QSplitter(Qt::Horizontal);
    split->setObjectName("workbench_split");
    split->setChildrenCollapsible(false);
    split->addWidget(left);
    split->addWidget(result_);
    split->setStretchFactor(0, 5);
    split->setStretchFactor(1, 4);
    return split;
}

QWidget* WorkbenchPane::built_machines() {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, kGrid / 2, 0, 0);
    column->setSpacing(kGrid / 2);
    profile_ = new QComboBox;
    profile_->setObjectName("workbench_profile");
    profile_->setAccessibleName(tr("What update clients check"));
    profile_->addItem(tr("published: what the vendor describes"));
    profile_->addItem(tr("hardened: with The Update Framework and Uptane"));
    profile_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    profile_->setMinimumContentsLength(12);
    connect(profile_, &QComboBox::currentIndexChanged, this, &WorkbenchPane::note_change);
    auto* label = new QLabel(tr("Update clients chec&k:"));
    label->setBuddy(profile_);
    auto* row = new QHBoxLayout;
    row->addWidget(label);
    row->addWidget(profile_, 1);
    column->addLayout(row);
    column->addWidget(new QLabel(tr("Personas on whose machines it is tried:")));
    for (const auto& [name, title] : personas_in(desk_.places().fixtures)) {
        auto* box = new QCheckBox(QString(title).replace('&', "&&"));
        box->setObjectName("workbench_persona_" + words(name));
        box->setAccessibleName(title);
        box->setToolTip(words(name));
        box->setChecked(true);
        connect(box, &QCheckBox::toggled, this, &WorkbenchPane::note_change);
        column->addWidget(box);
        personas_.emplace_back(name, box);
    }
    personas_problem_ = new QLabel(tr("Choose at least one: without machines nothing is tried."));
    personas_problem_->setObjectName("workbench_personas_problem");
    personas_problem_->setWordWrap(true);
    column->addWidget(personas_problem_);
    column->addStretch();
    auto* area = new QScrollArea;
    area->setWidget(page);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    return area;
}

// --- what is open

void WorkbenchPane::fill_fixtures() {
    const auto feed = static_cast<content::Feed>(feed_->currentData().toInt());
    fixtures_ = models::content_fixtures(desk_.places().fixtures, feed);
    fixture_->clear();
    fixture_->addItem(tr("Open a version …"));
    for (const models::ContentFixture& one : fixtures_) {
        const QString name = tr("%1: %2").arg(kind_of_fixture(one.kind), words(one.version));
        fixture_->addItem(one.says.isEmpty() ? name : tr("%1 – %2").arg(name, one.says));
        fixture_->setItemData(fixture_->count() - 1, one.says, Qt::ToolTipRole);
        if (copy_.is_open() && one.folder == copy_.folder()) {
            fixture_->setCurrentIndex(fixture_->count() - 1);
        }
    }
}

void WorkbenchPane::choose_fixture(int row) {
    if (row > 0 && static_cast<size_t>(row) <= fixtures_.size()) {
        const models::ContentFixture chosen = fixtures_[static_cast<size_t>(row) - 1];
        open(chosen.feed, chosen.folder);
    }
}

void WorkbenchPane::open(content::Feed feed, const fs::path& folder) {
    if (copy_.is_open() && feed == copy_.feed() && folder == copy_.folder()) {
        return;
    }
    leave([this, feed, folder] {
        const base::Status opened = copy_.open(feed, folder);
        if (!opened.ok()) {
            say(opened.error());
        }
        show_state();
        Q_EMIT attention();
    });
    fill_fixtures();  // as long as it asks, what was open still is
}

// The release that is selected, or else the run's last that a component runs.
void WorkbenchPane::open_from_run() {
    const models::RunStore& store = desk_.store();
    if (store.empty()) {
        return;
    }
    const fs::path file = desk_.scenario().empty() ? store.file() : desk_.scenario();
    const auto experiment = scenario::parse(store.run().header.scenario, file);
    if (!experiment.ok()) {
        say(experiment.error());
        return;
    }
    const auto wanted = desk_.selection().release();
    const auto feeds = bridge::feeds_with_component();
    const scenario::Release* found = nullptr;
    for (size_t i = 0; i < experiment->releases.size(); ++i) {
        const scenario::Release& one = experiment->releases[i];
        const bool is_wanted = !wanted || *wanted == static_cast<int32_t>(i);
        if (is_wanted && std::ranges::count(feeds, one.feed) > 0) {
            found = &one;
        }
    }
    if (found == nullptr) {
        say({"no component runs what was released", store.run().header.name,
             "select a release of another feed, or show another run"});
        return;
    }
    const std::string first = found->source.empty() ? "" : found->source.begin()->string();
    const fs::path above =
        first == "." || first == ".." ? file.parent_path() : desk_.places().fixtures / "content";
    const fs::path folder = (above / found->source).lexically_normal();
    std::vector<std::string> with;
    for (const fs::path& one : found->with) {
        with.push_back(one.string());
    }
    open(found->feed, folder);
    if (copy_.folder() == folder && !is_modified()) {
        copy_.join(with);
        copy_.settle();
    }
}

void WorkbenchPane::leave(std::function<void()> then) {
    if (!is_modified()) {
        then();
        return;
    }
    Q_EMIT attention();
    notice_->say(Strip::kQuestion, tr("The changes to %1 are not saved").arg(copy_.name()),
                 tr("They are lost if you go on."),
                 {{tr("Save …"),
                   [this, then] {
                       save();
                       if (!is_modified()) {
                           then();
                       }
                   }},
                  {tr("Discard them"),
                   [this, then] {
                       discard();
                       then();
                   }},
                  {tr("Stay"), [] {}}});
}

void WorkbenchPane::discard() {
    const bridge::TrialContent before = copy_.content();
    copy_.replace(copy_.original());
    notice_->say(Strip::kQuiet, tr("All changes are discarded"), {},
                 {{tr("Undo"), [this, before] { copy_.replace(before); }}});
}

void WorkbenchPane::say(const base::Error& error) {
    notice_->say(Strip::kProblem, words(error.message),
                 tr("%1; %2").arg(words(error.place), words(error.remedy)));
}

void WorkbenchPane::choose_folder() {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Open a folder of content"));
    if (!folder.isEmpty()) {
        open(static_cast<content::Feed>(feed_->currentData().toInt()), folder.toStdString());
    }
}

void WorkbenchPane::save() {
    if (saved_copy_.empty()) {
        choose_copy();
    } else {
        save_copy(saved_copy_);
    }
}

void WorkbenchPane::choose_copy() {
    const QString folder =
        QFileDialog::getSaveFileName(this, tr("Save a copy of the content as a folder"));
    if (!folder.isEmpty()) {
        save_copy(folder.toStdString());
    }
}

// What this pane has saved before may be saved over; nothing else is.
bool WorkbenchPane::save_copy(const fs::path& folder) {
    std::error_code ignored;
    const fs::path in_fixtures = folder.lexically_relative(desk_.places().fixtures);
    const bool is_fixture = !in_fixtures.empty() && *in_fixtures.begin() != "..";
    const bool is_used = folder != saved_copy_ && fs::exists(folder, ignored) &&
                         !(fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored));
    if (is_fixture || is_used) {
        say({is_fixture ? "the fixtures stay as they are" : "there is something of that name",
             folder.string(), "name a new folder elsewhere"});
        return false;
    }
    const base::Status written = bridge::write_content(copy_.content().files, folder);
    if (!written.ok()) {
        say(written.error());
        return false;
    }
    for (const auto& entry : copy_.entries()) {
        if (entry.change == models::WorkingCopy::Change::kRemoved && folder == saved_copy_) {
            fs::remove(folder / entry.name, ignored);
        }
    }
    saved_copy_ = folder;
    copy_.settle();
    notice_->say(Strip::kQuiet, tr("Saved: %1").arg(words(folder.string())));
    return true;
}

void WorkbenchPane::choose_scenario_file() {
    const fs::path first = desk_.places().scenarios / "trial.toml";
    const QString file = QFileDialog::getSaveFileName(
        this, tr("Save the trial as a scenario"), words(first.string()), tr("Scenarios (*.toml)"));
    if (!file.isEmpty()) {
        save_scenario(file.toStdString());
    }
}

bool WorkbenchPane::save_scenario(const fs::path& file) {
    const auto saved = bridge::save_trial(trial(), file.parent_path(), file.stem().string(),
                                          desk_.places().fixtures);
    if (!saved.ok()) {
        say(saved.error());
        return false;
    }
    saved_scenario_ = *saved;
    show_state();
    notice_->say(Strip::kQuiet, tr("Saved: %1").arg(command_line()), {},
                 {{tr("Copy as command line"), [this] { copy_command_->trigger(); }}});
    return true;
}

QString WorkbenchPane::command_line() const {
    return saved_scenario_.empty() ? QString()
                                   : words("./firebreak run " + quoted(saved_scenario_.string()));
}

// --- trials

std::vector<std::string> WorkbenchPane::chosen_personas() const {
    std::vector<std::string> out;
    for (const auto& [name, box] : personas_) {
        if (box->isChecked()) {
            out.push_back(name);
        }
    }
    return out;
}

bridge::Trial WorkbenchPane::trial() const {
    bridge::Trial out;
    out.feed = copy_.feed();
    out.title = base::printable("Trial of " + copy_.name().toStdString(), kLongestTitle);
    out.content = copy_.content();
    out.changes = changes_->changes();
    out.personas = chosen_personas();
    out.profile = profile_->currentIndex() == 0 ? scenario::Profile::kPublished
                                                : scenario::Profile::kHardened;
    out.seed = changes_->seed();
    return out;
}

void WorkbenchPane::run() {
    if (!run_->isEnabled()) {
        return;
    }
    const bridge::Trial wanted = trial();
    const bool is_changed = copy_.is_modified() || !(wanted.changes == bridge::TrialChanges{});
    files_->unmark();
    result_->begin();
    trial_.start(wanted, is_changed ? std::optional(copy_.original()) : std::nullopt);
    show_state();
}

void WorkbenchPane::cancel() {
    trial_.cancel();
    result_->tell_cancelled();
    show_state();
}

void WorkbenchPane::note_change() {
    result_->tell_outdated(true);
    show_state();
}

void WorkbenchPane::show_state() {
    const bool is_open = copy_.is_open();
    pages_->setCurrentIndex(is_open ? 1 : 0);
    const bool has_machines = !chosen_personas().empty();
    personas_problem_->setVisible(!has_machines);
    run_->setEnabled(is_open && has_machines && !trial_.is_running());
    cancel_->setEnabled(trial_.is_running());
    save_->setEnabled(is_open && (copy_.is_modified() || saved_copy_.empty()));
    save_copy_->setEnabled(is_open);
    save_scenario_->setEnabled(is_open && has_machines);
    copy_command_->setEnabled(!saved_scenario_.empty());
    discard_->setEnabled(copy_.is_modified());
    from_run_->setEnabled(!desk_.store().empty());
    if (!is_open) {
        return;
    }
    const auto feed = feed_->findData(static_cast<int>(copy_.feed()));
    if (feed_->currentIndex() != feed) {
        feed_->setCurrentIndex(feed);
        fill_fixtures();
    }
    const auto found =
        std::ranges::find(fixtures_, copy_.folder(), &models::ContentFixture::folder);
    const QString says = found == fixtures_.end() ? QString() : found->says;
    const QString name = copy_.is_modified() ? tr("● %1, changed").arg(copy_.name()) : copy_.name();
    const QString with = copy_.content().with.empty()
                             ? QString()
                             : tr(" with %1").arg(words(copy_.content().with.front()));
    about_->set_text(says.isEmpty() ? name + with : tr("%1%2 – %3").arg(name, with, says));
}

}  // namespace firebreak::gui
