#include "gui/charts_pane.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QElapsedTimer>
#include <QFileDialog>
#include <QImage>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedLayout>
#include <QToolBar>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <utility>

#include "gui/empty_state.h"
#include "gui/theme.h"
#include "gui/words.h"
#include "report/story.h"

namespace firebreak::gui {

namespace {

constexpr int kRefreshAfter_ms = 150;
constexpr base::Duration kAround = base::minutes(5);    // what a click selects to each side
constexpr base::Duration kClosest = base::minutes(15);  // of a zoom
constexpr int kRoomForNames = 560;                      // pixels, from which on lines have names
constexpr size_t kMostColumnsOfCsv = 20'000;

QString csv_field(QString text) {
    text.replace(QLatin1Char('"'), QStringLiteral("\"\""));
    return QLatin1Char('"') + text + QLatin1Char('"');
}

base::Error cannot_write(const std::filesystem::path& file) {
    return {"the picture cannot be written", file.string(),
            "choose a folder that you may write to, on a disk that has room"};
}

}  // namespace

ChartsPane::ChartsPane(Desk& desk, QWidget* parent) : QWidget(parent), desk_(desk) {
    setObjectName(QStringLiteral("charts"));
    setAccessibleName(tr("Charts"));
    setFocusPolicy(Qt::StrongFocus);
    refresh_timer_.setSingleShot(true);
    refresh_timer_.setInterval(kRefreshAfter_ms);
    build();
    connect(&refresh_timer_, &QTimer::timeout, this, &ChartsPane::refresh);
    connect(&desk_.store(), &models::RunStore::restarted, this, &ChartsPane::restart);
    connect(&desk_.store(), &models::RunStore::grown, this, &ChartsPane::refresh_soon);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &ChartsPane::mark);
    connect(&desk_.selection(), &models::Selection::changed, this, &ChartsPane::refresh);
    restart();
}

// Panels tell the pane where the pointer is, up to their end: they go while there is a pane.
ChartsPane::~ChartsPane() {
    delete scroll_;
}

// --- building

void ChartsPane::build() {
    pages_ = new QStackedLayout(this);
    pages_->addWidget(new EmptyState(
        desk_,
        tr("Charts show over time how far a release got and what it did: endpoints exposed and "
           "affected, adoption, health, signals at the vendor, alerts, protection gap."),
        this));
    auto* const page = new QWidget(this);
    auto* const column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    bar_ = new QToolBar(page);
    bar_->setObjectName(QStringLiteral("chart-tools"));
    bar_->setAccessibleName(tr("Charts: tools"));
    bar_->setToolButtonStyle(Qt::ToolButtonTextOnly);
    rail_ = new FlagRail(page);
    axis_ = new TimeAxis(page);
    build_panels();
    build_actions();
    for (QWidget* const part : std::initializer_list<QWidget*>{bar_, rail_, scroll_, axis_}) {
        column->addWidget(part, part == scroll_ ? 1 : 0);
    }
    pages_->addWidget(page);
    connect(rail_, &FlagRail::clicked, this, &ChartsPane::select_around);
    connect(axis_, &TimeAxis::scrubbed, this, [this](base::SimTime at) { desk_.store().show(at); });
    connect(axis_, &TimeAxis::released, this, [this] { desk_.store().show(std::nullopt); });
}

void ChartsPane::build_panels() {
    scroll_ = new QScrollArea(this);
    scroll_->setObjectName(QStringLiteral("chart-column"));
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setWidgetResizable(true);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);  // one width for all strips
    scroll_->setFocusPolicy(Qt::NoFocus);
    auto* const inside = new QWidget(scroll_);
    auto* const column = new QVBoxLayout(inside);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    for (const models::ChartKind kind : models::kChartKinds) {
        auto* const panel = new ChartPanel(kind, inside);
        panels_.at(static_cast<size_t>(kind)) = panel;
        column->addWidget(panel, 1);
        connect(panel, &ChartPanel::pointed_at, this, &ChartsPane::point_at);
        connect(panel, &ChartPanel::clicked, this, &ChartsPane::select_around);
        connect(panel, &ChartPanel::dragged, this, &ChartsPane::zoom_to);
        connect(panel, &ChartPanel::zoomed, this, &ChartsPane::zoom_by);
        connect(panel, &ChartPanel::panned, this, &ChartsPane::pan);
    }
    scroll_->setWidget(inside);
    scroll_->viewport()->installEventFilter(this);  // what all strips are as wide as
}

QAction* ChartsPane::add(const char* name, const QString& text, const QList<QKeySequence>& keys,
                         const QString& tip) {
    auto* const action = new QAction(text, this);
    action->setObjectName(QLatin1StringView(name));
    action->setShortcuts(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    QStringList shown;
    for (const QKeySequence& key : keys) {
        shown.push_back(key.toString(QKeySequence::NativeText));
    }
    action->setToolTip(shown.isEmpty() ? tip : tr("%1 (%2)").arg(tip, shown.first()));
    addAction(action);
    needs_run_.push_back(action);
    return action;
}

void ChartsPane::build_choice() {
    auto* const menu = new QMenu(this);
    for (const models::ChartKind kind : models::kChartKinds) {
        auto* const choice = menu->addAction(models::title_of(kind));
        choice->setObjectName(QStringLiteral("chart-show-") +
                              QLatin1StringView(models::key_of(kind)));
        choice->setCheckable(true);
        choice->setChecked(true);
        choice->setToolTip(models::explanation_of(kind));
        choices_.at(static_cast<size_t>(kind)) = choice;
        connect(choice, &QAction::toggled, this, [this, kind](bool on) { set_shown(kind, on); });
    }
    menu->setToolTipsVisible(true);
    auto* const button = new QToolButton(bar_);
    button->setObjectName(QStringLiteral("chart-choice"));
    button->setText(tr("Charts"));
    button->setAccessibleName(tr("Which charts are shown"));
    button->setPopupMode(QToolButton::InstantPopup);
    button->setMenu(menu);
    bar_->addWidget(button);
}

void ChartsPane::build_exports() {
    auto* const copy = add("chart-copy", tr("Copy as CSV"), {QKeySequence::Copy},
                           tr("Numbers of all charts shown, in the time that is to be seen"));
    auto* const png = add("chart-png", tr("Export as PNG…"), {}, tr("A picture of all charts"));
    auto* const pdf = add("chart-pdf", tr("Export as PDF…"), {}, tr("A drawing of all charts"));
    connect(copy, &QAction::triggered, this, [this] { QApplication::clipboard()->setText(csv()); });
    connect(png, &QAction::triggered, this, [this] { ask_and_export(QStringLiteral("png")); });
    connect(pdf, &QAction::triggered, this, [this] { ask_and_export(QStringLiteral("pdf")); });
}

void ChartsPane::build_actions() {
    build_choice();
    log_ = add("chart-log", tr("Log scale"), {Qt::Key_L}, tr("Logarithmic scale"));
    log_->setCheckable(true);
    auto* const closer =
        add("chart-closer", tr("+"), {Qt::Key_Plus, Qt::Key_Equal}, tr("Zoom in on the time"));
    auto* const wider = add("chart-wider", tr("−"), {Qt::Key_Minus}, tr("Zoom out"));
    auto* const all = add("chart-all", tr("All"), {Qt::Key_Home}, tr("The whole run"));
    auto* const events = add("chart-events", tr("Zoom to events"), {Qt::Key_E},
                             tr("Zoom to the time in which something happened"));
    filter_ = add("chart-filter", tr("Filter to this range"), {Qt::Key_F},
                  tr("All panes show only the time that is to be seen here"));
    unfilter_ = add("chart-unfilter", tr("Remove time filter"), {}, tr("All panes show all times"));
    log_->setIconText(tr("Log"));  // the toolbar has little room
    events->setIconText(tr("Events"));
    filter_->setIconText(tr("Filter"));
    bar_->addActions({log_, closer, wider, all, events, filter_});
    range_ = new QLabel(bar_);
    range_->setObjectName(QStringLiteral("chart-range"));
    range_->setFont(tabular(small_font()));
    range_->setContentsMargins(kGrid, 0, kGrid, 0);
    bar_->addWidget(range_);
    connect(log_, &QAction::toggled, this, &ChartsPane::refresh);
    connect(closer, &QAction::triggered, this,
            [this] { zoom_by(scale_.at((scale_.left + scale_.right) / 2.0), 0.5); });
    connect(wider, &QAction::triggered, this,
            [this] { zoom_by(scale_.at((scale_.left + scale_.right) / 2.0), 2); });
    connect(all, &QAction::triggered, this, &ChartsPane::show_all);
    connect(events, &QAction::triggered, this, &ChartsPane::show_events);
    connect(filter_, &QAction::triggered, this, &ChartsPane::filter_to_seen);
    connect(unfilter_, &QAction::triggered, this,
            [this] { desk_.selection().set_time(std::nullopt); });
    build_exports();
}

// --- following the run

void ChartsPane::restart() {
    reader_ = {};
    read_ = 0;
    flags_.clear();
    plan_.clear();
    zoom_.reset();
    pointed_.reset();
    if (!desk_.store().empty()) {
        plan_ = models::plan_of(desk_.store().run().header);
    }
    pages_->setCurrentIndex(desk_.store().empty() ? 0 : 1);
    refresh();
}

void ChartsPane::refresh_soon() {
    if (!refresh_timer_.isActive()) {
        refresh_timer_.start();
    }
}

void ChartsPane::refresh() {
    refresh_timer_.stop();
    QElapsedTimer took;
    took.start();
    enable_actions();
    if (desk_.store().empty()) {
        return;
    }
    for (ChartPanel* const panel : panels_) {
        if (is_shown(panel->kind())) {
            panel->set_chart(models::chart_of(desk_.store().run(), panel->kind(), group()));
            panel->set_log(log_->isChecked());
        }
    }
    read_flags();
    place();
    // Of a run of years a refresh takes long: no more than a fifth of the window's time.
    refresh_timer_.setInterval(
        std::max<int>(kRefreshAfter_ms, 5 * static_cast<int>(took.elapsed())));
}

void ChartsPane::enable_actions() {
    for (QAction* const action : needs_run_) {
        action->setEnabled(!desk_.store().empty());
    }
    unfilter_->setEnabled(desk_.selection().time().has_value());
}

void ChartsPane::read_flags() {
    const record::Run& run = desk_.store().run();
    for (; read_ < run.timeline.size(); ++read_) {
        const record::TimelineEntry& entry = run.timeline[read_];
        if (const char letter = reader_.letter(entry, run.header)) {
            flags_.push_back({entry.at, letter, words(entry.text), false});
        }
    }
    std::vector<RailFlag> all = flags_;
    for (const models::PlannedEntry& entry : plan_) {
        if (entry.at > desk_.store().at() && entry.letter != 0) {
            all.push_back({entry.at, entry.letter, entry.text, true});
        }
    }
    rail_->set_flags(std::move(all));
}

base::SimTime ChartsPane::last() const {
    if (desk_.store().empty()) {
        return {1};
    }
    const base::SimTime planned{desk_.store().run().header.duration.seconds};
    return std::max({planned, desk_.store().at(), base::SimTime{1}});
}

models::Selection::TimeRange ChartsPane::seen() const {
    return zoom_.value_or(models::Selection::TimeRange{{0}, last()});
}

void ChartsPane::place() {
    const auto [begin, end] = seen();
    const int width = scroll_->viewport()->width();
    const int left = QFontMetrics(small_font()).horizontalAdvance(QStringLiteral("000.0 k")) + 12;
    const int names =
        QFontMetrics(small_font()).horizontalAdvance(QStringLiteral("without protection"));
    const int right = width >= kRoomForNames ? names + 2 * kGrid : 2 * kGrid;
    scale_ = {begin, end, left, std::max(left + 1, width - right)};
    mark();
    for (ChartPanel* const panel : panels_) {
        panel->set_scale(scale_);
        if (is_shown(panel->kind())) {
            panel->redraw();
        }
    }
    rail_->set_scale(scale_);
    axis_->set_scale(scale_);
    range_->setText(tr("%1 · %2 to %3").arg(scope(), words(begin), words(end)));
}

void ChartsPane::mark() {
    const models::RunStore& store = desk_.store();
    for (ChartPanel* const panel : panels_) {
        panel->set_marks({pointed_, store.shown(), store.at(), desk_.selection().time()});
    }
    rail_->set_pointed(pointed_);
    axis_->set_moments(store.shown(), store.at(), store.is_back());
}

int32_t ChartsPane::group() const {
    const int32_t group = desk_.selection().group().value_or(record::kAll);
    const bool known = group >= 0 && !desk_.store().empty() &&
                       static_cast<size_t>(group) < desk_.store().run().header.groups.size();
    return known ? group : record::kAll;
}

QString ChartsPane::scope() const {
    return group() == record::kAll
               ? tr("all groups")
               : tr("group %1")
                     .arg(words(
                         desk_.store().run().header.groups[static_cast<size_t>(group())].name));
}

// --- zooming and pointing

void ChartsPane::zoom_to(base::SimTime begin, base::SimTime end) {
    const base::SimTime most = last();
    const int64_t length = std::clamp((end - begin).seconds, kClosest.seconds,
                                      std::max(most.seconds, kClosest.seconds));
    const int64_t middle = begin.seconds + (end - begin).seconds / 2;
    const int64_t from =
        std::clamp<int64_t>(middle - length / 2, 0, std::max<int64_t>(most.seconds - length, 0));
    if (length >= most.seconds) {
        zoom_.reset();
    } else {
        zoom_ = {{from}, {from + length}};
    }
    place();
}

void ChartsPane::zoom_by(base::SimTime around, double factor) {
    const auto [begin, end] = seen();
    const auto part = [&](base::SimTime to) {
        return std::llround(static_cast<double>((to - around).seconds) * factor);
    };
    zoom_to({around.seconds + part(begin)}, {around.seconds + part(end)});
}

void ChartsPane::pan(double share) {
    const auto [begin, end] = seen();
    const auto by = std::llround(share * static_cast<double>((end - begin).seconds));
    if (zoom_) {
        zoom_to({begin.seconds + by}, {end.seconds + by});
    }
}

void ChartsPane::show_all() {
    zoom_.reset();
    place();
}

void ChartsPane::show_events() {
    if (!desk_.store().empty()) {
        const report::Stretch stretch = report::eventful(desk_.store().run());
        zoom_to(stretch.begin, stretch.end);
    }
}

void ChartsPane::filter_to_seen() {
    desk_.selection().set_time(seen());
}

void ChartsPane::point_at(std::optional<base::SimTime> at) {
    pointed_ = at;
    mark();
}

void ChartsPane::select_around(base::SimTime at) {
    setFocus(Qt::MouseFocusReason);
    desk_.selection().set_time(
        {{{std::max<int64_t>(0, at.seconds - kAround.seconds)}, at + kAround}});
}

void ChartsPane::move_pointer(int64_t steps) {
    constexpr int64_t kSteps = 100;  // across what is to be seen; at least a slice of time
    const auto [begin, end] = seen();
    const int64_t step = std::max<int64_t>((end - begin).seconds / kSteps / 300 * 300, 300);
    const base::SimTime from = pointed_.value_or(desk_.store().shown());
    const int64_t to = (from.seconds + steps * step) / 300 * 300;
    point_at(base::SimTime{std::clamp(to, begin.seconds, end.seconds)});
}

void ChartsPane::keyPressEvent(QKeyEvent* event) {
    const int64_t way = event->key() == Qt::Key_Left ? -1 : event->key() == Qt::Key_Right ? 1 : 0;
    if (desk_.store().empty()) {
        QWidget::keyPressEvent(event);
    } else if (way != 0 && event->modifiers().testFlag(Qt::ShiftModifier)) {
        pan(0.25 * static_cast<double>(way));
    } else if (way != 0) {
        move_pointer(way);
    } else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        select_around(pointed_.value_or(desk_.store().shown()));
    } else if (event->key() == Qt::Key_Escape && pointed_) {
        point_at(std::nullopt);
    } else if (event->key() == Qt::Key_PageDown || event->key() == Qt::Key_PageUp) {
        QScrollBar* const bar = scroll_->verticalScrollBar();
        bar->setValue(bar->value() + (event->key() == Qt::Key_PageDown ? 1 : -1) * bar->pageStep());
    } else {
        QWidget::keyPressEvent(event);
    }
}

void ChartsPane::contextMenuEvent(QContextMenuEvent* event) {
    auto* const menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addActions(actions());
    QMenu* const charts = menu->addMenu(tr("Charts"));
    for (QAction* const choice : choices_) {
        charts->addAction(choice);
    }
    menu->popup(event->globalPos());
}

bool ChartsPane::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize && !desk_.store().empty()) {
        place();
    }
    return QWidget::eventFilter(watched, event);
}

void ChartsPane::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange && range_ != nullptr) {
        range_->setFont(tabular(small_font()));
        refresh_soon();
    }
}

// --- which charts

bool ChartsPane::is_shown(models::ChartKind kind) const {
    return choices_.at(static_cast<size_t>(kind))->isChecked();
}

void ChartsPane::set_shown(models::ChartKind kind, bool shown) {
    choices_.at(static_cast<size_t>(kind))->setChecked(shown);
    panels_.at(static_cast<size_t>(kind))->setVisible(shown);
    refresh();
}

const ChartPanel& ChartsPane::panel(models::ChartKind kind) const {
    return *panels_.at(static_cast<size_t>(kind));
}

// --- out of the program

QString ChartsPane::csv() const {
    QString out = QStringLiteral("chart,group,line,time,seconds,value\n");
    if (desk_.store().empty()) {
        return out;
    }
    const record::Run& run = desk_.store().run();
    const auto [begin, end] = seen();
    const base::SimTime until = std::min(end, run.reached);
    for (const models::ChartKind kind : models::kChartKinds) {
        if (!is_shown(kind) || begin >= until) {
            continue;
        }
        for (const models::ChartLine& line : models::chart_of(run, kind, group()).lines) {
            for (const record::Point& point :
                 models::view(line.own, begin, until, kMostColumnsOfCsv)) {
                out += QStringList({QLatin1StringView(models::key_of(kind)), csv_field(scope()),
                                    csv_field(line.name), csv_field(words(point.at)),
                                    QString::number(point.at.seconds),
                                    QString::number(point.value, 'g', 12)})
                           .join(QLatin1Char(',')) +
                       QLatin1Char('\n');
            }
        }
    }
    return out;
}

QSize ChartsPane::drawing_size() const {
    int height = fontMetrics().height() + 2 * kGrid + rail_->height() + axis_->height();
    for (const ChartPanel* const panel : panels_) {
        height += is_shown(panel->kind()) ? panel->height() : 0;
    }
    return {scroll_->viewport()->width(), height};
}

void ChartsPane::draw_all(QPainter& painter) {
    refresh();
    const QSize size = drawing_size();
    painter.fillRect(QRect({}, size), colours().background());
    const record::Header& header = desk_.store().run().header;
    const int title = fontMetrics().height() + 2 * kGrid;
    painter.setFont(font());
    painter.setPen(colours().text());
    const QString text = tr("%1 · seed %2 · %3")
                             .arg(words(header.title.empty() ? header.name : header.title))
                             .arg(header.seed)
                             .arg(range_->text());
    painter.drawText(QRect(kGrid, 0, size.width() - 2 * kGrid, title),
                     Qt::AlignLeft | Qt::AlignVCenter,
                     fontMetrics().elidedText(text, Qt::ElideRight, size.width() - 2 * kGrid));
    int y = title;
    const auto draw = [&](QWidget* widget, const auto& render) {
        painter.save();
        painter.translate(0, y);
        render();
        painter.restore();
        y += widget->height();
    };
    draw(rail_, [&] { rail_->draw(painter); });
    for (ChartPanel* const panel : panels_) {
        if (is_shown(panel->kind())) {
            // Of the view, not of the widget: that would be clipped wrongly in a PDF.
            draw(panel, [&] {
                panel->QGraphicsView::render(&painter, QRectF({}, QSizeF(panel->size())),
                                             panel->viewport()->rect(), Qt::IgnoreAspectRatio);
            });
        }
    }
    draw(axis_, [&] { axis_->draw(painter); });
}

base::Status ChartsPane::export_png(const std::filesystem::path& file) {
    constexpr int kFiner = 2;
    QImage image(drawing_size() * kFiner, QImage::Format_RGB32);
    image.setDevicePixelRatio(kFiner);
    QPainter painter(&image);
    draw_all(painter);
    painter.end();
    QSaveFile out(words(file.string()));
    const bool done = out.open(QIODevice::WriteOnly) && image.save(&out, "PNG") && out.commit();
    return done ? base::Status() : cannot_write(file);
}

base::Status ChartsPane::export_pdf(const std::filesystem::path& file) {
    constexpr int kPixelsPerInch = 96;
    const QSizeF points = QSizeF(drawing_size()) * 72.0 / kPixelsPerInch;
    QSaveFile out(words(file.string()));
    if (!out.open(QIODevice::WriteOnly)) {
        return cannot_write(file);
    }
    QPdfWriter writer(&out);
    writer.setResolution(kPixelsPerInch);
    writer.setPageSize(QPageSize(points, QPageSize::Point, {}, QPageSize::ExactMatch));
    writer.setPageMargins({});
    writer.setTitle(words(desk_.store().run().header.title));
    QPainter painter;
    if (!painter.begin(&writer)) {
        return cannot_write(file);
    }
    draw_all(painter);
    return painter.end() && out.commit() ? base::Status() : cannot_write(file);
}

void ChartsPane::ask_and_export(const QString& suffix) {
    auto* const dialog = new QFileDialog(this, tr("Export charts"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(suffix);
    dialog->setNameFilter(QStringLiteral("*.") + suffix);
    dialog->selectFile(words(desk_.store().run().header.name) + QStringLiteral("-charts.") +
                       suffix);
    connect(dialog, &QFileDialog::fileSelected, this, [this, suffix](const QString& name) {
        if (desk_.store().empty()) {
            return;
        }
        const std::filesystem::path file = name.toStdString();
        const base::Status done =
            suffix == QLatin1StringView("png") ? export_png(file) : export_pdf(file);
        if (!done.ok()) {
            const base::Error& error = done.error();
            Q_EMIT desk_.problem(words(error.message), words(error.place), words(error.remedy));
        }
    });
    dialog->open();
}

}  // namespace firebreak::gui
