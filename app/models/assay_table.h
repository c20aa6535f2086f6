// The assays of a run as a table, and those of them that are asked for.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include "models/run_store.h"
#include "models/selection.h"

namespace firebreak::models {

// What became of handing content to a component, once for each distinct transition, in the order
// in which they were first needed: row i is assay i of the run. Grows with the run.
class AssayTable final : public QAbstractTableModel {
    Q_OBJECT

  public:
    enum Column { kTime, kStimulus, kStage, kCategory, kCode, kEvidence, kColumns };
    // Beside Qt::DisplayRole: by what a column is sorted; whether the row is a failure (bool).
    enum Role { kSortRole = Qt::UserRole, kFailureRole };

    // `store` outlives it.
    explicit AssayTable(const RunStore& store, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;

  private:
    void take_new_rows();
    QString text(const record::Assay& assay, int column) const;

    const RunStore& store_;
    int rows_ = 0;  // that views know of
};

// Rows in which every one of the words stands in some column; of failures alone, if that is wanted;
// within the time that is selected.
class AssayFilter final : public QSortFilterProxyModel {
    Q_OBJECT

  public:
    // Both outlive it.
    AssayFilter(AssayTable& table, const Selection& selection, QObject* parent = nullptr);

    void set_words(const QString& words);
    void set_failures_only(bool only);

  protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

  private:
    const Selection& selection_;
    QStringList words_;
    bool failures_only_ = false;
    std::optional<Selection::TimeRange> time_;
};

}  // namespace firebreak::models
