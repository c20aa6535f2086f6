#include "cloud/head_signer.h"

#include <fmt/format.h>

#include "content/envelope.h"

namespace firebreak::cloud {

namespace {

std::optional<base::Digest> digest_of(const content::Package* package) {
    return package == nullptr ? std::nullopt : std::optional(package->manifest_digest);
}

// Names what is offered, and when it was signed: a package that is signed anew is another one.
std::string words_for(const content::Package* package) {
    return package == nullptr ? "nothing"
                              : fmt::format("{} signed {}", package->manifest_digest.hex(),
                                            package->signing_time.unix_seconds);
}

content::SetManifest set_of(const Offering& offering) {
    content::SetManifest set{offering.channel, offering.sequence, {}};
    for (const auto& [feed, package] : offering.packages) {
        if (package != nullptr) {
            set.packages[feed] = package->manifest_digest;
        }
    }
    return set;
}

}  // namespace

base::Result<std::map<std::string, HeadFile>> HeadSigner::sign(const Offering& offering,
                                                               base::UtcTime issued) const {
    std::map<std::string, HeadFile> files;
    const base::Bytes set_json = content::canonical_json(set_of(offering));
    const base::Digest set = base::sha384(set_json);
    FB_TRY(base::Bytes set_bundle, content::sign_bundle(set_json, keys_, issued));
    files[content::set_path(set)] = {std::make_shared<const base::Bytes>(std::move(set_bundle)),
                                     fmt::format("set {}", offering.sequence)};
    for (const auto& [feed, package] : offering.packages) {
        const content::SignedHead head{
            feed,   offering.channel, offering.sequence, digest_of(package), set,
            trust_, issued,           issued + valid_};
        FB_TRY(base::Bytes bundle,
               content::sign_bundle(content::canonical_json(head), keys_, issued));
        files[content::signed_head_path(offering.channel, feed)] = {
            std::make_shared<const base::Bytes>(std::move(bundle)),
            fmt::format("{}, number {} of set {}, issued {}, trust {}", words_for(package),
                        offering.sequence, set.hex(), issued.unix_seconds, trust_)};
    }
    return files;
}

std::map<std::string, HeadFile> pointers(const Offering& offering) {
    std::map<std::string, HeadFile> files;
    for (const auto& [feed, package] : offering.packages) {
        files[content::head_path(offering.channel, feed)] = {
            std::make_shared<const base::Bytes>(
                content::canonical_json(content::Head{feed, digest_of(package)})),
            words_for(package)};
    }
    return files;
}

}  // namespace firebreak::cloud
