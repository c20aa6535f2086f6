#include "endpoint/update/update_client.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "base/text.h"
#include "content/package.h"

namespace firebreak::endpoint::update {

namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

std::string key(content::Feed feed, std::string_view name) {
    return fmt::format("update/{}/{}", content::info(feed).name, name);
}

Outcome refuse(Category category, Code code, base::Evidence evidence) {
    return {Stage::kVerify, category, code, std::move(evidence)};
}

// Why a fetch brought nothing; `missing` is the code for this kind of file.
Outcome not_fetched(ports::FetchStatus status, Code missing, const std::string& path) {
    switch (status) {
        case ports::FetchStatus::kMissing:
            return refuse(Category::kMissing, missing, {{"path", path}});
        case ports::FetchStatus::kOverCap:
            return refuse(Category::kTooLarge, Code::kOverCap, {{"path", path}});
        case ports::FetchStatus::kUnreachable:
        case ports::FetchStatus::kOk:
            break;
    }
    return refuse(Category::kBlocked, Code::kUnreachable, {{"path", path}});
}

// The published design alerts on what is corrupt, untrusted or refused; that the CDN lacks a file
// or cannot be reached shows in its silence.
bool worth_an_alert(const Outcome& outcome) {
    return outcome.refused();
}

}  // namespace

struct UpdateClient::Step {
    content::Feed feed;
    FeedState state;
    Check check;
    std::map<base::Digest, base::Bytes> payloads;
};

UpdateClient::UpdateClient(Settings settings, Ports ports, const content::Verifier& verifier)
    : settings_(std::move(settings)), ports_(ports), verifier_(verifier) {}

base::Result<UpdateClient::FeedState> UpdateClient::read_state(content::Feed feed) {
    FeedState state;
    FB_TRY(const auto floor, ports_.store.get(key(feed, "floor")));
    if (floor) {
        int64_t seconds = 0;
        const char* end = floor->data() + floor->size();
        const auto parsed = std::from_chars(floor->data(), end, seconds);
        // A floor that cannot be read must not read as "no floor".
        if (parsed.ec != std::errc{} || parsed.ptr != end) {
            return base::Error{"the update client's floor is damaged", key(feed, "floor"),
                               "repair or reinstall the endpoint"};
        }
        state.floor = base::UtcTime{seconds};
    }
    FB_TRY(state.installed, ports_.store.get(key(feed, "installed")));
    FB_TRY(state.rejected, ports_.store.get(key(feed, "rejected")));
    FB_TRY(state.alerted, ports_.store.get(key(feed, "alerted")));
    return state;
}

base::Result<Check> UpdateClient::check(content::Feed feed, ports::Installer& installer) {
    Step step{feed, {}, {}, {}};
    FB_TRY(step.state, read_state(feed));

    const std::string path = content::head_path(settings_.release_group, feed);
    const ports::Fetched fetched = ports_.transport.get(path, content::kMaxHeadBytes);
    if (fetched.status != ports::FetchStatus::kOk) {
        return conclude(step, not_fetched(fetched.status, Code::kHeadMissing, path));
    }
    const auto head = content::parse_head(fetched.body);
    if (!head.ok() || head->feed != feed) {
        const std::string why = head.ok() ? "it is another feed's" : head.error().text();
        return conclude(step, refuse(Category::kCorrupt, Code::kHeadMalformed,
                                     {{"path", path}, {"error", why}}));
    }
    if (!head->manifest) {
        return conclude(step, {});
    }
    step.check.manifest = *head->manifest;
    const std::string offered = head->manifest->hex();
    if (offered == step.state.installed || offered == step.state.rejected) {
        return conclude(step, {});
    }
    return download(step, installer);
}

base::Result<Check> UpdateClient::download(Step& step, ports::Installer& installer) {
    const std::string path = content::package_path(step.check.manifest);
    const ports::Fetched fetched = ports_.transport.get(path, content::kMaxEnvelopeBytes);
    if (fetched.status != ports::FetchStatus::kOk) {
        return conclude(step, not_fetched(fetched.status, Code::kPackageMissing, path));
    }
    step.check.delivered = true;

    content::Verdict verdict = verifier_.verify(fetched.body);
    if (auto* untrusted = std::get_if<Outcome>(&verdict)) {
        return conclude(step, std::move(*untrusted));
    }
    const auto& verified = std::get<content::Verified>(verdict);
    if (auto outcome = refusal(step, verified)) {
        return conclude(step, std::move(*outcome));
    }
    if (auto outcome = fetch_payloads(step, verified.manifest)) {
        return conclude(step, std::move(*outcome));
    }
    return install(step, verified, installer);
}

// Why an envelope that is authentic is still not wanted.
std::optional<Outcome> UpdateClient::refusal(const Step& step,
                                             const content::Verified& verified) const {
    if (verified.manifest.feed != step.feed) {
        return refuse(Category::kUntrusted, Code::kFeedWrong,
                      {{"wanted", std::string(content::info(step.feed).name)},
                       {"found", std::string(content::info(verified.manifest.feed).name)}});
    }
    // Before the comparison with the head: a replayed package is to be called one.
    if (step.state.floor && verified.signing_time < *step.state.floor) {
        return refuse(Category::kTooOld, Code::kSignedBeforeFloor,
                      {{"version", verified.manifest.version},
                       {"signed", base::to_text(verified.signing_time)},
                       {"newest authenticated download", base::to_text(*step.state.floor)}});
    }
    if (verified.manifest_digest != step.check.manifest) {
        return refuse(Category::kCorrupt, Code::kNotWhatTheHeadNames,
                      {{"head names", step.check.manifest.hex()},
                       {"package holds", verified.manifest_digest.hex()}});
    }
    if (settings_.allowed_skew &&
        verified.signing_time > ports_.clock.now() + *settings_.allowed_skew) {
        return refuse(Category::kTooNew, Code::kSignedInTheFuture,
                      {{"signed", base::to_text(verified.signing_time)},
                       {"endpoint's clock", base::to_text(ports_.clock.now())}});
    }
    if (content::compare_versions(settings_.product_version,
                                  verified.manifest.min_product_version) < 0) {
        return refuse(Category::kTooNew, Code::kProductTooOld,
                      {{"needs", verified.manifest.min_product_version},
                       {"product", settings_.product_version}});
    }
    return std::nullopt;
}

std::optional<Outcome> UpdateClient::fetch_payloads(Step& step, const content::Manifest& manifest) {
    for (const content::PayloadFile& payload : manifest.payloads) {
        const std::string path = content::payload_path(payload.sha384);
        // One byte more than promised, so that a longer one is seen to be longer.
        ports::Fetched fetched = ports_.transport.get(path, payload.size + 1);
        if (fetched.status == ports::FetchStatus::kOverCap) {
            return refuse(Category::kCorrupt, Code::kPayloadSizeWrong,
                          {{"file", payload.name},
                           {"promised", fmt::format("{} bytes", payload.size)},
                           {"arrived", "more"}});
        }
        if (fetched.status != ports::FetchStatus::kOk) {
            return not_fetched(fetched.status, Code::kPayloadMissing, path);
        }
        const Code code = content::check_payload(payload, fetched.body);
        if (code == Code::kPayloadSizeWrong) {
            return refuse(Category::kCorrupt, code,
                          {{"file", payload.name},
                           {"promised", fmt::format("{} bytes", payload.size)},
                           {"arrived", fmt::format("{} bytes", fetched.body.size())}});
        }
        if (code != Code::kNone) {
            return refuse(Category::kCorrupt, code,
                          {{"file", payload.name},
                           {"promised", payload.sha384.hex()},
                           {"arrived", base::sha384(fetched.body).hex()}});
        }
        step.payloads[payload.sha384] = std::move(fetched.body);
    }
    return std::nullopt;
}

base::Result<Check> UpdateClient::install(Step& step, const content::Verified& verified,
                                          ports::Installer& installer) {
    const std::string digest = verified.manifest_digest.hex();
    for (const auto& [payload, bytes] : step.payloads) {
        FB_CHECK(ports_.store.keep(payload, bytes));
    }
    const base::Bytes manifest = content::canonical_json(verified.manifest);
    // Durable before anything is tried: a crash during installation must not let older content in.
    FB_CHECK(ports_.store.commit(
        {{key(step.feed, "floor"), std::to_string(verified.signing_time.unix_seconds)},
         {"package/" + digest, std::string(base::text_of(manifest))}}));

    FB_TRY(ports::Installation done,
           installer.install(verified.manifest, verified.manifest_digest));
    if (done.outcome.category == Category::kInstalled) {
        done.changes[key(step.feed, "installed")] = digest;
        done.changes[key(step.feed, "rejected")] = std::nullopt;
    } else {
        done.changes[key(step.feed, "rejected")] = digest;
        done.changes["package/" + digest] = std::nullopt;  // nobody will ask for it again
    }
    return conclude(step, std::move(done.outcome), std::move(done.changes));
}

// Commits what the check changed, and raises an alert unless it was raised before.
base::Result<Check> UpdateClient::conclude(Step& step, Outcome outcome, ports::Changes changes) {
    const bool alarming = worth_an_alert(outcome);
    const std::string alert =
        fmt::format("{} {}", static_cast<int>(outcome.code), step.check.manifest.hex());
    const bool news = alarming && step.state.alerted != alert;
    if (news) {
        changes[key(step.feed, "alerted")] = alert;
    } else if (outcome.category == Category::kInstalled && step.state.alerted) {
        changes[key(step.feed, "alerted")] = std::nullopt;
    }
    if (!changes.empty()) {
        FB_CHECK(ports_.store.commit(changes));
    }
    step.check.outcome = std::move(outcome);
    if (news) {
        ports_.alerts.raise({step.feed, step.check.manifest, step.check.outcome});
    }
    return std::move(step.check);
}

}  // namespace firebreak::endpoint::update
