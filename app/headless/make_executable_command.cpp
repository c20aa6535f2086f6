#include "headless/make_executable_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "endpoint/executables/authenticode.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/executables/pe.h"
#include "headless/content_subcommands.h"

namespace firebreak::headless {

namespace {

namespace executables = endpoint::executables;
namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::Result;
using base::Status;

struct Options {
    std::vector<std::string> sections;  // NAME=FILE
    std::string machine = "x64";
    uint32_t entry = 0;
    std::string keys;
    std::string signer;
    std::string output;
};

const std::map<std::string, executables::Machine>& machines() {
    static const std::map<std::string, executables::Machine> kNames = {
        {"x86", executables::Machine::kX86},
        {"x64", executables::Machine::kX64},
        {"arm64", executables::Machine::kArm64}};
    return kNames;
}

Result<executables::NewSection> read_section(const std::string& named) {
    const size_t equals = named.find('=');
    if (equals == std::string::npos) {
        return Error{fmt::format("`{}` names no file", base::printable(named)), "--section",
                     "write it as .text=FILE"};
    }
    auto bytes = base::read_file(named.substr(equals + 1), executables::kMostNewBytes);
    if (!bytes.ok()) {
        return Error{fmt::format("section {}: {}", base::printable(named.substr(0, equals)),
                                 bytes.error().message),
                     bytes.error().place, "name a file that holds the bytes of the section"};
    }
    return executables::NewSection{named.substr(0, equals), std::move(bytes).value()};
}

// Those whose key files are there; what else ends in .pem is the hierarchy above them.
std::vector<std::string> signers_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const content::FeedInfo& feed : content::catalogue()) {
        if (fs::exists(folder / (std::string(feed.name) + ".pem"), ignored)) {
            names.emplace_back(feed.name);
        }
    }
    return names;
}

Result<content::Signer> load_publisher(const Options& options) {
    const fs::path folder = options.keys;
    const fs::path file = folder / (options.signer + ".pem");
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) {
        return Error{"there is no such folder of keys", folder.string(),
                     "make one: firebreak content keys new " + shell_word(folder.string())};
    }
    if (!fs::exists(file, ignored)) {
        const std::vector<std::string> names = signers_in(folder);
        const std::string near = base::nearest(options.signer, names);
        return Error{fmt::format("no key for the signer `{}`", base::printable(options.signer)),
                     file.string(),
                     names.empty()   ? "name a folder that `firebreak content keys new` made"
                     : !near.empty() ? fmt::format("did you mean `{}`?", near)
                                     : fmt::format("the signers are {}", fmt::join(names, ", "))};
    }
    FB_TRY(content::Identity identity, content::load_identity(file));
    FB_TRY(std::vector<content::Certificate> chain,
           content::load_certificates(folder / "issuing.pem"));
    return content::Signer{std::move(identity), std::move(chain)};
}

void print_signer(const content::Certificate& certificate) {
    fmt::print("  signed by       {}\n                  SHA-256 {}\n",
               base::printable(content::common_name_of(certificate)),
               base::to_hex(executables::certificate_sha256(certificate)));
}

Status make_executable(const Options& options) {
    executables::NewPe program;
    program.machine = machines().at(options.machine);  // the option lets no other by
    program.entry = options.entry;
    for (const std::string& named : options.sections) {
        FB_TRY(executables::NewSection section, read_section(named));
        program.sections.push_back(std::move(section));
    }
    FB_TRY(Bytes bytes, executables::make_pe(program));
    content::Signer signer;
    if (!options.keys.empty()) {
        FB_TRY(signer, load_publisher(options));
        FB_TRY(bytes, executables::sign_authenticode(bytes, signer));
    }
    FB_TRY(const executables::PeImage image, executables::parse_pe(bytes));
    FB_TRY(const executables::Sha256 digest, executables::authenticode_digest(bytes, image));
    FB_CHECK(base::write_file(options.output, bytes));
    fmt::print("made {}: {} bytes, {}\n", options.output,
               base::with_thousands(static_cast<int64_t>(bytes.size())),
               signer.identity.certificate == nullptr ? "not signed" : "signed");
    fmt::print("  file            SHA-256 {}\n", base::to_hex(base::sha256(bytes)));
    fmt::print("  Authenticode    SHA-256 {}\n", base::to_hex(digest));
    if (signer.identity.certificate != nullptr) {
        print_signer(signer.identity.certificate);
    }
    return {};
}

}  // namespace

void add_make_executable(CLI::App& content, const std::function<void(int)>& finish) {
    const auto options = std::make_shared<Options>();
    CLI::App* command = content.add_subcommand(
        "make-executable",
        "Make a small Windows program (PE) out of sections, as a sample for scanners and\n"
        "reputations, and sign it if wanted (Authenticode, SHA-256). Says the digests by\n"
        "which a reputation table knows the file and its signer.");
    command
        ->add_option("--section", options->sections,
                     "a section and the file with its bytes, as .text=code.bin; may be\n"
                     "repeated; .text runs, .data is written to, others are read")
        ->required()
        ->allow_extra_args(false)
        ->type_name("NAME=FILE");
    command->add_option("--machine", options->machine, "processor that it is for")
        ->check(CLI::IsMember({"arm64", "x64", "x86"}))
        ->capture_default_str();
    command
        ->add_option("--entry", options->entry,
                     "where it starts: byte of the first section, counted from 0")
        ->type_name("N")
        ->capture_default_str();
    CLI::Option* keys = command->add_option(
        "--sign", options->keys,
        "sign with keys of this folder, from `firebreak content keys new`. Have one\n"
        "of its own for publishers: keys under the root of feeds could sign content");
    keys->type_name("KEYS");
    CLI::Option* signer = command->add_option(
        "--signer", options->signer, "who signs: the key file KEYS/SIGNER.pem, as DatasetA");
    signer->type_name("SIGNER")->needs(keys);
    keys->needs(signer);
    command->add_option("-o,--output", options->output, "file to write")
        ->required()
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  firebreak content make-executable --section .text=code.bin -o sample.exe \\\n"
        "      --sign publishers/ --signer DatasetA");
    command->callback([options, finish] { finish(exit_code_of(make_executable(*options))); });
}

}  // namespace firebreak::headless
