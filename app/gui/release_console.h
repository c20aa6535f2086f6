// What an operator does while a run goes on: release, promote, halt, withdraw, resume.
#pragma once

#include <QWidget>

#include "gui/desk.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QTableWidget;

namespace firebreak::gui {

class ReleaseConsole final : public QWidget {
    Q_OBJECT

  public:
    explicit ReleaseConsole(Desk& desk, QWidget* parent = nullptr);

  private:
    QPushButton* add_button(const QString& text, const char* name, lab::Command::Kind kind);
    void refresh();
    void restart();
    void act(lab::Command::Kind kind);
    void answer(const QString& release, const QString& problem);
    std::string chosen() const;

    Desk& desk_;
    QTableWidget* releases_;
    QList<QPushButton*> buttons_;
    QLabel* said_;
};

}  // namespace firebreak::gui
