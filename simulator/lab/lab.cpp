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
        case Command::Kind::kFault:
            return "fault";
        case Command::Kind::kEndFault:
            return "end of a fault";
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

const content::Package* Lab::package_of(const std::string& release) const {
    const auto number = parts_->release_number(release);
    return number ? parts_->releases[*number] : nullptr;
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

// Once for each slice: what is due at this moment, whether anybody acts by hand after it or not.
base::Status Lab::begin_slice() {
    if (parts_->begun) {
        return {};
    }
    parts_->begun = true;
    take_signals();
    FB_CHECK(turn_campaigns());
    return run_due_commands();
}

// Decisions first, then what endpoints do under them until the next decisions.
base::Status Lab::advance_slice() {
    FB_CHECK(begin_slice());
    watch();
    parts_->operations->advance(parts_->now);
    note_notices();
    parts_->release_system->advance(parts_->now);
    note_decisions();
    note_halts();
    note_faults();
    FB_CHECK(parts_->cdn->advance(parts_->now));

    FB_TRY(const std::vector<fleet::Context> met, contexts());
    FB_TRY(parts_->events, parts_->fleet->advance(parts_->now, met));
    take_events();
    parts_->now = parts_->now + kSlice;
    parts_->begun = false;
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

// What each segment is offered from here on, and what goes wrong on the way.
base::Result<std::vector<fleet::Context>> Lab::contexts() {
    std::vector<fleet::Context> contexts;
    for (size_t s = 0; s < parts_->segments.size(); ++s) {
        const SegmentPlan& segment = parts_->segments[s];
        ControlPlane::Situation situation;
        for (unsigned edge = 0; edge < parts_->cdn->edges(); ++edge) {
            situation.heads.push_back(parts_->cdn->heads(segment.name, edge));
        }
        FB_TRY(situation.faults, parts_->faults->in_force(segment, parts_->now));
        contexts.push_back(parts_->control->context(
            segment.name, parts_->experiment.groups[segment.group].name,
            parts_->group_personas[segment.group], situation, parts_->now));
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
    for (uint32_t g = 0; g < parts_->experiment.groups.size(); ++g) {
        for (uint32_t r = 0; r < parts_->releases.size(); ++r) {
            const double online = parts_->census->running_online(g, r);
            if (online > 0) {
                parts_->operations->watch({r}, {g}, online * fleet::kSlice_h);
            }
        }
        const Standing& standing = parts_->census->group(g);
        parts_->operations->watch_group({g}, standing.online * fleet::kSlice_h);
        if (parts_->now.seconds > 0 && parts_->now.seconds % 3600 == 0) {
            const base::SimTime hour{parts_->now.seconds - 3600};
            parts_->reporter->count_contacts(hour, {g}, standing);
        }
    }
    for (const Reporter::Contacts& one : parts_->reporter->contacts(parts_->now)) {
        parts_->operations->hear_contacts(one.group, one.expected, one.seen, parts_->now);
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
    while (!due.empty() && due.begin()->first.first <= parts_->now) {
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
    const uint32_t number = parts_->release_number(command.release).value();
    const scenario::Release& release = parts_->experiment.releases[number];
    if (release.fixes) {
        const cloud::ReleaseId broken{parts_->release_number(*release.fixes).value()};
        if (!parts_->release_system->halted(broken)) {
            parts_->writer->add(record::TimelineEntry{
                parts_->now, "act", record::kAll, static_cast<int32_t>(number),
                fmt::format("{} is not needed: {} goes on", release.id, *release.fixes)});
            return {};
        }
        const auto package = std::find_if(
            parts_->packages.begin(), parts_->packages.end(),
            [&](const content::Package& one) { return &one == parts_->releases[number]; });
        FB_TRY(*package,
               content::sign(package->draft, parts_->pki.signers.at(release.feed),
                             parts_->experiment.start + base::Duration{parts_->now.seconds}));
        parts_->control->add_package(*package, number);
    }
    (void)carry_out(command, "scenario");
    return {};
}

base::Status Lab::carry_out(const Command& command, const char* origin) {
    const std::optional<uint32_t> number = parts_->release_number(command.release);
    if (!number) {
        return base::Error{fmt::format("there is no release `{}`", command.release), "", ""};
    }
    const cloud::ReleaseId id{*number};
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
        case Command::Kind::kFault:
        case Command::Kind::kEndFault:
            break;  // of people alone: acts.cpp
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

// Of several halts the last one counts: whoever made a fix before it has to look again.
void Lab::schedule_fixes(const std::string& halted, base::SimTime at) {
    for (const scenario::Release& release : parts_->experiment.releases) {
        if (release.fixes != halted || parts_->fixes_made.contains(release.id)) {
            continue;
        }
        std::erase_if(parts_->due_commands, [&](const auto& due) {
            return due.second.kind == Command::Kind::kRelease && due.second.release == release.id;
        });
        parts_->due_commands.emplace(Parts::Due(at + release.after_halt, false),
                                     Command{Command::Kind::kRelease, release.id});
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
            event.delivered && release.valid() && parts_->release_system->halted(release) &&
            parts_->experiment.releases[release.value].kind == scenario::ReleaseKind::kUpdate;
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
