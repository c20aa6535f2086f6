#include "gui/release_console.h"

#include <fmt/format.h>

#include <QGridLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QTableWidget>
#include <QVBoxLayout>

#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

using Act = lab::Command::Kind;
using State = bridge::RunSession::State;

constexpr int kColumns = 3;

// Of the release, at the moment that is shown.
QString standing(const models::RunStore& store, int32_t release, base::SimTime at) {
    const auto value = [&](base::Metric metric) {
        return record::value_at(store.run().series, {metric, record::kAll, release, record::kAll},
                                at)
            .value_or(0);
    };
    if (value(base::Metric::kHalted) > 0) {
        return ReleaseConsole::tr("halted");
    }
    const auto runs = static_cast<uint64_t>(value(base::Metric::kRunning));
    return runs > 0 ? ReleaseConsole::tr("on %1").arg(grouped(runs)) : ReleaseConsole::tr("–");
}

}  // namespace

ReleaseConsole::ReleaseConsole(Desk& desk, QWidget* parent)
    : QWidget(parent), desk_(desk), releases_(new QTableWidget), said_(new QLabel) {
    setObjectName(QStringLiteral("release-console"));
    releases_->setObjectName(QStringLiteral("releases"));
    releases_->setAccessibleName(tr("Releases"));
    releases_->setColumnCount(kColumns);
    releases_->setHorizontalHeaderLabels({tr("Release"), tr("At"), tr("Now")});
    releases_->horizontalHeader()->setStretchLastSection(true);
    releases_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    releases_->setWordWrap(false);
    releases_->verticalHeader()->hide();
    releases_->setSelectionBehavior(QAbstractItemView::SelectRows);
    releases_->setSelectionMode(QAbstractItemView::SingleSelection);
    releases_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    releases_->setShowGrid(false);
    releases_->setTabKeyNavigation(false);
    auto* buttons = new QGridLayout;
    buttons->setSpacing(kGrid);
    add_button(tr("Promote to internal"), "promote-internal", Act::kPromoteToInternal);
    add_button(tr("Promote to the public"), "promote-public", Act::kPromoteToPublic);
    add_button(tr("Halt"), "halt", Act::kHalt);
    add_button(tr("Withdraw"), "withdraw", Act::kWithdraw);
    add_button(tr("Resume"), "resume", Act::kResume);
    for (qsizetype i = 0; i < buttons_.size(); ++i) {
        buttons->addWidget(buttons_[i], static_cast<int>(i / 2), static_cast<int>(i % 2));
    }
    said_->setObjectName(QStringLiteral("console-said"));
    said_->setWordWrap(true);
    said_->setFont(small_font());
    said_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid, kGrid, kGrid, kGrid);
    layout->setSpacing(kGrid);
    layout->addWidget(releases_, 1);
    layout->addLayout(buttons);
    layout->addWidget(said_);
    connect(&desk_.store(), &models::RunStore::restarted, this, &ReleaseConsole::restart);
    connect(&desk_.store(), &models::RunStore::grown, this, &ReleaseConsole::refresh);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &ReleaseConsole::refresh);
    connect(&desk_.session(), &bridge::RunSession::state_changed, this, &ReleaseConsole::refresh);
    connect(&desk_.session(), &bridge::RunSession::answered, this, &ReleaseConsole::answer);
    connect(releases_, &QTableWidget::itemSelectionChanged, this, [this] {
        const int row = releases_->currentRow();
        desk_.selection().set_release(row < 0 ? std::nullopt : std::optional<int32_t>(row));
        refresh();
    });
    restart();
}

QPushButton* ReleaseConsole::add_button(const QString& text, const char* name, Act kind) {
    auto* button = new QPushButton(text);
    button->setObjectName(QLatin1String(name));
    connect(button, &QPushButton::clicked, this, [this, kind] { act(kind); });
    buttons_.push_back(button);
    return button;
}

std::string ReleaseConsole::chosen() const {
    const int row = std::max(0, releases_->currentRow());
    const auto& releases = desk_.store().run().header.releases;
    return static_cast<size_t>(row) < releases.size() ? releases[static_cast<size_t>(row)].name
                                                      : std::string();
}

void ReleaseConsole::restart() {
    const QSignalBlocker quiet(releases_->selectionModel());  // of a run that is gone
    releases_->setRowCount(0);
    said_->setText(desk_.store().empty()
                       ? tr("Releases of a run stand here, with what you may do to them while it "
                            "goes on.")
                       : QString());
    if (desk_.store().empty()) {
        refresh();
        return;
    }
    const auto& releases = desk_.store().run().header.releases;
    releases_->setRowCount(static_cast<int>(releases.size()));
    for (int row = 0; row < releases_->rowCount(); ++row) {
        const record::Release& release = releases[static_cast<size_t>(row)];
        const QString cells[] = {words(release.name), words(release.at), QString()};
        for (int column = 0; column < kColumns; ++column) {
            auto* item = new QTableWidgetItem(cells[column]);
            item->setToolTip(
                words(fmt::format("{} {}, {}", release.feed, release.version, release.kind)));
            releases_->setItem(row, column, item);
        }
    }
    releases_->resizeColumnsToContents();
    refresh();
}

void ReleaseConsole::refresh() {
    const State state = desk_.session().state();
    const bool goes = (state == State::kRunning || state == State::kPaused) &&
                      !desk_.store().empty() && releases_->rowCount() > 0;
    for (QPushButton* button : buttons_) {
        button->setEnabled(goes);
    }
    for (int row = 0; row < releases_->rowCount() && !desk_.store().empty(); ++row) {
        const QString now = standing(desk_.store(), row, desk_.store().shown());
        if (QTableWidgetItem* item = releases_->item(row, kColumns - 1); item->text() != now) {
            item->setText(now);
        }
    }
}

void ReleaseConsole::act(Act kind) {
    if (!desk_.store().empty()) {
        desk_.session().act({kind, chosen()});
    }
}

void ReleaseConsole::answer(const QString& release, const QString& problem) {
    said_->setText(problem.isEmpty() ? tr("%1: done").arg(release)
                                     : tr("%1: %2").arg(release, problem));
}

}  // namespace firebreak::gui
