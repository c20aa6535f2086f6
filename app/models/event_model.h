// What happened to single endpoints, as rows: millions of them, and what a filter leaves of them.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <QStringList>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "models/run_store.h"

namespace firebreak::models {

struct EventFilter {
    std::set<base::Category> categories{};  // empty: all
    std::optional<int32_t> group{};
    std::optional<uint32_t> endpoint{};
    // From, and up to but without.
    std::optional<std::pair<base::SimTime, base::SimTime>> time{};
    // Each is part of the words for group, category or code, or is the endpoint's number.
    QStringList words{};

    bool operator==(const EventFilter&) const = default;
};

// To be used from one thread. Rows are places in the store's events, in order of time: what comes
// is tested once, what has been tested stays. Without a filter there is no index at all.
class EventModel final : public QAbstractTableModel {
    Q_OBJECT

  public:
    enum Column { kTime, kEndpoint, kGroup, kCategory, kCode };
    static constexpr int kColumns = 5;
    static constexpr size_t kCategories = 25;

    explicit EventModel(const RunStore& store, QObject* parent = nullptr);

    const EventFilter& filter() const { return filter_; }
    void set_filter(EventFilter filter);
    // Takes in what the store has got since; the store's restarted() is heard by itself.
    void take_new();

    uint64_t all() const { return seen_; }
    // Among all.
    uint64_t count(base::Category category) const { return counts_[static_cast<size_t>(category)]; }
    // Null: there is no such row (any more).
    const bridge::RowEvent* event(int row) const;
    // The group of an endpoint by its number; kAll: of none.
    int32_t group_of(uint32_t endpoint) const;
    // The last row at or before that time; -1: there is none.
    int row_at(base::SimTime at) const;

    // With a line of headings, for rows from `first` up to `last`.
    QString csv(const std::vector<std::pair<int, int>>& rows) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    // What a word of the filter fits, worked out once instead of for each row.
    struct Word {
        std::array<bool, kCategories> categories{};
        std::vector<bool> codes, groups;
        bool any_group = false;
        std::optional<uint32_t> endpoint;
    };
    void restart();
    void number_groups();
    void prepare();
    Word prepared(const QString& word) const;
    bool is_filtered() const { return !(filter_ == EventFilter{}); }
    bool keeps(const bridge::RowEvent& event) const;
    bool fits(const Word& word, const bridge::RowEvent& event) const;
    void index_from(size_t first, std::vector<uint32_t>& out) const;
    QString cell(const bridge::RowEvent& event, int column) const;

    const RunStore& store_;
    EventFilter filter_;
    std::array<bool, kCategories> categories_{};
    std::pair<uint32_t, uint32_t> endpoints_{0, UINT32_MAX};  // first and last that are kept
    std::vector<Word> words_;
    std::vector<uint64_t> group_ends_;  // endpoints of a group: below its, from the one before
    std::array<uint64_t, kCategories> counts_{};
    size_t seen_ = 0;
    std::vector<uint32_t> kept_;  // places of events; unused without a filter
};

}  // namespace firebreak::models
