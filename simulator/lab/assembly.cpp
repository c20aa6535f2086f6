// The composition root: from an Experiment to the whole object graph.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/file.h"
#include "base/toml_table.h"
#include "content/package.h"
#include "host/event_import.h"
#include "lab/http_wire.h"
#include "lab/parts.h"
#include "lab/plants.h"
#include "lab/program.h"
#include "lab/sources.h"
#include "sandbox/folders.h"
#include "sandbox/weakenings/quota_folders.h"

namespace firebreak::lab {

namespace {

constexpr char kProductVersion[] = "2024.2";
// Where machines get what they have when the run begins.
constexpr char kFactory[] = "factory";

base::Error at(const std::string& place, const base::Error& error) {
    return {error.text(), place, ""};
}

constexpr uint64_t kMaxSampleBytes = 16 * 1024 * 1024;

class Assembly {
  public:
    Assembly(const scenario::Experiment& experiment, const Options& options)
        : options_(options), parts_(std::make_unique<Lab::Parts>()) {
        parts_->experiment = experiment;
        parts_->profile = experiment.update.profile == scenario::Profile::kHardened
                              ? endpoint::update::hardened()
                              : endpoint::update::published();
        if (options.seed) {
            parts_->experiment.seed = *options.seed;
        }
        parts_->shelves = {options.fixtures, options.worker};
        parts_->run_file = options.run_file;
        parts_->first_hour = first_hour();
    }

    base::Result<std::unique_ptr<Lab::Parts>> build() {
        find_feeds();
        FB_CHECK(load_personas());
        FB_CHECK(load_attacks());
        parts_->segments = plan_segments(experiment());
        FB_CHECK(sign_content());
        FB_CHECK(start_sandbox());
        FB_CHECK(make_cloud());
        FB_CHECK(open_record());
        FB_CHECK(make_wire());
        make_assays();
        FB_CHECK(make_control());
        FB_CHECK(make_faults());
        FB_CHECK(make_fleet());
        FB_CHECK(make_observers());
        schedule_commands();
        return std::move(parts_);
    }

  private:
    const scenario::Experiment& experiment() const { return parts_->experiment; }

    void find_feeds() {
        std::set<content::Feed> feeds;
        for (const scenario::Baseline& baseline : experiment().baseline) {
            feeds.insert(baseline.feed);
        }
        for (const scenario::Release& release : experiment().releases) {
            if (release.kind != scenario::ReleaseKind::kPlant) {
                feeds.insert(release.feed);
            }
        }
        parts_->feeds.assign(feeds.begin(), feeds.end());
        // In this order they are installed, and Behavior calls what ProductRules provide.
        std::ranges::stable_partition(parts_->feeds, [](content::Feed feed) {
            return feed == content::Feed::kProductRulesFeed;
        });
    }

    std::vector<std::string> persona_names() const {
        std::vector<std::string> out;
        std::error_code ignored;
        for (const auto& entry :
             std::filesystem::directory_iterator(options_.fixtures / "personas", ignored)) {
            if (entry.path().extension() == ".toml") {
                out.push_back(entry.path().stem().string());
            }
        }
        std::sort(out.begin(), out.end());
        return out;
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
                        return base::no_such("persona", name, persona_names(), group.place);
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

    // What rules must raise on every machine.
    base::Status load_attacks() {
        constexpr uint64_t kMostLogBytes = 64 * 1024 * 1024;
        std::vector<std::filesystem::path> files;
        std::error_code ignored;
        for (const auto& entry :
             std::filesystem::directory_iterator(options_.fixtures / "attacks", ignored)) {
            if (entry.path().extension() == ".jsonl") {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        for (const auto& file : files) {
            FB_TRY(const base::Bytes lines, base::read_file(file, kMostLogBytes));
            auto imported = host::import_windows_events(base::text_of(lines));
            if (!imported.ok()) {
                return at(file.string(), imported.error());
            }
            if (!imported->problems.empty()) {
                return base::Error{
                    imported->problems.front().why,
                    fmt::format("{}:{}", file.string(), imported->problems.front().line),
                    "an event log has one record in JSON a line"};
            }
            attacks_.push_back({file.stem().string(), std::move(imported->events)});
        }
        return {};
    }

    base::Result<const content::Package*> sign_one(content::Draft draft,
                                                   const content::Signer& signer,
                                                   base::UtcTime signing_time,
                                                   const std::string& place) {
        auto package = content::sign(std::move(draft), signer, signing_time);
        if (!package.ok()) {
            return at(place, package.error());
        }
        parts_->packages.push_back(std::move(package).value());
        return &parts_->packages.back();
    }

    base::Status load_keys() {
        const auto keys = experiment().keys
                              ? resolve(experiment(), parts_->shelves, "", *experiment().keys)
                              : options_.fixtures / "keys";
        FB_TRY(parts_->pki, content::load_pki(keys));
        parts_->verifier =
            std::make_unique<content::Verifier>(std::vector{parts_->pki.root.certificate});
        if (parts_->profile.threshold > parts_->pki.heads.size()) {
            return base::Error{
                fmt::format("profile {} needs {} head keys, and there are {}", parts_->profile.name,
                            parts_->profile.threshold, parts_->pki.heads.size()),
                keys.string(), "make a folder with all keys: firebreak content keys new DIR"};
        }
        return {};
    }

    base::Status sign_content() {
        FB_CHECK(load_keys());
        parts_->baseline.resize(parts_->feeds.size());
        for (const scenario::Baseline& baseline : experiment().baseline) {
            FB_TRY(content::Draft draft,
                   draft_of(experiment(), parts_->shelves, parts_->pki, baseline));
            FB_TRY(const content::Package* package,
                   sign_one(std::move(draft), parts_->pki.signers.at(baseline.feed), built(),
                            baseline.place));
            const auto feed = std::find(parts_->feeds.begin(), parts_->feeds.end(), baseline.feed);
            parts_->baseline[static_cast<size_t>(feed - parts_->feeds.begin())] = package;
        }
        for (const scenario::Release& release : experiment().releases) {
            FB_TRY(const content::Package* package, sign_release(release));
            parts_->releases.push_back(package);
        }
        return {};
    }

    base::Result<const content::Package*> sign_release(const scenario::Release& release) {
        FB_TRY(content::Draft draft, draft_of(experiment(), parts_->shelves, parts_->pki, release));
        const base::UtcTime when = signing_time(experiment(), release);
        FB_TRY(const content::Signer signer, plants_.signer(parts_->pki, release, when));
        FB_TRY(const content::Package* package,
               sign_one(std::move(draft), signer, when, release.place));
        if (release.signed_by == scenario::SignedBy::kNobody) {
            cut_off_signature(parts_->packages.back());
        }
        return package;
    }

    // A day before the run: also when the baseline was signed.
    base::UtcTime built() const { return experiment().start + base::Duration{-86400}; }

    // A worker is started at once, so that a machine without a sandbox is known before the run.
    base::Status start_sandbox() {
        parts_->spawner = std::make_unique<sandbox::Spawner>(options_.worker);
        if (options_.replay != nullptr) {
            parts_->notes = "replayed from a record: no worker ran";
            return {};
        }
        sandbox::Policy policy;
        policy.component = "scanner";
        FB_TRY(const sandbox::Worker probe, sandbox::Worker::start(*parts_->spawner, policy));
        parts_->notes = "sandbox: " + base::layer_names(probe.layers());
        parts_->notes += weakenings_in_use();
        const uint32_t missing = experiment().required_layers & ~probe.layers();
        if (missing != 0) {
            return base::Error{
                "this machine lacks layers of the sandbox that the scenario requires: " +
                    base::layer_names(missing),
                "[sandbox] require", "run where `firebreak doctor` finds them, or require less"};
        }
        return find_program();
    }

    // What workers have beside the strict policy (sandbox/weakenings).
    std::string weakenings_in_use() const {
        sandbox::Policy policy;
        policy.component = "scanner";
        sandbox::allow_quota_folders(policy);
        std::string out;
        if (sandbox::Folders::make(*parts_->spawner, policy).ok()) {
            out = "; weakenings: quota folders";
        }
        const bool models = std::find(parts_->feeds.begin(), parts_->feeds.end(),
                                      content::Feed::kMLModels) != parts_->feeds.end();
        return models ? out + (out.empty() ? "; weakenings: " : ", ") +
                            "executable mapping (of models)"
                      : out;
    }

    // Somebody's own scanner, if the scenario has one.
    base::Status find_program() {
        if (!experiment().scanner) {
            return {};
        }
        FB_TRY(parts_->program, program_under_test(*parts_->spawner, *experiment().scanner));
        parts_->notes += "; scanner: " + parts_->program->identity();
        return {};
    }

    void make_lookup_service() {
        const scenario::Protection& protection = experiment().protection;
        if (protection.cloud != scenario::Cloud::kOff) {
            parts_->lookup_service = std::make_unique<cloud::LookupService>(
                protection.cloud_known, protection.cloud == scenario::Cloud::kOn,
                std::chrono::milliseconds(protection.cloud_latency_ms));
        }
    }

    base::Status make_cloud() {
        make_cdn();
        make_lookup_service();
        std::vector<cloud::Segment> segments;
        std::vector<cloud::ReleaseGroup> groups;
        uint32_t tenants = 0;
        for (const scenario::Group& group : experiment().groups) {
            groups.push_back({group.name, static_cast<cloud::GroupStage>(group.stage)});
            tenants += group.tenants;
        }
        for (const SegmentPlan& plan : parts_->segments) {
            segments.push_back({plan.name,
                                {static_cast<uint32_t>(plan.group)},
                                groups[plan.group].stage,
                                plan.after});
        }
        const scenario::Policy& policy = experiment().policy;
        parts_->release_system = std::make_unique<cloud::ReleaseSystem>(
            std::move(segments),
            cloud::Staging{policy.staged, policy.internal_after, policy.public_after, edge_delay(),
                           policy.download, policy.withdraw},
            *parts_->cdn);
        parts_->central = std::make_unique<cloud::Central>(tenants);
        Lab::Parts* parts = parts_.get();
        parts_->operations = std::make_unique<cloud::Operations>(
            experiment().seed, experiment().start, std::move(groups), vigilance(experiment()),
            *parts_->release_system,
            [parts](cloud::ReleaseId release) { return parts->ledger->guilty(release.value); });
        for (size_t r = 0; r < experiment().releases.size(); ++r) {
            const scenario::Release& release = experiment().releases[r];
            parts_->release_system->add(parts_->releases[r], release.id, release.expedited);
            if (release.kind == scenario::ReleaseKind::kPlant) {
                parts_->cdn->store(*parts_->releases[r]);
            }
        }
        for (size_t f = 0; f < parts_->feeds.size(); ++f) {
            if (parts_->baseline[f] != nullptr) {
                parts_->cdn->store(*parts_->baseline[f]);
            }
            parts_->cdn->set_head(kFactory, parts_->feeds[f], parts_->baseline[f], {0});
            for (const SegmentPlan& plan : parts_->segments) {
                parts_->cdn->set_head(plan.name, parts_->feeds[f], parts_->baseline[f], {0});
            }
        }
        return parts_->cdn->advance({0});
    }

    void make_cdn() {
        const scenario::Update& update = experiment().update;
        parts_->cdn = std::make_unique<cloud::Cdn>(update.edges, edge_delay());
        if (parts_->profile.threshold > 0) {
            const auto first = parts_->pki.heads.begin();
            parts_->cdn->sign_heads(
                cloud::HeadSigner({first, first + parts_->profile.threshold}, update.head_valid),
                experiment().start, update.head_refresh);
        }
    }

    base::Status make_wire() {
        if (!experiment().update.http || options_.replay != nullptr) {
            parts_->wire = std::make_unique<assay::DirectWire>(*parts_->cdn);
            return {};
        }
        FB_TRY(parts_->wire, HttpWire::start(*parts_->cdn));
        return {};
    }

    // Until the slowest edge serves a changed head.
    base::Duration edge_delay() const {
        const base::Duration ttl = experiment().policy.cdn_ttl;
        return std::min(ttl, experiment().update.invalidation.value_or(ttl));
    }

    uint32_t first_hour() const {
        using namespace std::chrono;
        const auto day = floor<days>(sys_seconds{seconds{experiment().start.unix_seconds}});
        const auto hour_of_day = experiment().start.unix_seconds / 3600 % 24;
        return (weekday{day}.iso_encoding() - 1) * 24 + static_cast<uint32_t>(hour_of_day);
    }

    base::Status open_record() {
        FB_TRY(header_, parts_->header(personas_));
        FB_TRY(record::RunWriter writer,
               record::RunWriter::create(options_.run_file, header_, options_.listener));
        parts_->writer.emplace(std::move(writer));
        std::vector<record::Tenant> tenants;
        for (size_t g = 0; g < experiment().groups.size(); ++g) {
            for (uint32_t t = 0; t < experiment().groups[g].tenants; ++t) {
                record::Tenant tenant;
                tenant.number = static_cast<uint32_t>(tenants.size());
                tenant.group = static_cast<int32_t>(g);
                tenants.push_back(tenant);
            }
        }
        tenants_ = std::move(tenants);
        return {};
    }

    void make_assays() {
        Lab::Parts* parts = parts_.get();
        const auto log = [parts](assay::StateId before, const assay::Transition& done) {
            parts->writer->add(record::Assay{
                parts->now, is_measured(done), assay::digest(parts->assays->state(before)).hex(),
                done.stimulus, std::string(to_text(done.outcome.stage)),
                std::string(to_text(done.outcome.category)),
                std::string(to_text(done.outcome.code)), describe(done), done.cost_ms,
                assay::to_json(done), scores(*parts, before, done), rules(*parts, before, done),
                sensors(done), exclusions(*parts, before, done)});
            return base::Status{};
        };
        assay::Environment environment{
            *parts_->wire,   *parts_->verifier, *parts_->spawner,
            personas_,       kProductVersion,   experiment().update.platform,
            parts_->profile, built(),           scanner_setting()};
        environment.required_layers = experiment().required_layers;
        environment.jobs = std::max(1u, options_.jobs);
        environment.cloud = parts_->lookup_service.get();
        environment.content_keys = parts_->pki.content_keys;
        environment.attacks = attacks_;
        environment.repairs = std::ranges::count(parts_->feeds, content::Feed::kRepairKit) > 0;
        if (parts_->program != nullptr) {
            environment.program = &parts_->program->processes();
            environment.program_identity = parts_->program->identity();
        }
        parts_->assays = std::make_unique<assay::Assays>(std::move(environment), log);
    }

    // Whose content ran in that state; kAll: the baseline's.
    static int32_t release_that_runs(const Lab::Parts& parts, assay::StateId state,
                                     content::Feed feed) {
        const auto content = assay::running_content(parts.assays->state(state), feed);
        const uint32_t release =
            content ? parts.control->release_of(*content) : ControlPlane::kNoRelease;
        return release == ControlPlane::kNoRelease ? record::kAll : static_cast<int32_t>(release);
    }

    static std::vector<record::RuleUse> rules(const Lab::Parts& parts, assay::StateId before,
                                              const assay::Transition& done) {
        std::vector<record::RuleUse> out;
        for (const assay::RuleUse& one : done.rules) {
            out.push_back({release_that_runs(parts, before, one.feed),
                           std::string(content::info(one.feed).name), one.rule, one.calls,
                           one.errors, one.detections, one.disabled, one.nanoseconds,
                           one.memory_bytes});
        }
        return out;
    }

    static std::vector<record::SensorUse> sensors(const assay::Transition& done) {
        std::vector<record::SensorUse> out;
        for (const assay::SensorUse& one : done.sensors) {
            out.push_back({one.kind, one.in, one.merged, one.dropped, one.delivered});
        }
        return out;
    }

    static std::vector<record::ExclusionUse> exclusions(const Lab::Parts& parts,
                                                        assay::StateId before,
                                                        const assay::Transition& done) {
        std::vector<record::ExclusionUse> out;
        for (const assay::ExclusionUse& one : done.exclusions) {
            out.push_back({release_that_runs(parts, before, one.feed),
                           std::string(content::info(one.feed).name), one.application, one.rule,
                           one.path, one.kind, one.refusal});
        }
        return out;
    }

    // Of models that ran in the state before.
    static std::vector<record::ModelScore> scores(const Lab::Parts& parts, assay::StateId before,
                                                  const assay::Transition& done) {
        std::vector<record::ModelScore> out;
        if (done.scores.empty()) {
            return out;
        }
        const int32_t release = release_that_runs(parts, before, content::Feed::kMLModels);
        for (const assay::ProgramScore& one : done.scores) {
            record::ModelScore& row = out.emplace_back();
            row.release = release;
            row.program = one.program;
            row.where = one.where;
            row.model = one.model;
            row.version = one.version;
            row.telemetry = one.telemetry;
            row.score = one.refusal.empty() ? std::optional(one.score) : std::nullopt;
            row.threshold = one.threshold;
            row.refusal = one.refusal;
        }
        return out;
    }

    // Machines trust the vendor's own programs.
    endpoint::scanner::ScannerSetting scanner_setting() const {
        endpoint::scanner::ScannerSetting setting;
        setting.publishers = {content::der_of(parts_->pki.root.certificate)};
        setting.judged_at = experiment().start;
        const scenario::Protection& protection = experiment().protection;
        // A machine that crashes meets the same content again as it starts, until it has had
        // enough.
        setting.kills = experiment().kernel.empty() ? protection.kills : 1;
        setting.when_down = protection.hold ? ports::Access::kHold : ports::Access::kAllow;
        setting.cloud.known_bad_is_final = !protection.cloud_overrules;
        return setting;
    }

    static bool is_measured(const assay::Transition& done) {
        return done.stimulus.find(", measured elsewhere:") != std::string::npos;
    }

    // A workload's evidence is that of its triggers.
    static std::string describe(const assay::Transition& done) {
        std::string text = base::to_text(done.outcome.evidence);
        for (const assay::Trigger& trigger : done.triggers) {
            const std::string met =
                trigger.at_once
                    ? "from the installation on"
                    : fmt::format("hazard {:.3g} an hour ({:.3g} an hour, {} of {:.6g})",
                                  trigger.hazard(), trigger.per_hour, trigger.hits, trigger.trials);
            text +=
                fmt::format("{}{}, {}: {} ({})", text.empty() ? "" : "; ", trigger.what, met,
                            to_text(trigger.outcome.code), base::to_text(trigger.outcome.evidence));
        }
        return text;
    }

    base::Status replay_outcomes() {
        std::vector<assay::Transition> recorded;
        for (const record::Assay& assay : options_.replay->assays) {
            FB_TRY(assay::Transition transition, assay::parse_transition(assay.json));
            recorded.push_back(std::move(transition));
        }
        parts_->assays->replay_from(std::move(recorded));
        return {};
    }

    base::Status make_control() {
        if (options_.replay != nullptr) {
            FB_CHECK(replay_outcomes());
        }
        FB_TRY(ControlPlane::Setting setting, control_setting());
        parts_->control = std::make_unique<ControlPlane>(*parts_->assays, parts_->feeds,
                                                         experiment().start, std::move(setting));
        for (const content::Package* package : parts_->baseline) {
            if (package != nullptr) {
                parts_->control->add_package(*package, ControlPlane::kNoRelease);
            }
        }
        for (size_t r = 0; r < parts_->releases.size(); ++r) {
            parts_->control->add_package(*parts_->releases[r], static_cast<uint32_t>(r));
        }
        return {};
    }

    std::vector<base::Recovery> recovery() const {
        std::vector<base::Recovery> out;
        for (const base::HarmInfo& one : base::harms()) {
            const auto said = experiment().recovery.find(one.harm);
            out.push_back(said == experiment().recovery.end() ? one.recovery : said->second);
        }
        return out;
    }

    base::Result<ControlPlane::Setting> control_setting() const {
        ControlPlane::Setting setting;
        setting.kernel = experiment().kernel;
        setting.recovery = recovery();
        for (const scenario::Campaign& plan : experiment().campaigns) {
            if (setting.campaigns.size() == ControlPlane::kMaxCampaigns) {
                return base::Error{"more than 16 campaigns", plan.place, "leave some out"};
            }
            const auto file = resolve(experiment(), parts_->shelves, "samples", plan.sample);
            auto bytes = base::read_file(file, kMaxSampleBytes);
            if (!bytes.ok()) {
                return at(plan.sample_place, bytes.error());
            }
            ControlPlane::Campaign campaign;
            campaign.sample.name = plan.id;
            campaign.sample.sha384 = base::sha384(*bytes);
            campaign.sample.content = std::make_shared<const base::Bytes>(std::move(bytes).value());
            campaign.per_hour = plan.per_hour;
            setting.campaigns.push_back(std::move(campaign));
        }
        for (const scenario::Measurement& measured : experiment().measurements) {
            const auto release = std::find_if(
                experiment().releases.begin(), experiment().releases.end(),
                [&](const scenario::Release& one) { return one.id == measured.release; });
            const auto persona = std::find_if(
                personas_.begin(), personas_.end(),
                [&](const host::Persona& one) { return one.name == measured.persona; });
            if (persona == personas_.end()) {
                return base::Error{fmt::format("no group has the persona `{}`", measured.persona),
                                   measured.place, "name one that this scenario's groups have"};
            }
            setting
                .measured[{static_cast<uint32_t>(release - experiment().releases.begin()),
                           static_cast<uint8_t>(persona - personas_.begin())}]
                .push_back({measured.what, measured.harm, measured.events, measured.hours});
        }
        return setting;
    }

    base::Status make_faults() {
        FaultMenu::Keys keys;
        if (parts_->profile.threshold > 0) {
            keys.stolen = parts_->pki.heads;
            FB_TRY(keys.own, plants_.head_signers(parts_->profile.threshold));
        }
        Lab::Parts* parts = parts_.get();
        parts_->faults = std::make_unique<FaultMenu>(
            parts->experiment, *parts->cdn, std::move(keys),
            [parts](const std::string& id, content::Feed feed) -> const content::Package* {
                if (const auto number = parts->release_number(id)) {
                    return parts->releases[*number];
                }
                const auto place = std::find(parts->feeds.begin(), parts->feeds.end(), feed);
                return place == parts->feeds.end()
                           ? nullptr
                           : parts->baseline[static_cast<size_t>(place - parts->feeds.begin())];
            });
        return parts_->faults->check();
    }

    base::Status make_fleet() {
        std::vector<fleet::SegmentSpec> specs;
        std::vector<size_t> group_of;
        for (const SegmentPlan& plan : parts_->segments) {
            const scenario::Group& group = experiment().groups[plan.group];
            fleet::SegmentSpec spec;
            spec.endpoints = plan.endpoints;
            spec.tenants = plan.tenants;
            spec.first_tenant = plan.first_tenant;
            spec.persona_weights.resize(personas_.size());
            size_t i = 0;
            for (const auto& [name, weight] : group.personas) {
                spec.persona_weights[parts_->group_personas[plan.group][i++]] = weight;
            }
            specs.push_back(std::move(spec));
            group_of.push_back(plan.group);
        }
        std::vector<fleet::OnlinePattern> patterns;
        for (const host::Persona& persona : personas_) {
            patterns.push_back(persona.online);
        }
        FB_TRY(parts_->initial, parts_->control->install_baseline(*parts_->cdn->heads(kFactory)));
        parts_->context_log.resize(specs.size());
        parts_->fleet =
            std::make_unique<fleet::Fleet>(experiment().seed,
                                           fleet::Population(experiment().seed, specs, patterns,
                                                             parts_->first_hour, parts_->initial),
                                           end(), *parts_->control);
        parts_->fleet->set_harmless(parts_->fixes());
        parts_->census = std::make_unique<Census>(std::move(group_of), experiment().groups.size(),
                                                  parts_->releases.size(), std::move(patterns),
                                                  parts_->first_hour);
        return parts_->fleet->redraw({0});
    }

    base::SimTime end() const { return {experiment().duration.seconds}; }

    // Those who count, tell and mend.
    base::Status make_observers() {
        std::vector<uint32_t> tenant_sizes(tenants_.size());
        const fleet::Population& rows = parts_->fleet->population();
        for (fleet::Row row = 0; row < rows.size(); ++row) {
            ++tenant_sizes[rows.tenant(row)];
        }
        for (record::Tenant& tenant : tenants_) {
            tenant.endpoints = tenant_sizes[tenant.number];
        }
        parts_->ledger = std::make_unique<Ledger>(header_, parts_->fixes(), std::move(tenants_),
                                                  *parts_->writer);
        const scenario::Crew& crew = experiment().crew;
        parts_->recoveries =
            std::make_unique<Recoveries>(experiment().seed, experiment().start,
                                         Crews{crew.hours, crew.endpoints_per_technician,
                                               crew.repair, crew.repair_kit, crew.reboot_every},
                                         recovery(), std::move(tenant_sizes));
        parts_->reporter =
            std::make_unique<Reporter>(experiment().seed, experiment().signals,
                                       base::Shift(experiment().people.hours, experiment().start),
                                       end(), *parts_->central, *parts_->control);
        const std::vector<bool> none_halted(parts_->releases.size());
        FB_CHECK(parts_->census->update({0}, *parts_->fleet, *parts_->control, none_halted));
        parts_->ledger->write({0}, *parts_->census, none_halted);
        return {};
    }

    // Releases before acts of the same moment: an act is about a release that is there. A fix that
    // waits for a halt is scheduled when that comes, and what was done by hand came after all else.
    void schedule_commands() {
        for (const scenario::Release& release : experiment().releases) {
            if (!release.fixes && !release.by_hand &&
                release.kind != scenario::ReleaseKind::kPlant) {
                parts_->due_commands.emplace(Lab::Parts::Due(release.at, false),
                                             Command{Command::Kind::kRelease, release.id});
            }
        }
        for (const scenario::Act& act : experiment().acts) {
            parts_->due_commands.emplace(Lab::Parts::Due(act.at, act.by_hand),
                                         Command{kind_of(act.kind), act.release});
        }
    }

    static Command::Kind kind_of(scenario::ActKind kind) {
        switch (kind) {
            case scenario::ActKind::kPromoteToInternal:
                return Command::Kind::kPromoteToInternal;
            case scenario::ActKind::kPromoteToPublic:
                return Command::Kind::kPromoteToPublic;
            case scenario::ActKind::kWithdraw:
                return Command::Kind::kWithdraw;
            case scenario::ActKind::kResume:
                return Command::Kind::kResume;
            case scenario::ActKind::kRelease:
                return Command::Kind::kRelease;
            case scenario::ActKind::kHalt:
                break;
        }
        return Command::Kind::kHalt;
    }

    const Options& options_;
    std::unique_ptr<Lab::Parts> parts_;
    Plants plants_;
    std::vector<host::Persona> personas_;
    std::vector<assay::Attack> attacks_;
    record::Header header_;
    std::vector<record::Tenant> tenants_;
};

}  // namespace

base::Result<std::unique_ptr<Lab>> Lab::assemble(const scenario::Experiment& experiment,
                                                 const Options& options) {
    FB_TRY(std::unique_ptr<Parts> parts, Assembly(experiment, options).build());
    return std::unique_ptr<Lab>(new Lab(std::move(parts)));
}

}  // namespace firebreak::lab
