// The timeline as a table: what has happened, then what is planned.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <vector>

#include "checks/flag_letters.h"
#include "models/plan.h"
#include "models/run_store.h"
#include "models/selection.h"

namespace firebreak::models {

class TimelineModel final : public QAbstractTableModel {
    Q_OBJECT

  public:
    enum Column { kTime, kFlag, kKind, kGroup, kRelease, kText, kColumns };
    enum Role {
        kAt = Qt::UserRole,  // seconds, qint64
        kPlanned,            // bool
        kGroupNumber,        // int; record::kAll: none
        kReleaseNumber,      // likewise
    };

    // Both outlive the model.
    explicit TimelineModel(const RunStore& store, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;

    // How many rows have happened; the rest is planned.
    int happened() const { return static_cast<int>(letters_.size()); }

  private:
    void restart();
    void grow();
    struct Row;
    Row row(int number) const;
    QString text_of(const Row& row, int column) const;

    const RunStore& store_;
    checks::FlagReader reader_;
    std::vector<char> letters_;          // of the run's entries, one each
    std::vector<PlannedEntry> planned_;  // still to come, in order of time
};

// What the selection and the words in the filter box leave of it.
class TimelineFilter final : public QSortFilterProxyModel {
    Q_OBJECT

  public:
    TimelineFilter(const Selection& selection, QObject* parent = nullptr);
    // Entries that contain each of the words somewhere; case does not matter.
    void set_words(const QString& words);

  protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

  private:
    const Selection& selection_;
    QStringList words_;
};

// "promotion"; empty if 0.
QString meaning_of(char letter);
QString kind_in_words(const QString& kind);

}  // namespace firebreak::models
