#include <algorithm>
#include <optional>
#include <sstream>

#include "structure/rules.h"

namespace firebreak::structure {

namespace {

// A folder sees only what stands above it, so that nothing can go round in a circle.
// clang-format off
constexpr Direction kDirections[] = {
    // folder              may include
    {"simulator/base",     ""},
    {"simulator/content",  "base"},
    {"simulator/host",     "base content"},
    {"simulator/ports",    "base content host"},
    {"simulator/endpoint", "base content host ports"},
    {"simulator/sandbox",  "base"},
    {"simulator/faults",   "base content host ports"},
    {"simulator/assay",    "base content host ports endpoint sandbox faults"},
    {"simulator/cloud",    "base content host ports"},
    {"simulator/fleet",    "base content"},
    {"simulator/record",   "base"},
    {"simulator/checks",   "base record"},
    {"simulator/report",   "base record checks"},
    {"simulator/scenario", "base content"},
    {"simulator/lab",      "base content host ports endpoint sandbox faults assay cloud fleet "
                           "record checks report scenario"},
    {"app/worker",         "base ports endpoint sandbox"},
    {"app/places",         "base"},
    // Of the sandbox, `doctor` alone: which layers this machine has. Of faults, `content mutate`;
    // of the cloud, publishing and serving; of endpoint, what makes a feed's payloads of its
    // sources, samples of executables, and rules; of host and assay, trying rules on events.
    {"app/headless",       "base content host endpoint sandbox faults assay cloud record checks "
                           "report scenario lab places"},
    {"app/bridge",         "base content faults assay record scenario lab"},
    {"app/models",         "base content assay record checks scenario lab bridge"},
    {"app/gui",            "base content host faults assay record checks report scenario lab "
                           "places bridge models"},
    // Models, and what trains one: features of files, and samples of executables.
    {"fixtures/models",    "base endpoint"},
};
// clang-format on

struct Include {
    std::string path;  // of the file that includes
    size_t line = 0;
    std::string name;  // as written
    bool quoted = false;

    std::string place() const { return path + ":" + std::to_string(line) + ": "; }
};

std::optional<Include> parse_include(std::string_view line) {
    const size_t open = line.find_first_of("\"<");
    if (open == std::string_view::npos) {
        return std::nullopt;
    }
    const size_t close = line.find_first_of("\">", open + 1);
    if (close == std::string_view::npos) {
        return std::nullopt;
    }
    Include include;
    include.name = line.substr(open + 1, close - open - 1);
    include.quoted = line[open] == '"';
    return include;
}

bool is_include_directive(std::string_view code_line) {
    const size_t hash = code_line.find_first_not_of(" \t");
    if (hash == std::string_view::npos || code_line[hash] != '#') {
        return false;
    }
    const size_t word = code_line.find_first_not_of(" \t", hash + 1);
    return word != std::string_view::npos && code_line.substr(word).starts_with("include");
}

std::vector<Include> includes_of(const SourceTree& tree) {
    std::vector<Include> all;
    for (const auto& [path, text] : tree) {
        if (!is_cpp(path)) {
            continue;
        }
        const std::string code = code_only(text);
        const auto code_lines = lines_of(code);
        const auto lines = lines_of(text);
        for (size_t i = 0; i < lines.size(); ++i) {
            if (!is_include_directive(code_lines[i])) {
                continue;
            }
            if (auto include = parse_include(lines[i])) {
                include->path = path;
                include->line = i + 1;
                all.push_back(std::move(*include));
            }
        }
    }
    return all;
}

// The project's file that an include means, as the compiler finds it; nullopt for a library's. A
// header that CMake makes is there as its template, `name.in`.
std::optional<std::string> resolve(const SourceTree& tree, const Include& include) {
    std::vector<std::string> roots = {"simulator", "app", "tests"};
    if (include.quoted) {
        roots.insert(roots.begin(), folder_of(include.path));
    }
    for (const std::string& root : roots) {
        std::string candidate = join(root, include.name);
        if (tree.contains(candidate) || tree.contains(candidate + ".in")) {
            return candidate;
        }
    }
    return std::nullopt;
}

}  // namespace

std::span<const Direction> directions() {
    return kDirections;
}

bool may_see(std::string_view folder, std::string_view seen) {
    const auto* row = std::ranges::find(kDirections, folder, &Direction::folder);
    if (row == std::end(kDirections)) {
        return false;
    }
    std::istringstream words{std::string(row->may_include)};
    for (std::string word; words >> word;) {
        if (seen == "simulator/" + word || seen == "app/" + word) {
            return true;
        }
    }
    return folder == seen;
}

Complaints folders_outside_the_table(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        if (!is_cpp(path) || !(path.starts_with("simulator/") || path.starts_with("app/"))) {
            continue;
        }
        const std::string owner = owner_of(path);
        if (std::ranges::find(kDirections, owner, &Direction::folder) == std::end(kDirections)) {
            complaints.push_back(path + ":1: its folder is not in the table of directions; add a " +
                                 "row to tests/structure/include_rules.cpp");
        }
    }
    return complaints;
}

Complaints includes_against_the_directions(const SourceTree& tree) {
    Complaints complaints;
    for (const Include& include : includes_of(tree)) {
        const auto target = resolve(tree, include);
        if (!target) {
            continue;
        }
        const std::string from = owner_of(include.path);
        const std::string to = owner_of(*target);
        const bool in_tests = include.path.starts_with("tests/");
        const bool allowed = in_tests
                                 ? !to.starts_with("tests/") || to == from || to == "tests/support"
                                 : may_see(from, to);
        if (!allowed) {
            complaints.push_back(include.place() + from + " may not include " + to +
                                 "; see the table in tests/structure/include_rules.cpp");
        }
    }
    return complaints;
}

Complaints includes_that_resolve_to_nothing(const SourceTree& tree) {
    Complaints complaints;
    for (const Include& include : includes_of(tree)) {
        const auto target = resolve(tree, include);
        if (include.quoted && !target) {
            complaints.push_back(include.place() + "no file of the project is \"" + include.name +
                                 "\"; write the path relative to simulator/, a library's in <>");
        }
        if (!include.quoted && target) {
            complaints.push_back(include.place() + "<" + include.name +
                                 "> is the project's own; write it in quotes");
        }
    }
    return complaints;
}

Complaints includes_of_tests(const SourceTree& tree) {
    Complaints complaints;
    for (const Include& include : includes_of(tree)) {
        const auto target = resolve(tree, include);
        if (!include.path.starts_with("tests/") && target && target->starts_with("tests/")) {
            complaints.push_back(include.place() + "nothing includes tests");
        }
    }
    return complaints;
}

Complaints qt_in_the_simulator(const SourceTree& tree) {
    Complaints complaints;
    for (const Include& include : includes_of(tree)) {
        const bool is_qt =
            include.name.size() > 1 && include.name[0] == 'Q' &&
            (include.name[1] == 't' || (include.name[1] >= 'A' && include.name[1] <= 'Z'));
        if (is_qt && include.path.starts_with("simulator/")) {
            complaints.push_back(include.place() + "no Qt under simulator/");
        }
    }
    return complaints;
}

}  // namespace firebreak::structure
