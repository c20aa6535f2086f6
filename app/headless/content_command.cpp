#include "headless/content_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "content/package.h"
#include "headless/exit_codes.h"
#include "headless/places.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::printable;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr int kRefused = kExpectationFailed;

// More than a verifier takes: that an envelope is too large is for the verifier to say.
constexpr uint64_t kMostBytesRead = 64 * 1024 * 1024;

int fail(const Error& error) {
    complain(error);
    return kUsage;
}

int exit_code_of(const Status& status) {
    return status.ok() ? kPassed : fail(status.error());
}

int refuse(const std::string& what, std::string_view why, const base::Evidence& evidence) {
    fmt::print("refused: {}: {}\n", printable(what), why);
    for (const auto& [name, value] : evidence) {
        fmt::print("  {:<24} {}\n", name, printable(value));
    }
    return kRefused;
}

// The keys folder that was named, or the project's test keys.
Result<fs::path> keys_folder(const std::string& named) {
    if (!named.empty()) {
        return fs::path(named);
    }
    std::error_code ignored;
    const auto fixtures = find_fixtures(fs::current_path(ignored));
    if (!fixtures.ok()) {
        return Error{"no folder fixtures/keys above the current one or above this program", "",
                     "name one with --keys or --root; `firebreak content keys new DIR` makes one"};
    }
    return *fixtures / "keys";
}

void print_payloads(const content::Manifest& manifest) {
    for (const content::PayloadFile& payload : manifest.payloads) {
        fmt::print("  payload         {}  {} bytes\n                  SHA-384 {}\n", payload.name,
                   base::with_thousands(static_cast<int64_t>(payload.size)), payload.sha384.hex());
    }
}

void print_manifest(const content::Manifest& manifest) {
    fmt::print("  feed            {}\n  version         {}\n  needs product   {} or newer\n",
               content::info(manifest.feed).name, manifest.version, manifest.min_product_version);
    print_payloads(manifest);
}

// --- build -------------------------------------------------------------------------------------

struct BuildOptions {
    std::string source;
    std::string feed;
    std::string version;
    std::string min_product_version = "0";
    std::string output;
};

Result<content::Feed> feed_named(const std::string& name) {
    if (const auto feed = content::find_feed(name)) {
        return *feed;
    }
    std::vector<std::string> names;
    for (const content::FeedInfo& feed : content::catalogue()) {
        names.emplace_back(feed.name);
    }
    const std::string near = base::nearest(name, names);
    return Error{fmt::format("no feed is named `{}`", name), "--feed",
                 near.empty() ? fmt::format("the feeds are {}", fmt::join(names, ", "))
                              : fmt::format("did you mean `{}`?", near)};
}

Status build(const BuildOptions& options) {
    FB_TRY(const content::Feed feed, feed_named(options.feed));
    FB_TRY(const content::Draft draft,
           content::build(feed, options.version, options.source, options.min_product_version));
    FB_CHECK(content::save(draft, options.output));
    fmt::print("built {}, not signed yet\n", options.output);
    print_manifest(draft.manifest);
    return {};
}

// --- sign --------------------------------------------------------------------------------------

struct SignOptions {
    std::string package;
    std::string keys;
    std::string at;
};

Status sign(const SignOptions& options) {
    FB_TRY(const base::UtcTime at, base::parse_utc(options.at));
    FB_TRY(const fs::path keys, keys_folder(options.keys));
    FB_TRY(const content::Pki pki, content::load_pki(keys));
    FB_TRY(content::Draft draft, content::load_draft(options.package));
    const content::Signer& signer = pki.signers.at(draft.manifest.feed);
    FB_TRY(const content::Package package, content::sign(std::move(draft), signer, at));
    FB_CHECK(content::save(package, options.package));
    fmt::print("signed {} as {} at {}\n", options.package,
               content::common_name_of(signer.identity.certificate), base::to_text(at));
    return {};
}

// --- verify ------------------------------------------------------------------------------------

struct VerifyOptions {
    std::string package;
    std::string root;
};

// `text` as one word of a shell's command line.
std::string shell_word(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

void print_stock_command(const fs::path& envelope, const fs::path& root, base::UtcTime at) {
    fmt::print(
        "To compare, stock OpenSSL on the envelope:\n"
        "  openssl cms -verify -binary -purpose any -attime {} -inform DER -in {} -CAfile {} "
        "-out /dev/null\n",
        at.unix_seconds, shell_word(envelope.string()), shell_word(root.string()));
}

// The first payload file of the folder that is not what was signed, or kPassed.
Result<int> verify_payloads(const content::Manifest& manifest, const fs::path& folder) {
    for (const content::PayloadFile& payload : manifest.payloads) {
        const fs::path file = folder / "payload" / payload.name;
        FB_TRY(const base::Bytes bytes, base::read_file(file, content::kMaxPayloadBytes));
        const base::Code code = content::check_payload(payload, bytes);
        if (code != base::Code::kNone) {
            return refuse(file.string(), base::to_text(code),
                          {{"signed bytes", std::to_string(payload.size)},
                           {"found bytes", std::to_string(bytes.size())},
                           {"signed SHA-384", payload.sha384.hex()},
                           {"found SHA-384", base::sha384(bytes).hex()}});
        }
    }
    return kPassed;
}

// manifest.json is for people and for signing again; it must not say something else.
Result<int> verify_manifest_file(const content::Verified& verified, const fs::path& folder) {
    const fs::path file = folder / "manifest.json";
    FB_TRY(const base::Bytes bytes, base::read_file(file, content::kMaxManifestBytes));
    if (base::sha384(bytes) != verified.manifest_digest) {
        return refuse(file.string(), "not the manifest that was signed",
                      {{"signed SHA-384", verified.manifest_digest.hex()},
                       {"found SHA-384", base::sha384(bytes).hex()}});
    }
    return kPassed;
}

void print_proof(const content::Verified& verified) {
    fmt::print("good: the envelope and every payload file are what {} signed\n",
               printable(verified.signer));
    print_manifest(verified.manifest);
    fmt::print("  signing time    {}\n  manifest        SHA-384 {}\n",
               base::to_text(verified.signing_time), verified.manifest_digest.hex());
    fmt::print(
        "Proved: the signer's chain led to the root at the signing time, its key may sign this\n"
        "feed, and not a byte has changed since. Not proved: that the content is any good, that\n"
        "it is the newest, and the signing time itself, which is the signer's own claim.\n");
}

Result<int> verify(const VerifyOptions& options) {
    fs::path root = options.root;
    if (root.empty()) {
        FB_TRY(root, keys_folder(""));
        root /= "root.pem";
    }
    FB_TRY(std::vector<content::Certificate> roots, content::load_certificates(root));
    const fs::path folder = options.package;
    const fs::path envelope_file = folder / "package.p7m";
    FB_TRY(const base::Bytes envelope, base::read_file(envelope_file, kMostBytesRead));
    const content::Verifier verifier(std::move(roots));
    const content::Verdict verdict = verifier.verify(envelope);
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        refuse(
            envelope_file.string(),
            fmt::format("{} ({})", base::to_text(refusal->code), base::to_text(refusal->category)),
            refusal->evidence);
        if (const auto claims = content::read_claims(envelope); claims.ok()) {
            print_stock_command(envelope_file, root, claims->signing_time);
        }
        return kRefused;
    }
    const auto& verified = std::get<content::Verified>(verdict);
    FB_TRY(const int payloads, verify_payloads(verified.manifest, folder));
    FB_TRY(const int manifest, verify_manifest_file(verified, folder));
    if (payloads != kPassed || manifest != kPassed) {
        return kRefused;
    }
    print_proof(verified);
    print_stock_command(envelope_file, root, verified.signing_time);
    return kPassed;
}

// --- inspect -----------------------------------------------------------------------------------

void print_certificate(const content::Certificate& certificate, size_t number) {
    const auto feed = content::feed_of(certificate);
    const auto validity = content::validity_of(certificate);
    fmt::print("  {}. {}\n     issued by {}\n", number, printable(content::subject_of(certificate)),
               printable(content::issuer_of(certificate)));
    if (validity.ok()) {
        fmt::print("     valid from {} until {}\n", base::to_text(validity->from),
                   base::to_text(validity->until));
    } else {
        fmt::print("     validity: {}\n", validity.error().text());
    }
    if (feed) {
        fmt::print("     bound to the feed {}\n", content::info(*feed).name);
    }
}

void print_manifest_bytes(base::ByteView bytes) {
    const auto manifest = content::parse_manifest(bytes);
    if (manifest.ok()) {
        print_manifest(*manifest);
        return;
    }
    fmt::print("  not a valid manifest: {}\n  {}\n", printable(manifest.error().text()),
               printable(base::text_of(bytes)));
}

void print_claims(const content::Claims& claims, const base::Bytes& envelope) {
    const base::Digest digest = base::sha384(claims.manifest);
    fmt::print("Manifest\n");
    print_manifest_bytes(claims.manifest);
    fmt::print("Envelope\n  encoding        {}, {} bytes\n  signing time    {}\n",
               claims.canonical ? "canonical" : "NOT canonical",
               base::with_thousands(static_cast<int64_t>(envelope.size())),
               base::to_text(claims.signing_time));
    fmt::print("  manifest        SHA-384 {}\n", digest.hex());
    if (!std::ranges::equal(digest.bytes, claims.message_digest)) {
        fmt::print("  NOT the digest that was signed: {}\n",
                   printable(base::to_hex(claims.message_digest)));
    }
    fmt::print("Certificates, as the envelope lists them\n");
    for (size_t i = 0; i < claims.certificates.size(); ++i) {
        print_certificate(claims.certificates[i], i + 1);
    }
    fmt::print("These are claims. Nothing was verified: `firebreak content verify` does that.\n");
}

Status inspect(const fs::path& path) {
    std::error_code ignored;
    const bool folder = fs::is_directory(path, ignored);
    if (folder && !fs::exists(path / "package.p7m", ignored)) {
        FB_TRY(const base::Bytes manifest,
               base::read_file(path / "manifest.json", content::kMaxManifestBytes));
        fmt::print("Manifest, not signed\n");
        print_manifest_bytes(manifest);
        return {};
    }
    const fs::path file = folder ? path / "package.p7m" : path;
    FB_TRY(const base::Bytes envelope, base::read_file(file, kMostBytesRead));
    const auto claims = content::read_claims(envelope);
    if (!claims.ok()) {
        return Error{"not an envelope: " + claims.error().text(), file.string(), ""};
    }
    print_claims(*claims, envelope);
    return {};
}

// --- keys --------------------------------------------------------------------------------------

Status make_keys(const std::string& folder) {
    FB_TRY(const content::Pki pki, content::make_pki());
    FB_CHECK(content::save_pki(pki, folder));
    fmt::print("made root.pem, issuing.pem and a signer per feed in {}\n", folder);
    fmt::print("They are for tests: keep them apart from any key that somebody trusts.\n");
    return {};
}

// --- command line ------------------------------------------------------------------------------

using Finish = std::function<void(int)>;

void add_build(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<BuildOptions>();
    CLI::App* command = content.add_subcommand(
        "build",
        "Make an unsigned package of a folder of payload files.\n"
        "All plain files of SOURCE become payloads, but for a README.md; folders in it\n"
        "are passed over. Writes DIR/manifest.json and DIR/payload/.");
    command->add_option("source", options->source, "folder with the payload files")
        ->required()
        ->type_name("SOURCE");
    command
        ->add_option("--feed", options->feed, "feed that the package is a version of, as DatasetA")
        ->required()
        ->type_name("FEED");
    command->add_option("--version", options->version, "version of the feed, as 2026.3.2")
        ->required()
        ->type_name("VERSION");
    command
        ->add_option("--min-product-version", options->min_product_version,
                     "oldest product that may take it, as 2024.2; 0: any")
        ->type_name("VERSION")
        ->capture_default_str();
    command->add_option("-o,--output", options->output, "folder to write the package to")
        ->required()
        ->type_name("DIR");
    command->callback([options, finish] { finish(exit_code_of(build(*options))); });
}

void add_sign(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<SignOptions>();
    CLI::App* command = content.add_subcommand(
        "sign",
        "Sign a package with its feed's key: writes DIR/package.p7m, a CMS envelope.\n"
        "Payloads are checked against the manifest first.");
    command->add_option("package", options->package, "package folder, from `content build`")
        ->required()
        ->type_name("DIR");
    command
        ->add_option("--at", options->at,
                     "signing time in UTC, as 2026-03-02T08:00:00Z; no clock is asked")
        ->required()
        ->type_name("TIME");
    command
        ->add_option("--keys", options->keys,
                     "folder with root.pem, issuing.pem and <feed>.pem; default: the nearest\n"
                     "fixtures/keys above the current folder or this program")
        ->type_name("KEYS");
    command->callback([options, finish] { finish(exit_code_of(sign(*options))); });
}

void add_verify(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<VerifyOptions>();
    CLI::App* command = content.add_subcommand(
        "verify",
        "Verify envelope and payloads as an endpoint does, and say what that proves, or\n"
        "why the package is refused. The chain is judged at the signing time. Also\n"
        "prints the command by which stock OpenSSL judges the envelope: whatever that\n"
        "refuses, is refused here. Exit code 0: good, 1: refused, 4: invalid input.");
    command->add_option("package", options->package, "package folder with package.p7m")
        ->required()
        ->type_name("DIR");
    command
        ->add_option("--root", options->root,
                     "PEM file with the trusted root; default: root.pem of the nearest\n"
                     "fixtures/keys")
        ->type_name("PEM");
    command->callback([options, finish] {
        const Result<int> result = verify(*options);
        finish(result.ok() ? *result : fail(result.error()));
    });
}

void add_inspect(CLI::App& content, const Finish& finish) {
    const auto path = std::make_shared<std::string>();
    CLI::App* command = content.add_subcommand(
        "inspect",
        "Show what a package says of itself: manifest, digests, signing time,\n"
        "certificates. Runs nothing of it and trusts nothing in it.");
    command->add_option("package", *path, "package folder, or an envelope (package.p7m)")
        ->required()
        ->type_name("PACKAGE");
    command->callback([path, finish] { finish(exit_code_of(inspect(*path))); });
}

void add_keys(CLI::App& content, const Finish& finish) {
    const auto folder = std::make_shared<std::string>();
    CLI::App* keys = content.add_subcommand("keys", "Keys for tests.");
    keys->require_subcommand(1);
    CLI::App* command = keys->add_subcommand(
        "new",
        "Make a root, an issuing certificate and one signer per feed, each with a fresh\n"
        "P-384 key, as PEM files in DIR. Existing files are not overwritten.");
    command->add_option("folder", *folder, "folder to write the keys to")
        ->required()
        ->type_name("DIR");
    command->callback([folder, finish] { finish(exit_code_of(make_keys(*folder))); });
}

}  // namespace

void add_content_command(CLI::App& app, std::function<void(int)> finish) {
    CLI::App* content = app.add_subcommand(
        "content",
        "Build, sign, verify and inspect content packages, and make test keys.\n"
        "A package is a folder: manifest.json says what is in it, payload/ has the\n"
        "files, package.p7m is the manifest, signed (CMS, SHA-384, ECDSA P-384).");
    content->require_subcommand(1);
    content->footer(
        "Example:\n"
        "  firebreak content build rules/ --feed DatasetA --version 2026.3.2 -o package/\n"
        "  firebreak content sign package/ --at 2026-03-02T08:00:00Z\n"
        "  firebreak content verify package/");
    add_build(*content, finish);
    add_sign(*content, finish);
    add_verify(*content, finish);
    add_inspect(*content, finish);
    add_keys(*content, finish);
}

}  // namespace firebreak::headless
