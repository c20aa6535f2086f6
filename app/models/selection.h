// What is selected: one for all panes.
#pragma once

#include <QObject>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/sim_time.h"

namespace firebreak::models {

// To be used from one thread. It filters what panes show; zooming is each pane's own affair.
class Selection final : public QObject {
    Q_OBJECT

  public:
    explicit Selection(QObject* parent = nullptr) : QObject(parent) {}

    using TimeRange = std::pair<base::SimTime, base::SimTime>;  // from, and up to but without
    std::optional<TimeRange> time() const { return time_; }
    std::optional<int32_t> group() const { return group_; }      // by number
    std::optional<int32_t> release() const { return release_; }  // by number
    std::optional<uint32_t> endpoint() const { return endpoint_; }
    std::optional<size_t> assay() const { return assay_; }  // of the run, by place

    void set_time(std::optional<TimeRange> time) { change(time_, time); }
    void set_group(std::optional<int32_t> group) { change(group_, group); }
    void set_release(std::optional<int32_t> release) { change(release_, release); }
    void set_endpoint(std::optional<uint32_t> endpoint) { change(endpoint_, endpoint); }
    void set_assay(std::optional<size_t> assay) { change(assay_, assay); }
    void clear();

  Q_SIGNALS:
    void changed();

  private:
    template <class T>
    void change(std::optional<T>& what, const std::optional<T>& to) {
        if (what == to) {
            return;
        }
        if (to) {
            what = *to;
        } else {
            what.reset();  // GCC 12 warns of an assignment from what holds nothing
        }
        Q_EMIT changed();
    }

    std::optional<TimeRange> time_;
    std::optional<int32_t> group_, release_;
    std::optional<uint32_t> endpoint_;
    std::optional<size_t> assay_;
};

}  // namespace firebreak::models
