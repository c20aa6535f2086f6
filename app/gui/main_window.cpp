#include "gui/main_window.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenuBar>
#include <QPainter>
#include <QPdfWriter>
#include <QPushButton>
#include <QScreen>
#include <QSettings>
#include <QStatusBar>
#include <QVBoxLayout>
#include <utility>

#include "base/file.h"
#include "checks/expectations.h"
#include "gui/charts_pane.h"
#include "gui/command_palette.h"
#include "gui/event_log_pane.h"
#include "gui/fleet_pane.h"
#include "gui/inspector_pane.h"
#include "gui/release_console.h"
#include "gui/run_bar.h"
#include "gui/scenario_editor.h"
#include "gui/scenario_pane.h"
#include "gui/timeline_pane.h"
#include "gui/words.h"
#include "gui/workbench_pane.h"
#include "report/reports.h"

namespace firebreak::gui {

namespace {

using State = bridge::RunSession::State;

// The first one to run: nothing comes to harm in it, and there is much to see.
constexpr const char* kFirstScenario = "fast/rare-trigger-escapes.toml";

// As high as its text needs at its width: a tool bar does not ask for that by itself.
class Head final : public QWidget {
  public:
    using QWidget::QWidget;
    void fit() {
        const int height = layout()->totalHeightForWidth(std::max(1, width()));
        setFixedHeight(height < 0 ? layout()->sizeHint().height() : height);
    }

  protected:
    void resizeEvent(QResizeEvent* event) override {
        QWidget::resizeEvent(event);
        fit();
    }
};

}  // namespace

MainWindow::MainWindow(Desk::Places places, bool fresh, QWidget* parent)
    : QMainWindow(parent), desk_(std::make_unique<Desk>(std::move(places))) {
    setObjectName(QStringLiteral("main-window"));
    setWindowTitle(tr("Firebreak"));
    setDockNestingEnabled(true);
    setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
    run_bar_ = new RunBar(*desk_, this);
    addToolBar(Qt::TopToolBarArea, run_bar_);
    addToolBarBreak(Qt::TopToolBarArea);
    add_head();
    add_panes();
    add_menus();
    connect(desk_.get(), &Desk::problem, this, &MainWindow::show_problem);
    connect(&desk_->store(), &models::RunStore::restarted, this, &MainWindow::refresh_head);
    connect(&desk_->store(), &models::RunStore::grown, this, &MainWindow::refresh_head);
    connect(&desk_->store(), &models::RunStore::shown_changed, this, &MainWindow::refresh_head);
    connect(&desk_->selection(), &models::Selection::changed, this, &MainWindow::refresh_chips);
    connect(&desk_->session(), &bridge::RunSession::state_changed, this, &MainWindow::refresh_head);
    connect(&desk_->session(), &bridge::RunSession::broke, this,
            [this](const QString& why) { say(tr("Paused at %1").arg(why)); });
    // No larger than the screen has room for, with the frame that comes on top.
    resize(QSize(1600, 960).boundedTo(screen()->availableSize() - QSize(2 * kGrid, 6 * kGrid)));
    reset_layout();
    if (!fresh) {
        const QSettings settings;
        restoreGeometry(settings.value(QStringLiteral("geometry")).toByteArray());
        restoreState(settings.value(QStringLiteral("layout")).toByteArray());
    }
    refresh_head();
    refresh_chips();
}

// Panes that go one after another are no reason for others to come back.
MainWindow::~MainWindow() {
    for (QDockWidget* pane : panes_) {
        pane->disconnect(this);
    }
}

QDockWidget* MainWindow::add_pane(const QString& title, const char* name, QWidget* content) {
    auto* pane = new QDockWidget(title, this);
    pane->setObjectName(QLatin1String(name));
    pane->setAccessibleName(title);
    pane->setWidget(content);
    connect(pane->toggleViewAction(), &QAction::triggered, pane, [pane](bool shown) {
        if (shown) {
            pane->raise();
        }
    });
    panes_.push_back(pane);
    return pane;
}

void MainWindow::add_panes() {
    scenarios_ = new ScenarioPane(*desk_);
    editor_ = new ScenarioEditor(*desk_);
    add_pane(tr("Scenarios"), "pane-scenarios", scenarios_);
    add_pane(tr("Fleet"), "pane-fleet", new FleetPane(*desk_));
    add_pane(tr("Charts"), "pane-charts", new ChartsPane(*desk_));
    add_pane(tr("Inspector"), "pane-inspector", new InspectorPane(*desk_));
    add_pane(tr("Release console"), "pane-console", new ReleaseConsole(*desk_));
    add_pane(tr("Timeline"), "pane-timeline", new TimelinePane(*desk_));
    add_pane(tr("Event log"), "pane-events", new EventLogPane(*desk_));
    QDockWidget* editor = add_pane(tr("Scenario editor"), "pane-editor", editor_);
    workbench_ = new WorkbenchPane(*desk_);
    QDockWidget* workbench = add_pane(tr("Content workbench"), "pane-workbench", workbench_);
    connect(workbench, &QDockWidget::visibilityChanged, this, &MainWindow::stand_aside);
    connect(workbench_, &WorkbenchPane::attention, workbench, [workbench] {
        workbench->show();
        workbench->raise();
    });
    connect(scenarios_, &ScenarioPane::open_requested, this,
            [this, editor](const QString& file, int line, int column) {
                std::optional<TextPlace> place;
                if (line > 0) {
                    place = TextPlace{line, column};
                }
                editor_->open(file.toStdString(), place);
                editor->show();
                editor->raise();
            });
}

// The workbench is about content, not about the run: what shows the run makes room for it, and
// comes back with the next other pane.
void MainWindow::stand_aside(bool aside) {
    QDockWidget* workbench = panes_.back();
    if (laying_out_ || (aside && workbench->isFloating())) {
        return;
    }
    if (aside && aside_.empty()) {
        const QList<QDockWidget*> tabs = tabifiedDockWidgets(workbench);
        for (QDockWidget* pane : panes_) {
            if (pane != workbench && !pane->isHidden() && !pane->isFloating()) {
                aside_.push_back({pane, pane->size(), !pane->visibleRegion().isEmpty()});
            }
        }
        for (const Aside& one : aside_) {
            one.pane->setVisible(tabs.contains(one.pane));
        }
    } else if (!aside) {
        QList<QDockWidget*> panes;
        QList<int> widths, heights;
        for (const Aside& one : std::exchange(aside_, {})) {
            one.pane->show();
            if (one.in_front) {
                one.pane->raise();
            }
            panes.push_back(one.pane);
            widths.push_back(one.size.width());
            heights.push_back(one.size.height());
        }
        resizeDocks(panes, widths, Qt::Horizontal);
        resizeDocks(panes, heights, Qt::Vertical);
    }
}

void MainWindow::reset_layout() {
    laying_out_ = true;
    aside_.clear();
    for (QDockWidget* pane : panes_) {
        removeDockWidget(pane);
        pane->setFloating(false);
    }
    QDockWidget *scenarios = panes_[0], *fleet = panes_[1], *charts = panes_[2],
                *inspector = panes_[3], *console = panes_[4], *timeline = panes_[5],
                *events = panes_[6], *editor = panes_[7], *workbench = panes_[8];
    setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
    addDockWidget(Qt::LeftDockWidgetArea, scenarios);
    splitDockWidget(scenarios, fleet, Qt::Horizontal);
    splitDockWidget(fleet, inspector, Qt::Horizontal);
    splitDockWidget(scenarios, console, Qt::Vertical);
    splitDockWidget(fleet, charts, Qt::Vertical);
    addDockWidget(Qt::BottomDockWidgetArea, timeline);
    tabifyDockWidget(timeline, events);
    tabifyDockWidget(fleet, editor);
    tabifyDockWidget(timeline, workbench);
    for (QDockWidget* pane : panes_) {
        pane->setVisible(pane != editor || !editor_->file().empty());
    }
    fleet->raise();
    timeline->raise();
    resizeDocks({scenarios, fleet, inspector}, {3 * width() / 16, 9 * width() / 16, width() / 4},
                Qt::Horizontal);
    resizeDocks({fleet, charts, timeline}, {3 * height() / 8, 3 * height() / 8, height() / 4},
                Qt::Vertical);
    resizeDocks({scenarios, console}, {3 * height() / 5, 2 * height() / 5}, Qt::Vertical);
    laying_out_ = false;
}

void MainWindow::add_head() {
    auto* head = new Head;
    fit_head_ = [head] { head->fit(); };
    headline_ = new QLabel;
    headline_->setObjectName(QStringLiteral("headline"));
    headline_->setFont(headline_font());
    headline_->setWordWrap(true);
    headline_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    first_run_ = new QPushButton(tr("Run a first scenario"));
    first_run_->setObjectName(QStringLiteral("first-run"));
    connect(first_run_, &QPushButton::clicked, this,
            [this] { desk_->run(desk_->places().scenarios / kFirstScenario); });
    problem_ = new QLabel;
    problem_->setObjectName(QStringLiteral("problem"));
    problem_->setWordWrap(true);
    problem_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    problem_->hide();
    chips_ = new QWidget;
    chips_->setObjectName(QStringLiteral("chips"));
    chips_->setLayout(new QHBoxLayout);
    chips_->layout()->setContentsMargins(0, 0, 0, 0);
    chips_->layout()->setSpacing(kGrid);
    auto* line = new QHBoxLayout;
    line->setSpacing(2 * kGrid);
    line->addWidget(headline_, 1);
    line->addWidget(first_run_, 0, Qt::AlignVCenter);
    auto* layout = new QVBoxLayout(head);
    layout->setContentsMargins(kGrid, kGrid / 2, kGrid, kGrid / 2);
    layout->setSpacing(kGrid / 2);
    layout->addLayout(line);
    layout->addWidget(problem_);
    layout->addWidget(chips_);
    auto* bar = new QToolBar(tr("Headline"), this);
    bar->setObjectName(QStringLiteral("head-bar"));
    bar->setMovable(false);
    head->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(head);
    addToolBar(Qt::TopToolBarArea, bar);
}

void MainWindow::add_menus() {
    const auto add = [this](QMenu* menu, const QString& text, const QKeySequence& key,
                            const char* name, auto what) {
        QAction* action = menu->addAction(text);
        action->setShortcut(key);
        action->setObjectName(QLatin1String(name));
        connect(action, &QAction::triggered, this, what);
        return action;
    };
    QMenu* file = menuBar()->addMenu(tr("&File"));
    add(file, tr("&Open a run …"), QKeySequence::Open, "open-run", [this] { choose_run(); });
    add(file, tr("&Save what was played as a scenario …"), tr("Ctrl+Shift+S"), "save-session",
        [this] { save_session(); });
    add(file, tr("&HTML report of the run …"), tr("Ctrl+R"), "report", [this] { write_report(); });
    add(file, tr("&PDF of this view …"), tr("Ctrl+P"), "pdf", [this] { print_view(); });
    add(file, tr("&Copy as command line"), tr("Ctrl+Shift+C"), "copy-command", [this] {
        QApplication::clipboard()->setText(desk_->command_line());
        say(tr("Copied: %1").arg(desk_->command_line()));
    });
    file->addSeparator();
    add(file, tr("&Quit"), QKeySequence::Quit, "quit", [this] { close(); });
    QMenu* scenario = menuBar()->addMenu(tr("&Scenario"));
    scenario->addActions(scenarios_->acts());
    scenario->addSeparator();
    scenario->addActions(editor_->acts());
    QMenu* run = menuBar()->addMenu(tr("&Run"));
    run->addActions(run_bar_->run_actions());
    menuBar()->addMenu(tr("&Content"))->addActions(workbench_->acts());
    add_view_menu();
}

void MainWindow::add_view_menu() {
    QMenu* view = menuBar()->addMenu(tr("&View"));
    QAction* palette = view->addAction(tr("&Command palette …"));
    palette->setObjectName(QStringLiteral("palette"));
    palette->setShortcut(tr("Ctrl+K"));
    connect(palette, &QAction::triggered, this, &MainWindow::open_palette);
    view->addSeparator();
    for (qsizetype i = 0; i < panes_.size(); ++i) {
        QAction* toggle = panes_[i]->toggleViewAction();
        toggle->setShortcut(QKeySequence(QStringLiteral("Ctrl+%1").arg(i + 1)));
        view->addAction(toggle);
    }
    QAction* reset = view->addAction(tr("&Reset layout"));
    reset->setObjectName(QStringLiteral("reset-layout"));
    connect(reset, &QAction::triggered, this, &MainWindow::reset_layout);
    QAction* clear = view->addAction(tr("Clear &selection"));
    clear->setObjectName(QStringLiteral("clear-selection"));
    clear->setShortcut(Qt::Key_Escape);
    connect(clear, &QAction::triggered, &desk_->selection(), &models::Selection::clear);
    view->addSeparator();
    auto* themes = new QActionGroup(this);
    const std::pair<QString, Theme> all[] = {{tr("Theme of the &desktop"), Theme::kSystem},
                                             {tr("&Light theme"), Theme::kLight},
                                             {tr("Dar&k theme"), Theme::kDark}};
    for (const auto& [text, theme] : all) {
        QAction* action = view->addAction(text);
        action->setCheckable(true);
        action->setChecked(gui::theme() == theme);
        themes->addAction(action);
        connect(action, &QAction::triggered, this, [this, theme = theme] { set_theme(theme); });
    }
}

QList<QAction*> MainWindow::all_actions() const {
    QList<QAction*> all;
    for (const QAction* menu : menuBar()->actions()) {
        all += menu->menu()->actions();
    }
    return all;
}

void MainWindow::open_palette() {
    auto* palette = new CommandPalette(all_actions(), this);
    palette->setAttribute(Qt::WA_DeleteOnClose);
    palette->move(mapToGlobal(QPoint((width() - palette->width()) / 2, 10 * kGrid)));
    palette->open();
}

void MainWindow::choose_run() {
    const QString file = QFileDialog::getOpenFileName(
        this, tr("Open a run"), words(desk_->places().runs.string()), tr("Runs (*.run)"));
    if (!file.isEmpty()) {
        problem_->hide();
        desk_->open_run(file.toStdString());
    }
}

void MainWindow::save_session() {
    if (desk_->store().empty()) {
        say(tr("There is no run to save"));
        return;
    }
    const QString file = QFileDialog::getSaveFileName(
        this, tr("Save what was played as a scenario"),
        words((desk_->places().scenarios / "played.toml").string()), tr("Scenarios (*.toml)"));
    if (file.isEmpty()) {
        return;
    }
    const auto text = desk_->played(std::filesystem::path(file.toStdString()).parent_path());
    const base::Status written =
        text.ok() ? base::write_file(file.toStdString(), base::view_of(*text)) : text.error();
    written.ok() ? say(tr("Saved %1").arg(file))
                 : show_problem(words(written.error().message), words(written.error().place),
                                words(written.error().remedy));
}

void MainWindow::write_report() {
    if (desk_->store().empty()) {
        say(tr("There is no run to report on"));
        return;
    }
    const QString file = QFileDialog::getSaveFileName(this, tr("HTML report of the run"),
                                                      tr("report.html"), tr("HTML (*.html)"));
    if (file.isEmpty()) {
        return;
    }
    report::Judged judged{desk_->store().run(), {}, desk_->store().file().string()};
    judged.verdicts = checks::judge(judged.run);
    const std::string text = report::html(judged);
    const base::Status written = base::write_file(file.toStdString(), base::view_of(text));
    written.ok() ? say(tr("Saved %1").arg(file))
                 : show_problem(words(written.error().message), words(written.error().place),
                                words(written.error().remedy));
}

void MainWindow::print_view() {
    const QString file = QFileDialog::getSaveFileName(this, tr("PDF of this view"),
                                                      tr("firebreak.pdf"), tr("PDF (*.pdf)"));
    if (file.isEmpty()) {
        return;
    }
    QPdfWriter writer(file);
    writer.setPageOrientation(QPageLayout::Landscape);
    QPainter painter;
    if (!painter.begin(&writer)) {
        show_problem(tr("cannot write the PDF"), file, tr("name a file that you may write to"));
        return;
    }
    const QRect page = painter.viewport();
    const double scale = std::min(page.width() / double(width()), page.height() / double(height()));
    painter.scale(scale, scale);
    render(&painter);
    painter.end();
    say(tr("Saved %1").arg(file));
}

void MainWindow::set_theme(Theme theme) {
    apply(theme);
    QSettings().setValue(QStringLiteral("theme"), static_cast<int>(theme));
}

void MainWindow::refresh_head() {
    tell_head();
    fit_head_();
}

void MainWindow::tell_head() {
    const models::RunStore& store = desk_->store();
    const State state = desk_->session().state();
    first_run_->setVisible(store.empty() && state != State::kPreparing);
    if (store.empty()) {
        headline_->setText(state == State::kPreparing
                               ? tr("Preparing the run …")
                               : tr("Choose a scenario on the left, and see how far a failure "
                                    "gets."));
        setWindowTitle(tr("Firebreak"));
        return;
    }
    problem_->setVisible(problem_->isVisible() && state == State::kFailed);
    headline_->setText(words(store.headline()) + QStringLiteral("."));
    setWindowTitle(tr("%1 – Firebreak").arg(words(store.run().header.title)));
    switch (state) {
        case State::kRunning:
            say(tr("Running. Space pauses."));
            break;
        case State::kPaused:
            break;
        case State::kEnded:
            say(checks::all_passed(checks::judge(store.run()))
                    ? tr("Ended; all expectations hold. Its record: %1")
                          .arg(words(store.file().string()))
                    : tr("Ended; not all expectations hold. Its record: %1")
                          .arg(words(store.file().string())));
            break;
        default:
            break;
    }
}

void MainWindow::refresh_chips() {
    auto* layout = static_cast<QHBoxLayout*>(chips_->layout());
    while (QLayoutItem* item = layout->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    models::Selection& selection = desk_->selection();
    const auto add = [&](const QString& text, auto clear) {
        auto* chip = new QPushButton(text + QStringLiteral("  ×"));
        chip->setAccessibleName(tr("Selected: %1; press to take it away").arg(text));
        chip->setFont(small_font());
        // Queued: the click goes on after the chip is gone.
        connect(chip, &QPushButton::clicked, this, clear, Qt::QueuedConnection);
        layout->addWidget(chip);
    };
    const models::RunStore& store = desk_->store();
    if (selection.time()) {
        add(tr("%1 to %2").arg(words(selection.time()->first), words(selection.time()->second)),
            [&selection] { selection.set_time(std::nullopt); });
    }
    if (selection.group() && !store.empty()) {
        const auto& groups = store.run().header.groups;
        const auto place = static_cast<size_t>(*selection.group());
        add(tr("group %1").arg(place < groups.size() ? words(groups[place].name) : QString()),
            [&selection] { selection.set_group(std::nullopt); });
    }
    if (selection.release() && !store.empty()) {
        const auto& releases = store.run().header.releases;
        const auto place = static_cast<size_t>(*selection.release());
        add(tr("release %1").arg(place < releases.size() ? words(releases[place].name) : QString()),
            [&selection] { selection.set_release(std::nullopt); });
    }
    if (selection.endpoint()) {
        add(tr("endpoint %1").arg(grouped(*selection.endpoint())),
            [&selection] { selection.set_endpoint(std::nullopt); });
    }
    layout->addStretch(1);
    chips_->setVisible(layout->count() > 1);
    fit_head_();
}

void MainWindow::show_problem(const QString& what, const QString& where, const QString& remedy) {
    QStringList parts;
    if (!where.isEmpty()) {
        parts.push_back(where + QStringLiteral(":"));
    }
    parts.push_back(what + (remedy.isEmpty() ? QString() : QStringLiteral(";")));
    if (!remedy.isEmpty()) {
        parts.push_back(remedy);
    }
    QPalette palette = problem_->palette();
    palette.setColor(QPalette::WindowText, colours().failure());
    problem_->setPalette(palette);
    problem_->setText(parts.join(QLatin1Char(' ')));
    problem_->show();
    fit_head_();
}

void MainWindow::say(const QString& text) {
    statusBar()->showMessage(text);
}

void MainWindow::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange && problem_ != nullptr) {
        QPalette palette = problem_->palette();
        palette.setColor(QPalette::WindowText, colours().failure());
        problem_->setPalette(palette);
    }
    QMainWindow::changeEvent(event);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (editor_->is_modified()) {
        event->ignore();  // the editor asks first; then the window closes after all
        findChild<QDockWidget*>(QStringLiteral("pane-editor"))->raise();
        editor_->leave([this] { close(); });
        return;
    }
    if (workbench_->is_modified()) {
        event->ignore();
        workbench_->leave([this] { close(); });
        return;
    }
    stand_aside(false);  // the layout that is kept is whole
    QSettings settings;
    settings.setValue(QStringLiteral("geometry"), saveGeometry());
    settings.setValue(QStringLiteral("layout"), saveState());
    event->accept();
}

}  // namespace firebreak::gui
