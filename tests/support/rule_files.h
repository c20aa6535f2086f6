// Public rule files (FIREBREAK_CORPUS), and one content made of them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"

namespace firebreak::test {

struct RuleFile {
    std::filesystem::path path;
    base::Bytes source;
};

// Every .yar and .yara file under the folder, in the order of paths. Errors: one cannot be read.
inline base::Result<std::vector<RuleFile>> rule_files(const std::filesystem::path& folder) {
    constexpr uint64_t kMostBytes = 16ull << 20;
    std::vector<RuleFile> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".yar" || entry.path().extension() == ".yara") {
            FB_TRY(base::Bytes source, base::read_file(entry.path(), kMostBytes));
            files.push_back({entry.path(), std::move(source)});
        }
    }
    std::ranges::sort(files, {}, &RuleFile::path);
    return files;
}

// One rule file for each folder that they lie in, since a manifest names 256 files at most.
inline std::map<std::string, base::Bytes> by_folder(const std::vector<RuleFile>& files) {
    std::map<std::string, base::Bytes> together;
    for (const auto& [path, source] : files) {
        base::Bytes& all = together[path.parent_path().filename().string() + ".yar"];
        all.insert(all.end(), source.begin(), source.end());
        all.push_back('\n');
    }
    return together;
}

}  // namespace firebreak::test
