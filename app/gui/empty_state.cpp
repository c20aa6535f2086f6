#include "gui/empty_state.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <system_error>

#include "gui/theme.h"

namespace firebreak::gui {

EmptyState::EmptyState(Desk& desk, const QString& teaches, QWidget* parent)
    : QWidget(parent), desk_(desk), button_(new QPushButton(tr("Run a first scenario"), this)) {
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(3 * kGrid, kGrid, 3 * kGrid, kGrid);
    column->setSpacing(kGrid);
    auto* const text = new QLabel(teaches, this);
    text->setObjectName(QStringLiteral("empty-text"));
    text->setWordWrap(true);
    text->setAlignment(Qt::AlignCenter);
    button_->setObjectName(QStringLiteral("empty-run"));
    button_->setAccessibleName(button_->text());
    button_->setVisible(first_scenario(desk_.places().scenarios).has_value());
    connect(button_, &QPushButton::clicked, &desk, [this] {
        if (const auto scenario = first_scenario(desk_.places().scenarios)) {
            desk_.run(*scenario);
        }
    });
    column->addStretch();
    column->addWidget(text);
    column->addWidget(button_, 0, Qt::AlignHCenter);
    column->addStretch();
}

// Scenarios may have come or gone since it was last seen.
void EmptyState::showEvent(QShowEvent* event) {
    button_->setVisible(first_scenario(desk_.places().scenarios).has_value());
    QWidget::showEvent(event);
}

std::optional<std::filesystem::path> first_scenario(const std::filesystem::path& scenarios) {
    std::error_code failure;
    const std::filesystem::path first = scenarios / "fast" / "defective-rules-crash-scanner.toml";
    if (std::filesystem::exists(first, failure)) {
        return first;
    }
    std::optional<std::filesystem::path> found;
    failure.clear();
    for (std::filesystem::recursive_directory_iterator it(scenarios, failure), end;
         !failure && it != end; it.increment(failure)) {
        const std::filesystem::path& file = it->path();
        const bool own = file.extension() == ".toml" && !file.filename().string().starts_with('_');
        if (own && (!found || file < *found)) {
            found = file;
        }
    }
    return found;
}

}  // namespace firebreak::gui
