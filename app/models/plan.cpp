#include "models/plan.h"

#include <QCoreApplication>
#include <algorithm>
#include <array>

#include "scenario/experiment.h"

namespace firebreak::models {

namespace {

QString worded(const char* text) {
    return QCoreApplication::translate("Plan", text);
}

QString worded(const std::string& name) {
    return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
}

PlannedEntry planned_release(const record::Release& release, int32_t number) {
    return {release.at, release.kind == "fix" ? 'X' : 'R', QStringLiteral("publication"), number,
            worded("release %1 %2 of %3")
                .arg(worded(release.name), worded(release.version), worded(release.feed))};
}

PlannedEntry planned_act(const scenario::Act& act, int32_t release) {
    struct Words {
        char letter;
        const char* text;
    };
    static constexpr std::array<Words, 5> kActs = {{
        {'P', QT_TRANSLATE_NOOP("Plan", "promote %1 to internal")},
        {'P', QT_TRANSLATE_NOOP("Plan", "promote %1 to public")},
        {'H', QT_TRANSLATE_NOOP("Plan", "halt %1")},
        {'W', QT_TRANSLATE_NOOP("Plan", "withdraw %1")},
        {'G', QT_TRANSLATE_NOOP("Plan", "resume %1")},
    }};
    const Words& words = kActs.at(static_cast<size_t>(act.kind));
    return {act.at, words.letter, QStringLiteral("act"), release,
            worded(words.text).arg(worded(act.release))};
}

PlannedEntry planned_fault(const scenario::Fault& fault) {
    static constexpr std::array<const char*, 14> kFaults = {
        QT_TRANSLATE_NOOP("Plan", "a bit flips in what is served"),
        QT_TRANSLATE_NOOP("Plan", "what is served is cut short"),
        QT_TRANSLATE_NOOP("Plan", "another package is served"),
        QT_TRANSLATE_NOOP("Plan", "what is served freezes"),
        QT_TRANSLATE_NOOP("Plan", "another group's content is served"),
        QT_TRANSLATE_NOOP("Plan", "files are missing"),
        QT_TRANSLATE_NOOP("Plan", "the CDN cannot be reached"),
        QT_TRANSLATE_NOOP("Plan", "downloads never end"),
        QT_TRANSLATE_NOOP("Plan", "a download inflates without bound"),
        QT_TRANSLATE_NOOP("Plan", "downloads are slow"),
        QT_TRANSLATE_NOOP("Plan", "clocks are wrong"),
        QT_TRANSLATE_NOOP("Plan", "endpoints lose their state"),
        QT_TRANSLATE_NOOP("Plan", "disks are full"),
        QT_TRANSLATE_NOOP("Plan", "disks are read-only"),
    };
    const char* const what = kFaults.at(static_cast<size_t>(fault.kind));
    return {fault.from, 'F', QStringLiteral("fault"), record::kAll,
            worded("fault: %1").arg(worded(what))};
}

int32_t number_of(const record::Header& header, const std::string& release) {
    const auto found = std::ranges::find(header.releases, release, &record::Release::name);
    return found == header.releases.end() ? record::kAll
                                          : static_cast<int32_t>(found - header.releases.begin());
}

void add_experiment(const scenario::Experiment& experiment, const record::Header& header,
                    std::vector<PlannedEntry>& plan) {
    for (const scenario::Act& act : experiment.acts) {
        plan.push_back(planned_act(act, number_of(header, act.release)));
    }
    for (const scenario::Fault& fault : experiment.faults) {
        plan.push_back(planned_fault(fault));
    }
    for (const scenario::Campaign& campaign : experiment.campaigns) {
        plan.push_back({campaign.at, 'C', QStringLiteral("campaign"), record::kAll,
                        worded("campaign %1 begins").arg(worded(campaign.id))});
    }
}

}  // namespace

std::vector<PlannedEntry> plan_of(const record::Header& header) {
    const auto experiment = scenario::parse(header.scenario, "scenario.toml");
    std::vector<PlannedEntry> plan;
    for (size_t r = 0; r < header.releases.size(); ++r) {
        const bool waits_for_halt =
            experiment.ok() && r < experiment->releases.size() && experiment->releases[r].fixes;
        if (!waits_for_halt) {
            plan.push_back(planned_release(header.releases[r], static_cast<int32_t>(r)));
        }
    }
    if (experiment.ok()) {
        add_experiment(*experiment, header, plan);
    }
    std::ranges::stable_sort(plan, {}, &PlannedEntry::at);
    return plan;
}

}  // namespace firebreak::models
