#include "lab/lab.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "lab/parts.h"

namespace firebreak::lab {

namespace {

constexpr base::Duration kSlice{fleet::kSlice_s};
// How much simulated time may be lost with a killed process.
constexpr base::Duration kCommitEvery = base::hours(1);

// Kinds of terms in the fingerprint.
enum class Term : uint8_t { kRowEvent = 1, kPublished = 2, kHalted = 3 };

const char* to_text(Command::Kind kind) {
    switch (kind) {
        case Command::Kind::kRelease:
            return "release";
        case Command::Kind::kPromoteToInternal:
            return "promote to internal";
        case Command::Kind::kPromoteToPublic:
            return "promote to public";
        case Command::Kind::kHalt:
            return "halt";
    }
    return "unknown";
}

}  // namespace

Lab::Lab(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Lab::~Lab() = default;

base::SimTime Lab::now() const {
    return parts_->now;
}

base::SimTime Lab::end() const {
    return {parts_->experiment.duration.seconds};
}

std::string Lab::fingerprint() const {
    return parts_->fingerprint.text();
}

void Lab::observe(Observer observer) {
    parts_->observer = std::move(observer);
}

base::Status Lab::advance_until(base::SimTime until) {
    while (parts_->now < std::min(until, end())) {
        FB_CHECK(advance_slice());
    }
    return {};
}

// Decisions first, then what endpoints do under them until the next decisions.
base::Status Lab::advance_slice() {
    take_signals();
    FB_CHECK(run_due_commands());
    parts_->release_system->advance(parts_->now);
    note_decisions();
    parts_->cdn.advance(parts_->now);

    std::vector<fleet::Context> contexts;
    for (size_t g = 0; g < parts_->experiment.groups.size(); ++g) {
        std::vector<ControlPlane::Offer> offers;
        for (const content::Feed feed : parts_->feeds) {
            ControlPlane::Offer offer;
            offer.package = parts_->cdn.offered(parts_->experiment.groups[g].name, feed);
            for (FaultInForce& fault : parts_->faults) {
                if (fault.plan.feed == feed && fault.groups.contains(g) &&
                    parts_->now >= fault.plan.from && parts_->now < fault.plan.until) {
                    offer.fault = &fault.fault;
                }
            }
            offers.push_back(offer);
        }
        contexts.push_back(parts_->control->context(parts_->experiment.groups[g].name,
                                                    parts_->group_personas[g], offers));
    }
    for (size_t g = 0; g < contexts.size(); ++g) {
        auto& log = parts_->context_log[g];
        if (log.empty() || log.back().second != contexts[g].id) {
            log.emplace_back(parts_->now, contexts[g].id);
        }
    }
    FB_TRY(parts_->events, parts_->fleet->advance(parts_->now, contexts));
    take_events();
    parts_->now = parts_->now + kSlice;
    parts_->ledger->write(parts_->now, *parts_->fleet, *parts_->control, parts_->releases.size());
    if (parts_->now - parts_->committed >= kCommitEvery) {
        parts_->committed = parts_->now;
        return parts_->writer->commit(parts_->now);
    }
    return {};
}

// Counted when they arrive at the vendor: what nobody has reported yet halts nothing.
void Lab::take_signals() {
    parts_->central->receive(
        parts_->now + base::Duration{1}, [&](const cloud::Signal& signal, uint32_t count) {
            const size_t group = signal.group.value;
            parts_->ledger->detected(group, signal.arrives);
            const bool crash = signal.kind == cloud::SignalKind::kCrashReport;
            if (parts_->signals_noted
                    .emplace(group, crash ? base::Category::kCrash : base::Category::kCorrupt)
                    .second) {
                parts_->writer->add(record::TimelineEntry{
                    signal.arrives, "signal", static_cast<int32_t>(group), record::kAll,
                    fmt::format("first {} from {}", crash ? "crash report" : "alert",
                                parts_->experiment.groups[group].name)});
            }
            if (signal.release.valid() && (crash || parts_->experiment.policy.halt_on_alerts)) {
                parts_->release_system->count_failures(signal.release, signal.group, count);
            }
        });
}

base::Status Lab::run_due_commands() {
    auto& due = parts_->due_commands;
    while (!due.empty() && due.begin()->first <= parts_->now) {
        const Command command = due.begin()->second;
        due.erase(due.begin());
        // A refused act of the scenario is recorded; it is for an expectation to object.
        (void)carry_out(command, "scenario");
    }
    return {};
}

base::Status Lab::submit(const Command& command) {
    const base::Status done = carry_out(command, "operator");
    note_decisions();
    return done;
}

base::Status Lab::carry_out(const Command& command, const char* origin) {
    const auto& releases = parts_->experiment.releases;
    const auto found = std::find_if(
        releases.begin(), releases.end(),
        [&](const scenario::Release& release) { return release.id == command.release; });
    if (found == releases.end()) {
        return base::Error{fmt::format("there is no release `{}`", command.release), "", ""};
    }
    const cloud::ReleaseId id{static_cast<uint32_t>(found - releases.begin())};
    base::Status done;
    switch (command.kind) {
        case Command::Kind::kRelease:
            parts_->release_system->release(id, parts_->now);
            break;
        case Command::Kind::kPromoteToInternal:
            done = parts_->release_system->promote(id, cloud::GroupStage::kInternal, parts_->now);
            break;
        case Command::Kind::kPromoteToPublic:
            done = parts_->release_system->promote(id, cloud::GroupStage::kPublic, parts_->now);
            break;
        case Command::Kind::kHalt:
            done = parts_->release_system->halt(id, parts_->now, "by an operator");
            break;
    }
    const auto release = static_cast<int32_t>(id.value);
    parts_->writer->add(record::Command{parts_->now, origin, to_text(command.kind), release,
                                        done.ok() ? "done" : done.error().text()});
    if (command.kind != Command::Kind::kHalt || !done.ok()) {  // a halt has an entry of its own
        parts_->writer->add(record::TimelineEntry{
            parts_->now, done.ok() ? "act" : "refused", record::kAll, release,
            done.ok() ? fmt::format("{}: {}", to_text(command.kind), command.release)
                      : done.error().text()});
    }
    return done;
}

void Lab::note_decisions() {
    for (const cloud::Decision& decision : parts_->release_system->take_decisions()) {
        const auto release = static_cast<int32_t>(decision.release.value);
        const std::string& name = parts_->experiment.releases[decision.release.value].id;
        if (decision.kind == cloud::Decision::Kind::kHalted) {
            parts_->fingerprint.add(Term::kHalted, decision.at.seconds, decision.release.value);
            parts_->ledger->halted(decision.release.value,
                                   *parts_->release_system->halt_in_force(decision.release));
            parts_->writer->add(record::TimelineEntry{decision.at, "halt", record::kAll, release,
                                                      name + ": " + decision.why});
            continue;
        }
        parts_->fingerprint.add(Term::kPublished, decision.at.seconds, decision.release.value,
                                decision.group.value);
        parts_->writer->add(record::TimelineEntry{
            decision.at, "publication", static_cast<int32_t>(decision.group.value), release,
            fmt::format("{} to {}", name, parts_->experiment.groups[decision.group.value].name)});
    }
    for (FaultInForce& fault : parts_->faults) {
        if (!fault.noted && parts_->now >= fault.plan.from) {
            fault.noted = true;
            const std::string where = fault.plan.groups.empty()
                                          ? "every group"
                                          : fmt::format("{}", fmt::join(fault.plan.groups, ", "));
            parts_->writer->add(record::TimelineEntry{
                parts_->now, "fault", record::kAll, record::kAll,
                fmt::format("{} on the way to {}, {:.3g} % of endpoints",
                            fault.plan.kind == scenario::FaultKind::kReplay
                                ? "replay of " + fault.plan.replayed
                                : fault.fault.damages.front().text().substr(
                                      0, fault.fault.damages.front().text().find(',')),
                            where, 100 * fault.plan.share)});
        }
    }
}

void Lab::take_events() {
    const scenario::Policy& policy = parts_->experiment.policy;
    const fleet::Population& rows = parts_->fleet->population();
    size_t group = 0;
    for (const fleet::RowEvent& event : parts_->events) {
        while (event.row >= rows.end(group)) {
            ++group;
        }
        parts_->fingerprint.add(Term::kRowEvent, event.at.seconds, event.row, event.category,
                                event.code);
        parts_->ledger->count(group, event);
        const cloud::GroupId in{static_cast<uint32_t>(group)};
        const cloud::ReleaseId release{event.release};
        if (event.delivered && release.valid()) {
            parts_->release_system->count_exposed(release, in, 1);
        }
        for (uint32_t i = 0; i < event.alerts; ++i) {
            parts_->central->send(
                {event.at + policy.alert_delay, in, release, cloud::SignalKind::kAlert});
            parts_->central->alert_tenant(rows.tenant(event.row));
        }
        if (event.harmed) {
            parts_->central->send({event.at + policy.crash_report_delay, in, release,
                                   cloud::SignalKind::kCrashReport});
        }
        if ((event.refused || event.harmed) &&
            parts_->failures_noted.emplace(group, event.category).second) {
            parts_->writer->add(record::TimelineEntry{
                event.at, event.harmed ? "harm" : "refusal", static_cast<int32_t>(group),
                release.valid() ? static_cast<int32_t>(release.value) : record::kAll,
                fmt::format("first in {}: endpoint {}, {}: {}",
                            parts_->experiment.groups[group].name, event.row,
                            base::to_text(event.category), base::to_text(event.code))});
        }
        if (parts_->observer) {
            parts_->observer(event.row, {event.at, event.category, event.code});
        }
    }
}

Snapshot Lab::snapshot(const Viewport& viewport) const {
    const fleet::Population& rows = parts_->fleet->population();
    Snapshot out;
    out.at = parts_->now;
    out.polls = parts_->fleet->polls();
    for (size_t g = 0; g < parts_->experiment.groups.size(); ++g) {
        const Counts& counts = parts_->ledger->group(g);
        GroupSnapshot group{parts_->experiment.groups[g].name,
                            parts_->experiment.groups[g].endpoints,
                            counts.exposed,
                            counts.affected,
                            counts.refused,
                            counts.alerts,
                            {}};
        const uint64_t size = rows.end(g) - rows.begin(g);
        group.cells.resize(std::min<uint64_t>(viewport.cells_per_group, size));
        for (uint64_t i = 0; i < size && !group.cells.empty(); ++i) {
            Cell& cell = group.cells[i * group.cells.size() / size];
            const uint8_t marks = parts_->fleet->marks(rows.begin(g) + static_cast<uint32_t>(i));
            ++cell.endpoints;
            cell.exposed += (marks & fleet::kExposed) != 0;
            cell.refused += (marks & fleet::kRefused) != 0;
            cell.affected += (marks & fleet::kAffected) != 0;
        }
        out.groups.push_back(std::move(group));
    }
    for (const uint32_t row : viewport.endpoints) {
        if (row >= rows.size()) {
            continue;
        }
        EndpointSnapshot endpoint;
        endpoint.endpoint = row;
        endpoint.group = parts_->experiment.groups[rows.group_of(row)].name;
        endpoint.persona = parts_->assays->environment().personas[rows.persona(row)].name;
        endpoint.tenant = rows.tenant(row);
        const uint8_t marks = parts_->fleet->marks(row);
        endpoint.exposed = (marks & fleet::kExposed) != 0;
        endpoint.refused = (marks & fleet::kRefused) != 0;
        endpoint.affected = (marks & fleet::kAffected) != 0;
        for (size_t f = 0; f < parts_->feeds.size(); ++f) {
            const auto release = parts_->control->running_release(rows.set(row), f);
            endpoint.running.push_back(fmt::format("{} {}", content::info(parts_->feeds[f]).name,
                                                   !release ? "nothing"
                                                   : *release == ControlPlane::kNoRelease
                                                       ? "baseline"
                                                       : parts_->release_name(*release)));
        }
        out.endpoints.push_back(std::move(endpoint));
    }
    return out;
}

base::Status Lab::finish(double wall_s) {
    if (parts_->now < end()) {
        return base::Error{"the run has not reached its end", "", ""};
    }
    FB_CHECK(parts_->writer->commit(end()));
    return parts_->writer->finish(
        {fingerprint(), wall_s, parts_->fleet->polls(), parts_->central->tenants_alerted()},
        parts_->ledger->tally());
}

base::Status Lab::interrupt() {
    return parts_->writer->commit(parts_->now);
}

}  // namespace firebreak::lab
