// Which rules outran their time: found out after the fact, by trying each alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "content/manifest.h"
#include "ports/component_process.h"
#include "ports/scanner.h"
#include "ports/store.h"

namespace firebreak::endpoint::scanner {

struct NamedRule {
    std::string name;
    std::string source;  // with what stands before the first rule of its file (imports)
};

// The rules of a file, as people write them: a line begins with "rule", or with "private" or
// "global" before that. Whoever writes them otherwise is found out as a whole file.
std::vector<NamedRule> rules_in(std::string_view source);

// Which rules of this content kill a fresh process over this subject: "padding.yar: Letters", or
// the file alone where none of its rules does by itself. "": no file does without the others.
// Errors: about this machine; the store does not hold the content.
base::Result<std::string> rules_to_blame(const content::Manifest& manifest,
                                         const ports::Subject& subject, ports::Store& store,
                                         ports::ComponentProcesses& processes);

}  // namespace firebreak::endpoint::scanner
