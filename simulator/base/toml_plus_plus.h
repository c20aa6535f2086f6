// toml++, slow to compile: for toml_document.cpp and toml_table.cpp alone.
#pragma once

#include <fmt/format.h>

#include <toml++/toml.h>
#include <string>
#include <string_view>

#include "base/text.h"

namespace firebreak::base {

// The "path" of a value from a command line ("--set seed") says all; a file's needs line and
// column.
inline std::string place_of(std::string_view path, int64_t line, int64_t column) {
    return path.starts_with("--") ? std::string(path) : fmt::format("{}:{}:{}", path, line, column);
}

inline std::string place_of(const toml::source_region& region) {
    return place_of(region.path ? *region.path : "", region.begin.line, region.begin.column);
}

}  // namespace firebreak::base
