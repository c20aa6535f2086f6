#include "lab/lab.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "lab/parts.h"

namespace firebreak::lab {

namespace {

constexpr base::Duration kSlice{fleet::kSlice_s};
// How much simulated time may be lost with a killed process.
constexpr base::Duration kCommitEvery = base::hours(1);

// Kinds of terms in the fingerprint.
enum class Term : uint8_t {
    kRowEvent = 1,
    kPublished = 2,
    kHalted = 3,
    kWithdrawn = 4,
    kResumed = 5,
    kNotice = 6
};

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
        case Command::Kind::kWithdraw:
            return "withdraw";
        case Command::Kind::kResume:
            return "resume";
    }
    return "unknown";
}

// "crash report".
std::string spoken(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
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
    FB_CHECK(turn_campaigns());
    FB_CHECK(run_due_commands());
    watch();
    parts_->operations->advance(parts_->now);
    note_notices();
    parts_->release_system->advance(parts_->now);
    note_decisions();
    note_faults();
    parts_->cdn.advance(parts_->now);

    FB_TRY(parts_->events, parts_->fleet->advance(parts_->now, contexts()));
    take_events();
    parts_->now = parts_->now + kSlice;
    parts_->reporter->send_batches(parts_->now, *parts_->fleet);
    mend();
    std::vector<bool> halted;
    for (uint32_t r = 0; r < parts_->releases.size(); ++r) {
        halted.push_back(parts_->release_system->halted({r}));
    }
    FB_CHECK(parts_->census->update(parts_->now, *parts_->fleet, *parts_->control, halted));
    note_evidence();
    parts_->ledger->write(parts_->now, *parts_->census, halted);
    if (parts_->now - parts_->committed >= kCommitEvery) {
        parts_->committed = parts_->now;
        return parts_->writer->commit(parts_->now);
    }
    return {};
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

// What each segment is offered from here on, and what goes wrong on the way.
std::vector<fleet::Context> Lab::contexts() {
    std::vector<fleet::Context> contexts;
    for (size_t s = 0; s < parts_->segments.size(); ++s) {
        const SegmentPlan& segment = parts_->segments[s];
        std::vector<ControlPlane::Offer> offers;
        for (const content::Feed feed : parts_->feeds) {
            ControlPlane::Offer offer;
            offer.package = parts_->cdn.offered(segment.name, feed);
            for (FaultInForce& fault : parts_->faults) {
                if (fault.plan.feed == feed && fault.groups.contains(segment.group) &&
                    parts_->now >= fault.plan.from && parts_->now < fault.plan.until) {
                    offer.fault = &fault.fault;
                }
            }
            offers.push_back(offer);
        }
        contexts.push_back(
            parts_->control->context(segment.name, parts_->group_personas[segment.group], offers));
        auto& log = parts_->context_log[s];
        if (log.empty() || log.back().second != contexts.back().id) {
            log.emplace_back(parts_->now, contexts.back().id);
        }
    }
    return contexts;
}

// Counted when they arrive at the vendor: what nobody has reported yet halts nothing.
void Lab::take_signals() {
    const auto hear = [&](const cloud::Signal& signal, uint32_t count) {
        const size_t group = signal.group.value;
        parts_->ledger->hear(group, signal.channel, count);
        parts_->operations->hear(signal, count);
        if (parts_->signals_noted.emplace(group, signal.channel).second) {
            parts_->writer->add(record::TimelineEntry{
                signal.arrives, "signal", static_cast<int32_t>(group), record::kAll,
                fmt::format("first {} from {}", spoken(base::info(signal.channel).name),
                            parts_->experiment.groups[group].name)});
        }
    };
    parts_->central->receive(parts_->now + base::Duration{1},
                             [&](const cloud::Signal& signal, uint32_t count) {
                                 parts_->ledger->detected(signal.group.value, signal.arrives);
                                 hear(signal, count);
                             });
    for (const Reporter::Noise& noise :
         parts_->reporter->noise(parts_->now, *parts_->census, parts_->experiment.groups.size(),
                                 parts_->releases.size())) {
        hear(noise.signal, noise.count);
    }
}

// Exposure for the tests, and each full hour's contacts.
void Lab::watch() {
    constexpr double kHoursPerSlice = fleet::kSlice_s / 3600.0;
    for (uint32_t g = 0; g < parts_->experiment.groups.size(); ++g) {
        for (uint32_t r = 0; r < parts_->releases.size(); ++r) {
            const double online = parts_->census->running_online(g, r);
            if (online > 0) {
                parts_->operations->watch({r}, {g}, online * kHoursPerSlice);
            }
        }
        const Standing& standing = parts_->census->group(g);
        parts_->operations->watch_group({g}, standing.online * kHoursPerSlice);
        if (parts_->now.seconds > 0 && parts_->now.seconds % 3600 == 0) {
            const base::SimTime hour{parts_->now.seconds - 3600};
            parts_->operations->hear_contacts(
                {g}, standing.online, parts_->reporter->contacts(hour, g, standing), parts_->now);
        }
    }
}

base::Status Lab::turn_campaigns() {
    bool turned = false;
    for (size_t c = 0; c < parts_->experiment.campaigns.size(); ++c) {
        const scenario::Campaign& plan = parts_->experiment.campaigns[c];
        const bool active = parts_->now >= plan.at && parts_->now < plan.until;
        if (active == parts_->control->setting().campaigns[c].active) {
            continue;
        }
        turned = true;
        parts_->control->set_active(c, active);
        parts_->turns.push_back({parts_->now, c, active});
        parts_->writer->add(
            record::TimelineEntry{parts_->now, "campaign", record::kAll, record::kAll,
                                  fmt::format("{} {}", plan.id, active ? "begins" : "is over")});
    }
    if (!turned) {
        return {};
    }
    parts_->census->forget();
    return parts_->fleet->redraw(parts_->now);
}

// By reboot, repair kit or hand: what the slice's harm will need.
void Lab::mend() {
    for (const Grant& grant : parts_->recoveries->grant(parts_->fleet->population(), end())) {
        parts_->fleet->schedule_recovery(grant.row, grant.at, grant.harms, grant.how);
        parts_->grants.emplace_back(parts_->now, grant);
    }
}

base::Status Lab::run_due_commands() {
    auto& due = parts_->due_commands;
    while (!due.empty() && due.begin()->first <= parts_->now) {
        const Command command = due.begin()->second;
        due.erase(due.begin());
        if (command.kind == Command::Kind::kRelease) {
            FB_CHECK(run_release(command));
            continue;
        }
        // A refused act of the scenario is recorded; it is for an expectation to object.
        (void)carry_out(command, "scenario");
    }
    return {};
}

// A release of the scenario. One that was made for a halt is signed when it is made; it is not
// needed any more if the release that it should mend goes on by then.
base::Status Lab::run_release(const Command& command) {
    const auto& releases = parts_->experiment.releases;
    const auto found = std::find_if(
        releases.begin(), releases.end(),
        [&](const scenario::Release& release) { return release.id == command.release; });
    const auto number = static_cast<size_t>(found - releases.begin());
    if (found->fixes) {
        const auto broken = std::find_if(
            releases.begin(), releases.end(),
            [&](const scenario::Release& release) { return release.id == *found->fixes; });
        const cloud::ReleaseId id{static_cast<uint32_t>(broken - releases.begin())};
        if (!parts_->release_system->halted(id)) {
            parts_->writer->add(record::TimelineEntry{
                parts_->now, "act", record::kAll, static_cast<int32_t>(number),
                fmt::format("{} is not needed: {} goes on", found->id, broken->id)});
            return {};
        }
        const auto package = std::find_if(
            parts_->packages.begin(), parts_->packages.end(),
            [&](const content::Package& one) { return &one == parts_->releases[number]; });
        FB_TRY(*package,
               content::sign(package->draft, parts_->pki.signers.at(found->feed),
                             parts_->experiment.start + base::Duration{parts_->now.seconds}));
    }
    (void)carry_out(command, "scenario");
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
            parts_->fixes_made.insert(command.release);
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
        case Command::Kind::kWithdraw:
            done = parts_->release_system->withdraw(id, parts_->now, "by an operator");
            break;
        case Command::Kind::kResume:
            done = parts_->release_system->resume(id, parts_->now);
            break;
    }
    const auto release = static_cast<int32_t>(id.value);
    parts_->writer->add(record::Command{parts_->now, origin, to_text(command.kind), release,
                                        done.ok() ? "done" : done.error().text()});
    const bool has_own_entry = command.kind == Command::Kind::kHalt ||
                               command.kind == Command::Kind::kWithdraw ||
                               command.kind == Command::Kind::kResume;
    if (!has_own_entry || !done.ok()) {
        parts_->writer->add(record::TimelineEntry{
            parts_->now, done.ok() ? "act" : "refused", record::kAll, release,
            done.ok() ? fmt::format("{}: {}", to_text(command.kind), command.release)
                      : done.error().text()});
    }
    return done;
}

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

void Lab::schedule_fixes(const std::string& halted, base::SimTime at) {
    for (const scenario::Release& release : parts_->experiment.releases) {
        const bool waits =
            std::none_of(parts_->due_commands.begin(), parts_->due_commands.end(),
                         [&](const auto& due) { return due.second.release == release.id; });
        if (release.fixes == halted && waits && !parts_->fixes_made.contains(release.id)) {
            parts_->due_commands.emplace(at + release.after_halt,
                                         Command{Command::Kind::kRelease, release.id});
        }
    }
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

void Lab::note_faults() {
    for (FaultInForce& fault : parts_->faults) {
        if (fault.noted || parts_->now < fault.plan.from) {
            continue;
        }
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

void Lab::take_events() {
    const fleet::Population& rows = parts_->fleet->population();
    size_t segment = 0;
    for (const fleet::RowEvent& event : parts_->events) {
        while (event.row >= rows.end(segment)) {
            ++segment;
        }
        const size_t group = parts_->segments[segment].group;
        parts_->fingerprint.add(Term::kRowEvent, event.at.seconds, event.row, event.category,
                                event.code);
        const cloud::GroupId in{static_cast<uint32_t>(group)};
        const cloud::ReleaseId release{event.release};
        const bool after_halt =
            event.delivered && release.valid() && parts_->release_system->halted(release);
        parts_->ledger->count(group, rows.persona(event.row), rows.tenant(event.row), event,
                              after_halt);
        if (event.delivered && release.valid()) {
            parts_->operations->count_exposed(release, in, 1);
        }
        for (uint32_t i = 0; i < event.alerts; ++i) {
            parts_->central->alert_tenant(rows.tenant(event.row));
        }
        parts_->reporter->tell(event, in, rows);
        parts_->recoveries->note(event);
        note_first_failure(group, event);
        if (parts_->observer) {
            parts_->observer(event.row, {event.at, event.category, event.code});
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

// The rows of a release group: those of its segments, which stand side by side.
std::pair<uint32_t, uint32_t> Lab::rows_of(size_t group) const {
    const fleet::Population& rows = parts_->fleet->population();
    fleet::Row begin = 0;
    fleet::Row end = 0;
    for (size_t s = 0; s < parts_->segments.size(); ++s) {
        if (parts_->segments[s].group == group) {
            begin = end == 0 ? rows.begin(s) : begin;
            end = rows.end(s);
        }
    }
    return {begin, end};
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
                            parts_->census->group(g).harmed,
                            parts_->census->group(g).lost,
                            {}};
        const auto [begin, end_row] = rows_of(g);
        const uint64_t size = end_row - begin;
        group.cells.resize(std::min<uint64_t>(viewport.cells_per_group, size));
        for (uint64_t i = 0; i < size && !group.cells.empty(); ++i) {
            Cell& cell = group.cells[i * group.cells.size() / size];
            const fleet::Row row = begin + static_cast<uint32_t>(i);
            const uint16_t marks = parts_->fleet->marks(row);
            const base::HarmMask harms = parts_->control->harms(rows.set(row));
            ++cell.endpoints;
            cell.exposed += (marks & fleet::kExposed) != 0;
            cell.refused += (marks & fleet::kRefused) != 0;
            cell.affected += (marks & fleet::kAffected) != 0;
            cell.harmed += harms != 0;
            cell.lost += (harms & (bit(base::Harm::kUnbootable) | bit(base::Harm::kBootLoop))) != 0;
        }
        out.groups.push_back(std::move(group));
    }
    for (const uint32_t row : viewport.endpoints) {
        if (row >= rows.size()) {
            continue;
        }
        EndpointSnapshot endpoint;
        endpoint.endpoint = row;
        endpoint.group =
            parts_->experiment.groups[parts_->segments[rows.segment_of(row)].group].name;
        endpoint.persona = parts_->assays->environment().personas[rows.persona(row)].name;
        endpoint.tenant = rows.tenant(row);
        const uint16_t marks = parts_->fleet->marks(row);
        endpoint.exposed = (marks & fleet::kExposed) != 0;
        endpoint.refused = (marks & fleet::kRefused) != 0;
        endpoint.affected = (marks & fleet::kAffected) != 0;
        endpoint.infected = (marks & fleet::kInfected) != 0;
        for (const base::HarmInfo& one : base::harms()) {
            if ((parts_->control->harms(rows.set(row)) & bit(one.harm)) != 0) {
                endpoint.harms.emplace_back(one.name);
            }
        }
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
        parts_->ledger->tally(), parts_->ledger->tenants());
}

base::Status Lab::interrupt() {
    return parts_->writer->commit(parts_->now);
}

}  // namespace firebreak::lab
