#include "models/assay_table.h"

#include <algorithm>

#include "base/outcome.h"
#include "base/sim_time.h"

namespace firebreak::models {

namespace {

QString assay_text(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

bool is_failed(const record::Assay& assay) {
    using base::Category;
    return assay.category != base::to_text(Category::kInstalled) &&
           assay.category != base::to_text(Category::kNothingNew) &&
           assay.category != base::to_text(Category::kRecovered);
}

}  // namespace

AssayTable::AssayTable(const RunStore& store, QObject* parent)
    : QAbstractTableModel(parent), store_(store) {
    connect(&store, &RunStore::restarted, this, [this] {
        beginResetModel();
        rows_ = 0;
        endResetModel();
        take_new_rows();
    });
    connect(&store, &RunStore::grown, this, &AssayTable::take_new_rows);
    take_new_rows();
}

void AssayTable::take_new_rows() {
    const int now = store_.empty() ? 0 : static_cast<int>(store_.run().assays.size());
    if (now > rows_) {
        beginInsertRows({}, rows_, now - 1);
        rows_ = now;
        endInsertRows();
    }
}

int AssayTable::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : rows_;
}

int AssayTable::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

QString AssayTable::text(const record::Assay& assay, int column) const {
    switch (column) {
        case kTime:
            return assay_text(to_text(assay.at));
        case kStimulus:
            return assay_text(assay.stimulus);
        case kStage:
            return assay.stage == base::to_text(base::Stage::kNever) ? QStringLiteral("–")
                                                                     : assay_text(assay.stage);
        case kCategory:
            return assay_text(assay.category);
        case kCode:
            return assay_text(assay.code);
        default:
            return assay_text(assay.evidence);
    }
}

QVariant AssayTable::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rows_) {
        return {};
    }
    const record::Assay& assay = store_.run().assays[static_cast<size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole:
            return text(assay, index.column());
        case Qt::ToolTipRole:
            return index.column() == kTime ? QVariant() : text(assay, index.column());
        case kSortRole:
            return index.column() == kTime ? QVariant(qlonglong{assay.at.seconds})
                                           : QVariant(text(assay, index.column()));
        case kFailureRole:
            return is_failed(assay);
        default:
            return {};
    }
}

QVariant AssayTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
        case kTime:
            return tr("Time");
        case kStimulus:
            return tr("What was tried");
        case kStage:
            return tr("Stage");
        case kCategory:
            return tr("Category");
        case kCode:
            return tr("Code");
        case kEvidence:
            return tr("Evidence");
        default:
            return {};
    }
}

AssayFilter::AssayFilter(AssayTable& table, const Selection& selection, QObject* parent)
    : QSortFilterProxyModel(parent), selection_(selection) {
    setSortRole(AssayTable::kSortRole);
    setSortCaseSensitivity(Qt::CaseInsensitive);
    setSourceModel(&table);
    connect(&selection, &Selection::changed, this, [this] {
        if (time_ != selection_.time()) {
            time_ = selection_.time();
            invalidateRowsFilter();
        }
    });
    time_ = selection.time();
}

void AssayFilter::set_words(const QString& words) {
    words_ = words.split(' ', Qt::SkipEmptyParts);
    invalidateRowsFilter();
}

void AssayFilter::set_failures_only(bool only) {
    failures_only_ = only;
    invalidateRowsFilter();
}

bool AssayFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const QAbstractItemModel& table = *sourceModel();
    const QModelIndex first = table.index(row, AssayTable::kTime, parent);
    if (failures_only_ && !first.data(AssayTable::kFailureRole).toBool()) {
        return false;
    }
    const base::SimTime at{first.data(AssayTable::kSortRole).toLongLong()};
    if (time_ && (at < time_->first || at >= time_->second)) {
        return false;
    }
    QString all;
    for (int column = 0; column < AssayTable::kColumns && !words_.empty(); ++column) {
        all += table.index(row, column, parent).data().toString() + '\n';
    }
    return std::ranges::all_of(
        words_, [&all](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

}  // namespace firebreak::models
