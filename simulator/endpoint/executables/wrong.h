// What parsers of executables say is wrong. For the .cpp files of this folder.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/result.h"

namespace firebreak::endpoint::executables {

// With the offset in the file.
inline base::Error wrong(const std::string& what, uint64_t at) {
    return {what, fmt::format("byte {}", at), ""};
}

}  // namespace firebreak::endpoint::executables
