// What components did when content was handed to them: a list, and the evidence of one of them.
#pragma once

#include <QWidget>

#include "gui/facts_table.h"
#include "models/assay_table.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableView;

namespace firebreak::gui {

class Desk;

class AssayInspector final : public QWidget {
    Q_OBJECT

  public:
    explicit AssayInspector(Desk& desk, QWidget* parent = nullptr);

    // Moves the focus to the words that filter the list.
    void filter();

  private:
    void make_list();
    void make_details();
    void put_together();
    void choose(const QModelIndex& row);
    void take_selection();
    void refresh_counts();
    void copy_evidence();

    Desk& desk_;
    models::AssayTable table_;
    models::AssayFilter filtered_;
    QLineEdit* words_ = nullptr;
    QCheckBox* failures_only_ = nullptr;
    QLabel* counts_ = nullptr;
    QTableView* list_ = nullptr;
    FactsTable* facts_ = nullptr;
    QPushButton* copy_ = nullptr;
};

}  // namespace firebreak::gui
