// What came of a trial of content: the answer, persona by persona, and the evidence.
#pragma once

#include <QWidget>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bridge/content_trial.h"
#include "models/trial_verdict.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace firebreak::gui {

class FactsTable;
class NoticeStrip;

class TrialResultView final : public QWidget {
    Q_OBJECT

  public:
    explicit TrialResultView(QWidget* parent = nullptr);

    // By name, for personas of which a trial came to know nothing.
    void set_titles(std::map<std::string, std::string> titles) { titles_ = std::move(titles); }
    // Nothing has been tried.
    void clear();
    void begin();
    void tell_progress(const QString& what, int answers, int of);
    void tell_cancelled();
    // `files`: of the content that was tried.
    void show_result(std::shared_ptr<const bridge::TrialResult> result, content::Feed feed,
                     const bridge::TrialFiles& files);
    // The content is no longer what was tried.
    void tell_outdated(bool outdated);
    QString headline() const;
    const models::TrialTable& table() const { return table_; }

  Q_SIGNALS:
    void place_requested(const firebreak::models::TrialPlace& place, const QString& message);
    void cancel_requested();

  private:
    QWidget* built_progress();
    QWidget* built_answer();
    void show_row();
    void show_problem();
    void go(const std::optional<models::TrialPlace>& place, const QString& message);

    std::shared_ptr<const bridge::TrialResult> result_;
    bridge::TrialFiles files_;
    std::map<std::string, std::string> titles_;
    models::TrialTable table_;
    std::optional<models::TrialPlace> place_;
    QString message_;
    QStackedWidget* pages_ = nullptr;
    QLabel *empty_ = nullptr, *doing_ = nullptr, *headline_ = nullptr, *quiet_ = nullptr,
           *whose_ = nullptr;
    QProgressBar* progress_ = nullptr;
    NoticeStrip* problem_ = nullptr;
    QTableView* rows_ = nullptr;
    FactsTable* facts_ = nullptr;
    QPushButton* go_ = nullptr;
};

}  // namespace firebreak::gui
