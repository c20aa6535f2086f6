// The composition root: from an Experiment to the whole object graph.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "content/package.h"
#include "lab/parts.h"

namespace firebreak::lab {

namespace {

constexpr char kProductVersion[] = "2024.2";
constexpr char kVersion[] = FIREBREAK_VERSION;

base::Error at(const std::string& place, const base::Error& error) {
    return {error.text(), place, ""};
}

// Content sources stand under fixtures/content, or beside the scenario if written "./…" or "../…".
std::filesystem::path source_folder(const scenario::Experiment& experiment, const Options& options,
                                    const std::filesystem::path& source) {
    const std::string first = source.empty() ? "" : source.begin()->string();
    return first == "." || first == ".." ? experiment.file.parent_path() / source
                                         : options.fixtures / "content" / source;
}

class Assembly {
  public:
    Assembly(const scenario::Experiment& experiment, const Options& options)
        : options_(options), parts_(std::make_unique<Lab::Parts>()) {
        parts_->experiment = experiment;
        if (options.seed) {
            parts_->experiment.seed = *options.seed;
        }
    }

    base::Result<std::unique_ptr<Lab::Parts>> build() {
        FB_CHECK(find_feeds());
        FB_CHECK(load_personas());
        FB_CHECK(sign_content());
        FB_CHECK(start_sandbox());
        make_cloud();
        FB_CHECK(open_record());
        make_assays();
        FB_CHECK(make_control());
        FB_CHECK(make_faults());
        FB_CHECK(make_fleet());
        schedule_commands();
        return std::move(parts_);
    }

  private:
    const scenario::Experiment& experiment() const { return parts_->experiment; }

    base::Status find_feeds() {
        std::map<content::Feed, std::string> places;
        for (const scenario::Baseline& baseline : experiment().baseline) {
            places.emplace(baseline.feed, baseline.place);
        }
        for (const scenario::Release& release : experiment().releases) {
            places.emplace(release.feed, release.place);
        }
        for (const auto& [feed, place] : places) {
            if (feed != content::Feed::kDatasetA) {
                return base::Error{fmt::format("feed {} has no component in this version",
                                               content::info(feed).name),
                                   place, "use DatasetA"};
            }
            parts_->feeds.push_back(feed);
        }
        return {};
    }

    base::Status load_personas() {
        std::map<std::string, uint8_t> numbers;
        for (const scenario::Group& group : experiment().groups) {
            std::vector<uint8_t> of_group;
            for (const auto& [name, weight] : group.personas) {
                if (!numbers.contains(name)) {
                    const auto file = options_.fixtures / "personas" / (name + ".toml");
                    std::error_code ignored;
                    if (!std::filesystem::exists(file, ignored)) {
                        return base::Error{fmt::format("there is no persona `{}`", name),
                                           group.place, "write " + file.string()};
                    }
                    if (numbers.size() == 255) {
                        return base::Error{"more than 255 personas", group.place, ""};
                    }
                    FB_TRY(host::Persona persona, host::load_persona(file));
                    numbers.emplace(name, static_cast<uint8_t>(personas_.size()));
                    personas_.push_back(std::move(persona));
                }
                of_group.push_back(numbers.at(name));
            }
            parts_->group_personas.push_back(std::move(of_group));
        }
        return {};
    }

    base::Result<const content::Package*> sign_one(const content::Pki& pki, content::Feed feed,
                                                   const std::string& version,
                                                   const std::filesystem::path& source,
                                                   base::UtcTime signing_time,
                                                   const std::string& place) {
        auto draft = content::build(feed, version, source_folder(experiment(), options_, source));
        if (!draft.ok()) {
            return at(place, draft.error());
        }
        auto package = content::sign(std::move(draft).value(), pki.signers.at(feed), signing_time);
        if (!package.ok()) {
            return at(place, package.error());
        }
        parts_->packages.push_back(std::move(package).value());
        return &parts_->packages.back();
    }

    base::Status sign_content() {
        FB_TRY(const content::Pki pki, content::load_pki(options_.fixtures / "keys"));
        parts_->verifier = std::make_unique<content::Verifier>(std::vector{pki.root.certificate});
        parts_->baseline.resize(parts_->feeds.size());
        for (const scenario::Baseline& baseline : experiment().baseline) {
            FB_TRY(const content::Package* package,
                   sign_one(pki, baseline.feed, baseline.version, baseline.source,
                            experiment().start + base::Duration{-86400}, baseline.place));
            const auto feed = std::find(parts_->feeds.begin(), parts_->feeds.end(), baseline.feed);
            parts_->baseline[static_cast<size_t>(feed - parts_->feeds.begin())] = package;
        }
        for (const scenario::Release& release : experiment().releases) {
            FB_TRY(
                const content::Package* package,
                sign_one(pki, release.feed, release.version, release.source,
                         experiment().start + base::Duration{release.at.seconds}, release.place));
            parts_->releases.push_back(package);
        }
        return {};
    }

    // A worker is started at once, so that a machine without a sandbox is known before the run.
    base::Status start_sandbox() {
        parts_->spawner = std::make_unique<sandbox::Spawner>(options_.worker);
        if (options_.replay != nullptr) {
            notes_ = "replayed from a record: no worker ran";
            return {};
        }
        sandbox::Policy policy;
        policy.component = "scanner";
        FB_TRY(const sandbox::Worker probe, sandbox::Worker::start(*parts_->spawner, policy));
        notes_ = "sandbox: " + sandbox::layer_names(probe.layers());
        return {};
    }

    void make_cloud() {
        std::vector<cloud::ReleaseGroup> groups;
        uint32_t tenants = 0;
        for (const scenario::Group& group : experiment().groups) {
            groups.push_back({group.name, static_cast<cloud::GroupStage>(group.stage)});
            tenants += group.tenants;
        }
        const scenario::Policy& policy = experiment().policy;
        parts_->release_system = std::make_unique<cloud::ReleaseSystem>(
            std::move(groups),
            cloud::Staging{policy.gates, policy.public_interval, policy.cdn_ttl, policy.halt_share,
                           policy.halt_reports},
            parts_->cdn);
        parts_->central = std::make_unique<cloud::Central>(tenants);
        for (size_t f = 0; f < parts_->feeds.size(); ++f) {
            if (parts_->baseline[f] == nullptr) {
                continue;
            }
            parts_->cdn.store(*parts_->baseline[f]);
            for (const scenario::Group& group : experiment().groups) {
                parts_->cdn.set_head(group.name, parts_->feeds[f], parts_->baseline[f], {0});
            }
        }
        for (size_t r = 0; r < experiment().releases.size(); ++r) {
            const scenario::Release& release = experiment().releases[r];
            parts_->release_system->add(parts_->releases[r], release.id, release.expedited);
        }
    }

    record::Header header() const {
        record::Header header;
        header.name = experiment().name;
        header.title = experiment().title;
        header.description = experiment().description;
        header.scenario = experiment().toml;
        header.version = kVersion;
        header.seed = experiment().seed;
        header.start = experiment().start;
        header.duration = experiment().duration;
        constexpr const char* kStages[] = {"engineering", "internal", "public"};
        for (const scenario::Group& group : experiment().groups) {
            header.groups.push_back({group.name, kStages[static_cast<size_t>(group.stage)],
                                     group.endpoints, group.tenants});
        }
        for (size_t r = 0; r < experiment().releases.size(); ++r) {
            const scenario::Release& release = experiment().releases[r];
            header.releases.push_back(
                {release.id, std::string(content::info(release.feed).name), release.version,
                 release.kind == scenario::ReleaseKind::kFix ? "fix" : "update", release.at,
                 parts_->releases[r]->manifest_digest.hex()});
        }
        for (const scenario::Expectation& expectation : experiment().expectations) {
            header.expectations.push_back(convert(expectation));
        }
        header.notes = notes_;
        for (const scenario::Fault& fault : experiment().faults) {
            if (fault.kind != scenario::FaultKind::kReplay) {
                header.notes += sampling_bound(fault);
            }
        }
        return header;
    }

    // What a sample of variants can say: if none of n gets through, then with 95 % confidence no
    // more than 1 - 0.05^(1/n) of all would.
    static std::string sampling_bound(const scenario::Fault& fault) {
        return fmt::format(
            "; {}: {} variants stand for all: if none gets through, at most {:.1f} % of all "
            "would (95 % confidence)",
            fault.kind == scenario::FaultKind::kBitFlip ? "bit flip" : "truncation", fault.variants,
            100 * (1 - std::pow(0.05, 1.0 / fault.variants)));
    }

    record::Expectation convert(const scenario::Expectation& from) const {
        record::Expectation to;
        to.metric = from.metric;
        for (size_t g = 0; g < experiment().groups.size(); ++g) {
            if (from.group == experiment().groups[g].name) {
                to.group = static_cast<int32_t>(g);
            }
        }
        if (base::info(from.metric).per_release) {
            to.release = static_cast<int32_t>(experiment().releases.size()) - 1;
            for (size_t r = 0; r < experiment().releases.size(); ++r) {
                if (from.release == experiment().releases[r].id) {
                    to.release = static_cast<int32_t>(r);
                }
            }
        }
        to.comparison = static_cast<record::Comparison>(from.comparison);
        to.bound = from.bound;
        to.is_share = from.is_share;
        to.moment = static_cast<record::Moment>(from.when);
        to.at = from.at;
        to.text = from.text;
        to.place = from.place;
        return to;
    }

    base::Status open_record() {
        FB_TRY(record::RunWriter writer, record::RunWriter::create(options_.run_file, header()));
        parts_->writer.emplace(std::move(writer));
        parts_->ledger = std::make_unique<Ledger>(experiment().groups.size(), *parts_->writer);
        return {};
    }

    void make_assays() {
        Lab::Parts* parts = parts_.get();
        const auto log = [parts](assay::TransitionId, const assay::Transition& done) {
            parts->writer->add(
                record::Assay{parts->now, assay::digest(parts->assays->state(done.before)).hex(),
                              done.stimulus, std::string(to_text(done.outcome.stage)),
                              std::string(to_text(done.outcome.category)),
                              std::string(to_text(done.outcome.code)), describe(done), done.cost_ms,
                              assay::to_json(done)});
            return base::Status{};
        };
        parts_->assays = std::make_unique<assay::Assays>(
            assay::Environment{parts_->cdn, *parts_->verifier, *parts_->spawner, personas_,
                               kProductVersion, std::max(1u, options_.jobs)},
            log);
    }

    // A workload's evidence is that of its triggers.
    static std::string describe(const assay::Transition& done) {
        std::string text = base::to_text(done.outcome.evidence);
        for (const assay::Trigger& trigger : done.triggers) {
            text += fmt::format("{}{}, met {:.3g} times an hour: {} ({})", text.empty() ? "" : "; ",
                                trigger.what, trigger.per_hour, to_text(trigger.outcome.code),
                                base::to_text(trigger.outcome.evidence));
        }
        return text;
    }

    base::Status replay_outcomes() {
        std::vector<std::pair<base::Digest, assay::Transition>> recorded;
        for (const record::Assay& assay : options_.replay->assays) {
            FB_TRY(const base::Digest before, base::parse_digest(assay.state_before));
            FB_TRY(assay::Transition transition, assay::parse_transition(assay.json));
            recorded.emplace_back(before, std::move(transition));
        }
        parts_->assays->replay_from(std::move(recorded));
        return {};
    }

    base::Status make_control() {
        if (options_.replay != nullptr) {
            FB_CHECK(replay_outcomes());
        }
        parts_->control = std::make_unique<ControlPlane>(*parts_->assays, parts_->feeds);
        for (size_t r = 0; r < parts_->releases.size(); ++r) {
            parts_->control->add_release(parts_->releases[r]->manifest_digest,
                                         static_cast<uint32_t>(r));
        }
        return {};
    }

    base::Status make_faults() {
        const base::RandomStream draws(experiment().seed, base::Stream::kMutation);
        for (size_t i = 0; i < experiment().faults.size(); ++i) {
            const scenario::Fault& plan = experiment().faults[i];
            FaultInForce made{plan, {}, {}, false};
            for (size_t g = 0; g < experiment().groups.size(); ++g) {
                if (plan.groups.empty() || std::count(plan.groups.begin(), plan.groups.end(),
                                                      experiment().groups[g].name) > 0) {
                    made.groups.insert(g);
                }
            }
            FB_CHECK(refuse_overlap(made));
            const bool replay = plan.kind == scenario::FaultKind::kReplay;
            if (replay) {
                FB_TRY(made.fault.replayed, replayed_package(plan));
            }
            made.fault.draw = {i, plan.share, replay ? 1 : plan.variants};
            for (uint32_t v = 0; v < made.fault.draw.variants; ++v) {
                faults::Damage damage;
                damage.kind =
                    plan.kind == scenario::FaultKind::kBitFlip    ? faults::DamageKind::kBitFlip
                    : plan.kind == scenario::FaultKind::kTruncate ? faults::DamageKind::kTruncate
                                                                  : faults::DamageKind::kReplay;
                damage.target = static_cast<faults::DamageTarget>(plan.target);
                if (replay) {
                    damage.replayed = made.fault.replayed->manifest_digest;
                } else {
                    damage.draw = draws.bits(i, v);
                }
                made.fault.damages.push_back(damage);
            }
            parts_->faults.push_back(std::move(made));
        }
        return {};
    }

    base::Status refuse_overlap(const FaultInForce& made) const {
        for (const FaultInForce& other : parts_->faults) {
            const bool same_time =
                made.plan.from < other.plan.until && other.plan.from < made.plan.until;
            const bool same_group =
                std::any_of(made.groups.begin(), made.groups.end(),
                            [&](size_t group) { return other.groups.contains(group); });
            if (same_time && same_group && made.plan.feed == other.plan.feed) {
                return base::Error{
                    "two faults of one feed are in force in a group at one time", made.plan.place,
                    "give them other groups or times; the other stands at " + other.plan.place};
            }
        }
        return {};
    }

    base::Result<const content::Package*> replayed_package(const scenario::Fault& plan) const {
        for (size_t r = 0; r < experiment().releases.size(); ++r) {
            if (experiment().releases[r].id == plan.replayed) {
                return parts_->releases[r];
            }
        }
        for (size_t f = 0; f < parts_->feeds.size(); ++f) {
            if (plan.replayed == "baseline" && parts_->feeds[f] == plan.feed &&
                parts_->baseline[f] != nullptr) {
                return parts_->baseline[f];
            }
        }
        return base::Error{fmt::format("nothing called `{}` can be replayed", plan.replayed),
                           plan.place, "name a release, or \"baseline\" if the feed has one"};
    }

    base::Status make_fleet() {
        std::vector<fleet::GroupSpec> groups;
        uint32_t first_tenant = 0;
        for (size_t g = 0; g < experiment().groups.size(); ++g) {
            const scenario::Group& group = experiment().groups[g];
            fleet::GroupSpec spec;
            spec.endpoints = group.endpoints;
            spec.tenants = group.tenants;
            spec.first_tenant = first_tenant;
            first_tenant += group.tenants;
            spec.persona_weights.resize(personas_.size());
            size_t i = 0;
            for (const auto& [name, weight] : group.personas) {
                spec.persona_weights[parts_->group_personas[g][i++]] = weight;
            }
            groups.push_back(std::move(spec));
        }
        std::vector<fleet::OnlinePattern> patterns;
        for (const host::Persona& persona : personas_) {
            patterns.push_back(persona.online);
        }
        FB_TRY(parts_->initial, parts_->control->install_baseline(parts_->baseline));
        parts_->context_log.resize(groups.size());
        using namespace std::chrono;
        const auto day = floor<days>(sys_seconds{seconds{experiment().start.unix_seconds}});
        const auto hour_of_day = experiment().start.unix_seconds / 3600 % 24;
        const uint32_t first_hour =
            (weekday{day}.iso_encoding() - 1) * 24 + static_cast<uint32_t>(hour_of_day);
        parts_->fleet = std::make_unique<fleet::Fleet>(
            experiment().seed,
            fleet::Population(experiment().seed, groups, std::move(patterns), first_hour,
                              parts_->initial),
            base::SimTime{experiment().duration.seconds}, *parts_->control);
        std::vector<bool> harmless;
        for (const scenario::Release& release : experiment().releases) {
            harmless.push_back(release.kind == scenario::ReleaseKind::kFix);
        }
        parts_->fleet->set_harmless(std::move(harmless));
        parts_->ledger->write({0}, *parts_->fleet, *parts_->control, parts_->releases.size());
        return parts_->fleet->begin();
    }

    // Releases before acts of the same moment: an act is about a release that is there.
    void schedule_commands() {
        for (const scenario::Release& release : experiment().releases) {
            parts_->due_commands.emplace(release.at, Command{Command::Kind::kRelease, release.id});
        }
        for (const scenario::Act& act : experiment().acts) {
            const auto kind = act.kind == scenario::ActKind::kPromoteToInternal
                                  ? Command::Kind::kPromoteToInternal
                              : act.kind == scenario::ActKind::kPromoteToPublic
                                  ? Command::Kind::kPromoteToPublic
                                  : Command::Kind::kHalt;
            parts_->due_commands.emplace(act.at, Command{kind, act.release});
        }
    }

    const Options& options_;
    std::unique_ptr<Lab::Parts> parts_;
    std::vector<host::Persona> personas_;
    std::string notes_;
};

}  // namespace

base::Result<std::unique_ptr<Lab>> Lab::assemble(const scenario::Experiment& experiment,
                                                 const Options& options) {
    FB_TRY(std::unique_ptr<Parts> parts, Assembly(experiment, options).build());
    return std::unique_ptr<Lab>(new Lab(std::move(parts)));
}

}  // namespace firebreak::lab
