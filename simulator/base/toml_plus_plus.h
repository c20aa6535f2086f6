// toml++, slow to compile: for toml_document.cpp and toml_table.cpp alone.
#pragma once

#include <fmt/format.h>

#include <toml++/toml.h>
#include <string>

#include "base/text.h"

namespace firebreak::base {

inline std::string place_of(const toml::source_region& region) {
    return fmt::format("{}:{}:{}", region.path ? *region.path : "", region.begin.line,
                       region.begin.column);
}

}  // namespace firebreak::base
