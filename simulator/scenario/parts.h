// The parts of a scenario file, each read from its table and checked against the parts before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml_table.h"
#include "scenario/experiment.h"

namespace firebreak::scenario {

// 1 to 40 of [a-z0-9-]: what groups, releases, personas and tags are called.
bool is_name(std::string_view text);
base::Result<std::string> read_name(base::TomlTable& in, std::string_view key);
base::Result<content::Feed> read_feed(base::TomlTable& in);
// A moment of the run: not after its end.
base::Result<base::SimTime> read_moment(base::TomlTable& in, std::string_view key,
                                        const Experiment& so_far);
// The group called so, or an Error at `place`.
base::Status check_group(std::string_view name, const Experiment& so_far, std::string place);
// The release called so, or an Error at `place`.
base::Result<const Release*> find_release(std::string_view id, const Experiment& so_far,
                                          std::string place);

// Each reads one list or table of the root. `so_far` holds what the functions above it have read.
base::Result<std::vector<Group>> read_groups(base::TomlTable& root);
base::Result<Policy> read_policy(base::TomlTable& root);
base::Result<std::vector<Baseline>> read_baseline(base::TomlTable& root);
base::Result<std::vector<Release>> read_releases(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Act>> read_acts(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Fault>> read_faults(base::TomlTable& root, const Experiment& so_far);
base::Result<std::vector<Expectation>> read_expectations(base::TomlTable& root,
                                                         const Experiment& so_far);

}  // namespace firebreak::scenario
