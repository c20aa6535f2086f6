#include "cloud/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "cloud/origin.h"
#include "content/envelope.h"
#include "content/head.h"
#include "content/payload_check.h"

namespace firebreak::cloud {

namespace {

using base::ByteView;
using base::Error;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr size_t kCopyBytes = 1024 * 1024;

Error cannot(const char* what, const fs::path& file) {
    return {fmt::format("cannot {}: {}", what, std::strerror(errno)), file.string(), ""};
}

// Copies what `in` holds if it is the payload; writes no more than was promised.
Status copy(std::ifstream& in, const content::PayloadFile& payload, const fs::path& from,
            const fs::path& to) {
    std::ofstream out(to, std::ios::binary | std::ios::trunc);
    base::Bytes piece(kCopyBytes);
    content::PayloadCheck check(payload);
    bool fits = true;
    while (in && out && fits) {
        in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
        fits = check.take(base::ByteView(piece).first(static_cast<size_t>(in.gcount())));
        if (fits) {
            out.write(reinterpret_cast<const char*>(piece.data()), in.gcount());
        }
    }
    out.close();
    if (!out) {
        return cannot("write", to);
    }
    if (fits && (in.bad() || !in.eof())) {
        return cannot("read", from);
    }
    if (const base::Code code = check.finish(); code != base::Code::kNone) {
        return Error{std::string(base::to_text(code)), from.string(),
                     "`firebreak content verify` on the package says more"};
    }
    return {};
}

// A file appears on the site when all of it is there and right.
Status publish_payload(const content::PayloadFile& payload, const fs::path& folder,
                       const fs::path& site) {
    const fs::path from = folder / "payload" / payload.name;
    std::error_code failure;
    if (!fs::is_regular_file(from, failure)) {
        return Error{"no such file, or not a plain one", from.string(), ""};
    }
    std::ifstream in(from, std::ios::binary);
    if (!in) {
        return cannot("open", from);
    }
    const fs::path to = site / content::payload_path(payload.sha384);
    fs::path beside = to;
    beside += ".part";
    fs::create_directories(to.parent_path(), failure);
    Status status = copy(in, payload, from, beside);
    if (status.ok()) {
        fs::rename(beside, to, failure);
        if (failure) {
            status = Error{"cannot be put in place: " + failure.message(), to.string(), ""};
        }
    }
    if (!status.ok()) {
        fs::remove(beside, failure);
    }
    return status;
}

// What the group's unsigned heads offer, feed by feed; of packages, the digest alone. nullopt: the
// feed is withdrawn.
Result<std::map<content::Feed, std::optional<content::Package>>> offered_to(
    const std::string& group, const fs::path& site) {
    std::map<content::Feed, std::optional<content::Package>> packages;
    for (const content::FeedInfo& info : content::catalogue()) {
        const fs::path file = site / content::head_path(group, info.feed);
        std::error_code ignored;
        if (!fs::exists(file, ignored)) {
            continue;
        }
        FB_TRY(const base::Bytes bytes, base::read_file(file, content::kMaxHeadBytes));
        const auto head = content::parse_head(bytes);
        if (!head.ok()) {
            return Error{"not a valid head: " + head.error().text(), file.string(), ""};
        }
        std::optional<content::Package>& package = packages[info.feed];
        if (head->manifest) {
            package.emplace().manifest_digest = *head->manifest;
        }
    }
    return packages;
}

// What it says, whoever signed it.
Result<content::RootStatement> read_statement(ByteView envelope, const fs::path& file) {
    const auto claims = content::read_claims(envelope);
    auto statement = claims.ok() ? content::parse_root_statement(claims->manifest)
                                 : Result<content::RootStatement>(claims.error());
    if (!statement.ok()) {
        return Error{"no valid statement of the root: " + statement.error().text(), file.string(),
                     "`firebreak content keys revoke` and `epoch-reset` make them"};
    }
    return statement;
}

// The site's newest root statement; number 0 if there is none.
Result<content::RootStatement> latest_trust(const fs::path& site) {
    const fs::path file = site / content::kLatestTrustPath;
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
        return content::RootStatement();
    }
    FB_TRY(const base::Bytes envelope, base::read_file(file, content::kMaxEnvelopeBytes));
    return read_statement(envelope, file);
}

// The newest signed head that the group was given, whoever signed it.
Result<std::optional<content::SignedHead>> last_head(const std::string& group,
                                                     const fs::path& site) {
    std::optional<content::SignedHead> last;
    for (const content::FeedInfo& info : content::catalogue()) {
        const fs::path file = site / content::signed_head_path(group, info.feed);
        std::error_code ignored;
        if (!fs::exists(file, ignored)) {
            continue;
        }
        FB_TRY(const base::Bytes bundle, base::read_file(file, content::kMaxBundleBytes));
        const auto envelopes = content::split_bundle(bundle);
        const auto claims = envelopes.ok() ? content::read_claims(envelopes->front())
                                           : Result<content::Claims>(envelopes.error());
        const auto head = claims.ok() ? content::parse_signed_head(claims->manifest)
                                      : Result<content::SignedHead>(claims.error());
        if (!head.ok()) {
            return Error{"not a valid head: " + head.error().text(), file.string(), "remove it"};
        }
        if (!last || head->sequence > last->sequence) {
            last = *head;
        }
    }
    return last;
}

// One number stands for one set: endpoints take no lower one, and cannot tell two of one number
// apart.
Status check_sequence(const Offering& offering, const std::map<std::string, HeadFile>& files,
                      const std::optional<content::SignedHead>& last) {
    if (!last || offering.sequence > last->sequence) {
        return {};
    }
    if (offering.sequence == last->sequence && files.contains(content::set_path(last->set))) {
        return {};
    }
    return Error{fmt::format("{} was given number {} before", offering.channel, last->sequence),
                 "--sequence", fmt::format("name {} or a higher one", last->sequence + 1)};
}

}  // namespace

Result<uint64_t> publish_trust(const fs::path& statement_file, const fs::path& site) {
    FB_TRY(const base::Bytes envelope, base::read_file(statement_file, content::kMaxEnvelopeBytes));
    FB_TRY(const content::RootStatement statement, read_statement(envelope, statement_file));
    FB_TRY(const content::RootStatement latest, latest_trust(site));
    if (statement.number != latest.number + 1) {
        return Error{fmt::format("statement {} does not follow the site's latest, {}",
                                 statement.number, latest.number),
                     statement_file.string(), "statements are numbered without a gap"};
    }
    if (!std::ranges::includes(statement.revoked, latest.revoked)) {
        return Error{fmt::format("does not repeat the revocations of statement {}", latest.number),
                     statement_file.string(), "make it with --previous"};
    }
    FB_CHECK(base::write_file(site / content::trust_path(statement.number), envelope));
    FB_CHECK(base::write_file(site / content::kLatestTrustPath, envelope));
    return statement.number;
}

Result<Published> publish(const fs::path& package, const fs::path& site) {
    const fs::path envelope_file = package / "package.p7m";
    std::error_code ignored;
    if (fs::is_directory(package, ignored) && !fs::exists(envelope_file, ignored)) {
        return Error{"not signed", package.string(), "`firebreak content sign` does that"};
    }
    FB_TRY(const base::Bytes envelope, base::read_file(envelope_file, content::kMaxEnvelopeBytes));
    const auto claims = content::read_claims(envelope);
    if (!claims.ok()) {
        return Error{"not an envelope: " + claims.error().text(), envelope_file.string(), ""};
    }
    const auto manifest = content::parse_manifest(claims->manifest);
    if (!manifest.ok()) {
        return Error{"no valid manifest in it: " + manifest.error().text(), envelope_file.string(),
                     ""};
    }
    for (const content::PayloadFile& payload : manifest->payloads) {
        FB_CHECK(publish_payload(payload, package, site));
    }
    const base::Digest digest = base::sha384(claims->manifest);
    FB_CHECK(base::write_file(site / content::package_path(digest), envelope));
    return Published{manifest->feed, manifest->version, digest};
}

Status check_group(const std::string& group) {
    if (!content::is_group_name(group)) {
        return Error{fmt::format("`{}` is no valid name of a group", base::printable(group)), "",
                     content::kGroupNameRule};
    }
    return {};
}

Result<uint64_t> last_sequence(const std::string& group, const fs::path& site) {
    FB_TRY(const auto last, last_head(group, site));
    return last ? last->sequence : 0;
}

Status offer(const Published& package, const std::string& group, const fs::path& site) {
    FB_CHECK(check_group(group));
    const content::Head head{package.feed, package.manifest};
    return base::write_file(site / content::head_path(group, package.feed),
                            content::canonical_json(head));
}

Status sign_heads(const std::string& group, uint64_t sequence, HeadSigner signer, base::UtcTime at,
                  const fs::path& site) {
    FB_TRY(const content::RootStatement trust, latest_trust(site));
    signer.set_trust(trust.number);
    FB_TRY(const auto last, last_head(group, site));
    FB_TRY(const auto packages, offered_to(group, site));
    Offering offering{group, sequence, {}};
    for (const auto& [feed, package] : packages) {
        offering.packages[feed] = package ? &*package : nullptr;
    }
    FB_TRY(const auto files, signer.sign(offering, at));
    FB_CHECK(check_sequence(offering, files, last));
    // What is named comes before what names it: the site may be being served.
    for (const bool heads : {false, true}) {
        for (const auto& [path, file] : files) {
            if (is_replaced_in_place(path) == heads) {
                FB_CHECK(base::write_file(site / path, *file.bytes));
            }
        }
    }
    return {};
}

}  // namespace firebreak::cloud
