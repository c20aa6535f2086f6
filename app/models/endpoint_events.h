// What happened to one endpoint, out of what happened to all.
#pragma once

#include <QAbstractListModel>
#include <optional>
#include <vector>

#include "models/run_store.h"

namespace firebreak::models {

// Grows with the run; looks at each event of the run once for each endpoint that is asked for.
class EndpointEvents final : public QAbstractListModel {
    Q_OBJECT

  public:
    // `store` outlives it.
    explicit EndpointEvents(const RunStore& store, QObject* parent = nullptr);

    // nullopt: of none.
    void set_endpoint(std::optional<uint32_t> endpoint);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

    // The next endpoint after `from` (of `begin` to, but without, `end`, from the front again
    // after the last) to which something bad happened so far; nullopt: there is none.
    static std::optional<uint32_t> next_failed(const RunStore& store, uint32_t from, uint32_t begin,
                                               uint32_t end);

  private:
    void restart();
    void take_new_events();

    const RunStore& store_;
    std::optional<uint32_t> endpoint_;
    size_t seen_ = 0;  // events of the store
    std::vector<bridge::RowEvent> events_;
};

}  // namespace firebreak::models
