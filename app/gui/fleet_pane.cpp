#include "gui/fleet_pane.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>
#include <filesystem>
#include <system_error>

#include "gui/desk.h"
#include "gui/elided_label.h"
#include "gui/fleet_legend.h"
#include "gui/fleet_map.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

constexpr int kFleetTexts_ms = 200;
constexpr const char* kExample = "fast/defective-rules-crash-scanner.toml";

}  // namespace

FleetPane::FleetPane(Desk& desk, QWidget* parent) : QWidget(parent), desk_(desk) {
    setObjectName("fleet_pane");
    setWindowTitle(tr("Fleet"));
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    pages_ = new QStackedWidget;
    pages_->addWidget(make_empty_page());
    pages_->addWidget(make_map_page());
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(pages_);

    wait_.setSingleShot(true);
    wait_.setInterval(kFleetTexts_ms);
    connect(&wait_, &QTimer::timeout, this, &FleetPane::refresh);
    connect(&desk_.store(), &models::RunStore::grown, this, [this] {
        if (!wait_.isActive()) {
            wait_.start();
        }
    });
    connect(&desk_.store(), &models::RunStore::restarted, this, &FleetPane::refresh);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &FleetPane::refresh);
    connect(&desk_.session(), &bridge::RunSession::state_changed, this, &FleetPane::refresh);
    refresh();
}

QWidget* FleetPane::make_empty_page() {
    auto* page = new QWidget;
    empty_text_ = new QLabel;
    empty_text_->setObjectName("fleet_empty");
    empty_text_->setWordWrap(true);
    empty_text_->setAlignment(Qt::AlignCenter);
    busy_ = new QProgressBar;
    busy_->setObjectName("fleet_busy");
    busy_->setAccessibleName(tr("The run is being prepared"));
    busy_->setRange(0, 0);
    busy_->setMaximumWidth(240);
    example_ = new QPushButton(tr("Run an example"));
    example_->setObjectName("fleet_run_example");
    example_->setAccessibleName(example_->text());
    connect(example_, &QPushButton::clicked, this,
            [this] { desk_.run(desk_.places().scenarios / kExample); });
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(3 * kGrid, kGrid, 3 * kGrid, kGrid);
    layout->setSpacing(2 * kGrid);
    layout->addStretch(2);
    layout->addWidget(empty_text_);
    layout->addWidget(busy_, 0, Qt::AlignHCenter);
    layout->addWidget(example_, 0, Qt::AlignHCenter);
    layout->addStretch(3);
    return page;
}

QWidget* FleetPane::make_controls() {
    auto* bar = new QWidget;
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGrid);
    auto* by = new QComboBox;
    by->setObjectName("fleet_colour_by");
    by->setAccessibleName(tr("Colour the fleet by"));
    by->addItems({tr("Health"), tr("Exposure"), tr("Version"), tr("Persona")});
    auto* label = new QLabel(tr("&Colour by"));
    label->setBuddy(by);
    connect(by, &QComboBox::currentIndexChanged, map_,
            [this](int index) { map_->set_colour_by(static_cast<ColourBy>(index)); });
    layout->addWidget(label);
    layout->addWidget(by);
    layout->addStretch();
    const auto add = [&](const QString& text, const QString& name, const QString& says,
                         void (FleetMap::*act)()) {
        auto* button = new QToolButton;
        button->setText(text);
        button->setObjectName(name);
        button->setAccessibleName(says);
        button->setToolTip(says);
        button->setAutoRaise(true);
        connect(button, &QToolButton::clicked, map_, act);
        layout->addWidget(button);
    };
    add("−", "fleet_zoom_out", tr("Zoom out (-)"), &FleetMap::zoom_out);
    add("+", "fleet_zoom_in", tr("Zoom in (+)"), &FleetMap::zoom_in);
    add(tr("All"), "fleet_show_all", tr("Show the whole fleet (Home)"), &FleetMap::show_all);
    return bar;
}

QWidget* FleetPane::make_map_page() {
    auto* page = new QWidget;
    map_ = new FleetMap(desk_);
    coarse_ = new QLabel(
        tr("This run comes from a file, which holds the counts of each group, not the state of "
           "each endpoint. Run its scenario again to see the endpoints."));
    coarse_->setObjectName("fleet_coarse");
    coarse_->setWordWrap(true);
    pointed_ = new ElidedLabel(1);
    pointed_->setObjectName("fleet_pointed");
    pointed_->setFont(tabular(small_font()));
    pointed_->set_quiet(true);
    legend_ = new FleetLegend;
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(kGrid, kGrid, kGrid, kGrid / 2);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(make_controls());
    layout->addWidget(coarse_);
    layout->addWidget(map_, 1);
    layout->addWidget(pointed_);
    layout->addWidget(legend_);
    connect(map_, &FleetMap::pointed, this, [this](const QString& words) {
        pointed_->set_text(words.isEmpty() ? tr("Point at a cell, or move with the arrow keys")
                                           : words);
    });
    connect(map_, &FleetMap::changed, this, [this] {
        if (map_->fleet() != nullptr) {
            legend_->set_entries(legend_of(*map_->fleet(), desk_.store().run(),
                                           desk_.store().shown(), map_->colour_by(), colours()));
        }
    });
    Q_EMIT map_->pointed({});
    return page;
}

void FleetPane::refresh_empty_page() {
    const bool preparing = desk_.session().state() == bridge::RunSession::State::kPreparing;
    std::error_code ignored;
    const bool has_example = std::filesystem::exists(desk_.places().scenarios / kExample, ignored);
    busy_->setVisible(preparing);
    example_->setVisible(!preparing && has_example);
    empty_text_->setText(
        preparing ? tr("Content is being signed, and installed on the fleet …")
                  : tr("The fleet will appear here: a tile for each release group, a cell for "
                       "each endpoint, coloured by what a release did to it."));
}

void FleetPane::refresh() {
    const bool empty = desk_.store().empty() || map_->fleet() == nullptr;
    pages_->setCurrentIndex(empty ? 0 : 1);
    if (empty) {
        refresh_empty_page();
        return;
    }
    coarse_->setVisible(desk_.store().shown_snapshot() == nullptr);
}

}  // namespace firebreak::gui
