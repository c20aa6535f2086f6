#include "gui/assay_inspector.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>
#include <iterator>

#include "gui/assay_facts.h"
#include "gui/desk.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

AssayInspector::AssayInspector(Desk& desk, QWidget* parent)
    : QWidget(parent), desk_(desk), table_(desk.store()), filtered_(table_, desk.selection()) {
    make_list();
    make_details();
    put_together();
    connect(&desk_.selection(), &models::Selection::changed, this, &AssayInspector::take_selection);
    for (const auto signal :
         {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) {
        connect(&filtered_, signal, this, &AssayInspector::refresh_counts);
    }
    connect(&filtered_, &QAbstractItemModel::modelReset, this, [this] {
        take_selection();
        refresh_counts();
    });
    take_selection();
    refresh_counts();
}

void AssayInspector::make_list() {
    words_ = new QLineEdit;
    words_->setObjectName("inspector_assay_filter");
    words_->setAccessibleName(tr("Filter the list of assays"));
    words_->setPlaceholderText(tr("Filter"));
    words_->setClearButtonEnabled(true);
    connect(words_, &QLineEdit::textChanged, this, [this](const QString& words) {
        filtered_.set_words(words);
        refresh_counts();
    });
    failures_only_ = new QCheckBox(tr("&Failures only"));
    failures_only_->setObjectName("inspector_failures_only");
    failures_only_->setAccessibleName(failures_only_->text().remove('&'));
    connect(failures_only_, &QCheckBox::toggled, this, [this](bool only) {
        filtered_.set_failures_only(only);
        refresh_counts();
    });
    counts_ = new QLabel;
    counts_->setObjectName("inspector_assay_counts");
    counts_->setWordWrap(true);
    counts_->setFont(small_font());
    list_ = new QTableView;
    list_->setObjectName("inspector_assays");
    list_->setAccessibleName(tr("Assays"));
    list_->setModel(&filtered_);
    list_->setSortingEnabled(true);
    list_->sortByColumn(models::AssayTable::kTime, Qt::AscendingOrder);
    list_->setSelectionBehavior(QAbstractItemView::SelectRows);
    list_->setSelectionMode(QAbstractItemView::SingleSelection);
    list_->setAlternatingRowColors(true);
    list_->setShowGrid(false);
    list_->setWordWrap(false);
    list_->setFrameShape(QFrame::NoFrame);
    list_->setTabKeyNavigation(false);
    list_->verticalHeader()->hide();
    list_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + kGrid);
    list_->horizontalHeader()->setStretchLastSection(true);
    list_->horizontalHeader()->setHighlightSections(false);
    const int wide = fontMetrics().averageCharWidth();
    constexpr int kLetters[] = {14, 22, 8, 14, 20};  // the last column has the rest
    for (int column = 0; column < static_cast<int>(std::size(kLetters)); ++column) {
        list_->setColumnWidth(column, wide * kLetters[column]);
    }
    connect(list_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &AssayInspector::choose);
}

void AssayInspector::make_details() {
    facts_ = new FactsTable;
    facts_->setObjectName("inspector_assay_facts");
    facts_->setAccessibleName(tr("What is known of the assay"));
    copy_ = new QPushButton(tr("&Copy evidence"));
    copy_->setObjectName("inspector_copy_evidence");
    copy_->setAccessibleName(tr("Copy the evidence"));
    connect(copy_, &QPushButton::clicked, this, &AssayInspector::copy_evidence);
}

void AssayInspector::put_together() {
    auto* line = new QHBoxLayout;
    line->setSpacing(kGrid);
    line->addWidget(words_, 1);
    line->addWidget(failures_only_);
    auto* details = new QWidget;
    auto* below = new QVBoxLayout(details);
    below->setContentsMargins(0, kGrid, 0, 0);
    below->addWidget(facts_);
    below->addWidget(copy_);
    auto* split = new QSplitter(Qt::Vertical);
    split->setObjectName("inspector_assay_split");
    split->setChildrenCollapsible(false);
    split->addWidget(list_);
    split->addWidget(details);
    split->setStretchFactor(0, 2);
    split->setStretchFactor(1, 3);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid, kGrid, kGrid, kGrid);
    layout->addLayout(line);
    layout->addWidget(counts_);
    layout->addWidget(split, 1);
}

void AssayInspector::filter() {
    words_->setFocus();
    words_->selectAll();
}

void AssayInspector::choose(const QModelIndex& row) {
    if (row.isValid()) {
        desk_.selection().set_assay(static_cast<size_t>(filtered_.mapToSource(row).row()));
    }
}

void AssayInspector::take_selection() {
    const auto wanted = desk_.selection().assay();
    const bool known = wanted && *wanted < static_cast<size_t>(table_.rowCount());
    copy_->setEnabled(known);
    if (!known) {
        facts_->set_facts({{QString(), tr("Select an assay to see its evidence."), false}});
        list_->selectionModel()->clear();
        return;
    }
    facts_->set_facts(facts_of(desk_.store().run().assays[*wanted], desk_.store().run().header));
    const QModelIndex row = filtered_.mapFromSource(table_.index(static_cast<int>(*wanted), 0));
    if (row.isValid() && row.row() != list_->currentIndex().row()) {
        list_->setCurrentIndex(row);
        list_->scrollTo(row);
    }
}

void AssayInspector::refresh_counts() {
    const int all = table_.rowCount(), shown = filtered_.rowCount();
    if (all == 0) {
        counts_->setText(
            tr("When a scenario runs, everything that real components did is listed here, with "
               "its evidence."));
    } else if (shown == all) {
        counts_->setText(tr("%1 assays").arg(grouped(static_cast<uint64_t>(all))));
    } else {
        counts_->setText(
            tr("%1 of %2 assays")
                .arg(grouped(static_cast<uint64_t>(shown)), grouped(static_cast<uint64_t>(all))));
    }
}

void AssayInspector::copy_evidence() {
    const auto wanted = desk_.selection().assay();
    if (wanted && *wanted < static_cast<size_t>(table_.rowCount())) {
        QApplication::clipboard()->setText(evidence_of(desk_.store().run().assays[*wanted]));
    }
}

}  // namespace firebreak::gui
