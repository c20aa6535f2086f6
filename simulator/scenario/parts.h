// The parts of a scenario file, each read from its table and checked against the parts before it.
#pragma once

#include <concepts>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/harm.h"
#include "base/result.h"
#include "base/toml_table.h"
#include "scenario/experiment.h"

namespace firebreak::scenario {

inline constexpr int64_t kMaxTenants = 65'535;
inline constexpr size_t kMaxGroups = 1000;
inline constexpr double kMostPerHour = 3600;
inline constexpr int64_t kMostEvents = 1'000'000'000'000;
inline constexpr double kMostHours = 1e12;
// A fleet keeps a bit for each in its rows.
inline constexpr size_t kMaxCampaigns = 16;
inline constexpr int64_t kMostEdges = 8;
// Of a target of damage: more than anything that is published has.
inline constexpr int64_t kLastByte = (int64_t{1} << 32) - 1;
inline constexpr int64_t kMostStolenHeads = 3;  // the vendor has no more
inline constexpr int kMostExitStatus = 255;

// 1 to 40 of [a-z0-9-]: what groups, releases, personas and tags are called.
bool is_name(std::string_view text);
// "`In house` is no valid name; write 1 to 40 of a-z, 0-9 and -".
base::Error no_name(std::string_view text, std::string place);
base::Result<std::string> read_name(base::TomlTable& in, std::string_view key);
base::Result<content::Feed> read_feed(base::TomlTable& in);
// A moment of the run: not after its end.
base::Result<base::SimTime> read_moment(base::TomlTable& in, std::string_view key,
                                        const Experiment& so_far);
// A stretch of the run: `from` and `until` are keys that may be missing. `what` begins the message
// if it ends before it begins: "the fault".
base::Status read_window(base::TomlTable& in, std::string_view from, std::string_view what,
                         const Experiment& so_far, base::SimTime& begin, base::SimTime& end);
// A folder or file under fixtures/<under>, or one beside the scenario as "./…".
base::Result<std::filesystem::path> read_source(base::TomlTable& in, std::string_view key,
                                                std::string_view under);
// A list of such folders of content; none if the key is not there.
base::Result<std::vector<std::filesystem::path>> read_sources(base::TomlTable& in,
                                                              std::string_view key);
// "./…": a file or folder beside the scenario.
base::Result<std::filesystem::path> read_beside(base::TomlTable& in, std::string_view key);
// Where such a path leads to, for the scenario in `file`.
std::filesystem::path beside(const std::filesystem::path& file, const std::filesystem::path& path);

// 1 to 32 of [a-z0-9-], as manifests name platforms; missing: the fallback.
base::Result<std::string> read_platform(base::TomlTable& in, std::string_view key,
                                        std::string fallback);
// The group called so, or an Error at `place`.
base::Status check_group(std::string_view name, const Experiment& so_far, std::string place);
// Groups, each named once; missing: empty. An empty list is an Error: "leave it out to mean …".
base::Result<std::vector<std::string>> read_group_names(base::TomlTable& in, std::string_view key,
                                                        const Experiment& so_far);
// Some group has the persona, or an Error at `place`. `group`: in this group, if it names one.
base::Status check_persona(std::string_view name, const Experiment& so_far,
                           const std::optional<std::string>& group, std::string place);
// The release called so, or an Error at `place`.
base::Result<const Release*> find_release(std::string_view id, const Experiment& so_far,
                                          std::string place);
// A baseline, or a release that is no plant, is of this feed.
bool is_published(content::Feed feed, const Experiment& so_far);

// Values as a file says them. "2d 6h 30s": exact, unlike base::to_text, so that no two look alike.
std::string exact_text(base::Duration duration);
std::string share_text(double share);  // "0.1%"
std::string value_text(bool value);
std::string value_text(double value);
template <std::integral Integer>
std::string value_text(Integer value) {
    return std::to_string(value);
}
// What may stand for a harm in [recovery].
std::vector<std::string> recovery_words(const base::HarmInfo& info);

base::Error too_many_groups(std::string place);
// Adds a group to those before it, or says why it cannot stand there.
base::Status add_group(std::vector<Group>& groups, Group next);

// Each reads one list or table of the root. `so_far` holds what the functions above it have read.
base::Result<std::vector<Group>> read_groups(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Group>> read_inventory(base::TomlTable in, const Experiment& so_far);
base::Result<Policy> read_policy(base::TomlTable& root, std::vector<Setting>& settings);
base::Result<Update> read_update(base::TomlTable& root, std::vector<Setting>& settings);
// Layers of the sandbox that the machine must have.
base::Result<uint32_t> read_sandbox(base::TomlTable& root, std::vector<Setting>& settings);
base::Result<Protection> read_protection(base::TomlTable& root, std::vector<Setting>& settings);
// A scanner of somebody's own.
base::Result<std::optional<ExternalScanner>> read_scanner(base::TomlTable& root,
                                                          std::vector<Setting>& settings);
base::Result<base::Channels> read_signals(base::TomlTable& root, std::vector<Setting>& settings);
base::Result<People> read_people(base::TomlTable& root, std::vector<Setting>& settings);
base::Result<Crew> read_crew(base::TomlTable& root, std::vector<Setting>& settings);
base::Result<std::map<base::Harm, base::Recovery>> read_recovery(base::TomlTable& root,
                                                                 std::vector<Setting>& settings);
base::Result<std::vector<Baseline>> read_baseline(base::TomlTable& root);
base::Result<std::vector<Release>> read_releases(base::TomlTable& root, const Experiment& so_far);
base::Result<std::set<content::Feed>> read_load_context(base::TomlTable& root,
                                                        const Experiment& so_far,
                                                        std::vector<Setting>& settings);
base::Result<std::vector<Act>> read_acts(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Fault>> read_faults(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Campaign>> read_campaigns(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Measurement>> read_measured(base::TomlTable& root,
                                                     const Experiment& so_far);
// The keys of condition_format(), of a table that may have others too. Its place is the table's.
base::Result<Expectation> read_condition(base::TomlTable& in, const Experiment& so_far);
// Sees to it that no two of a list say the same.
class Sentences {
  public:
    // `what` they are: "condition".
    explicit Sentences(std::string_view what) : what_(what) {}
    // An Error if one with this text was added for the profile before.
    base::Status add(const Expectation& sentence, Profile profile);

  private:
    std::string_view what_;
    std::map<std::pair<std::string, Profile>, Place> places_;
};
// Those that count under the run's profile.
base::Result<std::vector<Expectation>> read_expectations(base::TomlTable& root,
                                                         const Experiment& so_far);
base::Result<std::optional<Attack>> read_attack(base::TomlTable& root, const Experiment& so_far);

// TOML for what came from other files, so that a scenario can stand alone: "group = […]".
std::string toml_of(const std::vector<Group>& groups);
std::string toml_of(const std::vector<Measurement>& measurements);

}  // namespace firebreak::scenario
