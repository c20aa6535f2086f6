// `firebreak content build`, `sign` and `decrypt`: what a vendor makes, and a component reads.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "base/file.h"
#include "content/encryption.h"
#include "content/package.h"
#include "headless/content_subcommands.h"
#include "headless/exit_codes.h"
#include "lab/sources.h"
#include "places/places.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

// --- build -------------------------------------------------------------------------------------

struct Build {
    std::string source;
    std::string feed;
    std::string version;
    std::string output;
    std::string keys;
    bool clear = false;
    content::BuildOptions manifest;
};

Result<base::Bytes> content_key(content::Feed feed, const std::string& keys) {
    FB_TRY(const fs::path folder, keys_folder(keys));
    auto key = content::load_content_key(folder, feed);
    if (!key.ok()) {
        return Error{key.error().message, key.error().place,
                     "name the folder of its content key with --keys, or leave the payloads as "
                     "they are with --clear"};
    }
    return key;
}

Status build(Build options) {
    FB_TRY(const content::Feed feed, feed_named(options.feed));
    const bool encrypted = content::info(feed).encrypted && !options.clear;
    if (encrypted) {
        FB_TRY(options.manifest.content_key, content_key(feed, options.keys));
    }
    options.manifest.compile = lab::compiler_of(feed, lab::models_beside(places::worker_binary()));
    FB_TRY(const content::Draft draft,
           content::build(feed, options.version, options.source, options.manifest));
    FB_CHECK(content::save(draft, options.output));
    fmt::print("built {}, not signed yet{}\n", options.output,
               encrypted ? "; the payloads are encrypted" : "");
    print_manifest(draft.manifest);
    return {};
}

// --- sign --------------------------------------------------------------------------------------

struct Sign {
    std::string package;
    std::string keys;
    std::string at;
};

Status sign(const Sign& options) {
    FB_TRY(const base::UtcTime at, time_named("--at", options.at));
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

// --- decrypt -----------------------------------------------------------------------------------

struct Decrypt {
    std::string payload;
    std::string feed;
    std::string keys;
    std::string output;
};

void print_stock_command(const Decrypt& options, content::Feed feed, const fs::path& keys) {
    const std::string_view name = content::info(feed).name;
    fmt::print(
        "To compare, stock OpenSSL:\n"
        "  openssl cms -decrypt -inform DER -secretkey \"$(grep -v '#' {})\" -secretkeyid {} "
        "-in {}\n",
        shell_word((keys / fmt::format("{}.kek", name)).string()),
        base::to_hex(base::view_of(name)), shell_word(options.payload));
}

Result<int> decrypt(const Decrypt& options) {
    FB_TRY(const content::Feed feed, feed_named(options.feed));
    if (!content::info(feed).encrypted) {
        return Error{fmt::format("payloads of {} are not encrypted", options.feed), "--feed", ""};
    }
    FB_TRY(const fs::path keys, keys_folder(options.keys));
    FB_TRY(const base::Bytes key, content::load_content_key(keys, feed));
    FB_TRY(const base::Bytes cipher, base::read_file(options.payload, kMostBytesRead));
    const auto result = content::decrypt(feed, cipher, key);
    if (const auto* refusal = std::get_if<base::Outcome>(&result)) {
        tell_refusal(
            options.payload,
            fmt::format("{} ({})", base::to_text(refusal->code), base::to_text(refusal->category)),
            refusal->evidence);
        print_stock_command(options, feed, keys);
        return kExpectationFailed;
    }
    const auto& plain = std::get<base::Bytes>(result);
    FB_CHECK(base::write_file(options.output, plain));
    fmt::print("decrypted {} to {}: {} bytes, and the tag is right\n", options.payload,
               options.output, plain.size());
    print_stock_command(options, feed, keys);
    return kPassed;
}

// --- command line ------------------------------------------------------------------------------

void add_keys_option(CLI::App& command, std::string& keys, const std::string& what) {
    command
        .add_option("--keys", keys,
                    what +
                        "; default: the nearest\n"
                        "fixtures/keys above the current folder or this program")
        ->type_name("KEYS");
}

void add_feed_option(CLI::App& command, std::string& feed, const std::string& what) {
    command.add_option("--feed", feed, what)->required()->type_name("FEED");
}

}  // namespace

void add_build(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<Build>();
    CLI::App* command = content.add_subcommand(
        "build",
        "Make an unsigned package of a folder of payload files.\n"
        "All plain files of SOURCE become payloads, but for a README.md; folders in it\n"
        "are passed over. Payloads of encrypted feeds are encrypted (CMS, AES-256-GCM).\n"
        "Of LocalRepData, *.csv files (kind,sha256,reputation) become one table.\n"
        "Writes DIR/manifest.json and DIR/payload/.");
    command->add_option("source", options->source, "folder with the payload files")
        ->required()
        ->type_name("SOURCE");
    add_feed_option(*command, options->feed, "feed that the package is a version of, as DatasetA");
    command->add_option("--version", options->version, "version of the feed, as 2026.3.2")
        ->required()
        ->type_name("VERSION");
    command
        ->add_option("--min-product-version", options->manifest.min_product_version,
                     "oldest product that may take it, as 2024.2; 0: any")
        ->type_name("VERSION")
        ->capture_default_str();
    command
        ->add_option("--platform", options->manifest.platform,
                     "machines that may take it, as windows-x64")
        ->type_name("PLATFORM")
        ->capture_default_str();
    command
        ->add_option("--group", options->manifest.groups,
                     "release group that may have it; may be repeated; default: all")
        ->allow_extra_args(false)
        ->type_name("GROUP");
    add_keys_option(*command, options->keys, "folder with <feed>.kek, for encrypted feeds");
    command->add_flag("--clear", options->clear, "leave payloads of an encrypted feed as they are");
    command->add_option("-o,--output", options->output, "folder to write the package to")
        ->required()
        ->type_name("DIR");
    command->footer(
        "Example:\n"
        "  firebreak content build rules/ --feed DatasetA --version 2026.3.2 -o package/");
    command->callback([options, finish] { finish(exit_code_of(build(*options))); });
}

void add_sign(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<Sign>();
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
    add_keys_option(*command, options->keys, "folder with root.pem, issuing.pem and <feed>.pem");
    command->footer(
        "Example:\n"
        "  firebreak content sign package/ --at 2026-03-02T08:00:00Z --keys keys/");
    command->callback([options, finish] { finish(exit_code_of(sign(*options))); });
}

void add_decrypt(CLI::App& content, const Finish& finish) {
    const auto options = std::make_shared<Decrypt>();
    CLI::App* command = content.add_subcommand(
        "decrypt",
        "Decrypt a payload of an encrypted feed, as its component does: all of it once\n"
        "its tag is verified, or nothing. Also prints the command by which stock\n"
        "OpenSSL does. Exit code 0: decrypted, 1: refused, 4: invalid input.");
    command->add_option("payload", options->payload, "payload file, from DIR/payload/")
        ->required()
        ->type_name("PAYLOAD");
    add_feed_option(*command, options->feed, "feed that it is of, as Behavior");
    add_keys_option(*command, options->keys, "folder with <feed>.kek");
    command->add_option("-o,--output", options->output, "file to write the plain text to")
        ->required()
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  firebreak content decrypt package/payload/rules.lua --feed Behavior -o rules.lua");
    command->callback([options, finish] { finish(exit_code_of(decrypt(*options))); });
}

}  // namespace firebreak::headless
