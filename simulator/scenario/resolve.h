// From a scenario file to one document: what it extends merged in, what the command line says put
// in.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"
#include "base/toml_document.h"

namespace firebreak::scenario {

// `document` was read from `file`. Names of files beside a parent lead to the same files from here.
base::Result<base::TomlDocument> resolve(base::TomlDocument document,
                                         const std::filesystem::path& file);

// Names of files beside a scenario in the folder `from`, so that they lead to the same files for
// one in the folder `to`.
void move_names(base::TomlDocument& document, const std::filesystem::path& from,
                const std::filesystem::path& to);

// "policy.cdn_ttl=10m", as load() has it.
base::Status override_with(base::TomlDocument& document, std::span<const std::string> overrides);

}  // namespace firebreak::scenario
