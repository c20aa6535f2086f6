#include "bridge/trial_scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "assay/transition.h"
#include "base/file.h"
#include "base/text.h"
#include "scenario/words.h"

namespace firebreak::bridge {

namespace fs = std::filesystem;

namespace {

using base::Error;
using base::Result;
using base::Status;
using scenario::FaultKind;
using scenario::SignedBy;

constexpr uint64_t kMostInAFile = 64ull << 20;
constexpr uint64_t kMostInAFolder = 256ull << 20;
constexpr size_t kMostFiles = 5'000;
constexpr uint32_t kMachines = 20;    // of each persona: one of them is soon on, and asks
constexpr char kPublished[] = "30m";  // kTrialPublished, as a scenario has it
constexpr char kStart[] = "2026-03-02T08:00:00Z";  // a Monday: office hours begin

// As a basic string of TOML.
std::string toml(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += fmt::format("\\{}", c);
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

// The oldest, by name; empty: there is none.
std::string oldest_good(content::Feed feed, const fs::path& fixtures) {
    const fs::path place = fs::path("good") / content::info(feed).name;
    std::vector<std::string> versions;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(fixtures / "content" / place, ignored)) {
        if (entry.is_directory(ignored)) {
            versions.push_back(entry.path().filename().string());
        }
    }
    const auto oldest = std::ranges::min_element(versions);
    return oldest == versions.end() ? "" : (place / *oldest).string();
}

std::string head_of(const Trial& trial) {
    return fmt::format(
        R"(schema = 1
title = {}
description = """
A trial of content for {}: machines that run good content are offered it, and what becomes of it
is seen on each persona. No release is halted."""
seed = {}
start = {}
duration = "1d"

[policy]
staged = false
gates = false
halt = {{ share = "100%", reports = 1_000_000 }}

[update]
profile = {}
)",
        toml(trial.title), content::info(trial.feed).name, trial.seed, kStart,
        trial.profile == scenario::Profile::kHardened ? "\"hardened\"" : "\"published\"");
}

std::string groups_of(const Trial& trial) {
    std::string out;
    for (const std::string& persona : trial.personas) {
        out += fmt::format(
            "\n[[group]]\nname = {0}\nstage = \"public\"\nendpoints = {1}\n"
            "personas = {{ {0} = 1 }}\n",
            toml(persona), kMachines);
    }
    return out;
}

std::string baselines(const fs::path& fixtures) {
    std::string out;
    for (const content::Feed feed : feeds_with_component()) {
        if (const std::string source = oldest_good(feed, fixtures); !source.empty()) {
            out +=
                fmt::format("\n[[baseline]]\nfeed = \"{}\"\nversion = \"installed\"\nsource = {}\n",
                            content::info(feed).name, toml(source));
        }
    }
    return out;
}

// What somebody else has signed never comes from the vendor: it is planted, and served.
std::string release_of(const Trial& trial, const std::string& source) {
    const TrialChanges& changes = trial.changes;
    const bool planted = changes.signed_by != SignedBy::kVendor;
    std::string out =
        fmt::format("\n[[release]]\nid = \"{}\"\nfeed = \"{}\"\nsource = {}\nat = \"{}\"\n",
                    kTrialRelease, content::info(trial.feed).name, toml(source), kPublished);
    if (!trial.content.with.empty()) {
        std::vector<std::string> with;
        std::ranges::transform(trial.content.with, std::back_inserter(with), toml);
        out += fmt::format("with = [{}]\n", fmt::join(with, ", "));
    }
    if (changes.signed_after.seconds != 0) {
        const base::UtcTime published = *base::parse_utc(kStart) + kTrialPublished;
        out += fmt::format("signed_at = {}\n", to_text(published + changes.signed_after));
    }
    if (!planted) {
        return out + "expedited = true\n";
    }
    return out + fmt::format(
                     "kind = \"plant\"\nsigned_by = \"{}\"\n\n[[fault]]\nkind = \"replay\"\n"
                     "feed = \"{}\"\nreplayed = \"{}\"\nfrom = \"{}\"\n",
                     scenario::word_for(changes.signed_by, scenario::kSigners),
                     content::info(trial.feed).name, kTrialRelease, kPublished);
}

std::string fault_of(const Trial& trial, const TrialFault& fault) {
    std::string out = fmt::format(
        "\n[[fault]]\nkind = \"{}\"\nfeed = \"{}\"\ntarget = \"{}\"\nfrom = \"{}\"\n",
        scenario::word_for(fault.kind, scenario::kFaultKinds), content::info(trial.feed).name,
        scenario::word_for(fault.target, scenario::kFaultTargets), kPublished);
    const bool flips = fault.kind == FaultKind::kBitFlip;
    if (!flips && fault.kind != FaultKind::kTruncate) {
        return out;
    }
    if (!fault.byte) {
        return out + "variants = 1\n";
    }
    out += fmt::format("byte = {}\n", *fault.byte);
    return flips ? out + fmt::format("bit = {}\n", fault.bit) : out;
}

Error trouble(const fs::path& file, const std::string& what, const std::string& remedy) {
    return {what, base::printable(file.string()), remedy};
}

// Files of an earlier trial of this name.
Status remove_others(const TrialFiles& files, const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        std::error_code ignored;
        if (entry.is_regular_file(ignored) && !files.contains(entry.path().filename().string())) {
            fs::remove(entry.path(), error);
            if (error) {
                return trouble(entry.path(), "cannot be removed: " + error.message(),
                               "remove it, or choose another name");
            }
        }
    }
    return {};
}

}  // namespace

std::string trial_scenario(const Trial& trial, const std::string& source,
                           const fs::path& fixtures) {
    std::string out =
        head_of(trial) + groups_of(trial) + baselines(fixtures) + release_of(trial, source);
    for (const TrialFault& fault : trial.changes.faults) {
        out += fault_of(trial, fault);
    }
    return out;
}

Result<fs::path> save_trial(const Trial& trial, const fs::path& folder, const std::string& name,
                            const fs::path& fixtures) {
    if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos) {
        return Error{"is no name for a scenario", base::printable(name),
                     "use letters, digits, - and _"};
    }
    const fs::path content = folder / name, file = folder / (name + ".toml");
    FB_CHECK(write_content(trial.content.files, content));
    FB_CHECK(remove_others(trial.content.files, content));
    const std::string text = trial_scenario(trial, "./" + name, fixtures);
    FB_CHECK(base::write_file(file, base::view_of(text)));
    return file;
}

Result<TrialFiles> read_content(const fs::path& folder) {
    TrialFiles files;
    uint64_t size = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        std::error_code ignored;
        if (!entry.is_regular_file(ignored)) {
            continue;
        }
        FB_TRY(base::Bytes bytes, base::read_file(entry.path(), kMostInAFile));
        size += bytes.size();
        if (size > kMostInAFolder || files.size() == kMostFiles) {
            return trouble(folder, "is too much to work on here",
                           fmt::format("open a folder of at most {} files and {} MiB",
                                       base::with_thousands(kMostFiles), kMostInAFolder >> 20));
        }
        files[entry.path().filename().string()] =
            std::make_shared<const base::Bytes>(std::move(bytes));
    }
    if (error) {
        return trouble(folder, "cannot be read: " + error.message(), "open a folder that exists");
    }
    return files;
}

Status write_content(const TrialFiles& files, const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return trouble(folder, "cannot be made: " + error.message(),
                       "choose a folder that you may write to");
    }
    for (const auto& [name, bytes] : files) {
        FB_CHECK(base::write_file(folder / name, *bytes));
    }
    return {};
}

std::vector<content::Feed> feeds_with_component() {
    std::vector<content::Feed> out;
    for (const content::FeedInfo& info : content::catalogue()) {
        if (assay::has_component(info.feed)) {
            out.push_back(info.feed);
        }
    }
    return out;
}

}  // namespace firebreak::bridge
