// Paths of the simulated machine.
#pragma once

#include <string>
#include <string_view>

namespace firebreak::host {

// Why `path` is no absolute path of a file on a Windows drive, in words that complete "the path …";
// empty if it is one. UTF-8; at most 259 bytes, Windows' classic limit.
std::string path_problem(std::string_view path);

// Equal for paths that Windows takes for the same. ASCII only: personas need no more, and Windows'
// own table of upper-case letters differs by version.
std::string case_folded(std::string_view path);

}  // namespace firebreak::host
