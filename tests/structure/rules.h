// The rules that code under review must keep, as functions over a source tree. Each returns one
// complaint per violation, "path:line: what is wrong; what to do", and nothing when all is well.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "structure/source_tree.h"

namespace firebreak::structure {

using Complaints = std::vector<std::string>;

// A folder and the folders of simulator/ that it may include, separated by spaces; itself always.
struct Direction {
    std::string_view folder;
    std::string_view may_include;
};

// The design's table of allowed directions. A folder that is not in it may not exist.
std::span<const Direction> directions();

// May code in `folder` ("simulator/content") use that of `seen` ("simulator/base")?
bool may_see(std::string_view folder, std::string_view seen);

// Includes
Complaints folders_outside_the_table(const SourceTree& tree);
Complaints includes_against_the_directions(const SourceTree& tree);
Complaints includes_that_resolve_to_nothing(const SourceTree& tree);
Complaints includes_of_tests(const SourceTree& tree);
Complaints qt_in_the_simulator(const SourceTree& tree);

// Build files
Complaints sources_in_no_build_file(const SourceTree& tree);
Complaints build_files_that_nothing_adds(const SourceTree& tree);
Complaints links_against_the_directions(const SourceTree& tree);

// Text
Complaints calls_of_forbidden_functions(const SourceTree& tree);
Complaints lines_too_long(const SourceTree& tree);
Complaints paths_of_one_machine(const SourceTree& tree);
Complaints headers_without_comment_and_guard(const SourceTree& tree);
Complaints files_without_a_final_newline(const SourceTree& tree);

// Continuous integration runs the commands that README.md names, no others.
Complaints ci_commands_not_in_the_readme(const SourceTree& tree);

}  // namespace firebreak::structure
