#include "lab/ledger.h"

#include <algorithm>
#include <cmath>

namespace firebreak::lab {

namespace {

using base::Metric;
using record::kAll;

int32_t number(uint32_t release) {
    return release == ControlPlane::kNoRelease ? kAll : static_cast<int32_t>(release);
}

// What ended a harm, from the event that ended it.
base::Recovery recovery_of(const fleet::RowEvent& event) {
    switch (event.code) {
        case base::Code::kByReboot:
            return base::Recovery::kReboot;
        case base::Code::kByRepairKit:
            return base::Recovery::kRepairKit;
        case base::Code::kByHand:
            return base::Recovery::kByHand;
        default:
            return base::Recovery::kUpdate;
    }
}

}  // namespace

Ledger::Ledger(const record::Header& header, std::vector<bool> fixes,
               std::vector<record::Tenant> tenants, record::RunWriter& writer)
    : groups_(header.groups.size()),
      personas_(header.personas.size()),
      fixes_(std::move(fixes)),
      guilty_(header.releases.size()),
      tenants_(std::move(tenants)),
      unaware_(header.personas.size(), 1.0),
      installed_(header.groups.size(), std::vector<uint64_t>(header.releases.size())),
      evidence_(header.releases.size()),
      writer_(writer) {}

void Ledger::add_release(bool fix) {
    const auto release = static_cast<int32_t>(fixes_.size());
    fixes_.push_back(fix);
    guilty_.push_back(false);
    evidence_.push_back(0);
    for (size_t g = 0; g < groups_.size(); ++g) {
        installed_[g].push_back(0);
        for (const Metric metric : {Metric::kRunning, Metric::kInstalled}) {
            set({0}, metric, static_cast<int32_t>(g), release, kAll, 0);
        }
    }
    for (const Metric metric :
         {Metric::kRunning, Metric::kInstalled, Metric::kHalted, Metric::kEvidence}) {
        set({0}, metric, kAll, release, kAll, 0);
    }
}

void Ledger::count(size_t group, uint8_t persona, uint32_t tenant, const fleet::RowEvent& event,
                   bool after_halt) {
    const bool failed = event.refused || event.harm != base::Harm::kNone;
    const bool installed = event.category == base::Category::kInstalled;
    if (event.release < guilty_.size()) {
        guilty_[event.release] = guilty_[event.release] || failed;
        installed_[group][event.release] += installed ? 1 : 0;
    }
    for (Counts* counts : {&groups_[group], &all_}) {
        counts->exposed += (event.first & fleet::kExposed) != 0;
        counts->refused += (event.first & fleet::kRefused) != 0;
        counts->affected += (event.first & fleet::kAffected) != 0;
        counts->infections += (event.first & fleet::kInfected) != 0;
        counts->alerts += event.alerts;
        counts->overshoot += after_halt && ((event.first & fleet::kExposed) != 0 || installed);
        if (failed && (!counts->first_failure || event.at < *counts->first_failure)) {
            counts->first_failure = event.at;
            counts->failed_release = event.release;
        }
        if (event.harm != base::Harm::kNone) {
            counts->harm[static_cast<size_t>(event.harm)] +=
                (event.first & fleet::mark_of(event.harm)) != 0;
            counts->first_harm = std::min(counts->first_harm.value_or(event.at), event.at);
        }
        if (event.harm == base::Harm::kRestart) {
            ++counts->recovered[static_cast<size_t>(base::Recovery::kItself)];
            counts->last_recovery = std::max(counts->last_recovery.value_or(event.at), event.at);
        }
        if (event.ended != 0) {
            ++counts->recovered[static_cast<size_t>(recovery_of(event))];
            counts->last_recovery = std::max(counts->last_recovery.value_or(event.at), event.at);
        }
    }
    PersonaCounts& of_persona = personas_[persona];
    of_persona.exposed += (event.first & fleet::kExposed) != 0;
    of_persona.refused += (event.first & fleet::kRefused) != 0;
    of_persona.affected += (event.first & fleet::kAffected) != 0;
    of_persona.infections += (event.first & fleet::kInfected) != 0;
    if (event.first != 0 || event.ended != 0) {
        count_tenant(tenant, event);
    }
    const record::TallyKey key{static_cast<int32_t>(group), number(event.release), event.category,
                               event.code};
    if (last_tally_ == nullptr || key != last_key_) {
        last_key_ = key;
        last_tally_ = &tally_[key];
    }
    ++*last_tally_;
}

void Ledger::count_tenant(uint32_t tenant, const fleet::RowEvent& event) {
    record::Tenant& of = tenants_[tenant];
    of.exposed += (event.first & fleet::kExposed) != 0;
    of.refused += (event.first & fleet::kRefused) != 0;
    of.infected += (event.first & fleet::kInfected) != 0;
    if ((event.first & fleet::kAffected) != 0) {
        ++of.affected;
        of.first_affected = std::min(of.first_affected.value_or(event.at), event.at);
    }
    if (base::info(event.harm).lost && (event.first & fleet::mark_of(event.harm)) != 0) {
        ++of.lost;
    }
    if (event.ended != 0) {
        of.last_recovered = std::max(of.last_recovered.value_or(event.at), event.at);
    }
}

std::vector<record::Tenant> Ledger::tenants() const {
    std::vector<record::Tenant> out;
    std::copy_if(tenants_.begin(), tenants_.end(), std::back_inserter(out),
                 [](const record::Tenant& tenant) {
                     return tenant.exposed + tenant.refused + tenant.affected + tenant.infected > 0;
                 });
    return out;
}

void Ledger::hear(size_t group, base::Channel channel, uint32_t count) {
    for (Counts* counts : {&groups_[group], &all_}) {
        counts->signals[static_cast<size_t>(channel)] += count;
    }
}

void Ledger::detected(size_t group, base::SimTime at) {
    for (Counts* counts : {&groups_[group], &all_}) {
        if (counts->first_failure && !counts->time_to_detect) {
            counts->time_to_detect = at - *counts->first_failure;
        }
    }
}

void Ledger::set_halt(uint32_t release, std::optional<base::SimTime> in_force) {
    if (!in_force) {
        halts_.erase(release);
        return;
    }
    halts_[release] = *in_force;
    first_halt_ = first_halt_.value_or(*in_force);
}

void Ledger::note_halt(Counts& counts) {
    if (!counts.first_failure || counts.time_to_halt) {
        return;
    }
    if (const auto halt = halts_.find(counts.failed_release); halt != halts_.end()) {
        counts.time_to_halt = std::max(halt->second - *counts.first_failure, base::Duration{0});
    }
}

void Ledger::set(base::SimTime at, Metric metric, int32_t group, int32_t release, int32_t part,
                 double value) {
    const record::SeriesKey key{metric, group, release, part};
    const auto [place, is_new] = written_.emplace(key, value);
    // A breakdown that has always been zero needs no row: counts begin there.
    if (is_new ? value != 0 || part == kAll : place->second != value) {
        place->second = value;
        writer_.add(key, {at, value});
    }
}

void Ledger::write_counts(base::SimTime at, int32_t group, const Counts& counts) {
    const auto put = [&](Metric metric, double value, int32_t part = kAll) {
        set(at, metric, group, kAll, part, value);
    };
    const auto put_time = [&](Metric metric, const std::optional<base::Duration>& value) {
        if (value) {
            put(metric, static_cast<double>(value->seconds));
        }
    };
    put(Metric::kExposed, static_cast<double>(counts.exposed));
    put(Metric::kAffected, static_cast<double>(counts.affected));
    put(Metric::kRefused, static_cast<double>(counts.refused));
    put(Metric::kAlerts, static_cast<double>(counts.alerts));
    put(Metric::kInfections, static_cast<double>(counts.infections));
    put(Metric::kOvershoot, static_cast<double>(counts.overshoot));
    put(Metric::kProtectionGap, counts.gap_h);
    put(Metric::kReachedByHalt, counts.reached_by_halt);
    constexpr std::array kRecovered{Metric::kRecoveredItself, Metric::kRecoveredUpdate,
                                    Metric::kRecoveredReboot, Metric::kRecoveredRepairKit,
                                    Metric::kRecoveredHand};
    for (size_t i = 0; i < kRecovered.size(); ++i) {
        put(kRecovered[i], static_cast<double>(counts.recovered[i]));
    }
    for (size_t h = 1; h < base::kHarms; ++h) {
        put(Metric::kHarm, static_cast<double>(counts.harm[h]), static_cast<int32_t>(h));
    }
    uint64_t signals = 0;
    for (size_t c = 0; c < base::kChannels; ++c) {
        put(Metric::kSignals, static_cast<double>(counts.signals[c]), static_cast<int32_t>(c));
        signals += counts.signals[c];
    }
    put(Metric::kSignals, static_cast<double>(signals));
    put_time(Metric::kTimeToDetect, counts.time_to_detect);
    put_time(Metric::kTimeToHalt, counts.time_to_halt);
}

void Ledger::write_standing(base::SimTime at, int32_t group, const Standing& standing) {
    const auto put = [&](Metric metric, uint64_t value) {
        set(at, metric, group, kAll, kAll, static_cast<double>(value));
    };
    put(Metric::kProtected, standing.is_protected);
    put(Metric::kDown, standing.down);
    put(Metric::kHarmed, standing.harmed);
    put(Metric::kLost, standing.lost);
    put(Metric::kUnreached, standing.unreached);
    const Counts& counts = group == kAll ? all_ : groups_[static_cast<size_t>(group)];
    if (!counts.first_harm) {
        return;
    }
    // While somebody is harmed it is not over: so far, told by the hour.
    if (standing.harmed > 0 && at.seconds % 3600 == 0 && counts.last_recovery) {
        set(at, Metric::kTimeToRecover, group, kAll, kAll,
            static_cast<double>((at - *counts.first_harm).seconds));
    } else if (standing.harmed == 0 && counts.last_recovery) {
        set(at, Metric::kTimeToRecover, group, kAll, kAll,
            static_cast<double>((*counts.last_recovery - *counts.first_harm).seconds));
    }
}

void Ledger::write_persona(base::SimTime at, size_t persona, const Standing& standing) {
    const PersonaCounts& counts = personas_[persona];
    const auto put = [&](Metric metric, double value) {
        set(at, metric, kAll, kAll, static_cast<int32_t>(persona), value);
    };
    put(Metric::kExposed, static_cast<double>(counts.exposed));
    put(Metric::kAffected, static_cast<double>(counts.affected));
    put(Metric::kRefused, static_cast<double>(counts.refused));
    put(Metric::kInfections, static_cast<double>(counts.infections));
    put(Metric::kProtectionGap, counts.gap_h);
    put(Metric::kProtected, static_cast<double>(standing.is_protected));
    put(Metric::kHarmed, static_cast<double>(standing.harmed));
    put(Metric::kLost, static_cast<double>(standing.lost));
}

void Ledger::write_releases(base::SimTime at, const Census& census,
                            const std::vector<bool>& halted) {
    for (size_t r = 0; r < fixes_.size(); ++r) {
        const auto release = static_cast<int32_t>(r);
        uint64_t running = 0;
        uint64_t installed = 0;
        for (size_t g = 0; g < groups_.size(); ++g) {
            const auto group = static_cast<int32_t>(g);
            set(at, Metric::kRunning, group, release, kAll,
                static_cast<double>(census.running(g, r)));
            set(at, Metric::kInstalled, group, release, kAll,
                static_cast<double>(installed_[g][r]));
            running += census.running(g, r);
            installed += installed_[g][r];
        }
        set(at, Metric::kRunning, kAll, release, kAll, static_cast<double>(running));
        set(at, Metric::kInstalled, kAll, release, kAll, static_cast<double>(installed));
        set(at, Metric::kHalted, kAll, release, kAll, halted[r] ? 1 : 0);
        set(at, Metric::kEvidence, kAll, release, kAll,
            std::max(0.0, std::round(100 * evidence_[r])));
    }
    uint64_t fixed_in_all = 0;
    for (size_t g = 0; g < groups_.size(); ++g) {
        uint64_t fixed = 0;
        for (size_t r = 0; r < fixes_.size(); ++r) {
            fixed += fixes_[r] ? census.running(g, r) : 0;
        }
        set(at, Metric::kReachedByFix, static_cast<int32_t>(g), kAll, kAll,
            static_cast<double>(fixed));
        fixed_in_all += fixed;
    }
    set(at, Metric::kReachedByFix, kAll, kAll, kAll, static_cast<double>(fixed_in_all));
}

// A machine learns of a halt when it next asks, so within an hour of being online. Hours are
// independent draws in our online patterns, so the share of a persona that has not been online
// since is a product.
void Ledger::reach(base::SimTime at, const Census& census) {
    if (!first_halt_ || at <= *first_halt_ || at.seconds % 3600 != 0) {
        return;
    }
    all_.reached_by_halt = 0;
    const base::SimTime hour{at.seconds - 3600};
    for (size_t p = 0; p < unaware_.size(); ++p) {
        const auto since = static_cast<double>((at - *first_halt_).seconds);
        unaware_[p] *= 1 - census.online(p, hour) * std::min(1.0, since / 3600);
    }
    for (size_t g = 0; g < groups_.size(); ++g) {
        double reached = 0;
        for (size_t p = 0; p < unaware_.size(); ++p) {
            reached += (1 - unaware_[p]) * static_cast<double>(census.of_persona(g, p));
        }
        groups_[g].reached_by_halt = std::floor(reached);
        all_.reached_by_halt += groups_[g].reached_by_halt;
    }
}

void Ledger::write(base::SimTime at, const Census& census, const std::vector<bool>& halted) {
    const double elapsed_h = at.seconds > 0 ? fleet::kSlice_h : 0;
    reach(at, census);
    all_.gap_h += static_cast<double>(census.all().gap) * elapsed_h;
    note_halt(all_);
    write_counts(at, kAll, all_);
    write_standing(at, kAll, census.all());
    for (size_t g = 0; g < groups_.size(); ++g) {
        groups_[g].gap_h += static_cast<double>(census.group(g).gap) * elapsed_h;
        note_halt(groups_[g]);
        write_counts(at, static_cast<int32_t>(g), groups_[g]);
        write_standing(at, static_cast<int32_t>(g), census.group(g));
    }
    for (size_t p = 0; p < personas_.size(); ++p) {
        personas_[p].gap_h += static_cast<double>(census.persona(p).gap) * elapsed_h;
        write_persona(at, p, census.persona(p));
    }
    write_releases(at, census, halted);
    set(at, Metric::kFalseHalts, kAll, kAll, kAll, false_halts_);
}

}  // namespace firebreak::lab
