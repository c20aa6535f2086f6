#include "gui/run_bar.h"

#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QMenu>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include "gui/glyphs.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

using State = bridge::RunSession::State;

constexpr int kTicks = 10'000;  // of the slider, over the whole run

}  // namespace

RunBar::RunBar(Desk& desk, QWidget* parent) : QToolBar(parent), desk_(desk) {
    setObjectName(QStringLiteral("run-bar"));
    setWindowTitle(tr("Run"));
    setMovable(false);
    setIconSize(QSize(16, 16));
    setToolButtonStyle(Qt::ToolButtonIconOnly);
    add_controls();
    add_breaks();
    add_time();
    connect(&desk_.store(), &models::RunStore::restarted, this, &RunBar::refresh);
    connect(&desk_.store(), &models::RunStore::grown, this, &RunBar::refresh);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &RunBar::refresh);
    connect(&desk_.session(), &bridge::RunSession::state_changed, this, &RunBar::refresh);
    paint_glyphs();
    refresh();
}

QAction* RunBar::add_action(const QString& text, const QKeySequence& key, const char* name) {
    auto* action = new QAction(text, this);
    action->setShortcut(key);
    action->setObjectName(QLatin1String(name));
    action->setToolTip(
        key.isEmpty() ? text : tr("%1 (%2)").arg(text, key.toString(QKeySequence::NativeText)));
    actions_.push_back(action);
    return action;
}

void RunBar::add_controls() {
    run_ = add_action(tr("Run or pause"), Qt::Key_Space, "run");
    step_ = add_action(tr("One step: five minutes"), Qt::Key_Period, "step");
    stop_ = add_action(tr("End the run here"), QKeySequence(tr("Ctrl+.")), "stop");
    for (QAction* action : {run_, step_, stop_}) {
        addAction(action);
    }
    connect(run_, &QAction::triggered, this, &RunBar::toggle);
    connect(step_, &QAction::triggered, &desk_.session(), &bridge::RunSession::step);
    connect(stop_, &QAction::triggered, &desk_.session(), &bridge::RunSession::stop);
    speed_ = new QComboBox;
    speed_->setObjectName(QStringLiteral("speed"));
    speed_->setAccessibleName(tr("Speed"));
    speed_->setToolTip(tr("How much simulated time goes by in a second"));
    const std::pair<QString, double> speeds[] = {{tr("1 hour a second"), 3600},
                                                 {tr("6 hours a second"), 6 * 3600},
                                                 {tr("1 day a second"), 86400},
                                                 {tr("Express"), bridge::RunSession::kExpress}};
    for (const auto& [name, speed] : speeds) {
        speed_->addItem(name, speed);
    }
    speed_->setCurrentIndex(speed_->count() - 1);
    connect(speed_, &QComboBox::currentIndexChanged, this,
            [this] { desk_.session().set_speed(speed_->currentData().toDouble()); });
    addWidget(speed_);
}

void RunBar::add_breaks() {
    auto* menu = new QMenu(tr("Break at"), this);
    const auto add = [&](const QString& text, const char* name) {
        QAction* action = add_action(text, {}, name);
        action->setCheckable(true);
        menu->addAction(action);
        connect(action, &QAction::toggled, this, &RunBar::note_breaks);
        return action;
    };
    on_failure_ = add(tr("Pause at the first failure"), "break-at-failure");
    on_alert_ = add(tr("Pause at the first alert"), "break-at-alert");
    on_halt_ = add(tr("Pause at a halt"), "break-at-halt");
    auto* button = new QToolButton;
    button->setObjectName(QStringLiteral("breaks"));
    button->setText(tr("Break at"));
    button->setToolButtonStyle(Qt::ToolButtonTextOnly);
    button->setPopupMode(QToolButton::InstantPopup);
    button->setMenu(menu);
    addWidget(button);
}

void RunBar::add_time() {
    now_ = new QLabel;
    now_->setObjectName(QStringLiteral("now"));
    now_->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("  day 30 00:00  ")));
    now_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    time_ = new QSlider(Qt::Horizontal);
    time_->setObjectName(QStringLiteral("time"));
    time_->setAccessibleName(tr("Time that is shown"));
    time_->setToolTip(tr("Go back to any moment; at the right end, on with the run"));
    time_->setRange(0, kTicks);
    time_->setMinimumWidth(160);
    connect(time_, &QSlider::valueChanged, this, [this](int tick) {
        if (!desk_.store().empty()) {
            const int64_t end = desk_.store().run().header.duration.seconds;
            desk_.store().show(base::SimTime{end * tick / kTicks});
        }
    });
    newest_ = add_action(tr("Back to the newest moment"), QKeySequence(tr("Ctrl+End")), "newest");
    connect(newest_, &QAction::triggered, this, [this] { desk_.store().show(std::nullopt); });
    facts_ = new QLabel;
    facts_->setObjectName(QStringLiteral("facts"));
    facts_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    facts_->setMinimumWidth(8);
    facts_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    addSeparator();
    addWidget(now_);
    addWidget(time_);
    addAction(newest_);
    addSeparator();
    addWidget(facts_);
}

void RunBar::paint_glyphs() {
    const bool runs = desk_.session().state() == State::kRunning;
    run_->setIcon(icon_of(runs ? Glyph::kPause : Glyph::kRun));
    step_->setIcon(icon_of(Glyph::kStep));
    stop_->setIcon(icon_of(Glyph::kStop));
    newest_->setIcon(icon_of(Glyph::kNewest));
}

void RunBar::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange && newest_ != nullptr) {
        paint_glyphs();
    }
    QToolBar::changeEvent(event);
}

void RunBar::toggle() {
    if (desk_.session().state() == State::kRunning) {
        desk_.session().pause();
    } else if (desk_.session().state() == State::kPaused) {
        desk_.session().run();
    } else if (!desk_.scenario().empty()) {
        desk_.run(desk_.scenario(), desk_.seed());
    }
}

void RunBar::note_breaks() {
    bridge::Breaks breaks;
    breaks.failure = on_failure_->isChecked();
    breaks.alert = on_alert_->isChecked();
    breaks.halt = on_halt_->isChecked();
    desk_.session().set_breaks(breaks);
}

void RunBar::refresh() {
    const State state = desk_.session().state();
    const models::RunStore& store = desk_.store();
    const bool goes = state == State::kRunning || state == State::kPaused;
    run_->setEnabled(goes || (!desk_.scenario().empty() && state != State::kPreparing));
    run_->setText(state == State::kRunning  ? tr("Pause")
                  : state == State::kPaused ? tr("Run on")
                                            : tr("Run again"));
    run_->setToolTip(tr("%1 (Space)").arg(run_->text()));
    step_->setEnabled(goes);
    stop_->setEnabled(goes);
    newest_->setEnabled(store.is_back());
    paint_glyphs();
    time_->setEnabled(!store.empty());
    if (store.empty()) {
        now_->setText(QString());
        facts_->setText(state == State::kPreparing ? tr("signing and installing content …")
                                                   : QString());
        return;
    }
    const record::Header& header = store.run().header;
    const QSignalBlocker quiet(time_);
    time_->setValue(static_cast<int>(store.shown().seconds * kTicks /
                                     std::max<int64_t>(1, header.duration.seconds)));
    now_->setText(words(store.shown()));
    uint64_t endpoints = 0;
    for (const record::Group& group : header.groups) {
        endpoints += group.endpoints;
    }
    QStringList facts = {
        tr("of %1").arg(words(header.duration)), tr("%1 endpoints").arg(grouped(endpoints)),
        tr("%1 polls/s").arg(rough(store.polls_per_s())), tr("seed %1").arg(header.seed)};
    if (!store.fingerprint().empty()) {
        facts.push_back(tr("fingerprint %1").arg(words(store.fingerprint())));
    }
    facts_->setText(facts.join(QStringLiteral("  ·  ")));
    facts_->setToolTip(facts_->text());
}

}  // namespace firebreak::gui
