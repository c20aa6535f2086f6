// `firebreak content keys`: make, rotate and inspect keys for tests.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "base/text.h"
#include "content/pki.h"
#include "headless/content_subcommands.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::printable;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

// --- new ---------------------------------------------------------------------------------------

Status make_keys(const std::string& folder) {
    FB_TRY(const content::Pki pki, content::make_pki());
    FB_CHECK(content::save_pki(pki, folder));
    fmt::print(
        "made root.pem, issuing.pem, a signer per feed, {} signers of heads, and a content key\n"
        "per encrypted feed in {}\n",
        pki.heads.size(), folder);
    fmt::print("{}", kTestKeysWarning);
    return {};
}

// --- rotate ------------------------------------------------------------------------------------

struct Rotate {
    std::string folder;
    std::string feed;
    size_t head = 0;
    bool issuing = false;
    std::string from;
    std::string until;
};

// A file of the folder, and what goes into its place.
struct Replacement {
    std::string file;
    content::Identity identity;
};

Result<Replacement> renewed(const Rotate& options, const content::Pki& pki, base::UtcTime from,
                            base::UtcTime until) {
    if (options.issuing) {
        FB_TRY(content::Identity identity, content::renew_issuing(pki, from, until));
        return Replacement{"issuing.pem", std::move(identity)};
    }
    if (options.head != 0) {
        FB_TRY(content::Signer signer, content::renew_head(pki, options.head, from, until));
        return Replacement{fmt::format("head-{}.pem", options.head), std::move(signer.identity)};
    }
    FB_TRY(const content::Feed feed, feed_named(options.feed));
    FB_TRY(content::Signer signer, content::renew(pki, feed, from, until));
    return Replacement{fmt::format("{}.pem", content::info(feed).name), std::move(signer.identity)};
}

Status rotate(const Rotate& options) {
    FB_TRY(const base::UtcTime from, time_named("--from", options.from));
    FB_TRY(const base::UtcTime until, time_named("--until", options.until));
    if (until <= from) {
        return Error{"not after --from", "--until", ""};
    }
    FB_TRY(const content::Pki pki, content::load_pki(options.folder));
    FB_TRY(const Replacement replacement, renewed(options, pki, from, until));
    const fs::path file = fs::path(options.folder) / replacement.file;
    FB_TRY(const fs::path kept, content::replace_identity(file, replacement.identity));
    fmt::print("{} has a new key, valid {} to {}; the old one is {}\n", file.string(),
               base::to_text(from), base::to_text(until), kept.string());
    fmt::print(
        "What the old key signed stays good until the root revokes its certificate:\n"
        "`firebreak content keys revoke`.\n");
    if (options.issuing) {
        fmt::print("Signers stay with the certificate that issued them until each is rotated.\n");
    }
    fmt::print("{}", kTestKeysWarning);
    return {};
}

// --- inspect -----------------------------------------------------------------------------------

struct Inspect {
    std::string folder;
    std::string at;
};

struct Row {
    std::string file;
    std::string role;
    std::string from;
    std::string until;
    std::string left;  // until it is valid no longer
    std::string subject;
    std::string digest;
};

std::string role_of(const content::Certificate& certificate) {
    if (const auto feed = content::feed_of(certificate)) {
        return fmt::format("signs {}", content::info(*feed).name);
    }
    if (content::signs_heads(certificate)) {
        return "signs heads";
    }
    return content::subject_of(certificate) == content::issuer_of(certificate) ? "root" : "issues";
}

std::string days_left(const content::Validity& validity, base::UtcTime at) {
    constexpr int64_t kDay = base::days(1).seconds;
    if (at < validity.from) {
        return "not yet valid";
    }
    const int64_t seconds = validity.until.unix_seconds - at.unix_seconds;
    return seconds > 0 ? fmt::format("{} d", base::with_thousands(seconds / kDay)) : "expired";
}

std::string day_of(base::UtcTime time) {
    return base::to_text(time).substr(0, 10);
}

Result<Row> row_of(const fs::path& file, base::UtcTime at) {
    FB_TRY(const std::vector<content::Certificate> certificates, content::load_certificates(file));
    const content::Certificate& certificate = certificates.front();
    const auto validity = content::validity_of(certificate);
    if (!validity.ok()) {
        return Error{validity.error().message, file.string(), ""};
    }
    return Row{printable(file.filename().string()),
               role_of(certificate),
               day_of(validity->from),
               day_of(validity->until),
               days_left(*validity, at),
               printable(content::subject_of(certificate)),
               content::certificate_digest(certificate).hex()};
}

Result<std::vector<fs::path>> pem_files_of(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
         it.increment(failure)) {
        if (it->path().extension() == ".pem") {
            files.push_back(it->path());
        }
    }
    if (failure || files.empty()) {
        return Error{failure ? "cannot list the folder: " + failure.message() : "no PEM file in it",
                     folder.string(), "name a folder of keys"};
    }
    std::ranges::sort(files);
    return files;
}

Status inspect(const Inspect& options) {
    FB_TRY(const base::UtcTime at, time_named("--at", options.at));
    FB_TRY(const std::vector<fs::path> files, pem_files_of(options.folder));
    std::vector<Row> rows{{"file", "role", "valid from", "until", "left", "subject", ""}};
    for (const fs::path& file : files) {
        FB_TRY(Row row, row_of(file, at));
        rows.push_back(std::move(row));
    }
    size_t width = 0;
    for (const Row& row : rows) {
        width = std::max(width, row.file.size());
    }
    for (const Row& row : rows) {
        fmt::print("{:<{}}  {:<24}  {:<10}  {:<10}  {:>13}  {}\n", row.file, width, row.role,
                   row.from, row.until, row.left, row.subject);
    }
    fmt::print("SHA-384 of each certificate, by which the root revokes it:\n");
    for (const Row& row : rows) {
        if (!row.digest.empty()) {
            fmt::print("{:<{}}  {}\n", row.file, width, row.digest);
        }
    }
    fmt::print("{}", kTestKeysWarning);
    return {};
}

// --- command line ------------------------------------------------------------------------------

void add_new(CLI::App& keys, const Finish& finish) {
    const auto folder = std::make_shared<std::string>();
    CLI::App* command = keys.add_subcommand(
        "new",
        "Make a root, an issuing certificate, one signer per feed and three of heads,\n"
        "each with a fresh P-384 key, as PEM files in DIR, and a content key (<feed>.kek)\n"
        "per encrypted feed. Existing files are not overwritten.");
    command->add_option("folder", *folder, "folder to write the keys to")
        ->required()
        ->type_name("DIR");
    command->footer(
        "Example:\n"
        "  firebreak content keys new keys/");
    command->callback([folder, finish] { finish(exit_code_of(make_keys(*folder))); });
}

void add_rotate(CLI::App& keys, const Finish& finish) {
    const auto options = std::make_shared<Rotate>();
    CLI::App* command = keys.add_subcommand(
        "rotate",
        "Put a new key and certificate into the place of one in DIR. The old file is\n"
        "kept as <name>.<n>.old.pem, and what it signed stays good.");
    command->add_option("folder", options->folder, "folder of keys")->required()->type_name("DIR");
    auto* which = command->add_option_group("which key");
    which->add_option("--feed", options->feed, "the signer of this feed")->type_name("FEED");
    which->add_option("--head", options->head, "this signer of heads, counted from 1")
        ->check(CLI::Range(size_t{1}, content::kHeadSigners))
        ->type_name("N");
    which->add_flag("--issuing", options->issuing, "the issuing certificate");
    which->require_option(1);
    command
        ->add_option("--from", options->from,
                     "time from which the new certificate is valid, as 2026-03-02T08:00:00Z")
        ->required()
        ->type_name("TIME");
    command->add_option("--until", options->until, "time at which it no longer is")
        ->required()
        ->type_name("TIME");
    command->footer(
        "Example:\n"
        "  firebreak content keys rotate keys/ --feed DatasetA \\\n"
        "      --from 2026-03-02T08:00:00Z --until 2028-01-01T00:00:00Z");
    command->callback([options, finish] { finish(exit_code_of(rotate(*options))); });
}

void add_inspect_keys(CLI::App& keys, const Finish& finish) {
    const auto options = std::make_shared<Inspect>();
    CLI::App* command = keys.add_subcommand(
        "inspect",
        "List the certificates of DIR, kept ones too: what each is for, when it is valid,\n"
        "and how long that will last.");
    command->add_option("folder", options->folder, "folder of keys")->required()->type_name("DIR");
    command
        ->add_option("--at", options->at,
                     "time to count from, as 2026-03-02T08:00:00Z; no clock is asked")
        ->required()
        ->type_name("TIME");
    command->footer(
        "Example:\n"
        "  firebreak content keys inspect keys/ --at 2026-03-02T08:00:00Z");
    command->callback([options, finish] { finish(exit_code_of(inspect(*options))); });
}

}  // namespace

void add_keys(CLI::App& content, const Finish& finish) {
    CLI::App* keys = content.add_subcommand("keys", "Keys for tests: never trust one of them.");
    keys->require_subcommand(1);
    keys->footer(
        "Example:\n"
        "  firebreak content keys new keys/\n"
        "  firebreak content keys inspect keys/ --at 2026-03-02T08:00:00Z");
    add_new(*keys, finish);
    add_rotate(*keys, finish);
    add_trust(*keys, finish);
    add_inspect_keys(*keys, finish);
}

}  // namespace firebreak::headless
