// Why: what is selected, explained: a release group, an endpoint, or what a component did.
#pragma once

#include <QWidget>
#include <optional>

class QStackedWidget;
class QTabWidget;

namespace firebreak::gui {

class AssayInspector;
class Desk;
class EndpointInspector;
class GroupInspector;

// Turns to what was selected last.
class InspectorPane final : public QWidget {
    Q_OBJECT

  public:
    explicit InspectorPane(Desk& desk, QWidget* parent = nullptr);

    // Moves the focus to the filter of the assays.
    void filter();

  private:
    void take_selection();
    void refresh();

    Desk& desk_;
    QStackedWidget* pages_ = nullptr;
    QTabWidget* tabs_ = nullptr;
    AssayInspector* assays_ = nullptr;
    std::optional<int32_t> group_;
    std::optional<uint32_t> endpoint_;
    std::optional<size_t> assay_;
};

}  // namespace firebreak::gui
