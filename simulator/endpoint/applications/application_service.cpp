#include "endpoint/applications/application_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "endpoint/supervision/plain_text.h"

namespace firebreak::endpoint::applications {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;
using content::Feed;

Outcome not_running(Code code, const char* name, std::string value) {
    return {Stage::kLoad, Category::kRejected, code, {{name, std::move(value)}}};
}

// Texts come from a process that nobody vouches for.
ListedExclusion listed(const std::string& rule, const Application& application,
                       const Exclusion& exclusion) {
    return {base::printable(application.id),
            base::printable(application.name),
            base::printable(application.version),
            base::printable(rule),
            {exclusion.kind, base::printable(exclusion.path)}};
}

auto place_of(const ListedExclusion& one) {
    return std::tie(one.application, one.exclusion);
}

std::vector<ListedExclusion> all_of(const std::vector<KnownApplication>& known) {
    std::vector<ListedExclusion> all;
    for (const KnownApplication& one : known) {
        for (const Exclusion& exclusion : one.claim.exclusions) {
            all.push_back(listed(one.rule, one.claim.application, exclusion));
        }
    }
    std::ranges::sort(all, {}, place_of);
    return all;
}

// Of what is in `these` and not in `others`; both are sorted.
std::vector<ListedExclusion> beyond(const std::vector<ListedExclusion>& these,
                                    const std::vector<ListedExclusion>& others) {
    std::vector<ListedExclusion> out;
    std::ranges::set_difference(these, others, std::back_inserter(out), {}, place_of, place_of);
    return out;
}

// What the rules say of the machine, in their order: of those that failed, what was known before.
struct Claims {
    std::vector<KnownApplication> all;
    std::vector<bool> is_new;
    std::vector<FailedRule> failed;
};

Claims claims_of(const DetectReply& reply, const std::vector<std::string>& files,
                 const std::vector<KnownApplication>& before) {
    Claims claims;
    for (size_t i = 0; i < reply.rules.size(); ++i) {
        const RuleReply& rule = reply.rules[i];
        const std::string& id = rule.claim.application.id;
        if (rule.end == RuleReply::End::kFound) {
            claims.all.push_back({files[i], rule.claim});
            claims.is_new.push_back(true);
        } else if (rule.failed()) {
            claims.failed.push_back({base::printable(files[i]), base::printable(id), rule.end,
                                     base::printable(rule.message)});
            const auto known = std::ranges::find(
                before, id, [](const KnownApplication& one) { return one.claim.application.id; });
            if (known != before.end()) {
                claims.all.push_back(*known);
                claims.is_new.push_back(false);
            }
        }
    }
    return claims;
}

std::optional<std::string> text_or_nothing(const std::vector<KnownApplication>& known) {
    if (known.empty()) {
        return std::nullopt;
    }
    return std::string(base::text_of(encode(known)));
}

}  // namespace

bool is_application_feed(Feed feed) {
    return feed == Feed::kAPPFEED || feed == Feed::kUSERAPPFEED;
}

class ApplicationService::FeedInstaller final : public ports::Installer {
  public:
    explicit FeedInstaller(ApplicationService& service) : service_(service) {}
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override {
        return service_.install(manifest, manifest_digest.hex());
    }
    base::Result<bool> keeps(const base::Digest& manifest_digest) override {
        return service_.record_.keeps(manifest_digest.hex());
    }

  private:
    ApplicationService& service_;
};

ApplicationService::ApplicationService(const ApplicationPorts& ports, ApplicationSetting setting)
    : ports_(ports),
      setting_(std::move(setting)),
      record_(ports.store, "applications", setting_.feed),
      installer_(std::make_unique<FeedInstaller>(*this)) {}

ApplicationService::~ApplicationService() = default;

ports::Installer& ApplicationService::installer() {
    return *installer_;
}

base::Result<ApplicationProcess::Loaded> ApplicationService::start(
    const content::Manifest& manifest) {
    std::vector<base::Bytes> texts;
    texts.reserve(manifest.payloads.size());
    ApplicationProcess::Files files;
    for (const content::PayloadFile& payload : manifest.payloads) {
        FB_TRY(auto plain,
               supervision::plain_text(ports_.store, setting_.feed, payload, setting_.content_key));
        if (auto* refused = std::get_if<Outcome>(&plain)) {
            return ApplicationProcess::Loaded{nullptr, std::move(*refused)};
        }
        texts.push_back(std::get<base::Bytes>(std::move(plain)));
        files.push_back({payload.name, texts.back()});
    }
    return ApplicationProcess::start(ports_.processes, files);
}

base::Result<ports::Installation> ApplicationService::install(const content::Manifest& manifest,
                                                              const std::string& digest) {
    FB_TRY(const supervision::Contents before, record_.contents());
    if (before.quarantined(digest)) {
        return ports::Installation{
            not_running(Code::kQuarantined, "remedy", "release another version"), {}};
    }
    FB_TRY(ApplicationProcess::Loaded loaded, start(manifest));
    if (loaded.process == nullptr) {
        return ports::Installation{std::move(loaded.outcome), {}};
    }
    running_ = std::move(loaded.process);
    ports::Changes changes;
    record_.note_installed(before, digest, changes);
    loaded.outcome.evidence.emplace_back("rules", std::to_string(manifest.payloads.size()));
    return ports::Installation{std::move(loaded.outcome), std::move(changes)};
}

base::Result<std::optional<Outcome>> ApplicationService::make_ready() {
    if (running_ != nullptr) {
        return std::optional<Outcome>();
    }
    FB_TRY(const std::optional<content::Manifest> manifest, record_.running());
    if (!manifest) {
        return std::optional(
            not_running(Code::kNothingRuns, "rules", "down: there is no content to run"));
    }
    const base::Duration up = ports_.uptime.up();
    if (!restarts_.may_start(up)) {
        return std::optional(
            not_running(Code::kRestarting, "in", fmt::format("{} s", restarts_.pause(up).seconds)));
    }
    FB_TRY(ApplicationProcess::Loaded loaded, start(*manifest));
    if (loaded.process == nullptr) {
        FB_TRY(Outcome outcome, died(std::move(loaded.outcome)));
        return std::optional(std::move(outcome));
    }
    running_ = std::move(loaded.process);
    return std::optional<Outcome>();
}

base::Result<Detected> ApplicationService::detect(const host::Machine& machine,
                                                  const PowerShell& powershell) {
    FB_TRY(std::optional<Outcome> not_ready, make_ready());
    if (not_ready) {
        ++missed_;
        Detected none;
        none.outcome = std::move(*not_ready);
        return none;
    }
    auto answer = running_->detect(machine, powershell);
    if (!answer.ok()) {
        running_.reset();  // whatever state it is in
        return answer.error();
    }
    if (auto* death = std::get_if<Outcome>(&*answer)) {
        ++missed_;
        Detected none;
        FB_TRY(none.outcome, died(std::move(*death)));
        return none;
    }
    return weigh(machine, std::get<DetectReply>(*answer));
}

base::Result<Detected> ApplicationService::weigh(const host::Machine& machine,
                                                 const DetectReply& reply) {
    FB_TRY(const std::vector<KnownApplication> before, list("known"));
    FB_TRY(const std::vector<KnownApplication> told, list("told"));
    Claims claims = claims_of(reply, running_->files(), before);
    std::vector<Claim> asked;
    for (const KnownApplication& one : claims.all) {
        asked.push_back(one.claim);
    }
    Detected detected;
    std::vector<KnownApplication> now;
    const std::vector<Judgement> judgements = judge(machine, asked);
    for (size_t i = 0; i < judgements.size(); ++i) {
        KnownApplication& one = claims.all[i];
        for (const auto& [exclusion, why] : judgements[i].refused) {
            detected.refused.push_back({listed(one.rule, one.claim.application, exclusion), why});
        }
        if (judgements[i].there) {
            one.claim.exclusions = judgements[i].granted;
            now.push_back(std::move(one));
        } else if (claims.is_new[i]) {
            detected.not_there.push_back(base::printable(one.claim.application.id));
        }
    }
    if (now != before) {
        FB_CHECK(ports_.store.commit({{record_.key("known"), text_or_nothing(now)}}));
    }
    refusals_ += detected.refused.size();
    detected.detected = true;
    detected.added = beyond(all_of(now), all_of(told));
    detected.removed = beyond(all_of(told), all_of(now));
    detected.failed = std::move(claims.failed);
    for (size_t i = 0; i < reply.costs.size(); ++i) {
        detected.expenses.push_back({base::printable(running_->files()[i]), reply.costs[i]});
    }
    detected.scripts = reply.scripts;
    detected.scripts_failed = reply.scripts_failed;
    detected.waited = base::Duration{reply.waited_s};
    return detected;
}

base::Result<std::vector<KnownApplication>> ApplicationService::list(std::string_view key) const {
    FB_TRY(const std::optional<std::string> text, ports_.store.get(record_.key(key)));
    if (!text) {
        return std::vector<KnownApplication>();
    }
    auto known = parse_known(base::view_of(*text));
    return known.ok() ? *std::move(known) : std::vector<KnownApplication>();
}

base::Status ApplicationService::note_told() {
    FB_TRY(const std::optional<std::string> known, ports_.store.get(record_.key("known")));
    return ports_.store.commit({{record_.key("told"), known}});
}

base::Result<std::vector<ListedExclusion>> ApplicationService::exclusions() const {
    FB_TRY(const std::vector<KnownApplication> known, list("known"));
    return all_of(known);
}

base::Result<Outcome> ApplicationService::died(Outcome death) {
    running_.reset();
    restarts_.note_death(ports_.uptime.up());
    FB_TRY(const supervision::Contents before, record_.contents());
    ports::Changes changes;
    std::string now;
    const unsigned kills = before.kills + 1;
    if (rules::is_kill(death) && before.running && kills < setting_.kills) {
        record_.note_kill(before, changes);
        now = fmt::format("restarts with the same rules, which have killed it {} of {} times",
                          kills, setting_.kills);
    } else {
        FB_TRY(now, fall_back(before, changes));
    }
    FB_CHECK(ports_.store.commit(changes));
    death.evidence.emplace_back("application detection", now);
    return death;
}

// Nothing is changed unless last-known-good has been tried for real.
base::Result<std::string> ApplicationService::fall_back(const supervision::Contents& before,
                                                        ports::Changes& changes) {
    std::string now = "down: no last-known-good";
    if (before.last_known_good) {
        FB_TRY(const content::Manifest good, record_.manifest(*before.last_known_good));
        FB_TRY(ApplicationProcess::Loaded loaded, start(good));
        running_ = std::move(loaded.process);
        now = running_ != nullptr ? "restarted on last-known-good"
                                  : "down: last-known-good does not load: " +
                                        base::to_text(loaded.outcome.evidence);
    }
    record_.note_fallen_back(before, running_ != nullptr ? before.last_known_good : std::nullopt,
                             changes);
    const bool fell = before.running && before.running != before.last_known_good;
    return now +
           (fell ? "; put into quarantine: " + std::string(content::info(setting_.feed).name) : "");
}

}  // namespace firebreak::endpoint::applications
