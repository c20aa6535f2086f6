// What the lab writes down for people, in order: the timeline, and how near alarms were.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "lab/lab.h"
#include "lab/parts.h"

namespace firebreak::lab {

void Lab::note_decisions() {
    using Kind = cloud::Decision::Kind;
    for (const cloud::Decision& decision : parts_->release_system->take_decisions()) {
        const auto release = static_cast<int32_t>(decision.release.value);
        const std::string& name = parts_->experiment.releases[decision.release.value].id;
        const auto note = [&](Term term, const char* kind, std::string text) {
            parts_->fingerprint.add(term, decision.at.seconds, decision.release.value);
            parts_->writer->add(
                record::TimelineEntry{decision.at, kind, record::kAll, release, std::move(text)});
        };
        switch (decision.kind) {
            case Kind::kPublished: {
                const SegmentPlan& segment = parts_->segments[decision.segment.value];
                parts_->fingerprint.add(Term::kPublished, decision.at.seconds,
                                        decision.release.value, decision.segment.value);
                parts_->writer->add(record::TimelineEntry{
                    decision.at, "publication", static_cast<int32_t>(segment.group), release,
                    fmt::format("{} to {}", name, published_to(segment))});
                break;
            }
            case Kind::kHalted:
                note(Term::kHalted, "halt", name + ": " + decision.why);
                schedule_fixes(name, decision.at);
                break;
            case Kind::kWithdrawn:
                note(Term::kWithdrawn, "withdrawal", name + " is on offer no more");
                break;
            case Kind::kResumed:
                note(Term::kResumed, "resume", name + " goes on");
                break;
        }
    }
}

void Lab::note_halts() {
    for (uint32_t r = 0; r < parts_->releases.size(); ++r) {
        parts_->ledger->set_halt(r, parts_->release_system->halt_in_force({r}));
    }
}

// Whole groups by their name, parts by their size.
std::string Lab::published_to(const SegmentPlan& segment) const {
    const scenario::Group& group = parts_->experiment.groups[segment.group];
    return segment.endpoints == group.endpoints
               ? group.name
               : fmt::format("{} of {} endpoints of {}", base::with_thousands(segment.endpoints),
                             base::with_thousands(group.endpoints), group.name);
}

void Lab::note_notices() {
    using Kind = cloud::Notice::Kind;
    for (const cloud::Notice& notice : parts_->operations->take_notices()) {
        parts_->fingerprint.add(Term::kNotice, notice.at.seconds, notice.release.value,
                                static_cast<uint64_t>(notice.kind));
        const std::string& name = parts_->experiment.releases[notice.release.value].id;
        const char* kind =
            notice.kind == Kind::kAlarm || notice.kind == Kind::kOverlooked ? "alarm" : "blame";
        parts_->writer->add(record::TimelineEntry{
            notice.at, kind,
            notice.group.valid() ? static_cast<int32_t>(notice.group.value) : record::kAll,
            static_cast<int32_t>(notice.release.value), name + ": " + notice.text});
    }
}

std::string Lab::fault_in_words(const scenario::Fault& plan) const {
    const std::string edge = plan.edge ? fmt::format(" by edge {}", *plan.edge) : "";
    return fmt::format(
        "{}{}, to {}, {:.3g} % of endpoints", parts_->faults->words(plan), edge,
        plan.groups.empty() ? "every group" : fmt::format("{}", fmt::join(plan.groups, ", ")),
        100 * plan.share);
}

void Lab::note_faults() {
    const std::vector<scenario::Fault>& plans = parts_->faults->plans();
    const auto note = [&](const char* kind, std::string text) {
        parts_->writer->add(
            record::TimelineEntry{parts_->now, kind, record::kAll, record::kAll, std::move(text)});
    };
    for (size_t i = 0; i < plans.size(); ++i) {
        if (parts_->now >= plans[i].from && parts_->faults_noted.insert(i).second) {
            note("fault", fault_in_words(plans[i]));
        }
        if (parts_->now >= plans[i].until && parts_->faults_ended.insert(i).second) {
            note("fault_over", fault_in_words(plans[i]));
        }
    }
}

void Lab::note_first_failure(size_t group, const fleet::RowEvent& event) {
    const bool harmed = event.harm != base::Harm::kNone;
    const bool infected = event.category == base::Category::kInfected;
    if ((!event.refused && !harmed && !infected) ||
        !parts_->failures_noted.emplace(group, event.category).second) {
        return;
    }
    const bool known = event.release < parts_->releases.size();
    parts_->writer->add(record::TimelineEntry{
        event.at,
        infected ? "infection"
        : harmed ? "harm"
                 : "refusal",
        static_cast<int32_t>(group), known ? static_cast<int32_t>(event.release) : record::kAll,
        fmt::format("first in {}: endpoint {}, {}: {}{}", parts_->experiment.groups[group].name,
                    event.row, base::to_text(event.category), base::to_text(event.code),
                    harmed ? fmt::format(" ({})", base::info(event.harm).meaning) : "")});
}

void Lab::note_evidence() {
    const cloud::Operations& operations = *parts_->operations;
    parts_->ledger->set_false_halts(operations.false_halts());
    for (uint32_t r = 0; r < parts_->releases.size() && operations.threshold() > 0; ++r) {
        double strongest = 0;
        for (uint32_t g = 0; g < parts_->experiment.groups.size(); ++g) {
            strongest = std::max(strongest, operations.evidence({r}, {g}));
        }
        parts_->ledger->set_evidence(r, strongest / operations.threshold());
    }
}

}  // namespace firebreak::lab
