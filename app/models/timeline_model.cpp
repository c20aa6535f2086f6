#include "models/timeline_model.h"

#include <QCoreApplication>
#include <algorithm>
#include <array>
#include <utility>

namespace firebreak::models {

namespace {

QString of_utf8(const std::string& text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

struct KindWords {
    const char* kind;
    const char* words;
};
constexpr std::array kKindWords = {
    KindWords{"act", QT_TRANSLATE_NOOP("Timeline", "act")},
    KindWords{"refused", QT_TRANSLATE_NOOP("Timeline", "act refused")},
    KindWords{"publication", QT_TRANSLATE_NOOP("Timeline", "publication")},
    KindWords{"alarm", QT_TRANSLATE_NOOP("Timeline", "alarm")},
    KindWords{"halt", QT_TRANSLATE_NOOP("Timeline", "halt")},
    KindWords{"resume", QT_TRANSLATE_NOOP("Timeline", "resumed")},
    KindWords{"withdrawal", QT_TRANSLATE_NOOP("Timeline", "withdrawal")},
    KindWords{"blame", QT_TRANSLATE_NOOP("Timeline", "finding")},
    KindWords{"fault", QT_TRANSLATE_NOOP("Timeline", "fault")},
    KindWords{"refusal", QT_TRANSLATE_NOOP("Timeline", "first refusal")},
    KindWords{"harm", QT_TRANSLATE_NOOP("Timeline", "first harm")},
    KindWords{"infection", QT_TRANSLATE_NOOP("Timeline", "first infection")},
    KindWords{"signal", QT_TRANSLATE_NOOP("Timeline", "signal")},
    KindWords{"campaign", QT_TRANSLATE_NOOP("Timeline", "campaign")},
    KindWords{"recovery", QT_TRANSLATE_NOOP("Timeline", "recovery")},
};

// In the order of checks::flag_letters().
constexpr std::array kMeanings = {
    QT_TRANSLATE_NOOP("Timeline", "release"),    QT_TRANSLATE_NOOP("Timeline", "promotion"),
    QT_TRANSLATE_NOOP("Timeline", "fix"),        QT_TRANSLATE_NOOP("Timeline", "fault"),
    QT_TRANSLATE_NOOP("Timeline", "alarm"),      QT_TRANSLATE_NOOP("Timeline", "halt"),
    QT_TRANSLATE_NOOP("Timeline", "withdrawal"), QT_TRANSLATE_NOOP("Timeline", "goes on"),
    QT_TRANSLATE_NOOP("Timeline", "campaign")};

}  // namespace

QString meaning_of(char letter) {
    const auto known = checks::flag_letters();
    const auto found = std::ranges::find(known, letter, &checks::FlagLetter::letter);
    return found == known.end()
               ? QString()
               : QCoreApplication::translate(
                     "Timeline", kMeanings.at(static_cast<size_t>(found - known.begin())));
}

QString kind_in_words(const QString& kind) {
    const auto found = std::ranges::find_if(
        kKindWords, [&](const KindWords& one) { return kind == QLatin1StringView(one.kind); });
    return found == kKindWords.end() ? kind : QCoreApplication::translate("Timeline", found->words);
}

struct TimelineModel::Row {
    base::SimTime at;
    char letter = 0;
    bool planned = false;
    QString kind;
    int32_t group = record::kAll;
    int32_t release = record::kAll;
    QString text;
};

TimelineModel::TimelineModel(const RunStore& store, QObject* parent)
    : QAbstractTableModel(parent), store_(store) {
    connect(&store, &RunStore::restarted, this, &TimelineModel::restart);
    connect(&store, &RunStore::grown, this, &TimelineModel::grow);
    restart();
}

void TimelineModel::restart() {
    beginResetModel();
    reader_ = {};
    letters_.clear();
    planned_.clear();
    if (!store_.empty()) {
        planned_ = plan_of(store_.run().header);
        std::erase_if(planned_, [&](const auto& entry) { return entry.at <= store_.at(); });
        for (const record::TimelineEntry& entry : store_.run().timeline) {
            letters_.push_back(reader_.letter(entry, store_.run().header));
        }
    }
    endResetModel();
}

void TimelineModel::grow() {
    if (store_.empty()) {
        return;
    }
    const auto due = std::ranges::upper_bound(planned_, store_.at(), {}, &PlannedEntry::at);
    if (due != planned_.begin()) {
        const int first = happened();
        beginRemoveRows({}, first, first + static_cast<int>(due - planned_.begin()) - 1);
        planned_.erase(planned_.begin(), due);
        endRemoveRows();
    }
    const record::Run& run = store_.run();
    if (letters_.size() < run.timeline.size()) {
        beginInsertRows({}, happened(), static_cast<int>(run.timeline.size()) - 1);
        while (letters_.size() < run.timeline.size()) {
            letters_.push_back(reader_.letter(run.timeline[letters_.size()], run.header));
        }
        endInsertRows();
    }
}

int TimelineModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(letters_.size() + planned_.size());
}

int TimelineModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

TimelineModel::Row TimelineModel::row(int number) const {
    const auto n = static_cast<size_t>(number);
    if (n < letters_.size()) {
        const record::TimelineEntry& entry = store_.run().timeline[n];
        return {entry.at,      letters_[n],        false, of_utf8(entry.kind), entry.group,
                entry.release, of_utf8(entry.text)};
    }
    const PlannedEntry& entry = planned_.at(n - letters_.size());
    return {entry.at, entry.letter, true, entry.kind, record::kAll, entry.release, entry.text};
}

QString TimelineModel::text_of(const Row& row, int column) const {
    const record::Header& header = store_.run().header;
    const auto known = [](int32_t number, const auto& of) {
        return number >= 0 && static_cast<size_t>(number) < of.size();
    };
    switch (column) {
        case kTime:
            return of_utf8(to_text(row.at));
        case kFlag:
            return row.letter == 0 ? QString() : QString(QLatin1Char(row.letter));
        case kKind:
            return row.planned ? tr("planned: %1").arg(kind_in_words(row.kind))
                               : kind_in_words(row.kind);
        case kGroup:
            return known(row.group, header.groups)
                       ? of_utf8(header.groups[static_cast<size_t>(row.group)].name)
                       : QString();
        case kRelease:
            return known(row.release, header.releases)
                       ? of_utf8(header.releases[static_cast<size_t>(row.release)].name)
                       : QString();
        case kText:
            return row.text;
        default:
            return {};
    }
}

QVariant TimelineModel::data(const QModelIndex& index, int role) const {
    // A store that begins anew is empty before it says so.
    if (!index.isValid() || store_.empty() || index.row() >= rowCount()) {
        return {};
    }
    const Row of_row = row(index.row());
    switch (role) {
        case Qt::DisplayRole:
            return text_of(of_row, index.column());
        case Qt::ToolTipRole:
            return index.column() == kFlag ? meaning_of(of_row.letter)
                                           : text_of(of_row, index.column());
        case Qt::AccessibleTextRole:
            return index.column() == kFlag ? meaning_of(of_row.letter)
                                           : text_of(of_row, index.column());
        case kAt:
            return qint64{of_row.at.seconds};
        case kPlanned:
            return of_row.planned;
        case kGroupNumber:
            return of_row.group;
        case kReleaseNumber:
            return of_row.release;
        default:
            return {};
    }
}

QVariant TimelineModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
        case kTime:
            return tr("Time");
        case kFlag:
            return tr("Flag");
        case kKind:
            return tr("Kind");
        case kGroup:
            return tr("Group");
        case kRelease:
            return tr("Release");
        case kText:
            return tr("What happened");
        default:
            return {};
    }
}

TimelineFilter::TimelineFilter(const Selection& selection, QObject* parent)
    : QSortFilterProxyModel(parent), selection_(selection) {
    connect(&selection, &Selection::changed, this, [this] { invalidateRowsFilter(); });
}

void TimelineFilter::set_words(const QString& words) {
    const QStringList list = words.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    if (list != words_) {
        words_ = list;
        invalidateRowsFilter();
    }
}

// What concerns all groups, or all releases, concerns the one that is selected.
bool TimelineFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    const auto number = [&](int role) { return index.data(role).toInt(); };
    const base::SimTime at{index.data(TimelineModel::kAt).toLongLong()};
    if (selection_.time() && (at < selection_.time()->first || at >= selection_.time()->second)) {
        return false;
    }
    const auto concerns = [&](const std::optional<int32_t>& selected, int role) {
        return !selected || number(role) == *selected || number(role) == record::kAll;
    };
    if (!concerns(selection_.group(), TimelineModel::kGroupNumber) ||
        !concerns(selection_.release(), TimelineModel::kReleaseNumber)) {
        return false;
    }
    return std::ranges::all_of(words_, [&](const QString& word) {
        for (int column = 0; column < TimelineModel::kColumns; ++column) {
            const QModelIndex cell = sourceModel()->index(row, column, parent);
            if (cell.data().toString().contains(word, Qt::CaseInsensitive)) {
                return true;
            }
        }
        return false;
    });
}

}  // namespace firebreak::models
