// The project's own text files as the structure rules see them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::structure {

// Path, relative to the project's root and with '/', → text. Rules take nothing else, so that a
// test can hand them a bad example from memory.
using SourceTree = std::map<std::string, std::string>;

// The project's own code, build files, scripts and prose under `root`; no fixtures, nothing built.
SourceTree read_source_tree(const std::filesystem::path& root);

// "simulator/endpoint/scanner/engine.h" → "simulator/endpoint": the folder that owns a file. Empty
// for a file that stands in no such folder.
std::string owner_of(std::string_view path);

// "tests/app/a.cpp" → "tests/app"; "README.md" → "".
std::string folder_of(std::string_view path);

// "simulator/base" and "a.h" → "simulator/base/a.h", without "." and "..".
std::string join(std::string_view folder, std::string_view name);

bool is_cpp(std::string_view path);         // .h, .cpp
bool is_build_file(std::string_view path);  // CMakeLists.txt, .cmake
bool is_script(std::string_view path);      // the launcher, .ci/run, .sh

bool is_word_character(char c);  // of a name in C++

// The same text with comments and the insides of literals blanked out; lines stay where they are.
std::string code_only(std::string_view cpp_text);

std::vector<std::string_view> lines_of(std::string_view text);

// The words of a CMake file: its comments, quotes, brackets and white space fall away.
std::vector<std::string> cmake_words(std::string_view text);

}  // namespace firebreak::structure
