// A trial of content, as a scenario: the ordinary loader reads it, and the ordinary lab runs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "content/catalogue.h"
#include "scenario/experiment.h"

namespace firebreak::bridge {

// The files of a folder of content, by name.
using TrialFiles = std::map<std::string, std::shared_ptr<const base::Bytes>>;

struct TrialContent {
    TrialFiles files;
    // Further folders under fixtures/content whose files join them: "good/Behavior/2026-03-02".
    std::vector<std::string> with;
    friend bool operator==(const TrialContent&, const TrialContent&) = default;
};

// What happens to the package on its way to endpoints.
struct TrialFault {
    // One with a target: kBitFlip, kTruncate, kMissing, kEndless, kInflate, kSlow.
    scenario::FaultKind kind = scenario::FaultKind::kBitFlip;
    scenario::FaultTarget target = scenario::FaultTarget::kPayload;
    std::optional<uint64_t> byte;  // of kBitFlip and kTruncate; nullopt: a drawn one
    uint8_t bit = 0;               // of kBitFlip with a byte
    friend bool operator==(const TrialFault&, const TrialFault&) = default;
};

// What is done to content beside what stands in its files. Nothing: it is signed by the vendor when
// it is published, and comes as it was signed.
struct TrialChanges {
    std::vector<TrialFault> faults;  // at most one of kBitFlip and kTruncate
    scenario::SignedBy signed_by = scenario::SignedBy::kVendor;
    base::Duration signed_after = {0};  // the publication; negative: so long before it
    friend bool operator==(const TrialChanges&, const TrialChanges&) = default;
};

struct Trial {
    content::Feed feed = content::Feed::kDatasetA;
    std::string title;  // what is tried, in a line
    TrialContent content;
    TrialChanges changes;
    std::vector<std::string> personas;  // each a release group of its own; at least one
    scenario::Profile profile = scenario::Profile::kPublished;
    uint64_t seed = 1;  // drawn places depend on it
};

// Of every scenario made here.
inline constexpr char kTrialRelease[] = "trial";
inline constexpr base::Duration kTrialPublished = base::minutes(30);

// The text of the scenario: machines of the chosen personas that run the oldest good version of
// every feed with a component, and then are offered the content of the folder `source`, as a path
// from the scenario that begins with "./". `fixtures`: where versions are looked for.
std::string trial_scenario(const Trial& trial, const std::string& source,
                           const std::filesystem::path& fixtures);

// Writes <name>.toml, with the content in a folder <name> beside it, into `folder`. What the folder
// <name> held before and the content does not have is removed. Returns the scenario's file. Errors:
// a name that is no file's, or what cannot be written.
base::Result<std::filesystem::path> save_trial(const Trial& trial,
                                               const std::filesystem::path& folder,
                                               const std::string& name,
                                               const std::filesystem::path& fixtures);

// The plain files in a folder, but not in folders of it. Errors name the file and why: unreadable,
// or more than a workbench should hold.
base::Result<TrialFiles> read_content(const std::filesystem::path& folder);
// Into a folder, which comes into being; other files in it stay as they are.
base::Status write_content(const TrialFiles& files, const std::filesystem::path& folder);

// Feeds whose content a component runs, in the order of the catalogue.
std::vector<content::Feed> feeds_with_component();

}  // namespace firebreak::bridge
