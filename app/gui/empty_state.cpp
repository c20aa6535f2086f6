#include "gui/empty_state.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <system_error>

#include "gui/theme.h"

namespace firebreak::gui {

EmptyState::EmptyState(Desk& desk, const QString& teaches, QWidget* parent) : QWidget(parent) {
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(3 * kGrid, kGrid, 3 * kGrid, kGrid);
    column->setSpacing(kGrid);
    auto* const text = new QLabel(teaches, this);
    text->setObjectName(QStringLiteral("empty-text"));
    text->setWordWrap(true);
    text->setAlignment(Qt::AlignCenter);
    auto* const button = new QPushButton(tr("Run a first scenario"), this);
    button->setObjectName(QStringLiteral("empty-run"));
    button->setAccessibleName(button->text());
    const auto scenario = first_scenario(desk.places().scenarios);
    button->setVisible(scenario.has_value());
    connect(button, &QPushButton::clicked, &desk, [&desk, scenario] { desk.run(*scenario); });
    column->addStretch();
    column->addWidget(text);
    column->addWidget(button, 0, Qt::AlignHCenter);
    column->addStretch();
}

std::optional<std::filesystem::path> first_scenario(const std::filesystem::path& scenarios) {
    std::error_code none;
    const std::filesystem::path first = scenarios / "fast" / "defective-rules-crash-scanner.toml";
    if (std::filesystem::exists(first, none)) {
        return first;
    }
    std::optional<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scenarios, none)) {
        const std::filesystem::path& file = entry.path();
        const bool own = file.extension() == ".toml" && !file.filename().string().starts_with('_');
        if (own && (!found || file < *found)) {
            found = file;
        }
    }
    return found;
}

}  // namespace firebreak::gui
