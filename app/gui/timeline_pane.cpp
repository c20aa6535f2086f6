#include "gui/timeline_pane.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>
#include <QStackedLayout>
#include <QStyle>
#include <QStyledItemDelegate>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "gui/empty_state.h"
#include "gui/flag_rail.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

using models::TimelineModel;

// Planned entries, and those after the moment that is shown, are quiet; flags look as on the rail
// of the charts.
class TimelineDelegate final : public QStyledItemDelegate {
  public:
    TimelineDelegate(const models::RunStore& store, QObject* parent)
        : QStyledItemDelegate(parent), store_(store) {}

  protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        QStyledItemDelegate::initStyleOption(option, index);
        const bool planned = index.data(TimelineModel::kPlanned).toBool();
        const bool later = index.data(TimelineModel::kAt).toLongLong() > store_.shown().seconds;
        if (planned || later) {
            option->palette.setColor(QPalette::Text, colours().quiet_text());
        }
        option->font.setItalic(planned);
    }

  public:
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        if (index.column() != TimelineModel::kFlag) {
            QStyledItemDelegate::paint(painter, option, index);
            return;
        }
        QStyleOptionViewItem blank = option;
        initStyleOption(&blank, index);
        const QString letter = std::exchange(blank.text, QString());
        QApplication::style()->drawControl(QStyle::CE_ItemViewItem, &blank, painter, blank.widget);
        if (!letter.isEmpty()) {
            QRectF box(0, 0, 16, std::min(16, option.rect.height() - 2));
            box.moveCenter(QRectF(option.rect).center());
            painter->save();
            painter->setRenderHint(QPainter::Antialiasing);
            draw_flag(*painter, box, letter, index.data(TimelineModel::kPlanned).toBool());
            painter->restore();
        }
    }
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        return QStyledItemDelegate::sizeHint(option, index) + QSize(0, 4);
    }

  private:
    const models::RunStore& store_;
};

base::SimTime time_of(const QModelIndex& index) {
    return {index.data(TimelineModel::kAt).toLongLong()};
}

}  // namespace

TimelinePane::TimelinePane(Desk& desk, QWidget* parent)
    : QWidget(parent), desk_(desk), model_(desk.store()), filtered_(desk.selection()) {
    setObjectName(QStringLiteral("timeline"));
    setAccessibleName(tr("Timeline"));
    filtered_.setSourceModel(&model_);
    build();
    connect(&desk_.store(), &models::RunStore::restarted, this, [this] {
        follow(true);
        update_state();
    });
    connect(&desk_.store(), &models::RunStore::grown, this, &TimelinePane::update_state);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, [this] {
        list_->viewport()->update();
        update_state();
    });
    connect(&filtered_, &QAbstractItemModel::rowsInserted, this, &TimelinePane::scroll_to_newest);
    connect(&filtered_, &QAbstractItemModel::rowsRemoved, this, &TimelinePane::scroll_to_newest);
    for (const auto signal :
         {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) {
        connect(&filtered_, signal, this, &TimelinePane::update_state);
    }
    update_state();
}

// The list tells the pane of its last scrolling as well: it goes while there is a pane.
TimelinePane::~TimelinePane() {
    delete list_;
}

// --- building

void TimelinePane::build() {
    pages_ = new QStackedLayout(this);
    pages_->addWidget(new EmptyState(
        desk_,
        tr("The timeline lists releases, promotions, faults, first failures, alarms, halts and "
           "what operators do, each with its time; a double click goes back to it."),
        this));
    auto* const page = new QWidget(this);
    auto* const column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    build_list();
    build_actions();
    build_bar(page);
    column->addWidget(list_, 1);
    pages_->addWidget(page);
}

void TimelinePane::build_list() {
    list_ = new QTreeView(this);
    list_->setObjectName(QStringLiteral("timeline-list"));
    list_->setAccessibleName(tr("Timeline: entries"));
    list_->setModel(&filtered_);
    list_->setItemDelegate(new TimelineDelegate(desk_.store(), list_));
    list_->setRootIsDecorated(false);
    list_->setUniformRowHeights(true);
    list_->setAllColumnsShowFocus(true);
    list_->setAlternatingRowColors(true);
    list_->setFrameShape(QFrame::NoFrame);
    list_->setTextElideMode(Qt::ElideMiddle);
    list_->setSelectionMode(QAbstractItemView::ExtendedSelection);
    list_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    list_->setContextMenuPolicy(Qt::NoContextMenu);  // it is the pane's
    list_->header()->setStretchLastSection(true);
    list_->header()->setSectionsMovable(false);
    fit_columns();
    connect(list_, &QTreeView::activated, this, &TimelinePane::show_row);
    // What a person does; a filter that leaves fewer rows scrolls as well. Not before it is done.
    connect(list_->verticalScrollBar(), &QScrollBar::actionTriggered, this,
            &TimelinePane::note_scrolling, Qt::QueuedConnection);
    connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &TimelinePane::note_scrolling, Qt::QueuedConnection);
    connect(list_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &TimelinePane::update_state);
    connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &TimelinePane::update_state);
}

void TimelinePane::build_actions() {
    const auto add = [this](const char* name, const QString& text, const QKeySequence& key) {
        auto* const action = new QAction(text, this);
        action->setObjectName(QLatin1StringView(name));
        action->setShortcut(key);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        addAction(action);
        return action;
    };
    show_ = add("timeline-show", tr("Go back to this moment"), {});
    until_ = add("timeline-until", tr("Run until here"), Qt::Key_U);
    select_ = add("timeline-select", tr("Filter to this moment"), Qt::Key_F);
    copy_ = add("timeline-copy", tr("Copy"), QKeySequence::Copy);
    previous_ = add("timeline-previous", tr("Previous event"), Qt::Key_BracketLeft);
    next_ = add("timeline-next", tr("Next event"), Qt::Key_BracketRight);
    for (QAction* const action : {previous_, next_}) {
        action->setShortcutContext(Qt::WindowShortcut);  // of all panes
    }
    connect(show_, &QAction::triggered, this, [this] { show_row(list_->currentIndex()); });
    connect(until_, &QAction::triggered, this, &TimelinePane::run_until_row);
    connect(select_, &QAction::triggered, this, &TimelinePane::select_row_time);
    connect(copy_, &QAction::triggered, this, &TimelinePane::copy_rows);
    connect(previous_, &QAction::triggered, this, &TimelinePane::go_to_previous);
    connect(next_, &QAction::triggered, this, &TimelinePane::go_to_next);
}

void TimelinePane::build_bar(QWidget* page) {
    auto* const bar = new QHBoxLayout;
    bar->setContentsMargins(kGrid / 2, kGrid / 2, kGrid / 2, kGrid / 2);
    bar->setSpacing(kGrid);
    words_ = new QLineEdit(page);
    words_->setObjectName(QStringLiteral("timeline-filter"));
    words_->setAccessibleName(tr("Filter of the timeline"));
    words_->setPlaceholderText(tr("Filter (Ctrl+F): words, a group, a release"));
    words_->setClearButtonEnabled(true);
    words_->setMaximumWidth(360);
    count_ = new QLabel(page);
    count_->setObjectName(QStringLiteral("timeline-count"));
    until_button_ = new QPushButton(until_->text(), page);
    until_button_->setObjectName(QStringLiteral("timeline-until-button"));
    until_button_->setAccessibleName(until_->text());
    newest_button_ = new QPushButton(tr("Newest"), page);
    newest_button_->setObjectName(QStringLiteral("timeline-newest"));
    newest_button_->setAccessibleName(tr("Follow the newest entry"));
    newest_button_->setToolTip(tr("To the newest entry, and on with it"));
    bar->addWidget(words_, 1);
    bar->addWidget(count_);
    bar->addStretch();
    bar->addWidget(until_button_);
    bar->addWidget(newest_button_);
    build_find();
    static_cast<QVBoxLayout*>(page->layout())->addLayout(bar);
    connect(words_, &QLineEdit::textChanged, this, [this](const QString& text) {
        filtered_.set_words(text);
        scroll_to_newest();
        update_state();
    });
    connect(words_, &QLineEdit::returnPressed, list_, qOverload<>(&QWidget::setFocus));
    connect(until_button_, &QPushButton::clicked, until_, &QAction::trigger);
    connect(newest_button_, &QPushButton::clicked, this, [this] {
        desk_.store().show(std::nullopt);
        follow(true);
    });
}

void TimelinePane::build_find() {
    auto* const find = new QAction(tr("Filter the timeline"), this);
    find->setObjectName(QStringLiteral("timeline-find"));
    find->setShortcut(QKeySequence::Find);
    find->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    addAction(find);
    connect(find, &QAction::triggered, this, [this] {
        words_->setFocus(Qt::ShortcutFocusReason);
        words_->selectAll();
    });
}

// As wide as what stands in them usually is, whatever this run has: nothing jumps.
void TimelinePane::fit_columns() {
    const QFontMetrics metrics(list_->font());
    const auto fit = [&](int column, const QString& usual) {
        list_->header()->resizeSection(column, metrics.horizontalAdvance(usual) + 3 * kGrid);
    };
    fit(TimelineModel::kTime, QStringLiteral("day 00 00:00"));
    fit(TimelineModel::kFlag, tr("Flag"));
    fit(TimelineModel::kKind, tr("planned: publication"));
    fit(TimelineModel::kGroup, QStringLiteral("engineering"));
    fit(TimelineModel::kRelease, QStringLiteral("rules-2026-03"));
}

// --- what there is, and what can be done with it

void TimelinePane::update_state() {
    const bool empty = desk_.store().empty();
    pages_->setCurrentIndex(empty ? 0 : 1);
    const QModelIndex row = list_->currentIndex();
    const bool planned = row.isValid() && row.data(TimelineModel::kPlanned).toBool();
    const auto state = desk_.session().state();
    const bool goes_on = state == bridge::RunSession::State::kRunning ||
                         state == bridge::RunSession::State::kPaused ||
                         state == bridge::RunSession::State::kPreparing;
    show_->setEnabled(row.isValid() && !planned);
    until_->setEnabled(planned && goes_on);
    until_button_->setEnabled(until_->isEnabled());
    until_button_->setToolTip(until_->isEnabled()
                                  ? tr("Run until %1 (U)").arg(words(time_of(row)))
                                  : tr("Choose a planned entry of a run that goes on"));
    select_->setEnabled(row.isValid());
    copy_->setEnabled(list_->selectionModel()->hasSelection());
    previous_->setEnabled(!empty);
    next_->setEnabled(!empty);
    const int all = model_.rowCount();
    const int shown = filtered_.rowCount();
    count_->setText(shown == all ? tr("%1 entries").arg(grouped(static_cast<uint64_t>(all)))
                                 : tr("%1 of %2 entries")
                                       .arg(grouped(static_cast<uint64_t>(shown)),
                                            grouped(static_cast<uint64_t>(all))));
    newest_button_->setEnabled(!follows_ || desk_.store().is_back());
}

void TimelinePane::show_row(const QModelIndex& index) {
    if (!index.isValid()) {
        return;
    }
    if (index.data(TimelineModel::kPlanned).toBool()) {
        run_until_row();
    } else {
        desk_.store().show(time_of(index));
    }
}

void TimelinePane::run_until_row() {
    const QModelIndex row = list_->currentIndex();
    if (row.isValid() && until_->isEnabled()) {
        desk_.store().show(std::nullopt);
        desk_.session().run_until(time_of(row));
    }
}

// The five minutes that a slice of the engine's time has.
void TimelinePane::select_row_time() {
    if (const QModelIndex row = list_->currentIndex(); row.isValid()) {
        const base::SimTime at = time_of(row);
        desk_.selection().set_time({{at, at + base::minutes(5)}});
    }
}

void TimelinePane::go_to_next() {
    go(true);
}
void TimelinePane::go_to_previous() {
    go(false);
}

void TimelinePane::go(bool forward) {
    const base::SimTime from = desk_.store().shown();
    QModelIndex target;
    for (int row = 0; row < filtered_.rowCount(); ++row) {
        const QModelIndex index = filtered_.index(row, 0);
        if (index.data(TimelineModel::kPlanned).toBool()) {
            break;
        }
        if (!forward && time_of(index) < from) {
            target = index;  // the last one
        } else if (forward && time_of(index) > from) {
            target = index;
            break;
        }
    }
    if (target.isValid()) {
        follow(false);
        list_->setCurrentIndex(target);
        list_->scrollTo(target);
        desk_.store().show(time_of(target));
    }
}

void TimelinePane::copy_rows() const {
    QStringList lines;
    QModelIndexList rows = list_->selectionModel()->selectedRows();
    std::ranges::sort(rows, {}, &QModelIndex::row);
    for (const QModelIndex& row : rows) {
        QStringList cells;
        for (int column = 0; column < TimelineModel::kColumns; ++column) {
            cells.push_back(row.siblingAtColumn(column).data().toString());
        }
        lines.push_back(cells.join(QLatin1Char('\t')));
    }
    QApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

// --- following

int TimelinePane::newest_row() const {
    int low = 0;
    int high = filtered_.rowCount();
    while (low < high) {  // planned ones come last
        const int middle = low + (high - low) / 2;
        const bool planned = filtered_.index(middle, 0).data(TimelineModel::kPlanned).toBool();
        (planned ? high : low) = planned ? middle : middle + 1;
    }
    return low - 1;
}

bool TimelinePane::newest_in_sight() const {
    const int row = newest_row();
    const QRect where = row < 0 ? QRect() : list_->visualRect(filtered_.index(row, 0));
    return row < 0 || (where.bottom() <= list_->viewport()->height() && where.top() >= 0);
}

void TimelinePane::follow(bool on) {
    follows_ = on;
    if (on) {
        scroll_to_newest();
    }
    newest_button_->setEnabled(!follows_ || desk_.store().is_back());
}

void TimelinePane::scroll_to_newest() {
    if (const int row = newest_row(); follows_ && row >= 0) {
        list_->scrollTo(filtered_.index(row, 0));
    }
}

void TimelinePane::note_scrolling() {
    if (!desk_.store().is_back() && list_->isVisible()) {
        follows_ = newest_in_sight();
        newest_button_->setEnabled(!follows_);
    }
}

void TimelinePane::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange && list_ != nullptr) {
        fit_columns();
    }
}

void TimelinePane::contextMenuEvent(QContextMenuEvent* event) {
    auto* const menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addActions(actions());
    menu->popup(event->globalPos());
}

}  // namespace firebreak::gui
