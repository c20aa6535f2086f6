#include "report/containment_columns.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "base/text.h"

namespace firebreak::report {

namespace {

using checks::Containment;

// Collects columns over the same rows.
class Columns {
  public:
    explicit Columns(const std::vector<Containment>& rows) : rows_(rows) {}

    void always(const char* title, uint64_t Containment::*count) { add(title, count, 0); }
    void count(const char* title, uint64_t Containment::*count, int rank) {
        if (any([&](const Containment& row) { return row.*count > 0; })) {
            add(title, count, rank);
        }
    }
    void time(const char* title, std::optional<base::Duration> Containment::*time, int rank) {
        if (any([&](const Containment& row) { return (row.*time).has_value(); })) {
            add(title, rank, [&](const Containment& row) {
                return row.*time ? to_text(*(row.*time)) : std::string("–");
            });
        }
    }
    void add(const char* title, int rank,
             const std::function<std::string(const Containment&)>& text) {
        Column column{title, title, {}, rank};
        for (const Containment& row : rows_) {
            column.cells.push_back(text(row));
        }
        columns_.push_back(std::move(column));
    }
    bool any(const std::function<bool(const Containment&)>& happened) const {
        return std::any_of(rows_.begin(), rows_.end(), happened);
    }
    std::vector<Column> take() && { return std::move(columns_); }

  private:
    void add(const char* title, uint64_t Containment::*count, int rank) {
        add(title, rank, [&](const Containment& row) {
            return base::with_thousands(static_cast<int64_t>(row.*count));
        });
    }

    const std::vector<Containment>& rows_;
    std::vector<Column> columns_;
};

}  // namespace

std::vector<Column> containment_columns(const std::vector<Containment>& rows) {
    Columns columns(rows);
    columns.always("endpoints", &Containment::endpoints);
    columns.always("exposed", &Containment::exposed);
    columns.always("affected", &Containment::affected);
    columns.count("lost", &Containment::lost, 0);
    columns.count("still harmed", &Containment::harmed, 2);
    columns.count("refused", &Containment::refused, 4);
    columns.count("alerts", &Containment::alerts, 8);
    columns.count("infected", &Containment::infections, 3);
    columns.count("overshoot", &Containment::overshoot, 6);
    columns.count("unreached", &Containment::unreached, 9);
    if (columns.any([](const Containment& row) { return row.recovered.sum() > 0; })) {
        columns.add("recovered", 7, [](const Containment& row) {
            return base::with_thousands(static_cast<int64_t>(row.recovered.sum()));
        });
    }
    if (columns.any([](const Containment& row) { return row.protection_gap_h >= 0.5; })) {
        columns.add("gap in h", 5, [](const Containment& row) {
            return base::with_thousands(std::llround(row.protection_gap_h));
        });
    }
    columns.time("time to detect", &Containment::time_to_detect, 1);
    columns.time("time to halt", &Containment::time_to_halt, 0);
    columns.time("time to recover", &Containment::time_to_recover, 2);
    std::vector<Column> out = std::move(columns).take();
    for (Column& column : out) {
        if (column.title.starts_with("time ")) {
            column.brief = column.title.substr(5);
        }
    }
    return out;
}

std::string recovered_text(const checks::Recovered& recovered) {
    std::string out;
    const auto add = [&](uint64_t count, const char* how) {
        if (count > 0) {
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ",
                               base::with_thousands(static_cast<int64_t>(count)), how);
        }
    };
    add(recovered.itself, "by itself");
    add(recovered.update, "by an update");
    add(recovered.reboot, "by a reboot");
    add(recovered.repair_kit, "by the repair kit");
    add(recovered.hand, "by hand");
    return out;
}

}  // namespace firebreak::report
