#include "gui/event_log_pane.h"

#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

using base::Category;
using models::EventModel;

namespace {

constexpr int kRefresh_ms = 200;
constexpr int kTypingPause_ms = 150;

bool is_harmless(Category category) {
    return category == Category::kNothingNew || category == Category::kInstalled ||
           category == Category::kRecovered;
}

// Turned away before it could run.
bool is_refusal(Category category) {
    return category == Category::kCorrupt || category == Category::kUntrusted ||
           category == Category::kTooOld || category == Category::kTooNew ||
           category == Category::kRejected || category == Category::kTooLarge ||
           category == Category::kStale;
}

std::set<Category> failures() {
    std::set<Category> out;
    for (size_t i = 0; i < EventModel::kCategories; ++i) {
        if (const auto category = static_cast<Category>(i); !is_harmless(category)) {
            out.insert(category);
        }
    }
    return out;
}

// Keeps numbers off the next column, and colours the words of a kind; the words say the same.
class CellDelegate final : public QStyledItemDelegate {
  public:
    CellDelegate(const EventModel& model, QObject* parent)
        : QStyledItemDelegate(parent), model_(model) {}

  protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        QStyledItemDelegate::initStyleOption(option, index);
        if (index.column() == EventModel::kEndpoint) {
            option->text += QChar::Space;
            option->text += QChar::Space;
        }
        const bridge::RowEvent* event = model_.event(index.row());
        if (event != nullptr && index.column() == EventModel::kCategory) {
            const Colours now = colours();
            option->palette.setColor(QPalette::Text, is_refusal(event->category) ? now.accent()
                                                     : is_harmless(event->category)
                                                         ? now.success()
                                                         : now.failure());
        }
    }

  private:
    const EventModel& model_;
};

}  // namespace

EventLogPane::EventLogPane(Desk& desk, QWidget* parent)
    : QWidget(parent),
      desk_(desk),
      model_(desk.store()),
      words_(new QLineEdit(this)),
      kinds_button_(new QPushButton(this)),
      kinds_menu_(new QMenu(this)),
      groups_(new QComboBox(this)),
      only_endpoint_(new QCheckBox(tr("Selected endpoint only"), this)),
      follow_(new QCheckBox(tr("Follow"), this)),
      pages_(new QStackedWidget(this)),
      table_(new QTableView(this)),
      empty_(new QLabel(this)),
      clear_(new QPushButton(tr("Clear the filters"), this)),
      status_(new QLabel(this)) {
    setObjectName("event_log_pane");
    build_table();
    pages_->addWidget(table_);
    pages_->addWidget(built_empty_state());
    status_->setObjectName("event_status");
    status_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    status_->setContentsMargins(kGrid, kGrid / 4, kGrid, kGrid / 4);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(built_filters());
    column->addWidget(pages_, 1);
    column->addWidget(status_);

    due_.setSingleShot(true);
    due_.setInterval(kRefresh_ms);
    typing_.setSingleShot(true);
    typing_.setInterval(kTypingPause_ms);
    connect(&due_, &QTimer::timeout, this, &EventLogPane::refresh);
    connect(&typing_, &QTimer::timeout, this, &EventLogPane::filter);
    connect(&desk.store(), &models::RunStore::restarted, this, [this] {
        copied_.clear();
        set_follow(true);
        fill_groups();
        filter();
    });
    connect(&desk.store(), &models::RunStore::grown, this, [this] {
        if (!due_.isActive()) {
            due_.start();
        }
    });
    connect(&desk.store(), &models::RunStore::shown_changed, this, &EventLogPane::scroll_to_shown);
    connect(&desk.selection(), &models::Selection::changed, this, &EventLogPane::filter);
    fill_groups();
    filter();
}

// --- what it is made of

QWidget* EventLogPane::built_filters() {
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(kGrid, kGrid / 2, kGrid, kGrid / 2);
    row->setSpacing(kGrid);
    words_->setObjectName("event_filter");
    words_->setAccessibleName(tr("Filter the events"));
    words_->setPlaceholderText(tr("Filter by words or by an endpoint's number"));
    words_->setClearButtonEnabled(true);
    words_->setMinimumWidth(120);
    connect(words_, &QLineEdit::textChanged, this, [this] { typing_.start(); });
    kinds_button_->setObjectName("event_kinds");
    kinds_button_->setAutoDefault(false);
    kinds_button_->setMenu(kinds_menu_);
    connect(kinds_menu_, &QMenu::aboutToShow, this, &EventLogPane::fill_kinds);
    groups_->setObjectName("event_group");
    groups_->setAccessibleName(tr("Release group"));
    groups_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    groups_->setMinimumContentsLength(11);
    connect(groups_, &QComboBox::activated, this, [this](int index) {
        desk_.selection().set_group(index == 0 ? std::nullopt : std::optional(index - 1));
    });
    only_endpoint_->setObjectName("event_only_endpoint");
    only_endpoint_->setAccessibleName(only_endpoint_->text());
    connect(only_endpoint_, &QCheckBox::toggled, this, &EventLogPane::filter);
    follow_->setObjectName("event_follow");
    follow_->setAccessibleName(tr("Follow the newest event"));
    follow_->setChecked(follows_);
    follow_->setToolTip(tr("Keeps the newest event in sight"));
    connect(follow_, &QCheckBox::clicked, this, &EventLogPane::set_follow);
    row->addWidget(words_, 1);
    for (QWidget* widget :
         std::initializer_list<QWidget*>{kinds_button_, groups_, only_endpoint_, follow_}) {
        row->addWidget(widget);
    }
    set_kinds({});
    return bar;
}

void EventLogPane::build_table() {
    table_->setObjectName("event_table");
    table_->setAccessibleName(tr("Events"));
    table_->setModel(&model_);
    table_->setFrameShape(QFrame::NoFrame);
    table_->setShowGrid(false);
    table_->setWordWrap(false);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setTabKeyNavigation(false);
    table_->setCornerButtonEnabled(false);
    table_->setFont(tabular(font()));
    table_->setItemDelegate(new CellDelegate(model_, table_));
    QHeaderView* rows = table_->verticalHeader();
    rows->hide();
    rows->setSectionResizeMode(QHeaderView::Fixed);  // else each row would be measured
    rows->setDefaultSectionSize(table_->fontMetrics().height() + kGrid / 2);
    QHeaderView* columns = table_->horizontalHeader();
    columns->setHighlightSections(false);
    columns->setStretchLastSection(true);
    const QFontMetrics metrics = table_->fontMetrics();
    const int letter = metrics.averageCharWidth();
    table_->setColumnWidth(EventModel::kTime,
                           metrics.horizontalAdvance("day 10 00:00") + 3 * kGrid);
    table_->setColumnWidth(EventModel::kEndpoint,
                           metrics.horizontalAdvance("20,000,000  ") + 3 * kGrid);
    table_->setColumnWidth(EventModel::kGroup, 14 * letter + 2 * kGrid);
    table_->setColumnWidth(EventModel::kCategory, 18 * letter + 2 * kGrid);

    auto* copying = new QAction(tr("Copy as CSV"), table_);
    copying->setObjectName("event_copy");
    copying->setShortcut(QKeySequence::Copy);
    copying->setShortcutContext(Qt::WidgetShortcut);
    connect(copying, &QAction::triggered, this, &EventLogPane::copy);
    table_->addAction(copying);
    table_->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &EventLogPane::note_current);
    connect(table_, &QTableView::activated, this, [this](const QModelIndex& index) {
        if (const bridge::RowEvent* event = model_.event(index.row())) {
            desk_.store().show(event->at);
        }
    });
    connect(table_->verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
        if (!grows_ && follows_ != (value >= table_->verticalScrollBar()->maximum())) {
            follows_ = !follows_;
            follow_->setChecked(follows_);
        }
    });
}

QWidget* EventLogPane::built_empty_state() {
    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(3 * kGrid, kGrid, 3 * kGrid, kGrid);
    column->addStretch();
    empty_->setObjectName("event_empty");
    empty_->setWordWrap(true);
    empty_->setAlignment(Qt::AlignCenter);
    clear_->setObjectName("event_clear");
    clear_->setAccessibleName(clear_->text());
    connect(clear_, &QPushButton::clicked, this, &EventLogPane::clear_filters);
    column->addWidget(empty_);
    column->addWidget(clear_, 0, Qt::AlignHCenter);
    column->addStretch();
    return page;
}

// --- filters

void EventLogPane::focus_filter() {
    words_->setFocus(Qt::ShortcutFocusReason);
    words_->selectAll();
}

void EventLogPane::fill_kinds() {
    kinds_menu_->clear();
    kinds_menu_->addAction(tr("Everything"), this, [this] { set_kinds({}); });
    kinds_menu_->addAction(tr("Failures only"), this, [this] { set_kinds(failures()); });
    kinds_menu_->addSeparator();
    for (size_t i = 0; i < EventModel::kCategories; ++i) {
        const auto category = static_cast<Category>(i);
        if (model_.count(category) == 0 && !kinds_.contains(category)) {
            continue;
        }
        QAction* one = kinds_menu_->addAction(
            tr("%1 (%2)").arg(words(base::to_text(category)), grouped(model_.count(category))));
        one->setCheckable(true);
        one->setChecked(kinds_.contains(category));
        connect(one, &QAction::toggled, this, [this, category](bool on) {
            std::set<Category> kinds = kinds_;
            on ? (void)kinds.insert(category) : (void)kinds.erase(category);
            set_kinds(kinds);
        });
    }
}

void EventLogPane::set_kinds(const std::set<Category>& kinds) {
    kinds_ = kinds;
    QString name = tr("%1 kinds").arg(kinds.size());
    if (kinds.empty()) {
        name = tr("Everything");
    } else if (kinds == failures()) {
        name = tr("Failures only");
    } else if (kinds.size() == 1) {
        name = words(base::to_text(*kinds.begin()));
    }
    kinds_button_->setText(name);
    kinds_button_->setAccessibleName(tr("Kinds of events: %1").arg(name));
    filter();
}

void EventLogPane::fill_groups() {
    groups_->clear();
    groups_->addItem(tr("All groups"));
    if (!desk_.store().empty()) {
        for (const record::Group& group : desk_.store().run().header.groups) {
            groups_->addItem(words(group.name));
            groups_->setItemData(groups_->count() - 1, words(group.name), Qt::ToolTipRole);
        }
    }
}

void EventLogPane::filter() {
    typing_.stop();
    const models::Selection& selection = desk_.selection();
    groups_->setCurrentIndex(
        std::clamp(selection.group().value_or(-1) + 1, 0, groups_->count() - 1));
    only_endpoint_->setEnabled(selection.endpoint().has_value() || only_endpoint_->isChecked());
    models::EventFilter wanted;
    wanted.categories = kinds_;
    wanted.group = selection.group();
    wanted.time = selection.time();
    if (only_endpoint_->isChecked()) {
        wanted.endpoint = selection.endpoint();
    }
    wanted.words = words_->text().split(' ', Qt::SkipEmptyParts);
    grows_ = true;
    model_.set_filter(std::move(wanted));
    grows_ = false;
    refresh();
}

void EventLogPane::clear_filters() {
    words_->clear();
    only_endpoint_->setChecked(false);
    kinds_.clear();
    desk_.selection().set_time(std::nullopt);
    desk_.selection().set_group(std::nullopt);
    set_kinds({});
}

// --- rows

void EventLogPane::refresh() {
    grows_ = true;
    model_.take_new();
    if (follows_) {
        table_->scrollToBottom();
    }
    grows_ = false;
    show_state();
}

void EventLogPane::set_follow(bool follow) {
    follows_ = follow;
    follow_->setChecked(follow);
    if (follow) {
        refresh();
    }
}

void EventLogPane::scroll_to_shown() {
    if (!desk_.store().is_back()) {
        return;
    }
    set_follow(false);
    const int row = model_.row_at(desk_.store().shown());
    if (row >= 0 && table_->currentIndex().row() != row) {
        table_->scrollTo(model_.index(row, 0), QAbstractItemView::PositionAtCenter);
    }
}

void EventLogPane::note_current() {
    copied_.clear();
    if (const bridge::RowEvent* event = model_.event(table_->currentIndex().row())) {
        desk_.selection().set_endpoint(event->endpoint);
    }
}

void EventLogPane::copy() {
    std::vector<std::pair<int, int>> rows;
    for (const QItemSelectionRange& range : table_->selectionModel()->selection()) {
        rows.emplace_back(range.top(), range.bottom() + 1);
    }
    std::ranges::sort(rows);
    int64_t selected = 0;
    int room = kMostCopied;
    for (auto& [first, last] : rows) {
        selected += last - first;
        last = std::min(last, first + room);
        room -= last - first;
    }
    if (selected == 0) {
        copied_ = tr("Nothing is selected; Ctrl+A selects all rows");
    } else {
        QGuiApplication::clipboard()->setText(model_.csv(rows));
        const auto all = static_cast<uint64_t>(selected);
        copied_ = selected > kMostCopied
                      ? tr("Copied the first %1 of %2 rows; narrow the filter for the others")
                            .arg(grouped(kMostCopied), grouped(all))
                  : all == 1 ? tr("Copied 1 row")
                             : tr("Copied %1 rows").arg(grouped(all));
    }
    show_state();
}

// --- words

void EventLogPane::show_state() {
    const models::RunStore& store = desk_.store();
    const auto rows = static_cast<uint64_t>(model_.rowCount());
    QStringList parts;
    if (!copied_.isEmpty()) {
        parts.push_back(copied_);
    }
    if (model_.all() > 0) {
        parts.push_back(rows == model_.all()
                            ? rows == 1 ? tr("1 event") : tr("%1 events").arg(grouped(rows))
                            : tr("%1 of %2 events").arg(grouped(rows), grouped(model_.all())));
    }
    if (desk_.selection().time()) {
        const auto [from, until] = *desk_.selection().time();
        parts.push_back(tr("%1 to %2").arg(words(from), words(until)));
    }
    if (store.events_left_out() > 0) {
        parts.push_back(tr("%1 more were left out: failures are kept first")
                            .arg(grouped(store.events_left_out())));
    }
    status_->setText(parts.join(" · "));
    status_->setToolTip(status_->text());
    pages_->setCurrentIndex(rows > 0 ? 0 : 1);
    if (rows == 0) {
        say_empty();
    }
}

void EventLogPane::say_empty() {
    const bool filtered = model_.all() > 0;
    clear_->setVisible(filtered);
    if (filtered) {
        empty_->setText(tr("None of %1 events is left by the filters.").arg(grouped(model_.all())));
    } else if (desk_.store().empty()) {
        empty_->setText(
            tr("Everything that happens to a single endpoint is listed here: what it "
               "installed, refused, suffered, and what mended it.\n\nChoose a "
               "scenario in the tree and press Enter to run it."));
    } else if (desk_.session().state() == bridge::RunSession::State::kNone ||
               desk_.scenario().empty()) {
        empty_->setText(
            tr("The file of a run keeps totals, not the events of single endpoints. "
               "Run its scenario again to see them: the same seed brings the same "
               "events."));
    } else {
        empty_->setText(tr("Nothing has happened to any endpoint yet."));
    }
}

}  // namespace firebreak::gui
