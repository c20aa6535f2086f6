// How rows of the tree of scenarios are painted: a mark, the name, and what became of it.
#pragma once

#include <QStyledItemDelegate>

namespace firebreak::gui {

// Rows have the roles of models::ScenarioModel. Two lines for a file, one for a folder.
class ScenarioRows final : public QStyledItemDelegate {
    Q_OBJECT

  public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

// What a row says, in words: for screen readers. "good-update, passed: 0 of 100,000 endpoints …".
QString row_in_words(const QModelIndex& index);

}  // namespace firebreak::gui
