#include "gui/group_inspector.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include "checks/containment.h"
#include "gui/desk.h"
#include "gui/fleet_colouring.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

constexpr int kGroupFacts_ms = 250;

QString time_or_none(const std::optional<base::Duration>& time) {
    return time ? words(*time) : QObject::tr("–");
}

}  // namespace

GroupInspector::GroupInspector(Desk& desk, QWidget* parent) : QWidget(parent), desk_(desk) {
    groups_ = new QComboBox;
    groups_->setObjectName("inspector_group");
    groups_->setAccessibleName(tr("Release group"));
    groups_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    groups_->setMinimumContentsLength(10);
    groups_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    facts_ = new FactsTable;
    facts_->setObjectName("inspector_group_facts");
    facts_->setAccessibleName(tr("How far it got in the group"));
    auto* label = new QLabel(tr("&Group"));
    label->setBuddy(groups_);
    auto* line = new QHBoxLayout;
    line->addWidget(label);
    line->addWidget(groups_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid, kGrid, kGrid, kGrid);
    layout->addLayout(line);
    layout->addWidget(facts_);
    connect(groups_, &QComboBox::activated, this, [this](int index) {
        desk_.selection().set_group(index == 0 ? std::nullopt : std::optional(index - 1));
    });
    wait_.setSingleShot(true);
    wait_.setInterval(kGroupFacts_ms);
    connect(&wait_, &QTimer::timeout, this, &GroupInspector::refresh);
    connect(&desk_.store(), &models::RunStore::grown, this, [this] {
        if (isVisible() && !wait_.isActive()) {
            wait_.start();
        }
    });
    connect(&desk_.store(), &models::RunStore::restarted, this, &GroupInspector::restart);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &GroupInspector::refresh);
    connect(&desk_.selection(), &models::Selection::changed, this, &GroupInspector::refresh);
    restart();
}

void GroupInspector::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    refresh();
}

void GroupInspector::restart() {
    const QSignalBlocker quiet(groups_);
    groups_->clear();
    groups_->addItem(tr("all groups"));
    if (!desk_.store().empty()) {
        for (const record::Group& group : desk_.store().run().header.groups) {
            groups_->addItem(words(group.name));
        }
    }
    refresh();
}

std::vector<Fact> GroupInspector::facts_then() const {
    const models::RunStore& store = desk_.store();
    const auto shown = store.shown_snapshot();
    const lab::Snapshot fleet = shown != nullptr ? *shown : counts_of(store.run(), store.shown());
    lab::GroupSnapshot sum;
    for (size_t g = 0; g < fleet.groups.size(); ++g) {
        const auto wanted = desk_.selection().group();
        if (!wanted || static_cast<size_t>(std::max(*wanted, 0)) == g) {
            const lab::GroupSnapshot& one = fleet.groups[g];
            sum.endpoints += one.endpoints;
            sum.exposed += one.exposed;
            sum.affected += one.affected;
            sum.refused += one.refused;
            sum.harmed += one.harmed;
            sum.lost += one.lost;
            sum.alerts += one.alerts;
        }
    }
    return {{tr("Shown"), words(store.shown()), false},
            {tr("Endpoints"), grouped(sum.endpoints), false},
            {tr("Exposed"), grouped(sum.exposed), false},
            {tr("Refused"), grouped(sum.refused), false},
            {tr("Affected"), grouped(sum.affected), sum.affected > 0},
            {tr("Harmed then"), grouped(sum.harmed), sum.harmed > 0},
            {tr("Machines lost then"), grouped(sum.lost), sum.lost > 0},
            {tr("Alerts"), grouped(sum.alerts), false}};
}

std::vector<Fact> GroupInspector::facts_now() const {
    const std::vector<checks::Containment> rows = checks::containment(desk_.store().run());
    const auto wanted = desk_.selection().group();
    const bool one = wanted && *wanted >= 0 && static_cast<size_t>(*wanted) + 1 < rows.size();
    const checks::Containment& row = one ? rows[static_cast<size_t>(*wanted)] : rows.back();
    std::vector<Fact> facts;
    if (one) {
        const record::Group& group =
            desk_.store().run().header.groups[static_cast<size_t>(*wanted)];
        facts.push_back({tr("Stage"), words(group.stage), false});
        facts.push_back({tr("Tenants"), grouped(group.tenants), false});
    }
    const auto count = [&facts](const QString& name, uint64_t value, bool bad) {
        facts.push_back({name, grouped(value), bad && value > 0});
    };
    count(tr("Endpoints"), row.endpoints, false);
    count(tr("Exposed"), row.exposed, false);
    count(tr("Refused"), row.refused, false);
    count(tr("Affected"), row.affected, true);
    count(tr("Harmed now"), row.harmed, true);
    count(tr("Machines ever lost"), row.lost, true);
    count(tr("Machines lost now"), row.lost_now, true);
    count(tr("Exposed after the halt"), row.overshoot, true);
    count(tr("Not yet reached by halt or fix"), row.unreached, false);
    count(tr("Infected"), row.infections, true);
    count(tr("Alerts"), row.alerts, false);
    facts.push_back({tr("Time to detect"), time_or_none(row.time_to_detect), false});
    facts.push_back({tr("Time to halt"), time_or_none(row.time_to_halt), false});
    facts.push_back({tr("Time to recover"), time_or_none(row.time_to_recover), false});
    const auto recovered = [&](const QString& name, uint64_t value) {
        if (value > 0) {
            count(name, value, false);
        }
    };
    recovered(tr("Recovered by itself"), row.recovered.itself);
    recovered(tr("Recovered by an update"), row.recovered.update);
    recovered(tr("Recovered by a restart"), row.recovered.reboot);
    recovered(tr("Recovered by a repair kit"), row.recovered.repair_kit);
    recovered(tr("Recovered by hand"), row.recovered.hand);
    facts.push_back({tr("Protection gap"),
                     tr("%1 endpoint-hours")
                         .arg(grouped(static_cast<uint64_t>(std::max(row.protection_gap_h, 0.0)))),
                     false});
    return facts;
}

void GroupInspector::refresh() {
    const auto wanted = desk_.selection().group();
    groups_->setCurrentIndex(wanted && *wanted + 1 < groups_->count() ? *wanted + 1 : 0);
    if (!isVisible() || desk_.store().empty()) {
        return;
    }
    facts_->set_facts(desk_.store().is_back() ? facts_then() : facts_now());
}

}  // namespace firebreak::gui
