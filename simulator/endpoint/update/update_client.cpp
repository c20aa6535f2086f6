#include "endpoint/update/update_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "content/package.h"
#include "endpoint/update/client_state.h"
#include "endpoint/update/download.h"
#include "endpoint/update/offers.h"

namespace firebreak::endpoint::update {

namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

Outcome machine_full(const base::Error& error) {
    return refuse(Category::kExhausted, Code::kMachineFull, {{"store", error.text()}});
}

Outcome waiting(const std::string& what) {
    return {Stage::kNever, Category::kNothingNew, Code::kNone, {{"waits for", what}}};
}

// What is merely not there, or cannot be reached, shows in its silence. What was turned away, what
// somebody seems to be holding up, and what a signed head names but nobody has, is told.
bool worth_an_alert(const Outcome& outcome, const Profile& profile) {
    const bool withheld = profile.threshold > 0 && (outcome.code == Code::kPackageMissing ||
                                                    outcome.code == Code::kPayloadMissing);
    return outcome.refused() || withheld || outcome.code == Code::kNoFreshHead ||
           outcome.code == Code::kTooSlow || outcome.code == Code::kPastDeadline;
}

enum class Phase {
    kCheck,     // nothing known yet
    kHead,      // the head names a package that is not installed
    kManifest,  // its manifest is authentic, and wanted
    kStaged,    // all of it is in the store
    kDone,      // installed, refused, or nothing to do: the outcome says which
};

// One feed on its way through a round.
struct Step {
    Phase phase = Phase::kCheck;
    Check check;
    FeedState state;
    content::Verified verified;  // from kManifest on
    std::vector<Outcome> warnings;

    content::Feed feed() const { return check.feed; }
    std::string digest() const { return check.manifest.hex(); }
    void conclude(Outcome outcome) {
        check.outcome = std::move(outcome);
        phase = Phase::kDone;
    }
    bool failed() const {
        return phase == Phase::kDone && check.outcome.category != Category::kNothingNew;
    }
};

class Round {
  public:
    Round(const Settings& settings, const Ports& ports, const content::Verifier& verifier,
          ClientState state)
        : settings_(settings),
          ports_(ports),
          verifier_(verifier),
          state_(std::move(state)),
          downloader_(ports.transport, settings.profile, settings.jitter) {}

    base::Result<std::vector<Check>> run(std::span<const content::Feed> feeds,
                                         ports::Installers& installers) {
        read_offers(feeds);
        for (Step& step : steps_) {
            read_manifest(step);
            FB_CHECK(read_payloads(step));
        }
        hold_back_parts_of_sets();
        FB_CHECK(stage(installers));
        FB_TRY(ports::Changes changes, activate(installers));
        tell(changes);
        commit(std::move(changes));
        confirm();
        std::vector<Check> checks;
        for (Step& step : steps_) {
            checks.push_back(std::move(step.check));
        }
        return checks;
    }

  private:
    // --- check → head

    void read_offers(std::span<const content::Feed> feeds) {
        if (settings_.profile.threshold > 0) {
            offers_ =
                SignedOffers(settings_, downloader_, ports_.clock, verifier_, state_).read(feeds);
        } else {
            offers_ = read_pointers(settings_, downloader_, feeds);
        }
        for (const content::Feed feed : feeds) {
            Step step;
            step.check.feed = feed;
            step.state = state_.feeds.at(feed);
            consider(step, offers_.by_feed.at(feed));
            steps_.push_back(std::move(step));
        }
        if (settings_.profile.whole_sets && std::any_of(steps_.begin(), steps_.end(), is_void)) {
            for (Step& step : steps_) {
                if (step.phase == Phase::kHead) {
                    step.conclude(waiting("a set that every component accepts"));
                }
            }
        }
    }

    // Its component has refused this content before, and that it was offered again is no news.
    static bool is_void(const Step& step) {
        return !step.check.manifest.none() && step.state.rejected == step.digest() &&
               step.state.installed != step.digest();
    }

    static void consider(Step& step, Offer& offer) {
        if (offer.warning) {
            step.warnings.push_back(std::move(*offer.warning));
        }
        if (offer.manifest) {
            step.check.manifest = *offer.manifest;
        }
        if (offer.failure) {
            step.conclude(std::move(*offer.failure));
        } else if (!offer.manifest || step.state.installed == step.digest() ||
                   step.state.rejected == step.digest()) {
            step.conclude({});
        } else {
            step.phase = Phase::kHead;
        }
    }

    // --- head → manifest

    void read_manifest(Step& step) {
        if (step.phase != Phase::kHead) {
            return;
        }
        auto fetched =
            downloader_.fetch(content::package_path(step.check.manifest), Code::kPackageMissing,
                              content::kMaxEnvelopeBytes, settings_.memory,
                              [&](base::ByteView bytes) { return judge_package(step, bytes); });
        step.check.delivered |= fetched.delivered;
        if (fetched.failure) {
            step.conclude(std::move(*fetched.failure));
        } else {
            step.phase = Phase::kManifest;
        }
    }

    std::optional<Outcome> judge_package(Step& step, base::ByteView envelope) {
        content::Verdict verdict = verifier_.verify(envelope, state_.revoked);
        if (auto* untrusted = std::get_if<Outcome>(&verdict)) {
            return std::move(*untrusted);
        }
        step.verified = std::get<content::Verified>(std::move(verdict));
        for (auto refusal : {judge_age(step), judge_binding(step)}) {
            if (refusal) {
                return refusal;
            }
        }
        return std::nullopt;
    }

    // Before anything else: a replayed package is to be called one.
    std::optional<Outcome> judge_age(const Step& step) {
        const content::Verified& found = step.verified;
        std::optional<base::UtcTime> floor = step.state.floor;
        if (settings_.profile.build_floor) {
            floor = std::max(floor.value_or(settings_.built), settings_.built);
        }
        if (floor && found.signing_time < *floor) {
            return refuse(Category::kTooOld, Code::kSignedBeforeFloor,
                          {{"version", found.manifest.version},
                           {"signed", base::to_text(found.signing_time)},
                           {"newest authenticated download", base::to_text(*floor)}});
        }
        if (found.manifest_digest != step.check.manifest) {
            return refuse(Category::kCorrupt, Code::kNotWhatTheHeadNames,
                          {{"head names", step.check.manifest.hex()},
                           {"package holds", found.manifest_digest.hex()}});
        }
        const auto& skew = settings_.profile.allowed_skew;
        if (skew && offers_.trusted && found.signing_time > *offers_.trusted + *skew) {
            return refuse(Category::kTooNew, Code::kSignedInTheFuture,
                          {{"signed", base::to_text(found.signing_time)},
                           {"newest signed head", base::to_text(*offers_.trusted)}});
        }
        return std::nullopt;
    }

    std::optional<Outcome> judge_binding(const Step& step) {
        const Profile& profile = settings_.profile;
        const content::Manifest& manifest = step.verified.manifest;
        const auto& groups = manifest.groups;
        if (profile.bind_feed && manifest.feed != step.feed()) {
            return refuse(Category::kUntrusted, Code::kFeedWrong,
                          {{"wanted", std::string(content::info(step.feed()).name)},
                           {"found", std::string(content::info(manifest.feed).name)}});
        }
        if (profile.bind_platform && manifest.platform != "any" &&
            manifest.platform != settings_.platform) {
            return refuse(Category::kUntrusted, Code::kPlatformWrong,
                          {{"package for", manifest.platform}, {"machine", settings_.platform}});
        }
        if (profile.bind_group && !groups.empty() &&
            std::find(groups.begin(), groups.end(), settings_.release_group) == groups.end()) {
            return refuse(Category::kUntrusted, Code::kGroupWrong,
                          {{"package for",
                            fmt::format("{} and {} others", groups.front(), groups.size() - 1)},
                           {"endpoint in", settings_.release_group}});
        }
        if (content::compare_versions(settings_.product_version, manifest.min_product_version) <
            0) {
            return refuse(
                Category::kTooNew, Code::kProductTooOld,
                {{"needs", manifest.min_product_version}, {"product", settings_.product_version}});
        }
        return std::nullopt;
    }

    // --- manifest → payloads → verify

    base::Status read_payloads(Step& step) {
        if (step.phase != Phase::kManifest) {
            return {};
        }
        for (const content::PayloadFile& payload : step.verified.manifest.payloads) {
            FB_TRY(const bool here, ports_.store.has_blob(payload.sha384));
            if (here) {
                continue;
            }
            if (auto failure = read_payload(step, payload)) {
                step.conclude(std::move(*failure));
                return {};
            }
        }
        step.phase = Phase::kStaged;
        return {};
    }

    std::optional<Outcome> read_payload(Step& step, const content::PayloadFile& payload) {
        std::optional<content::PayloadCheck> check;
        std::unique_ptr<ports::BlobWriter> writer;
        Wanted wanted;
        wanted.path = content::payload_path(payload.sha384);
        wanted.missing = Code::kPayloadMissing;
        wanted.cap = payload.size;
        wanted.restart = [&]() -> std::optional<Outcome> {
            writer.reset();
            check.emplace(payload);
            auto begun = ports_.store.new_blob(payload.sha384);
            if (!begun.ok()) {
                return machine_full(begun.error());
            }
            writer = std::move(begun).value();
            return std::nullopt;
        };
        wanted.consume = [&](base::ByteView bytes) -> std::optional<Outcome> {
            step.check.delivered = true;
            check->take(bytes);
            const base::Status written = writer->write(bytes);
            return written.ok() ? std::nullopt : std::optional(machine_full(written.error()));
        };
        wanted.judge = [&]() -> std::optional<Outcome> {
            if (auto wrong = judge_payload(payload, *check)) {
                return wrong;
            }
            const base::Status kept = writer->finish();
            return kept.ok() ? std::nullopt : std::optional(machine_full(kept.error()));
        };
        if (auto failure = wanted.restart()) {
            return failure;
        }
        auto failure = downloader_.fetch(wanted);
        // More than was promised is not an attack on the machine if a cap stopped it: it is not
        // the file that was signed.
        if (failure && failure->code == Code::kOverCap) {
            return refuse(Category::kCorrupt, Code::kPayloadSizeWrong,
                          {{"file", payload.name},
                           {"promised", fmt::format("{} bytes", payload.size)},
                           {"arrived", "more"}});
        }
        return failure;
    }

    static std::optional<Outcome> judge_payload(const content::PayloadFile& payload,
                                                content::PayloadCheck& check) {
        const Code code = check.finish();
        if (code == Code::kNone) {
            return std::nullopt;
        }
        base::Evidence evidence{{"file", payload.name}};
        if (code == Code::kPayloadSizeWrong) {
            evidence.emplace_back("promised", fmt::format("{} bytes", payload.size));
            evidence.emplace_back("arrived", fmt::format("{} bytes", check.taken()));
        } else {
            evidence.emplace_back("promised", payload.sha384.hex());
            evidence.emplace_back("arrived", check.found().hex());
        }
        return refuse(Category::kCorrupt, code, std::move(evidence));
    }

    // A set that is not here as a whole is not here.
    void hold_back_parts_of_sets() {
        if (!settings_.profile.whole_sets ||
            std::none_of(steps_.begin(), steps_.end(),
                         [](const Step& step) { return step.failed(); })) {
            return;
        }
        for (Step& step : steps_) {
            if (step.phase == Phase::kStaged) {
                held_back_.push_back(&step);
            }
        }
    }
    bool is_held_back(const Step& step) const {
        return std::find(held_back_.begin(), held_back_.end(), &step) != held_back_.end();
    }

    // --- verify → stage

    // Durable before anything is tried: a crash during installation must not let older content in.
    base::Status stage(ports::Installers& installers) {
        ports::Changes changes = std::move(offers_.changes);
        for (const Step& step : steps_) {
            if (step.phase == Phase::kStaged) {
                const content::Verified& verified = step.verified;
                const base::Bytes manifest = content::canonical_json(verified.manifest);
                if (step.state.staged && step.state.staged != step.digest()) {
                    FB_CHECK(drop(step.feed(), *step.state.staged, installers, changes));
                }
                changes[state_key(step.feed(), "floor")] =
                    std::to_string(verified.signing_time.unix_seconds);
                changes[state_key(step.feed(), "staged")] = step.digest();
                changes[ports::package_key(step.feed(), step.digest())] =
                    std::string(base::text_of(manifest));
            }
        }
        if (commit(std::move(changes))) {
            for (Step* step : held_back_) {
                step->conclude(waiting("the rest of its set"));
            }
        }
        return {};
    }

    // A package that will not be installed: it stays only if its component still has a use for it.
    static base::Status drop(content::Feed feed, const std::string& digest,
                             ports::Installers& installers, ports::Changes& changes) {
        FB_TRY(const base::Digest manifest, base::parse_digest(digest));
        FB_TRY(const bool kept, installers.of(feed).keeps(manifest));
        if (!kept) {
            changes[ports::package_key(feed, digest)] = std::nullopt;
        }
        return {};
    }

    // --- stage → activate

    // What is to be committed for it.
    base::Result<ports::Changes> activate(ports::Installers& installers) {
        ports::Changes changes;
        bool all_good = true;
        for (Step& step : steps_) {
            if (step.phase != Phase::kStaged) {
                continue;
            }
            FB_TRY(ports::Installation done,
                   installers.of(step.feed())
                       .install(step.verified.manifest, step.verified.manifest_digest));
            const bool good = done.outcome.category == Category::kInstalled;
            all_good &= good;
            step.conclude(std::move(done.outcome));
            if (good) {
                remember_installed(step, std::move(done.changes), changes);
            } else {
                FB_CHECK(remember_rejected(step, installers, changes));
            }
        }
        if (settings_.profile.whole_sets && !all_good) {
            FB_TRY(changes, take_back_installed(installers));
        }
        if (whole_set_runs()) {
            changes[state_key("set")] = *offers_.set;
        }
        return changes;
    }

    static void remember_installed(const Step& step, ports::Changes component,
                                   ports::Changes& changes) {
        changes.merge(component);
        changes[state_key(step.feed(), "staged")] = std::nullopt;
        changes[state_key(step.feed(), "installed")] = step.digest();
        changes[state_key(step.feed(), "rejected")] = std::nullopt;
    }

    static base::Status remember_rejected(const Step& step, ports::Installers& installers,
                                          ports::Changes& changes) {
        changes[state_key(step.feed(), "staged")] = std::nullopt;
        changes[state_key(step.feed(), "rejected")] = step.digest();
        return drop(step.feed(), step.digest(), installers, changes);
    }

    // One component of a set has refused: the others run on what they had. They stay staged.
    base::Result<ports::Changes> take_back_installed(ports::Installers& installers) {
        ports::Changes changes;
        for (Step& step : steps_) {
            if (step.check.outcome.category == Category::kInstalled) {
                step.conclude(waiting("a set that every component accepts"));
            } else if (step.check.outcome.refused() && step.check.outcome.stage != Stage::kVerify) {
                FB_CHECK(remember_rejected(step, installers, changes));
            }
        }
        return changes;
    }

    bool whole_set_runs() const {
        return offers_.set && state_.set != offers_.set &&
               std::all_of(steps_.begin(), steps_.end(), [this](const Step& step) {
                   const Outcome& outcome = step.check.outcome;
                   const bool runs = outcome.category == Category::kInstalled ||
                                     step.check.manifest.none() ||
                                     step.state.installed == step.digest();
                   return runs && !outcome.refused() && !is_held_back(step);
               });
    }

    // --- activate → confirm

    // Payloads stay for as long as a manifest in the store names them: of what runs, of what is
    // staged, and of what a component keeps to go back to. Whenever there may be some to drop, and
    // when there is no room. A store that cannot be tidied up now is tidied up later.
    void confirm() {
        const bool news = std::any_of(steps_.begin(), steps_.end(), [](const Step& step) {
            const Outcome& outcome = step.check.outcome;
            const bool rejected = outcome.refused() && outcome.stage != Stage::kVerify;
            return outcome.category == Category::kInstalled || rejected ||
                   outcome.code == Code::kMachineFull;
        });
        const auto manifests = news ? ports_.store.values("package/")
                                    : base::Result<std::vector<std::string>>(base::Error{});
        if (!manifests.ok()) {
            return;
        }
        std::set<base::Digest> named;
        for (const std::string& json : *manifests) {
            const auto manifest = content::parse_manifest(base::view_of(json));
            if (!manifest.ok()) {
                return;
            }
            for (const content::PayloadFile& payload : manifest->payloads) {
                named.insert(payload.sha384);
            }
        }
        (void)ports_.store.keep_only(named);
    }

    // --- alerts

    // Each once: what is told is remembered until something has been installed. Raised before that
    // is noted, and noted together with what came of the round: a machine that ends in between
    // tells it again, and never not at all.
    void tell(ports::Changes& changes) {
        std::vector<ports::Alert> alerts;
        for (Step& step : steps_) {
            std::vector<Outcome> news = std::move(step.warnings);
            std::erase_if(news, [this](const Outcome& warning) {
                return !worth_an_alert(warning, settings_.profile);
            });
            if (worth_an_alert(step.check.outcome, settings_.profile)) {
                news.push_back(step.check.outcome);
            }
            note(state_key(step.feed(), "alerted"), step.state.alerted, step.check.manifest,
                 step.feed(), news, step.check.outcome.category == Category::kInstalled, changes,
                 alerts);
        }
        note(state_key("alerted"), state_.alerted, {}, std::nullopt, offers_.warnings,
             offers_.warnings.empty(), changes, alerts);
        for (const ports::Alert& alert : alerts) {
            ports_.alerts.raise(alert);
        }
    }

    static void note(const std::string& key, const std::optional<std::string>& told,
                     const base::Digest& manifest, std::optional<content::Feed> feed,
                     const std::vector<Outcome>& news, bool forget, ports::Changes& changes,
                     std::vector<ports::Alert>& alerts) {
        std::set<int> codes;
        for (const Outcome& outcome : news) {
            if (codes.insert(static_cast<int>(outcome.code)).second) {
                alerts.push_back({feed, manifest, outcome});
            }
        }
        std::string now;
        for (const int code : codes) {
            now += fmt::format("{} ", code);
        }
        now += manifest.hex();
        if (codes.empty()) {
            if (forget && told) {
                changes[key] = std::nullopt;
            }
        } else if (told == now) {
            alerts.resize(alerts.size() - codes.size());
        } else {
            changes[key] = now;
        }
    }

    // False: the store takes nothing, and every step that would have needed it has failed.
    bool commit(ports::Changes changes) {
        if (changes.empty()) {
            return true;
        }
        const base::Status done = ports_.store.commit(changes);
        if (done.ok()) {
            return true;
        }
        for (Step& step : steps_) {
            if (step.phase == Phase::kStaged ||
                step.check.outcome.category == Category::kInstalled) {
                step.conclude(machine_full(done.error()));
            }
        }
        return false;
    }

    const Settings& settings_;
    const Ports& ports_;
    const content::Verifier& verifier_;
    ClientState state_;
    Downloader downloader_;
    Offers offers_;
    std::vector<Step> steps_;
    std::vector<Step*> held_back_;
};

}  // namespace

UpdateClient::UpdateClient(Settings settings, Ports ports, const content::Verifier& verifier)
    : settings_(std::move(settings)), ports_(ports), verifier_(verifier) {}

base::Result<std::vector<Check>> UpdateClient::check_all(std::span<const content::Feed> feeds,
                                                         ports::Installers& installers) {
    FB_TRY(ClientState state, read_state(ports_.store, feeds, settings_.profile.threshold > 0));
    return Round(settings_, ports_, verifier_, std::move(state)).run(feeds, installers);
}

}  // namespace firebreak::endpoint::update
