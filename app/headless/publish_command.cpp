#include "headless/publish_command.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "cloud/publication.h"
#include "headless/exit_codes.h"
#include "headless/output.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::Result;
using base::Status;

struct PublishOptions {
    std::vector<std::string> packages;
    std::string site;
    std::vector<std::string> groups;
    std::string trust;  // a statement of the root's; empty: none
    // Of signed heads; no keys: none are signed.
    std::string keys;
    std::string at;
    std::string valid = "6h";
    uint64_t sequence = 0;
};

struct Signing {
    base::UtcTime at;
    base::Duration valid;
    cloud::HeadSigner signer;
};

// All that can be known to be wrong before anything is written.
Result<std::optional<Signing>> check(const PublishOptions& options) {
    for (const std::string& group : options.groups) {
        FB_CHECK(cloud::check_group(group));
    }
    if (options.keys.empty()) {
        return std::optional<Signing>();
    }
    FB_TRY(const base::UtcTime at, base::parse_utc(options.at));
    FB_TRY(const base::Duration valid, base::parse_duration(options.valid));
    FB_TRY(const content::Pki pki, content::load_pki(options.keys));
    if (pki.heads.empty()) {
        return Error{"no keys for heads in it", options.keys,
                     "`firebreak content keys new` makes head-1.pem to head-3.pem"};
    }
    for (const std::string& group : options.groups) {
        FB_TRY(const uint64_t last, cloud::last_sequence(group, options.site));
        if (options.sequence < last) {
            return Error{fmt::format("{} was given number {} before", group, last), "--sequence",
                         fmt::format("name {} or a higher one", last + 1)};
        }
    }
    return std::optional(Signing{at, valid, cloud::HeadSigner(pki.heads, valid)});
}

Status sign(const PublishOptions& options, const Signing& signing) {
    for (const std::string& group : options.groups) {
        FB_CHECK(
            cloud::sign_heads(group, options.sequence, signing.signer, signing.at, options.site));
        fmt::print("signed the heads of {}, number {}, good until {}\n", group, options.sequence,
                   base::to_text(signing.at + signing.valid));
    }
    return {};
}

// Nothing is offered unless all of it can be.
Status publish(const PublishOptions& options) {
    if (options.packages.empty() && options.trust.empty() && options.keys.empty()) {
        return Error{"nothing to publish", "", "name packages, --trust or --keys"};
    }
    FB_TRY(const std::optional<Signing> signing, check(options));
    std::map<content::Feed, cloud::Published> published;
    for (const std::string& folder : options.packages) {
        FB_TRY(const cloud::Published package, cloud::publish(folder, options.site));
        const auto feed = content::info(package.feed).name;
        fmt::print("published {} {}\n  manifest        SHA-384 {}\n", feed,
                   base::printable(package.version), package.manifest.hex());
        if (!published.emplace(package.feed, package).second && !options.groups.empty()) {
            return Error{fmt::format("another package of {} was named before", feed), folder,
                         "a group can be offered one of them: publish one after the other"};
        }
    }
    for (const std::string& group : options.groups) {
        for (const auto& [feed, package] : published) {
            FB_CHECK(cloud::offer(package, group, options.site));
        }
        if (!published.empty()) {
            fmt::print("offered to {}\n", group);
        }
    }
    if (!options.trust.empty()) {
        FB_TRY(const uint64_t number, cloud::publish_trust(options.trust, options.site));
        fmt::print("published statement {} of the root\n", number);
    }
    return signing ? sign(options, *signing) : Status();
}

}  // namespace

void add_publish(CLI::App& content, const std::function<void(int)>& finish) {
    const auto options = std::make_shared<PublishOptions>();
    CLI::App* command = content.add_subcommand(
        "publish",
        "Lay signed packages out as the static files of a CDN: packages and payloads\n"
        "under their digests, and for each --group an unsigned head that offers them.\n"
        "With --keys, heads and a set manifest are signed as well, over all that the\n"
        "group is offered in DIR, also without packages, as heads are short-lived. Payloads are "
        "checked against their manifests on the way;\n"
        "signatures are for endpoints to judge, or for `content verify`.");
    command->add_option("packages", options->packages, "package folders, from `content sign`")
        ->type_name("PACKAGE");
    command->add_option("-o,--output", options->site, "folder that is, or will be, served")
        ->required()
        ->type_name("DIR");
    command
        ->add_option("--group", options->groups, "release group that is offered them; repeatable")
        ->type_name("GROUP")
        ->allow_extra_args(false);
    command
        ->add_option("--trust", options->trust,
                     "statement of the root, from `content keys revoke` or `epoch-reset`; heads\n"
                     "signed from here on name it")
        ->type_name("FILE");
    CLI::Option* keys =
        command->add_option("--keys", options->keys, "folder with head-1.pem and so on")
            ->type_name("KEYS")
            ->needs("--group");
    CLI::Option* at = command
                          ->add_option("--at", options->at,
                                       "signing time of heads in UTC, as 2026-03-02T08:00:00Z; no\n"
                                       "clock is asked")
                          ->type_name("TIME")
                          ->needs(keys);
    command->add_option("--valid", options->valid, "how long signed heads are good for")
        ->type_name("TIME")
        ->capture_default_str()
        ->needs(keys);
    CLI::Option* sequence =
        command
            ->add_option("--sequence", options->sequence,
                         "number of this offer: higher than the group's last one; the same\n"
                         "renews the heads of an offer that is unchanged")
            ->type_name("N")
            ->needs(keys);
    keys->needs(at)->needs(sequence);
    command->footer(
        "Example:\n"
        "  firebreak content publish package/ -o site/ --group public --keys keys/ \\\n"
        "      --at 2026-03-02T08:00:00Z --sequence 1");
    command->callback([options, finish] {
        const Status status = publish(*options);
        if (!status.ok()) {
            complain(status.error());
        }
        finish(status.ok() ? kPassed : kUsage);
    });
}

}  // namespace firebreak::headless
