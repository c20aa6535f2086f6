#include "headless/mutate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "faults/mutation.h"
#include "headless/exit_codes.h"
#include "headless/output.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::printable;
using base::Result;
using base::Status;
using faults::FaultKind;
using faults::FaultTarget;
namespace fs = std::filesystem;

// More than an envelope, a head or a set manifest may ever have.
constexpr uint64_t kMostBytesRead = 64 * 1024 * 1024;

const std::map<std::string, FaultKind> kKinds = {{"bit-flip", FaultKind::kBitFlip},
                                                 {"truncate", FaultKind::kTruncate}};
const std::map<std::string, FaultTarget> kTargets = {{"payload", FaultTarget::kPayload},
                                                     {"package", FaultTarget::kPackage},
                                                     {"signature", FaultTarget::kSignature},
                                                     {"chain", FaultTarget::kChain},
                                                     {"manifest", FaultTarget::kManifest},
                                                     {"length", FaultTarget::kLength},
                                                     {"encoding", FaultTarget::kEncoding},
                                                     {"head", FaultTarget::kHead},
                                                     {"set", FaultTarget::kSet}};

struct MutateOptions {
    std::string package;
    std::string output;
    std::string fault;
    std::string target;
    uint64_t draw = 0;

    FaultKind kind() const { return kKinds.at(fault); }
    FaultTarget what() const { return kTargets.at(target); }
};

// What is to be done to one file of the copy.
struct Plan {
    fs::path file;  // within the package; empty: the package is that one file
    uint64_t size = 0;
    uint8_t before = 0;  // the byte that changes
    faults::Damage damage;
    std::string part;
};

Error cannot(const std::string& what, const fs::path& file) {
    return {what, printable(file.string()), "check the path and its permissions"};
}

Result<uint8_t> byte_at(const fs::path& file, uint64_t offset) {
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    const int byte = in.get();
    if (!in) {
        return cannot("cannot be read", file);
    }
    return static_cast<uint8_t>(byte);
}

// A payload may be large and has no parts: of that its size is enough.
Result<Plan> plan_payload(const MutateOptions& options, const fs::path& file) {
    std::error_code error;
    const uint64_t size = fs::file_size(file, error);
    if (error) {
        return cannot("cannot be read", file);
    }
    const auto damage = faults::choose_damage({{0, size}}, options.kind(), options.draw);
    if (!damage) {
        return Error{"an empty file cannot be damaged", printable(file.string()), ""};
    }
    FB_TRY(const uint8_t before, byte_at(file, damage->offset));
    return Plan{{}, size, before, *damage, "the payload"};
}

Result<Plan> plan(const MutateOptions& options, const fs::path& file) {
    if (options.what() == FaultTarget::kPayload) {
        return plan_payload(options, file);
    }
    FB_TRY(const base::Bytes bytes, base::read_file(file, kMostBytesRead));
    const auto ranges = faults::ranges_of(bytes, options.what());
    const auto damage = faults::choose_damage(ranges, options.kind(), options.draw);
    if (!damage) {
        return Error{fmt::format("has no part `{}`", options.target), printable(file.string()),
                     "name a package folder or an envelope as `firebreak content sign` writes it"};
    }
    return Plan{
        {}, bytes.size(), bytes[damage->offset], *damage, faults::part_at(bytes, damage->offset)};
}

// The plain files of a package folder, by name.
Result<std::vector<fs::path>> package_files_of(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const char* part : {"", "payload"}) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder / part, error)) {
            std::error_code ignored;
            if (entry.is_regular_file(ignored)) {
                files.push_back(fs::path(part) / entry.path().filename());
            }
        }
        if (error) {
            return cannot("is no package folder", folder / part);
        }
    }
    std::ranges::sort(files);
    return files;
}

// Every payload file, or the envelope: what the lab's fault of that name strikes.
Result<std::vector<Plan>> plan_folder(const MutateOptions& options,
                                      const std::vector<fs::path>& files) {
    if (options.what() == FaultTarget::kHead || options.what() == FaultTarget::kSet) {
        return Error{fmt::format("a package has no {}", options.target), printable(options.package),
                     "name the file of a head or a set manifest"};
    }
    const bool payload = options.what() == FaultTarget::kPayload;
    std::vector<Plan> plans;
    for (const fs::path& file : files) {
        if (payload ? file.parent_path() == "payload" : file == "package.p7m") {
            FB_TRY(Plan one, plan(options, options.package / file));
            one.file = file;
            plans.push_back(std::move(one));
        }
    }
    if (plans.empty()) {
        return Error{payload ? "has no payload files" : "is not signed: no package.p7m",
                     printable(options.package),
                     payload ? "" : "sign it first: `firebreak content sign`"};
    }
    return plans;
}

Status copy_one(const fs::path& from, const fs::path& to) {
    std::error_code error;
    if (to.has_parent_path()) {
        fs::create_directories(to.parent_path(), error);
    }
    if (!fs::copy_file(from, to, error)) {
        return cannot(fmt::format("cannot be written: {}", error.message()), to);
    }
    return {};
}

Status do_damage(const Plan& plan, const fs::path& file) {
    if (plan.damage.flipped == 0) {
        std::error_code error;
        fs::resize_file(file, plan.damage.offset, error);
        return error ? Status(cannot("cannot be shortened", file)) : Status();
    }
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(plan.damage.offset));
    out.put(static_cast<char>(plan.before ^ plan.damage.flipped));
    out.close();
    return out ? Status() : Status(cannot("cannot be written", file));
}

void print(const Plan& plan, const std::string& name) {
    const std::string size = base::with_thousands(static_cast<int64_t>(plan.size));
    if (plan.damage.flipped == 0) {
        fmt::print("{}: ends at offset {} (of {} bytes)\n", printable(name), plan.damage.offset,
                   size);
    } else {
        fmt::print("{}: the byte at offset {} (of {}) was 0x{:02x} and is 0x{:02x}\n",
                   printable(name), plan.damage.offset, size, plan.before,
                   plan.before ^ plan.damage.flipped);
    }
    fmt::print("  there stood     {}\n", plan.part);
}

Status mutate_folder(const MutateOptions& options) {
    FB_TRY(const std::vector<fs::path> files, package_files_of(options.package));
    FB_TRY(const std::vector<Plan> plans, plan_folder(options, files));
    for (const fs::path& file : files) {
        FB_CHECK(copy_one(options.package / file, options.output / file));
    }
    for (const Plan& one : plans) {
        FB_CHECK(do_damage(one, options.output / one.file));
        print(one, one.file.string());
    }
    fmt::print("wrote {}; `firebreak content verify` says what comes of it\n",
               printable(options.output));
    return {};
}

Status mutate_file(const MutateOptions& options) {
    FB_TRY(const Plan one, plan(options, options.package));
    FB_CHECK(copy_one(options.package, options.output));
    FB_CHECK(do_damage(one, options.output));
    print(one, options.output);
    return {};
}

Status mutate(const MutateOptions& options) {
    std::error_code ignored;
    if (fs::exists(options.output, ignored)) {
        return Error{"is there already", printable(options.output),
                     "name a new one: damage overwrites nothing"};
    }
    return fs::is_directory(options.package, ignored) ? mutate_folder(options)
                                                      : mutate_file(options);
}

template <class Named>
std::vector<std::string> names_of(const std::map<std::string, Named>& all) {
    std::vector<std::string> names;
    for (const auto& [name, value] : all) {
        names.push_back(name);
    }
    return names;
}

}  // namespace

void add_mutate(CLI::App& content, const std::function<void(int)>& finish) {
    const auto options = std::make_shared<MutateOptions>();
    CLI::App* command = content.add_subcommand(
        "mutate",
        "Copy a package to OUT and damage the copy, as a bad edge or disk would: one bit\n"
        "is flipped, or a file ends early. Says what was changed. The same draw damages\n"
        "the same place, however often a package is signed; in a run, the lab's faults\n"
        "do the same to packages on their way. Needs no key; for a package that is\n"
        "signed at another time or by another key, use `firebreak content sign`.");
    command
        ->add_option("package", options->package,
                     "package folder, or one file: an envelope, a head, a set manifest")
        ->required()
        ->type_name("PACKAGE");
    command->add_option("-o,--output", options->output, "folder or file to write; must be new")
        ->required()
        ->type_name("OUT");
    command->add_option("--fault", options->fault, "what happens")
        ->required()
        ->check(CLI::IsMember(names_of(kKinds)));
    command->add_option("--target", options->target, "where it happens")
        ->required()
        ->check(CLI::IsMember(names_of(kTargets)));
    command->add_option("--draw", options->draw, "which of the places there; any number")
        ->type_name("N")
        ->capture_default_str();
    command->footer(
        "Example:\n"
        "  firebreak content mutate package/ -o damaged/ --fault bit-flip --target manifest --draw "
        "7");
    command->callback([options, finish] {
        const Status status = mutate(*options);
        if (!status.ok()) {
            complain(status.error());
        }
        finish(status.ok() ? kPassed : kUsage);
    });
}

}  // namespace firebreak::headless
