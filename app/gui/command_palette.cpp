#include "gui/command_palette.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QTimer>
#include <QVBoxLayout>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

constexpr int kPlace = Qt::UserRole;

}  // namespace

bool matches(const QString& typed, const QString& text) {
    qsizetype at = 0;
    for (const QChar letter : typed) {
        if (letter.isSpace()) {
            continue;
        }
        at = text.indexOf(letter, at, Qt::CaseInsensitive);
        if (at < 0) {
            return false;
        }
        ++at;
    }
    return true;
}

CommandPalette::CommandPalette(const QList<QAction*>& actions, QWidget* parent)
    : QDialog(parent, Qt::Dialog | Qt::FramelessWindowHint),
      field_(new QLineEdit),
      list_(new QListWidget) {
    setObjectName(QStringLiteral("command-palette"));
    setWindowTitle(tr("Command palette"));
    for (QAction* action : actions) {
        if (action->isEnabled() && !action->isSeparator() && !action->text().isEmpty()) {
            actions_.push_back(action);
        }
    }
    field_->setObjectName(QStringLiteral("palette-field"));
    field_->setPlaceholderText(tr("Type a part of what you want to do"));
    field_->setAccessibleName(tr("Command"));
    field_->installEventFilter(this);
    list_->setObjectName(QStringLiteral("palette-list"));
    list_->setAccessibleName(tr("Commands"));
    list_->setFocusPolicy(Qt::NoFocus);
    list_->setUniformItemSizes(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid, kGrid, kGrid, kGrid);
    layout->setSpacing(kGrid);
    layout->addWidget(field_);
    layout->addWidget(list_);
    connect(field_, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(field_, &QLineEdit::returnPressed, this, &CommandPalette::choose);
    connect(list_, &QListWidget::itemClicked, this, &CommandPalette::choose);
    resize(560, 380);
    filter({});
}

void CommandPalette::filter(const QString& typed) {
    list_->clear();
    for (qsizetype i = 0; i < actions_.size(); ++i) {
        QString text = actions_[i]->text();
        text.remove(QLatin1Char('&'));
        if (!matches(typed, text)) {
            continue;
        }
        const QString key = actions_[i]->shortcut().toString(QKeySequence::NativeText);
        auto* item =
            new QListWidgetItem(key.isEmpty() ? text : text + QStringLiteral("    ") + key, list_);
        item->setData(kPlace, i);
    }
    list_->setCurrentRow(0);
}

void CommandPalette::choose() {
    const QListWidgetItem* item = list_->currentItem();
    if (item == nullptr) {
        return;
    }
    QAction* action = actions_[item->data(kPlace).toLongLong()];
    accept();
    QTimer::singleShot(0, action, &QAction::trigger);
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Down || key == Qt::Key_Up) {
            const int row = list_->currentRow() + (key == Qt::Key_Down ? 1 : -1);
            list_->setCurrentRow(std::clamp(row, 0, std::max(0, list_->count() - 1)));
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

}  // namespace firebreak::gui
