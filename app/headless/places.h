// Where the command line finds what it needs, and where it puts what it makes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace firebreak::headless {

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

// runs/<name>-<n>.run under the current folder, with the lowest n that is free.
base::Result<std::filesystem::path> new_run_file(const std::string& name);

// What was asked for goes where it was wanted: nowhere if no file is named, to stdout for "-".
// False: it could not be written, and that has been said.
bool put(const std::string& file, const std::string& text);

// To stderr, as "firebreak: …".
void complain(const base::Error& error);
// The same on the way out: returns `code`.
int fail(const base::Error& error, int code);

}  // namespace firebreak::headless
