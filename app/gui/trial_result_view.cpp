#include "gui/trial_result_view.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/assay_facts.h"
#include "gui/facts_table.h"
#include "gui/notice_strip.h"
#include "gui/theme.h"
#include "gui/tones.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

using models::TrialTable;
enum Page { kNothingTried, kTrying, kTried };

// A patch of the state's colour beside its word; what differs from the unmodified is bold.
class StandingDelegate final : public QStyledItemDelegate {
  public:
    using QStyledItemDelegate::QStyledItemDelegate;

  protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        QStyledItemDelegate::initStyleOption(option, index);
        option->font.setBold(index.column() == TrialTable::kTried &&
                             index.data(TrialTable::kDiffersRole).toBool());
        const QVariant tone = index.data(TrialTable::kToneRole);
        if (tone.isValid()) {
            const int size = option->fontMetrics.height() * 3 / 4;
            const double ratio = option->widget->devicePixelRatioF();
            QPixmap patch(QSize(size, size) * ratio);
            patch.setDevicePixelRatio(ratio);
            patch.fill(Qt::transparent);
            QPainter painter(&patch);
            draw_swatch(painter, QRectF(1, 1, size - 2, size - 2),
                        static_cast<models::Tone>(tone.toInt()), 0, true);
            painter.setPen(colours().surface());  // it stands out where the row is selected
            painter.drawRect(QRectF(0.5, 0.5, size - 1, size - 1));
            option->icon = QIcon(patch);
            option->features |= QStyleOptionViewItem::HasDecoration;
            option->decorationSize = QSize(size, size);
        }
    }
};

// What is known of it on one persona.
std::vector<Fact> facts_of_side(const bridge::TrialSide& side, const std::string& persona,
                                const models::TrialVerdict& verdict) {
    using models::TrialStanding;
    std::vector<Fact> facts{{TrialResultView::tr("Outcome"), verdict.text(),
                             verdict.standing != TrialStanding::kWorks}};
    const auto add_damages = [&] {
        for (const bridge::DamageDone& damage : side.damages) {
            facts.push_back({TrialResultView::tr("damage"), models::text_of(damage), false});
        }
    };
    const auto found = std::ranges::find(side.personas, persona, &bridge::PersonaTrial::persona);
    if (found == side.personas.end() || !found->delivery) {
        add_damages();
        return facts;
    }
    const record::Assay& delivery = *found->delivery;
    QString came = words(delivery.category);
    if (!delivery.code.empty()) {
        came += ": " + words(delivery.code);
    }
    if (verdict.standing == TrialStanding::kRefused) {
        came += TrialResultView::tr(", at %1").arg(words(delivery.stage));
    }
    facts.push_back({TrialResultView::tr("Delivery"), came, false});
    std::ranges::move(failures_of(delivery, side.header), std::back_inserter(facts));
    for (const record::Assay& workload : found->workloads) {
        std::ranges::move(failures_of(workload, side.header), std::back_inserter(facts));
    }
    add_damages();
    return facts;
}

}  // namespace

TrialResultView::TrialResultView(QWidget* parent) : QWidget(parent) {
    empty_ = new QLabel(
        tr("What becomes of this content on each persona's machines stands here, beside what "
           "becomes of it unmodified: real signatures, real worker processes, and the evidence.\n\n"
           "Press Ctrl+Return to run it."));
    empty_->setObjectName("workbench_result_empty");
    empty_->setWordWrap(true);
    empty_->setAlignment(Qt::AlignCenter);
    empty_->setMargin(kGrid);
    pages_ = new QStackedWidget;
    pages_->addWidget(empty_);
    pages_->addWidget(built_progress());
    pages_->addWidget(built_answer());
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid / 2, 0, 0, 0);
    layout->addWidget(pages_);
}

QWidget* TrialResultView::built_progress() {
    doing_ = new QLabel;
    doing_->setObjectName("workbench_doing");
    doing_->setWordWrap(true);
    doing_->setAlignment(Qt::AlignCenter);
    progress_ = new QProgressBar;
    progress_->setObjectName("workbench_progress");
    progress_->setAccessibleName(tr("Answers so far"));
    progress_->setFormat(tr("%v of %m answers"));
    auto* cancel = new QPushButton(tr("Cancel"));
    cancel->setObjectName("workbench_cancel_button");
    cancel->setAccessibleName(tr("Cancel the trial"));
    connect(cancel, &QPushButton::clicked, this, &TrialResultView::cancel_requested);
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    layout->addStretch();
    layout->addWidget(doing_);
    layout->addWidget(progress_);
    layout->addWidget(cancel, 0, Qt::AlignHCenter);
    layout->addStretch();
    return page;
}

QWidget* TrialResultView::built_answer() {
    headline_ = new QLabel;
    headline_->setObjectName("workbench_headline");
    headline_->setWordWrap(true);
    headline_->setTextFormat(Qt::PlainText);
    headline_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    QFont bold = headline_->font();
    bold.setBold(true);
    headline_->setFont(bold);
    quiet_ = new QLabel;
    quiet_->setObjectName("workbench_result_note");
    quiet_->setFont(small_font());
    quiet_->setWordWrap(true);
    problem_ = new NoticeStrip;
    problem_->setObjectName("workbench_problem");
    rows_ = new QTableView;
    rows_->setObjectName("workbench_rows");
    rows_->setAccessibleName(tr("What came of it on each persona"));
    rows_->setModel(&table_);
    rows_->setItemDelegate(new StandingDelegate(rows_));
    rows_->setSelectionMode(QAbstractItemView::SingleSelection);
    rows_->setShowGrid(false);
    rows_->setWordWrap(false);
    rows_->setFrameShape(QFrame::NoFrame);
    rows_->setTabKeyNavigation(false);
    rows_->verticalHeader()->hide();
    rows_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + kGrid / 2);
    rows_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    rows_->horizontalHeader()->setSectionResizeMode(TrialTable::kTried, QHeaderView::Stretch);
    rows_->horizontalHeader()->setMaximumSectionSize(28 * fontMetrics().averageCharWidth());
    rows_->horizontalHeader()->setHighlightSections(false);
    connect(rows_->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &TrialResultView::show_row);
    whose_ = new QLabel;
    whose_->setObjectName("workbench_whose");
    whose_->setFont(small_font());
    facts_ = new FactsTable;
    facts_->setObjectName("workbench_facts");
    facts_->setAccessibleName(tr("Evidence"));
    connect(facts_, &QTableWidget::cellActivated, this, [this](int row, int) {
        const QString value = facts_->facts().at(static_cast<size_t>(row)).value;
        go(models::place_in(value.toStdString(), files_), value);
    });
    go_ = new QPushButton;
    go_->setObjectName("workbench_go");
    connect(go_, &QPushButton::clicked, this, [this] { go(place_, message_); });
    auto* whose = new QHBoxLayout;
    whose->addWidget(whose_, 1);
    whose->addWidget(go_);
    auto* evidence = new QWidget;
    auto* below = new QVBoxLayout(evidence);
    below->setContentsMargins(0, 0, 0, 0);
    below->setSpacing(kGrid / 2);
    below->addLayout(whose);
    below->addWidget(facts_, 1);
    auto* split = new QSplitter(Qt::Vertical);
    split->setObjectName("workbench_result_split");
    split->setChildrenCollapsible(false);
    split->addWidget(rows_);
    split->addWidget(evidence);
    split->setSizes({3, 4});
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(headline_);
    layout->addWidget(quiet_);
    layout->addWidget(problem_);
    layout->addWidget(split, 1);
    return page;
}

void TrialResultView::clear() {
    result_.reset();
    table_.set_rows({});
    pages_->setCurrentIndex(kNothingTried);
}

void TrialResultView::begin() {
    doing_->setText(tr("Preparing …"));
    progress_->setRange(0, 0);
    pages_->setCurrentIndex(kTrying);
}

void TrialResultView::tell_progress(const QString& what, int answers, int of) {
    doing_->setText(what);
    progress_->setRange(0, of);
    progress_->setValue(answers);
}

void TrialResultView::tell_cancelled() {
    pages_->setCurrentIndex(result_ == nullptr ? kNothingTried : kTried);
}

void TrialResultView::tell_outdated(bool outdated) {
    if (result_ == nullptr) {
        return;
    }
    const double wall_s =
        result_->tried.wall_s + (result_->unmodified ? result_->unmodified->wall_s : 0);
    quiet_->setText(
        outdated ? tr("Changed since: press Ctrl+Return to run it again.")
        : result_->unmodified
            ? tr("Real signatures and worker processes; took %1 s. Bold: other than unmodified.")
                  .arg(wall_s, 0, 'f', 1)
            : tr("Real signatures and worker processes; took %1 s. Nothing is changed yet: there "
                 "is nothing to compare with.")
                  .arg(wall_s, 0, 'f', 1));
}

QString TrialResultView::headline() const {
    return pages_->currentIndex() == kTried ? headline_->text() : QString();
}

void TrialResultView::show_result(std::shared_ptr<const bridge::TrialResult> result,
                                  content::Feed feed, const bridge::TrialFiles& files) {
    result_ = std::move(result);
    files_ = files;
    auto found = models::rows_of(*result_, feed);
    for (models::TrialRow& row : found) {
        const auto title = titles_.find(row.persona);
        row.title = title == titles_.end() ? row.title : title->second;
    }
    table_.set_rows(std::move(found));
    rows_->setColumnHidden(TrialTable::kUnmodified, result_->unmodified == nullptr);
    headline_->setText(models::headline_of(table_.rows()) +
                       (table_.rows().empty() ? QString() : QStringLiteral(".")));
    tell_outdated(false);
    show_problem();
    pages_->setCurrentIndex(kTried);
    int first = 0;
    for (int row = table_.rowCount() - 1; row >= 0; --row) {
        first =
            table_.rows()[static_cast<size_t>(row)].tried.standing != models::TrialStanding::kWorks
                ? row
                : first;
    }
    rows_->setCurrentIndex(table_.index(first, TrialTable::kTried));
    show_row();
}

void TrialResultView::show_problem() {
    problem_->clear();
    if (!result_->tried.problem) {
        return;
    }
    const base::Error& error = *result_->tried.problem;
    const auto place = models::place_in(error.text(), files_);
    std::vector<NoticeStrip::Act> acts;
    if (place) {
        acts.emplace_back(tr("Go to %1:%2").arg(words(place->file)).arg(place->line),
                          [this, place, what = words(error.message)] { go(place, what); });
    }
    problem_->say(NoticeStrip::Kind::kProblem,
                  tr("It cannot be signed and tried: %1").arg(words(error.message)),
                  words(error.remedy), acts);
}

void TrialResultView::show_row() {
    const QModelIndex now = rows_->currentIndex();
    place_.reset();
    if (result_ == nullptr || !now.isValid()) {
        facts_->set_facts({});
        go_->hide();
        return;
    }
    const models::TrialRow& row = table_.rows()[static_cast<size_t>(now.row())];
    const bool other = now.column() == TrialTable::kUnmodified && row.unmodified;
    const models::TrialVerdict& verdict = other ? *row.unmodified : row.tried;
    whose_->setText(other ? tr("%1, unmodified").arg(words(row.title))
                          : tr("%1, this content").arg(words(row.title)));
    facts_->set_facts(
        facts_of_side(other ? *result_->unmodified : result_->tried, row.persona, verdict));
    if (!other) {
        place_ = models::place_of(verdict, files_);
        message_ = verdict.text();
    }
    go_->setVisible(place_.has_value());
    if (place_) {
        go_->setText(tr("Go to %1:%2").arg(words(place_->file)).arg(place_->line));
        go_->setAccessibleName(go_->text());
    }
}

void TrialResultView::go(const std::optional<models::TrialPlace>& place, const QString& message) {
    if (place) {
        Q_EMIT place_requested(*place, message);
    }
}

}  // namespace firebreak::gui
