#include <algorithm>
#include <optional>

#include "structure/rules.h"

namespace firebreak::structure {

namespace {

// The nearest CMakeLists.txt at or above `folder`, if any.
std::optional<std::string> build_file_above(const SourceTree& tree, std::string folder) {
    for (;;) {
        std::string candidate = join(folder, "CMakeLists.txt");
        if (tree.contains(candidate)) {
            return candidate;
        }
        if (folder.empty()) {
            return std::nullopt;
        }
        folder = folder_of(folder);
    }
}

bool has_word(const std::string& cmake_text, const std::string& word) {
    const auto words = cmake_words(cmake_text);
    return std::ranges::find(words, word) != words.end();
}

// The path of `path` as a build file in `folder` writes it.
std::string relative_to(const std::string& folder, const std::string& path) {
    return folder.empty() ? path : path.substr(folder.size() + 1);
}

// Target → the folder of the table that defines it.
std::map<std::string, std::string> targets_of(const SourceTree& tree) {
    std::map<std::string, std::string> targets;
    for (const auto& [path, text] : tree) {
        if (!is_build_file(path) || owner_of(path).empty()) {
            continue;
        }
        const auto words = cmake_words(text);
        for (size_t i = 0; i + 1 < words.size(); ++i) {
            if (words[i] == "firebreak_library" || words[i] == "add_library" ||
                words[i] == "add_executable") {
                targets[words[i + 1]] = owner_of(path);
            }
        }
    }
    return targets;
}

}  // namespace

Complaints sources_in_no_build_file(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        if (!path.ends_with(".cpp")) {
            continue;
        }
        const auto build_file = build_file_above(tree, folder_of(path));
        if (!build_file ||
            !has_word(tree.at(*build_file), relative_to(folder_of(*build_file), path))) {
            complaints.push_back(path + ":1: a dead file, in no build; list it in " +
                                 build_file.value_or("a CMakeLists.txt") + " or delete it");
        }
    }
    return complaints;
}

Complaints build_files_that_nothing_adds(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        if (!path.ends_with("/CMakeLists.txt")) {
            continue;
        }
        const std::string folder = folder_of(path);
        const auto parent = build_file_above(tree, folder_of(folder));
        if (!parent || !has_word(tree.at(*parent), relative_to(folder_of(*parent), folder))) {
            complaints.push_back(path + ":1: no build file adds this folder; name it in " +
                                 parent.value_or("a CMakeLists.txt above it"));
        }
    }
    return complaints;
}

Complaints links_against_the_directions(const SourceTree& tree) {
    Complaints complaints;
    const auto targets = targets_of(tree);
    for (const auto& [path, text] : tree) {
        const std::string from = owner_of(path);
        if (!is_build_file(path) || from.empty() || from.starts_with("tests/")) {
            continue;
        }
        for (const std::string& word : cmake_words(text)) {
            const auto target = targets.find(word);
            if (target != targets.end() && !may_see(from, target->second)) {
                complaints.push_back(path + ":1: " + from + " may not link " + word + " of " +
                                     target->second +
                                     "; see the table in tests/structure/include_rules.cpp");
            }
        }
    }
    return complaints;
}

}  // namespace firebreak::structure
