// What a pane shows while it has nothing to show: what will be there, and a way to get it.
#pragma once

#include <QWidget>
#include <filesystem>
#include <optional>

#include "gui/desk.h"

class QPushButton;

namespace firebreak::gui {

// With a button that runs a first scenario, unless there is none.
class EmptyState final : public QWidget {
    Q_OBJECT

  public:
    EmptyState(Desk& desk, const QString& teaches, QWidget* parent = nullptr);

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    Desk& desk_;
    QPushButton* button_;
};

// One that shows much in little time; nullopt: the folder has no scenarios, or cannot be read.
std::optional<std::filesystem::path> first_scenario(const std::filesystem::path& scenarios);

}  // namespace firebreak::gui
