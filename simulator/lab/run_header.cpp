#include "lab/run_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "checks/attack.h"
#include "fleet/population.h"
#include "lab/parts.h"
#include "lab/policy.h"
#include "scenario/amend.h"

namespace firebreak::lab {

namespace {

using scenario::Experiment;
using scenario::GroupStage;

constexpr char kVersion[] = FIREBREAK_VERSION;
constexpr double kSecondsPerHour = 3600;

// What a sample of variants can say: if none of n gets through, then with 95 % confidence no
// more than 1 - 0.05^(1/n) of all would.
std::string sampling_bound(const scenario::Fault& fault) {
    return fmt::format(
        "; {}: {} variants stand for all: if none gets through, at most {:.1f} % of all would "
        "(95 % confidence)",
        fault.kind == scenario::FaultKind::kBitFlip ? "bit flip" : "truncation", fault.variants,
        100 * (1 - std::pow(0.05, 1.0 / fault.variants)));
}

// Of feeds that are released and that no machine has from the start.
std::string without_baseline(const Experiment& experiment) {
    std::set<content::Feed> missing;
    for (const scenario::Release& release : experiment.releases) {
        if (release.kind != scenario::ReleaseKind::kPlant) {
            missing.insert(release.feed);
        }
    }
    for (const scenario::Baseline& baseline : experiment.baseline) {
        missing.erase(baseline.feed);
    }
    std::string out;
    for (const content::Feed feed : missing) {
        out += fmt::format(
            "; {} has no baseline: until its first release arrives, machines run none of it and "
            "count as not protected",
            content::info(feed).name);
    }
    return out;
}

size_t index_of_release(const Experiment& experiment, const std::string& id) {
    const auto found =
        std::find_if(experiment.releases.begin(), experiment.releases.end(),
                     [&](const scenario::Release& release) { return release.id == id; });
    return static_cast<size_t>(found - experiment.releases.begin());
}

int32_t part_number(const scenario::Expectation& expectation,
                    const std::vector<host::Persona>& personas) {
    if (!expectation.part) {
        return record::kAll;
    }
    switch (base::info(expectation.metric).part) {
        case base::Part::kChannel:
            return static_cast<int32_t>(*base::find_channel(*expectation.part));
        case base::Part::kHarm:
            return static_cast<int32_t>(*base::find_harm(*expectation.part));
        case base::Part::kPersona: {
            const auto found = std::find_if(
                personas.begin(), personas.end(),
                [&](const host::Persona& persona) { return persona.name == *expectation.part; });
            return static_cast<int32_t>(found - personas.begin());
        }
        case base::Part::kNone:
            break;
    }
    return record::kAll;
}

record::Expectation convert(const scenario::Expectation& from, const Experiment& experiment,
                            const std::vector<host::Persona>& personas) {
    record::Expectation to;
    to.metric = from.metric;
    for (size_t g = 0; g < experiment.groups.size(); ++g) {
        if (from.group == experiment.groups[g].name) {
            to.group = static_cast<int32_t>(g);
        }
    }
    if (base::info(from.metric).per_release) {
        to.release = from.release
                         ? static_cast<int32_t>(index_of_release(experiment, *from.release))
                         : static_cast<int32_t>(experiment.releases.size()) - 1;
    }
    to.part = part_number(from, personas);
    to.comparison = static_cast<record::Comparison>(from.comparison);
    to.bound = from.bound;
    to.is_share = from.is_share;
    to.moment = static_cast<record::Moment>(from.when);
    to.at = from.at;
    to.text = from.text;
    to.place = from.place;
    return to;
}

// The attack of the scenario, and what it must come to under the profile of this run.
void add_attack(const Experiment& experiment, const std::vector<host::Persona>& personas,
                record::Header& header) {
    if (!experiment.attack) {
        return;
    }
    const scenario::Attack& from = *experiment.attack;
    record::Attack to;
    to.row = from.row;
    to.aim = from.aim;
    to.profile =
        experiment.update.profile == scenario::Profile::kHardened ? "hardened" : "published";
    to.expected = static_cast<record::Standing>(from.expected.at(experiment.update.profile));
    for (const scenario::Expectation& condition : from.held) {
        to.held.push_back(convert(condition, experiment, personas));
    }
    for (const scenario::Expectation& condition : from.contained) {
        to.contained.push_back(convert(condition, experiment, personas));
    }
    record::Expectation verdict;
    verdict.attack = true;
    verdict.text = fmt::format("the attack `{}` under profile {}: {}", to.row, to.profile,
                               checks::to_text(to.expected));
    verdict.place = from.place;
    header.expectations.push_back(std::move(verdict));
    header.attack = std::move(to);
}

// By persona, as the fleet shares them out.
std::vector<uint64_t> endpoints_of(const std::vector<host::Persona>& personas,
                                   const Experiment& experiment) {
    std::vector<uint64_t> out(personas.size());
    for (const SegmentPlan& segment : plan_segments(experiment)) {
        const auto& mix = experiment.groups[segment.group].personas;
        std::vector<double> weights;
        for (const host::Persona& persona : personas) {
            const auto found = mix.find(persona.name);
            weights.push_back(found == mix.end() ? 0 : found->second);
        }
        const std::vector<uint32_t> counts = fleet::shares(segment.endpoints, weights);
        for (size_t p = 0; p < out.size(); ++p) {
            out[p] += counts[p];
        }
    }
    return out;
}

// Stages of a release's way, and what each of them can see.
class Stages {
  public:
    Stages(const Experiment& experiment, const std::vector<host::Persona>& personas,
           uint32_t first_hour)
        : experiment_(experiment), personas_(personas), first_hour_(first_hour) {}

    std::vector<record::Stage> list() {
        for (const SegmentPlan& segment : plan_segments(experiment_)) {
            const scenario::Group& group = experiment_.groups[segment.group];
            const base::SimTime begins = start_of(group.stage, segment.after);
            Draft& draft = drafts_[begins];
            draft.begins = begins;
            draft.stage = std::max(draft.stage, group.stage);
            draft.groups.insert(group.name);
            draft.endpoints += segment.endpoints;
            double sum = 0;
            for (const auto& [name, weight] : group.personas) {
                sum += weight;
            }
            for (const auto& [name, weight] : group.personas) {
                draft.mix[name] += segment.endpoints * weight / sum;
            }
        }
        std::vector<record::Stage> out;
        for (auto draft = drafts_.begin(); draft != drafts_.end(); ++draft) {
            const auto next = std::next(draft);
            const base::SimTime end{experiment_.duration.seconds};
            const base::SimTime until =
                std::min(next == drafts_.end() ? end : next->second.begins, end);
            out.push_back(finish(draft->second, std::max(until, draft->second.begins)));
        }
        return out;
    }

  private:
    struct Draft {
        base::SimTime begins;
        GroupStage stage = GroupStage::kEngineering;
        std::set<std::string> groups;
        uint64_t endpoints = 0;
        std::map<std::string, double> mix;  // endpoints by persona
    };

    bool has(GroupStage stage) const {
        return std::any_of(experiment_.groups.begin(), experiment_.groups.end(),
                           [&](const scenario::Group& group) { return group.stage == stage; });
    }

    // When the first update gets to a stage, if nothing stops it: by the policy's bake times or the
    // scenario's acts; one that nobody orders is put at the end of the run.
    base::SimTime start_of(GroupStage stage, base::Duration after) const {
        const scenario::Policy& policy = experiment_.policy;
        const scenario::Release* first = nullptr;
        for (const scenario::Release& release : experiment_.releases) {
            if (first == nullptr && release.kind == scenario::ReleaseKind::kUpdate) {
                first = &release;
            }
        }
        const base::SimTime released = first != nullptr ? first->at : base::SimTime{0};
        if (!policy.staged || first == nullptr || first->expedited) {
            return released;
        }
        base::SimTime at = released;
        if (stage >= GroupStage::kInternal && has(GroupStage::kInternal) &&
            has(GroupStage::kEngineering)) {
            at = moved_on(at, policy.internal_after, scenario::ActKind::kPromoteToInternal,
                          first->id);
        }
        if (stage == GroupStage::kPublic &&
            (has(GroupStage::kInternal) || has(GroupStage::kEngineering))) {
            at = moved_on(at, policy.public_after, scenario::ActKind::kPromoteToPublic, first->id);
        }
        return stage == GroupStage::kPublic ? at + after : at;
    }

    base::SimTime moved_on(base::SimTime from, const std::optional<base::Duration>& bake,
                           scenario::ActKind act, const std::string& release) const {
        base::SimTime at = bake ? from + *bake : base::SimTime{experiment_.duration.seconds};
        for (const scenario::Act& one : experiment_.acts) {
            if (one.kind == act && one.release == release) {
                at = std::min(at, one.at);
            }
        }
        return at;
    }

    record::Stage finish(const Draft& draft, base::SimTime until) {
        record::Stage stage;
        stage.name = name(draft);
        stage.endpoints = draft.endpoints;
        stage.bake = until - draft.begins;
        for (const auto& [persona, endpoints] : draft.mix) {
            stage.endpoint_hours += endpoints * online_hours(persona, draft.begins, until);
        }
        stage.checks = checks(draft);
        stage.finds_per_h = smallest(draft, stage.endpoint_hours);
        stage.first_seen_here = first_seen(draft);
        return stage;
    }

    std::string name(const Draft& draft) const {
        const bool whole = draft.stage != GroupStage::kPublic || experiment_.policy.ramp.empty();
        if (draft.groups.size() == 1 && whole) {
            return *draft.groups.begin();
        }
        uint64_t everyone = 0;
        for (const scenario::Group& group : experiment_.groups) {
            everyone += group.stage == GroupStage::kPublic || !experiment_.policy.staged
                            ? group.endpoints
                            : 0;
        }
        return fmt::format(
            "{}, {:.3g} %", experiment_.policy.staged ? "public" : "everyone",
            100.0 * static_cast<double>(draft.endpoints) / static_cast<double>(everyone));
    }

    const host::Persona* persona(const std::string& name) const {
        const auto found = std::find_if(personas_.begin(), personas_.end(),
                                        [&](const host::Persona& one) { return one.name == name; });
        return found == personas_.end() ? nullptr : &*found;
    }

    double online_hours(const std::string& name, base::SimTime from, base::SimTime until) const {
        const host::Persona* found = persona(name);
        double hours = 0;
        for (int64_t t = from.seconds; found != nullptr && t < until.seconds;) {
            const int64_t next = std::min((t / 3600 + 1) * 3600, until.seconds);
            const auto hour = static_cast<size_t>(first_hour_ + t / 3600) % 168;
            hours += static_cast<double>(found->online[hour]) * static_cast<double>(next - t) /
                     kSecondsPerHour;
            t = next;
        }
        return hours;
    }

    bool gated(const Draft& draft) const {
        return draft.stage != GroupStage::kPublic && experiment_.policy.gates;
    }

    std::string checks(const Draft& draft) const {
        const scenario::Policy& policy = experiment_.policy;
        std::string out = "each endpoint: chain, signature, digests, floor, load";
        if (gated(draft)) {
            return out + "; gate: one failure reported halts";
        }
        if (draft.stage == GroupStage::kPublic) {
            out += fmt::format("; threshold: {:.3g} % of those exposed and {} reports",
                               100 * policy.halt_share, policy.halt_reports);
        }
        if (policy.false_alarms) {
            out += fmt::format("; sequential tests, {:.3g} % false alarms",
                               100 * *policy.false_alarms);
        }
        return out;
    }

    // By crash reports, the promptest channel that sees a component die.
    std::optional<double> smallest(const Draft& draft, double endpoint_hours) const {
        const scenario::Policy& policy = experiment_.policy;
        const base::ChannelSettings& reports =
            experiment_.signals[static_cast<size_t>(base::Channel::kCrashReport)];
        const double heard = (1 - reports.loss) * (1 - reports.opt_out);
        const double hours = endpoint_hours * heard;
        if (hours <= 0) {
            return std::nullopt;
        }
        std::optional<double> found;
        const auto offer = [&found](double rate) { found = found ? std::min(*found, rate) : rate; };
        if (gated(draft)) {
            offer(smallest_found_by_count(1, hours));
        } else if (draft.stage == GroupStage::kPublic) {
            const double share = policy.halt_share * static_cast<double>(draft.endpoints);
            const auto events =
                static_cast<uint64_t>(std::max<double>(policy.halt_reports, std::ceil(share)));
            if (events <= draft.endpoints) {
                offer(smallest_found_by_count(events, hours));
            }
        }
        if (const auto design =
                cloud::test_design(vigilance(experiment_), base::Channel::kCrashReport)) {
            offer(cloud::smallest_found(*design, endpoint_hours) / heard);
        }
        return found;
    }

    // Whatever no earlier stage has cannot have been tried before.
    std::vector<std::string> first_seen(const Draft& draft) {
        std::vector<std::string> out;
        const auto note = [&](const std::string& what) {
            if (seen_.insert(what).second) {
                out.push_back(what);
            }
        };
        for (const auto& [name, endpoints] : draft.mix) {
            note("persona " + name);
            if (const host::Persona* found = persona(name)) {
                note("Windows " + found->windows_build);
                for (const host::Driver& driver : found->drivers) {
                    note(fmt::format("driver {} {}", driver.name, driver.version));
                }
            }
        }
        return out;
    }

    const Experiment& experiment_;
    const std::vector<host::Persona>& personas_;
    uint32_t first_hour_;
    std::map<base::SimTime, Draft> drafts_;
    std::set<std::string> seen_;
};

// Feeds whose components share a process fall together.
std::vector<record::FaultDomain> fault_domains(const Experiment& experiment) {
    std::set<content::Feed> feeds;
    for (const scenario::Baseline& baseline : experiment.baseline) {
        feeds.insert(baseline.feed);
    }
    for (const scenario::Release& release : experiment.releases) {
        feeds.insert(release.feed);
    }
    std::map<std::pair<std::string, bool>, record::FaultDomain> domains;
    for (const content::Feed feed : feeds) {
        const content::FeedInfo& info = content::info(feed);
        const bool kernel = experiment.kernel.contains(feed);
        record::FaultDomain& domain = domains[{std::string(info.process), kernel}];
        domain.process = fmt::format("{} ({})", info.component, info.process);
        domain.context = kernel ? "kernel" : "user space";
        domain.feeds.emplace_back(info.name);
        domain.exits = kernel ? "the machine stops, and stops again at every start"
                              : "the process dies alone, and restarts on last-known-good";
    }
    std::vector<record::FaultDomain> out;
    for (auto& [key, domain] : domains) {
        out.push_back(std::move(domain));
    }
    return out;
}

}  // namespace

double smallest_found_by_count(uint64_t events, double hours, double power) {
    // P(fewer than `events`) for a Poisson mean, in logarithms: means get large.
    const auto misses = [events](double mean) {
        double sum = 0;
        for (uint64_t k = 0; k < events; ++k) {
            const auto n = static_cast<double>(k);
            sum += std::exp(n * std::log(mean) - mean - std::lgamma(n + 1));
        }
        return sum;
    };
    double low = 0;
    double high = static_cast<double>(events) + 10 + 10 * std::sqrt(static_cast<double>(events));
    for (int i = 0; i < 100; ++i) {
        const double middle = (low + high) / 2;
        (misses(middle) > 1 - power ? low : high) = middle;
    }
    return high / hours;
}

record::Header make_header(const Experiment& experiment,
                           std::span<const content::Package* const> releases,
                           const std::vector<host::Persona>& personas, uint32_t first_hour,
                           std::string notes) {
    record::Header header;
    header.name = experiment.name;
    header.title = experiment.title;
    header.description = experiment.description;
    header.version = kVersion;
    header.seed = experiment.seed;
    header.start = experiment.start;
    header.duration = experiment.duration;
    constexpr const char* kStages[] = {"engineering", "internal", "public"};
    for (const scenario::Group& group : experiment.groups) {
        header.groups.push_back({group.name, kStages[static_cast<size_t>(group.stage)],
                                 group.endpoints, group.tenants});
    }
    for (size_t r = 0; r < experiment.releases.size(); ++r) {
        const scenario::Release& release = experiment.releases[r];
        header.releases.push_back({release.id, std::string(content::info(release.feed).name),
                                   release.version,
                                   release.kind == scenario::ReleaseKind::kFix ? "fix" : "update",
                                   release.at, releases[r]->manifest_digest.hex()});
    }
    const std::vector<uint64_t> endpoints = endpoints_of(personas, experiment);
    for (size_t p = 0; p < personas.size(); ++p) {
        header.personas.push_back(
            {personas[p].name, personas[p].title, personas[p].windows_build, endpoints[p]});
    }
    for (const scenario::Setting& setting : experiment.settings) {
        header.settings.push_back(
            {setting.section, setting.key, setting.value, setting.given, setting.source});
    }
    header.stages = Stages(experiment, personas, first_hour).list();
    header.fault_domains = fault_domains(experiment);
    for (const scenario::Expectation& expectation : experiment.expectations) {
        header.expectations.push_back(convert(expectation, experiment, personas));
    }
    add_attack(experiment, personas, header);
    header.notes = std::move(notes) + without_baseline(experiment);
    for (const scenario::Fault& fault : experiment.faults) {
        if (!fault.byte && (fault.kind == scenario::FaultKind::kBitFlip ||
                            fault.kind == scenario::FaultKind::kTruncate)) {
            header.notes += sampling_bound(fault);
        }
    }
    header.scenario = experiment.toml;
    return header;
}

base::Result<record::Header> Lab::Parts::header(const std::vector<host::Persona>& personas) const {
    record::Header out = make_header(experiment, releases, personas, first_hour, notes);
    FB_TRY(out.scenario,
           scenario::moved(out.scenario, experiment.file.parent_path(), run_file.parent_path()));
    return out;
}

}  // namespace firebreak::lab
