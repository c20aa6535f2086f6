#include "models/endpoint_events.h"

#include <algorithm>
#include <string>

namespace firebreak::models {

namespace {

bool is_bad(base::Category category) {
    return category != base::Category::kInstalled && category != base::Category::kNothingNew &&
           category != base::Category::kRecovered;
}

QString line_of(const bridge::RowEvent& event) {
    std::string line = to_text(event.at) + "  " + std::string(to_text(event.category));
    if (event.code != base::Code::kNone) {
        line += ": " + std::string(to_text(event.code));
    }
    return QString::fromStdString(line);
}

}  // namespace

EndpointEvents::EndpointEvents(const RunStore& store, QObject* parent)
    : QAbstractListModel(parent), store_(store) {
    connect(&store, &RunStore::restarted, this, &EndpointEvents::restart);
    connect(&store, &RunStore::grown, this, &EndpointEvents::take_new_events);
}

void EndpointEvents::set_endpoint(std::optional<uint32_t> endpoint) {
    if (endpoint_ != endpoint) {
        endpoint_ = endpoint;
        restart();
    }
}

void EndpointEvents::restart() {
    beginResetModel();
    seen_ = 0;
    events_.clear();
    endResetModel();
    take_new_events();
}

void EndpointEvents::take_new_events() {
    if (!endpoint_) {
        return;
    }
    const auto& all = store_.events();
    std::vector<bridge::RowEvent> found;
    std::copy_if(all.begin() + static_cast<std::ptrdiff_t>(seen_), all.end(),
                 std::back_inserter(found),
                 [this](const bridge::RowEvent& event) { return event.endpoint == *endpoint_; });
    seen_ = all.size();
    if (!found.empty()) {
        const int before = static_cast<int>(events_.size());
        beginInsertRows({}, before, before + static_cast<int>(found.size()) - 1);
        events_.insert(events_.end(), found.begin(), found.end());
        endInsertRows();
    }
}

int EndpointEvents::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(events_.size());
}

QVariant EndpointEvents::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || static_cast<size_t>(index.row()) >= events_.size() ||
        (role != Qt::DisplayRole && role != Qt::ToolTipRole)) {
        return {};
    }
    return line_of(events_[static_cast<size_t>(index.row())]);
}

std::optional<uint32_t> EndpointEvents::next_failed(const RunStore& store, uint32_t from,
                                                    uint32_t begin, uint32_t end) {
    std::optional<uint32_t> after, first;
    for (const bridge::RowEvent& event : store.events()) {
        if (!is_bad(event.category) || event.endpoint < begin || event.endpoint >= end) {
            continue;
        }
        first = std::min(first.value_or(event.endpoint), event.endpoint);
        if (event.endpoint > from) {
            after = std::min(after.value_or(event.endpoint), event.endpoint);
        }
    }
    return after ? after : first;
}

}  // namespace firebreak::models
