// `firebreak content verify` and `inspect`: what an envelope proves, and what it claims.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "content/package.h"
#include "headless/content_subcommands.h"
#include "headless/exit_codes.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::printable;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

// --- verify ------------------------------------------------------------------------------------

struct Verify {
    std::string package;
    std::string root;
    std::string trust;
};

void print_stock_command(const fs::path& envelope, const fs::path& root, base::UtcTime at) {
    fmt::print(
        "To compare, stock OpenSSL on the envelope:\n"
        "  openssl cms -verify -binary -purpose any -attime {} -inform DER -in {} -CAfile {} "
        "-out /dev/null\n",
        at.unix_seconds, shell_word(envelope.string()), shell_word(root.string()));
}

int tell_outcome(const fs::path& file, const base::Outcome& refusal, const fs::path& root) {
    base::Evidence evidence = refusal.evidence;
    evidence.emplace_back("judged by the root", root.string());
    return tell_refusal(
        file.string(),
        fmt::format("{} ({})", base::to_text(refusal.code), base::to_text(refusal.category)),
        evidence);
}

// What stands there in place of a package folder, in words; nothing where one is, signed or not.
Status is_package(const fs::path& path) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        return Error{"there is no such package", path.string(),
                     "name the folder that `firebreak content build` wrote"};
    }
    if (!fs::is_directory(path, ignored)) {
        return Error{"a file, where a package folder is wanted", path.string(),
                     "name the folder that it is in, or `firebreak content inspect` it"};
    }
    if (!fs::exists(path / "manifest.json", ignored) &&
        !fs::exists(path / "package.p7m", ignored)) {
        return Error{"no package: neither manifest.json nor package.p7m is in it", path.string(),
                     "name the folder that `firebreak content build` wrote"};
    }
    return {};
}

Status is_signed_package(const fs::path& path) {
    FB_CHECK(is_package(path));
    std::error_code ignored;
    return fs::exists(path / "package.p7m", ignored)
               ? Status()
               : Error{"not signed: package.p7m is not in it", path.string(),
                       "sign it: firebreak content sign " + shell_word(path.string()) +
                           " --at 2026-03-02T08:00:00Z"};
}

// Hands over the file piece by piece, until `take` wants no more: a payload need not fit into
// memory.
Status read_pieces(const fs::path& file, const std::function<bool(base::ByteView)>& take) {
    std::ifstream in(file, std::ios::binary);
    base::Bytes piece(1 << 20);
    while (in) {
        in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
        if (!take(base::ByteView(piece).first(static_cast<size_t>(in.gcount())))) {
            return {};
        }
    }
    return in.eof() ? Status() : Error{"cannot be read", file.string(), ""};
}

// What is wrong with a payload file; its digest where its size is right.
Result<int> tell_payload(const content::PayloadFile& expected, const fs::path& file,
                         base::Code code) {
    std::error_code ignored;
    const uint64_t size = fs::file_size(file, ignored);
    base::Evidence evidence{{"signed bytes", std::to_string(expected.size)},
                            {"found bytes", std::to_string(size)}};
    if (code == base::Code::kPayloadDigestWrong) {
        base::Sha384 digest;
        FB_CHECK(read_pieces(file, [&digest](base::ByteView piece) {
            digest.add(piece);
            return true;
        }));
        evidence.emplace_back("signed SHA-384", expected.sha384.hex());
        evidence.emplace_back("found SHA-384", digest.finish().hex());
    }
    return tell_refusal(file.string(), base::to_text(code), evidence);
}

// The first payload file of the folder that is not what was signed, or kPassed.
Result<int> verify_payloads(const content::Manifest& manifest, const fs::path& folder) {
    for (const content::PayloadFile& payload : manifest.payloads) {
        const fs::path file = folder / "payload" / payload.name;
        content::PayloadCheck check(payload);
        FB_CHECK(read_pieces(file, [&check](base::ByteView piece) { return check.take(piece); }));
        if (const base::Code code = check.finish(); code != base::Code::kNone) {
            return tell_payload(payload, file, code);
        }
    }
    return kPassed;
}

// manifest.json is for people and for signing again; it must not say something else.
Result<int> verify_manifest_file(const content::Verified& verified, const fs::path& folder) {
    const fs::path file = folder / "manifest.json";
    FB_TRY(const base::Bytes bytes, base::read_file(file, content::kMaxManifestBytes));
    if (base::sha384(bytes) != verified.manifest_digest) {
        return tell_refusal(file.string(), "not the manifest that was signed",
                            {{"signed SHA-384", verified.manifest_digest.hex()},
                             {"found SHA-384", base::sha384(bytes).hex()}});
    }
    return kPassed;
}

void print_proof(const content::Verified& verified, const fs::path& root, bool revocations_known) {
    fmt::print("good: the envelope and every payload file are what {} signed\n",
               printable(verified.signer));
    print_manifest(verified.manifest);
    fmt::print("  signing time    {}\n  manifest        SHA-384 {}\n",
               base::to_text(verified.signing_time), verified.manifest_digest.hex());
    fmt::print("  judged by       the root {}\n", printable(root.string()));
    fmt::print(
        "Proved: the signer's chain led to the root at the signing time, its key may sign this\n"
        "feed, and not a byte has changed since. Not proved: that the content is any good, that\n"
        "it is the newest, and the signing time itself, which is the signer's own claim.\n");
    if (!revocations_known) {
        fmt::print(
            "Nor that no certificate is revoked: name a statement of the root's with "
            "--trust.\n");
    }
}

fs::path envelope_file(const Verify& options) {
    return fs::path(options.package) / "package.p7m";
}

// The revocations of the statement that was named, if that is good; else an exit code.
Result<std::variant<content::Trust, int>> trust_of(const content::Verifier& verifier,
                                                   const std::string& file, const fs::path& root) {
    using TrustOrCode = std::variant<content::Trust, int>;
    if (file.empty()) {
        return TrustOrCode(content::Trust());
    }
    FB_TRY(const base::Bytes envelope, base::read_file(file, kMostBytesRead));
    const auto verdict = verifier.verify_root_statement(envelope);
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        return TrustOrCode(tell_outcome(file, *refusal, root));
    }
    return TrustOrCode(content::Trust{std::get<content::RootStatement>(verdict).revoked});
}

Result<int> verify_files(const Verify& options, const content::Verified& verified,
                         const fs::path& root) {
    const fs::path folder = options.package;
    FB_TRY(const int payloads, verify_payloads(verified.manifest, folder));
    FB_TRY(const int manifest, verify_manifest_file(verified, folder));
    if (payloads != kPassed || manifest != kPassed) {
        return kExpectationFailed;
    }
    print_proof(verified, root, !options.trust.empty());
    print_stock_command(envelope_file(options), root, verified.signing_time);
    return kPassed;
}

Result<int> verify(const Verify& options) {
    FB_CHECK(is_signed_package(options.package));
    fs::path root = options.root;
    if (root.empty()) {
        FB_TRY(root, keys_folder(""));
        root /= "root.pem";
    }
    FB_TRY(std::vector<content::Certificate> roots, content::load_certificates(root));
    FB_TRY(const base::Bytes envelope, base::read_file(envelope_file(options), kMostBytesRead));
    const content::Verifier verifier(std::move(roots));
    FB_TRY(const auto trust, trust_of(verifier, options.trust, root));
    if (const int* code = std::get_if<int>(&trust)) {
        return *code;
    }
    const content::Verdict verdict = verifier.verify(envelope, std::get<content::Trust>(trust));
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        tell_outcome(envelope_file(options), *refusal, root);
        if (const auto claims = content::read_claims(envelope); claims.ok()) {
            print_stock_command(envelope_file(options), root, claims->signing_time);
        }
        return kExpectationFailed;
    }
    return verify_files(options, std::get<content::Verified>(verdict), root);
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
    if (content::signs_heads(certificate)) {
        fmt::print("     bound to heads and set manifests\n");
    }
    fmt::print("     SHA-384 {}\n", content::certificate_digest(certificate).hex());
}

std::string digest_or_nothing(const std::optional<base::Digest>& digest) {
    return digest ? digest->hex() : "nothing on offer";
}

void print_head(const content::SignedHead& head) {
    fmt::print("  feed            {}\n  release group   {}\n  sequence        {}\n",
               content::info(head.feed).name, head.group, head.sequence);
    fmt::print("  package         {}\n  set             {}\n", digest_or_nothing(head.manifest),
               head.set.hex());
    fmt::print("  trust           {}\n  issued          {}\n  expires         {}\n", head.trust,
               base::to_text(head.issued), base::to_text(head.expires));
}

void print_set(const content::SetManifest& set) {
    fmt::print("  release group   {}\n  sequence        {}\n", set.group, set.sequence);
    for (const auto& [feed, package] : set.packages) {
        fmt::print("  {:<18}  {}\n", content::info(feed).name, package.hex());
    }
}

// Whichever kind of document it is; false: of none, and nothing was printed.
bool print_document(base::ByteView bytes) {
    const auto manifest = content::parse_manifest(bytes);
    if (manifest.ok()) {
        fmt::print("Manifest\n");
        print_manifest(*manifest);
    } else if (const auto head = content::parse_signed_head(bytes); head.ok()) {
        fmt::print("Head\n");
        print_head(*head);
    } else if (const auto set = content::parse_set_manifest(bytes); set.ok()) {
        fmt::print("Set manifest\n");
        print_set(*set);
    } else if (const auto statement = content::parse_root_statement(bytes); statement.ok()) {
        fmt::print("Statement of the root\n");
        print_statement(*statement);
    } else if (const auto pointer = content::parse_head(bytes); pointer.ok()) {
        fmt::print("Head\n  feed            {}\n  package         {}\n",
                   content::info(pointer->feed).name, digest_or_nothing(pointer->manifest));
    } else {
        return false;
    }
    return true;
}

// The same; what ought to be a manifest is shown in any case.
void print_manifest_or_bytes(base::ByteView bytes) {
    if (!print_document(bytes)) {
        fmt::print("Manifest\n  not a valid manifest: {}\n  {}\n",
                   printable(content::parse_manifest(bytes).error().text()),
                   printable(base::text_of(bytes)));
    }
}

void print_claims(const content::Claims& claims, base::ByteView envelope) {
    const base::Digest digest = base::sha384(claims.manifest);
    fmt::print("Envelope\n  encoding        {}, {} bytes\n  signing time    {}\n",
               claims.canonical ? "canonical" : "NOT canonical",
               base::with_thousands(static_cast<int64_t>(envelope.size())),
               base::to_text(claims.signing_time));
    fmt::print("  signed          SHA-384 {}\n", digest.hex());
    if (!std::ranges::equal(digest.bytes, claims.message_digest)) {
        fmt::print("  NOT the digest that was signed: {}\n",
                   printable(base::to_hex(claims.message_digest)));
    }
    fmt::print("Certificates, as the envelope lists them\n");
    for (size_t i = 0; i < claims.certificates.size(); ++i) {
        print_certificate(claims.certificates[i], i + 1);
    }
}

// The envelopes of a file: a bundle's, or the whole of it where that cannot be taken apart.
std::vector<base::ByteView> envelopes_of(const base::Bytes& bytes) {
    const auto split = content::split_bundle(bytes);
    return split.ok() ? *split : std::vector<base::ByteView>{bytes};
}

constexpr const char* kNotSigned = "It is not signed: nothing vouches for what it says.\n";

// Heads of profile `published` and the manifests of packages are plain JSON, in no envelope.
Status inspect_file(const fs::path& file) {
    FB_TRY(const base::Bytes bytes, base::read_file(file, kMostBytesRead));
    if (print_document(bytes)) {
        fmt::print("{}", kNotSigned);
        return {};
    }
    base::Digest shown;
    for (const base::ByteView envelope : envelopes_of(bytes)) {
        const auto claims = content::read_claims(envelope);
        if (!claims.ok()) {
            return Error{"not an envelope: " + claims.error().text(), file.string(),
                         "name a package folder, its package.p7m, a head, a set manifest or a "
                         "statement of the root"};
        }
        if (base::sha384(claims->manifest) != shown) {
            shown = base::sha384(claims->manifest);
            print_manifest_or_bytes(claims->manifest);
        }
        print_claims(*claims, envelope);
    }
    fmt::print("These are claims. Nothing was verified: `firebreak content verify` does that.\n");
    return {};
}

Status inspect(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
        return inspect_file(path);
    }
    FB_CHECK(is_package(path));
    if (fs::exists(path / "package.p7m", ignored)) {
        return inspect_file(path / "package.p7m");
    }
    FB_TRY(const base::Bytes manifest,
           base::read_file(path / "manifest.json", content::kMaxManifestBytes));
    print_manifest_or_bytes(manifest);
    fmt::print("{}", kNotSigned);
    return {};
}

}  // namespace

// --- command line ------------------------------------------------------------------------------

void add_verify(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<Verify>();
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
    command
        ->add_option("--trust", options->trust,
                     "statement of the root's, from `content keys revoke`: what it revokes\n"
                     "signs nothing")
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  firebreak content verify package/ --root keys/root.pem --trust statement.p7m");
    command->callback([options, finish] { finish(exit_code_of(verify(*options))); });
}

void add_inspect(CLI::App& content, const Finish& finish) {
    const auto path = std::make_shared<std::string>();
    CLI::App* command = content.add_subcommand(
        "inspect",
        "Show what a package, a head, a set manifest or a statement of the root says of\n"
        "itself: contents, digests, signing time, certificates. Runs nothing of it and\n"
        "trusts nothing in it.");
    command
        ->add_option("package", *path,
                     "package folder, or a file with envelopes: package.p7m, a signed head, …")
        ->required()
        ->type_name("PACKAGE");
    command->footer(
        "Example:\n"
        "  firebreak content inspect package/\n"
        "  firebreak content inspect site/heads/public/DatasetA.json");
    command->callback([path, finish] { finish(exit_code_of(inspect(*path))); });
}

}  // namespace firebreak::headless
