// One endpoint: what it is, what it suffers, what runs on it, and what happened to it.
#pragma once

#include <QTimer>
#include <QWidget>
#include <optional>
#include <vector>

#include "gui/facts_table.h"
#include "models/endpoint_events.h"

class QLabel;
class QListView;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QStringListModel;

namespace firebreak::gui {

class Desk;

class EndpointInspector final : public QWidget {
    Q_OBJECT

  public:
    explicit EndpointInspector(Desk& desk, QWidget* parent = nullptr);

  private:
    void make_number_line();
    void make_history();
    void put_together();
    void restart();
    void take_selection();
    void choose(int number);
    void choose_next_failed();
    void ask_for_history();
    void show_history(quint32 endpoint, const QStringList& history, const QString& problem);
    void show_events();
    void refresh();
    void refresh_history_state();
    bool can_be_asked() const;  // the engine is there
    QString missing() const;    // why there are no facts; what to do
    std::vector<Fact> facts() const;

    Desk& desk_;
    models::EndpointEvents events_;
    std::optional<uint32_t> endpoint_;
    std::optional<uint32_t> asked_;  // whose history is being worked out
    QSpinBox* number_ = nullptr;
    QPushButton* next_ = nullptr;
    QLabel* missing_ = nullptr;
    FactsTable* facts_ = nullptr;
    QLabel* history_title_ = nullptr;
    QListView* history_ = nullptr;
    QStringListModel* whole_ = nullptr;  // a history that was worked out
    QPushButton* work_out_ = nullptr;
    QProgressBar* busy_ = nullptr;
    QLabel* problem_ = nullptr;
    QTimer wait_;
};

}  // namespace firebreak::gui
