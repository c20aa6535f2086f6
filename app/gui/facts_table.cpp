#include "gui/facts_table.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QStringList>
#include <algorithm>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

// Paths and digests have no spaces: they may be broken after a separator, invisibly.
QString breakable(QString text) {
    for (const char* separator : {"\\", "/", "_"}) {
        text.replace(separator, QString(separator) + QChar(0x200B));
    }
    return text;
}

}  // namespace

FactsTable::FactsTable(QWidget* parent) : QTableWidget(0, 2, parent) {
    horizontalHeader()->hide();
    horizontalHeader()->setStretchLastSection(true);
    horizontalHeader()->setMaximumSectionSize(4000);
    verticalHeader()->hide();
    verticalHeader()->setMinimumSectionSize(0);
    setShowGrid(false);
    setWordWrap(true);
    setFrameShape(QFrame::NoFrame);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setTabKeyNavigation(false);
}

void FactsTable::set_facts(const std::vector<Fact>& facts) {
    if (facts_ == facts) {
        return;
    }
    facts_ = facts;
    setRowCount(static_cast<int>(facts.size()));
    for (int row = 0; row < rowCount(); ++row) {
        const Fact& fact = facts_[static_cast<size_t>(row)];
        for (const int column : {0, 1}) {
            if (item(row, column) == nullptr) {
                setItem(row, column, new QTableWidgetItem);
            }
            const QString& text = column == 0 ? fact.name : fact.value;
            item(row, column)->setText(breakable(text));
            item(row, column)->setToolTip(text);
            item(row, column)->setTextAlignment(Qt::AlignLeft | Qt::AlignTop);
        }
        item(row, 1)->setFont(tabular(font()));
    }
    paint_values();
    fit();
}

// Names have at most two fifths of the width, values the rest, on as many lines as they need.
void FactsTable::fit() {
    setColumnWidth(0, std::min(sizeHintForColumn(0) + kGrid, viewport()->width() * 2 / 5));
    resizeRowsToContents();
}

void FactsTable::paint_values() {
    const Colours now = colours();
    for (int row = 0; row < rowCount(); ++row) {
        const bool bad = facts_[static_cast<size_t>(row)].bad;
        item(row, 0)->setForeground(now.quiet_text());
        item(row, 1)->setForeground(bad ? now.failure() : now.text());
    }
}

QString FactsTable::as_text() const {
    QStringList lines;
    const bool all = selectionModel() == nullptr || !selectionModel()->hasSelection();
    for (int row = 0; row < rowCount(); ++row) {
        if (all || selectionModel()->isRowSelected(row)) {
            const Fact& fact = facts_[static_cast<size_t>(row)];
            lines << (fact.name.isEmpty() ? fact.value : fact.name + ": " + fact.value);
        }
    }
    return lines.join('\n');
}

void FactsTable::copy() const {
    QApplication::clipboard()->setText(as_text());
}

void FactsTable::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) {
        copy();
        return;
    }
    QTableWidget::keyPressEvent(event);
}

void FactsTable::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("&Copy"), QKeySequence::Copy, this, &FactsTable::copy);
    menu.exec(event->globalPos());
}

void FactsTable::resizeEvent(QResizeEvent* event) {
    QTableWidget::resizeEvent(event);
    fit();
}

void FactsTable::changeEvent(QEvent* event) {
    QTableWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        paint_values();
    }
}

}  // namespace firebreak::gui
