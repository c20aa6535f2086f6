#include "models/event_model.h"

#include <QLocale>
#include <algorithm>

#include "base/outcome.h"

namespace firebreak::models {

namespace {

// Codes are numbered by hundreds of stages; all that there are lie below.
constexpr size_t kCodes = 1024;

QString in_words(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

QString quoted(const QString& field) {
    if (!field.contains(',') && !field.contains('"') && !field.contains('\n')) {
        return field;
    }
    QString out = field;
    return '"' + out.replace('"', "\"\"") + '"';
}

}  // namespace

EventModel::EventModel(const RunStore& store, QObject* parent)
    : QAbstractTableModel(parent), store_(store) {
    connect(&store_, &RunStore::restarted, this, &EventModel::restart);
    restart();
}

void EventModel::restart() {
    beginResetModel();
    seen_ = 0;
    counts_ = {};
    kept_.clear();
    number_groups();
    prepare();
    endResetModel();
    take_new();
}

void EventModel::number_groups() {
    group_ends_.clear();
    uint64_t end = 0;
    if (!store_.empty()) {
        for (const record::Group& group : store_.run().header.groups) {
            end += group.endpoints;
            group_ends_.push_back(end);
        }
    }
}

int32_t EventModel::group_of(uint32_t endpoint) const {
    const auto after = std::ranges::upper_bound(group_ends_, uint64_t{endpoint});
    return after == group_ends_.end() ? record::kAll
                                      : static_cast<int32_t>(after - group_ends_.begin());
}

// --- filter

void EventModel::set_filter(EventFilter filter) {
    if (filter == filter_) {
        return;
    }
    beginResetModel();
    filter_ = std::move(filter);
    prepare();
    kept_.clear();
    kept_.shrink_to_fit();
    if (is_filtered()) {
        index_from(0, kept_);
    }
    endResetModel();
}

void EventModel::prepare() {
    categories_.fill(filter_.categories.empty());
    for (const base::Category category : filter_.categories) {
        categories_[static_cast<size_t>(category)] = true;
    }
    endpoints_ = {0, UINT32_MAX};
    if (filter_.group && *filter_.group >= 0) {
        const auto group = static_cast<size_t>(*filter_.group);
        if (group >= group_ends_.size() || group_ends_[group] == 0) {
            endpoints_ = {1, 0};
        } else {
            const uint64_t first = group == 0 ? 0 : group_ends_[group - 1];
            endpoints_ = {static_cast<uint32_t>(first),
                          static_cast<uint32_t>(group_ends_[group] - 1)};
        }
    }
    if (filter_.endpoint) {
        endpoints_ = {std::max(endpoints_.first, *filter_.endpoint),
                      std::min(endpoints_.second, *filter_.endpoint)};
    }
    words_.clear();
    for (const QString& word : filter_.words) {
        words_.push_back(prepared(word));
    }
}

EventModel::Word EventModel::prepared(const QString& word) const {
    Word out;
    const auto has = [&](std::string_view words) {
        return in_words(words).contains(word, Qt::CaseInsensitive);
    };
    for (size_t i = 0; i < kCategories; ++i) {
        out.categories[i] = has(base::to_text(static_cast<base::Category>(i)));
    }
    out.codes.resize(kCodes);
    for (size_t i = 0; i < kCodes; ++i) {
        out.codes[i] = has(base::to_text(static_cast<base::Code>(i)));
    }
    if (!store_.empty()) {
        for (const record::Group& group : store_.run().header.groups) {
            out.groups.push_back(has(group.name));
            out.any_group = out.any_group || out.groups.back();
        }
    }
    bool is_number = false;
    const uint32_t number = QString(word).remove(',').toUInt(&is_number);
    if (is_number) {
        out.endpoint = number;
    }
    return out;
}

bool EventModel::fits(const Word& word, const bridge::RowEvent& event) const {
    const auto code = static_cast<size_t>(event.code);
    if (word.categories[static_cast<size_t>(event.category)] ||
        (code < word.codes.size() && word.codes[code]) || word.endpoint == event.endpoint) {
        return true;
    }
    if (!word.any_group) {
        return false;
    }
    const int32_t group = group_of(event.endpoint);
    return group >= 0 && word.groups[static_cast<size_t>(group)];
}

bool EventModel::keeps(const bridge::RowEvent& event) const {
    return categories_[static_cast<size_t>(event.category)] && event.endpoint >= endpoints_.first &&
           event.endpoint <= endpoints_.second &&
           std::ranges::all_of(words_, [&](const Word& word) { return fits(word, event); });
}

void EventModel::index_from(size_t first, std::vector<uint32_t>& out) const {
    const auto& events = store_.events();
    auto begin = events.begin() + static_cast<std::ptrdiff_t>(first);
    auto end = events.begin() + static_cast<std::ptrdiff_t>(seen_);
    if (filter_.time) {
        begin =
            std::ranges::lower_bound(begin, end, filter_.time->first, {}, &bridge::RowEvent::at);
        end = std::ranges::lower_bound(begin, end, filter_.time->second, {}, &bridge::RowEvent::at);
    }
    auto place = static_cast<uint32_t>(begin - events.begin());
    for (auto event = begin; event != end; ++event, ++place) {
        if (keeps(*event)) {
            out.push_back(place);
        }
    }
}

void EventModel::take_new() {
    const auto& events = store_.events();
    const size_t first = seen_;
    if (events.size() <= first) {
        return;
    }
    for (size_t i = first; i < events.size(); ++i) {
        ++counts_[static_cast<size_t>(events[i].category)];
    }
    if (!is_filtered()) {
        beginInsertRows({}, static_cast<int>(first), static_cast<int>(events.size()) - 1);
        seen_ = events.size();
        endInsertRows();
        return;
    }
    seen_ = events.size();
    std::vector<uint32_t> more;
    index_from(first, more);
    if (!more.empty()) {
        const auto rows = static_cast<int>(kept_.size());
        beginInsertRows({}, rows, rows + static_cast<int>(more.size()) - 1);
        kept_.insert(kept_.end(), more.begin(), more.end());
        endInsertRows();
    }
}

// --- rows

const bridge::RowEvent* EventModel::event(int row) const {
    if (row < 0 || row >= rowCount()) {
        return nullptr;
    }
    const auto at = static_cast<size_t>(row);
    const size_t place = is_filtered() ? kept_[at] : at;
    return place < store_.events().size() ? &store_.events()[place] : nullptr;
}

int EventModel::row_at(base::SimTime at) const {
    int low = 0;
    int high = rowCount();
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const bridge::RowEvent* there = event(middle);
        if (there != nullptr && there->at <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

QString EventModel::cell(const bridge::RowEvent& event, int column) const {
    switch (column) {
        case kTime:
            return in_words(to_text(event.at));
        case kEndpoint:
            return QLocale(QLocale::English, QLocale::UnitedStates).toString(event.endpoint);
        case kGroup: {
            const int32_t group = group_of(event.endpoint);
            return group < 0
                       ? QString()
                       : in_words(store_.run().header.groups[static_cast<size_t>(group)].name);
        }
        case kCategory:
            return in_words(base::to_text(event.category));
        default:
            return event.code == base::Code::kNone ? QString()
                                                   : in_words(base::to_text(event.code));
    }
}

QString EventModel::csv(const std::vector<std::pair<int, int>>& rows) const {
    QString out = QStringLiteral("time,seconds,endpoint,group,category,code\n");
    for (const auto& [first, last] : rows) {
        for (int row = first; row < last; ++row) {
            const bridge::RowEvent* there = event(row);
            if (there == nullptr) {
                break;
            }
            out += cell(*there, kTime) + ',' + QString::number(there->at.seconds) + ',' +
                   QString::number(there->endpoint);
            for (int column = kGroup; column < kColumns; ++column) {
                out += ',' + quoted(cell(*there, column));
            }
            out += '\n';
        }
    }
    return out;
}

int EventModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(is_filtered() ? kept_.size() : seen_);
}

int EventModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

QVariant EventModel::data(const QModelIndex& index, int role) const {
    const bridge::RowEvent* there = index.isValid() ? event(index.row()) : nullptr;
    if (there == nullptr || store_.empty()) {
        return {};
    }
    if (role == Qt::DisplayRole || role == Qt::ToolTipRole) {
        return cell(*there, index.column());
    }
    if (role == Qt::TextAlignmentRole && index.column() == kEndpoint) {
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
    }
    return {};
}

QVariant EventModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= kColumns) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return QVariant::fromValue((section == kEndpoint ? Qt::AlignRight : Qt::AlignLeft) |
                                   Qt::AlignVCenter);
    }
    const std::array<QString, kColumns> names = {tr("Time"), tr("Endpoint") + "  ", tr("Group"),
                                                 tr("What"), tr("Why")};
    return role == Qt::DisplayRole ? QVariant(names[static_cast<size_t>(section)]) : QVariant();
}

}  // namespace firebreak::models
