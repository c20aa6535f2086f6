// Everything that the window can do, found by typing a part of its name.
#pragma once

#include <QDialog>
#include <QList>

class QAction;
class QLineEdit;
class QListWidget;

namespace firebreak::gui {

class CommandPalette final : public QDialog {
    Q_OBJECT

  public:
    // Of these, those that are enabled now. The chosen one is triggered once the palette is gone.
    explicit CommandPalette(const QList<QAction*>& actions, QWidget* parent = nullptr);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void filter(const QString& typed);
    void choose();

    QList<QAction*> actions_;
    QLineEdit* field_;
    QListWidget* list_;
};

// Whether the letters that were typed come in this order in the text, whatever their case.
bool matches(const QString& typed, const QString& text);

}  // namespace firebreak::gui
