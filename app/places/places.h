// Where programs find what they need, and where they put what they make.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace firebreak::places {

// The folder of this executable.
std::filesystem::path executable_folder();

// firebreak-worker beside this executable.
std::filesystem::path worker_binary();

// The nearest fixtures/ folder above `start` (a file or a folder), or above this executable.
base::Result<std::filesystem::path> find_fixtures(const std::filesystem::path& start);

// The scenarios/ folder beside the nearest fixtures/ that has one beside it.
std::filesystem::path project_scenarios();

// All scenario files of a folder and the folders in it, or the one file itself, sorted. A file
// whose name begins with "_" is there to be extended, not to be run.
base::Result<std::vector<std::filesystem::path>> scenarios_in(const std::filesystem::path& place);

// Whether `named` may be a scenario: a file. Else the error says what it is and, of a name that is
// nobody's, whose it nearly is: scenarios beside it and those of the project are compared.
base::Status check_scenario_file(const std::filesystem::path& named);

// <folder>/<name>-<n>.run with the lowest n that is free. The folder comes into being if need be.
base::Result<std::filesystem::path> new_run_file(const std::string& name,
                                                 const std::filesystem::path& folder = "runs");

}  // namespace firebreak::places
