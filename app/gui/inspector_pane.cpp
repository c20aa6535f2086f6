#include "gui/inspector_pane.h"

#include <QLabel>
#include <QStackedWidget>
#include <QTabWidget>
#include <QVBoxLayout>

#include "gui/assay_inspector.h"
#include "gui/desk.h"
#include "gui/endpoint_inspector.h"
#include "gui/group_inspector.h"
#include "gui/theme.h"

namespace firebreak::gui {

namespace {

enum InspectorTab { kGroupTab, kEndpointTab, kAssayTab };

}  // namespace

InspectorPane::InspectorPane(Desk& desk, QWidget* parent) : QWidget(parent), desk_(desk) {
    setObjectName("inspector_pane");
    setWindowTitle(tr("Inspector"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    assays_ = new AssayInspector(desk);
    tabs_ = new QTabWidget;
    tabs_->setObjectName("inspector_tabs");
    tabs_->setAccessibleName(tr("What is explained"));
    tabs_->setDocumentMode(true);
    tabs_->addTab(new GroupInspector(desk), tr("Group"));
    tabs_->addTab(new EndpointInspector(desk), tr("Endpoint"));
    tabs_->addTab(assays_, tr("Assays"));
    auto* empty = new QLabel(
        tr("What you select is explained here: how far a failure got in a release group, what "
           "happened to one endpoint, and the evidence of what real components did.\n\n"
           "Run a scenario to begin."));
    empty->setObjectName("inspector_empty");
    empty->setWordWrap(true);
    empty->setAlignment(Qt::AlignCenter);
    empty->setMargin(3 * kGrid);
    pages_ = new QStackedWidget;
    pages_->addWidget(empty);
    pages_->addWidget(tabs_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(pages_);
    connect(&desk_.store(), &models::RunStore::restarted, this, &InspectorPane::refresh);
    connect(&desk_.selection(), &models::Selection::changed, this, &InspectorPane::take_selection);
    refresh();
}

void InspectorPane::filter() {
    tabs_->setCurrentIndex(kAssayTab);
    assays_->filter();
}

void InspectorPane::refresh() {
    pages_->setCurrentIndex(desk_.store().empty() ? 0 : 1);
}

void InspectorPane::take_selection() {
    const models::Selection& selection = desk_.selection();
    const bool group = selection.group() != group_;
    const bool endpoint = selection.endpoint() != endpoint_;
    const bool assay = selection.assay() != assay_;
    group_ = selection.group();
    endpoint_ = selection.endpoint();
    assay_ = selection.assay();
    if (assay && assay_) {
        tabs_->setCurrentIndex(kAssayTab);
    } else if (endpoint && endpoint_) {
        tabs_->setCurrentIndex(kEndpointTab);
    } else if (group && group_ && !endpoint_) {
        tabs_->setCurrentIndex(kGroupTab);
    }
}

}  // namespace firebreak::gui
