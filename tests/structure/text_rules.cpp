#include <algorithm>
#include <cctype>
#include <sstream>

#include "structure/rules.h"

namespace firebreak::structure {

namespace {

constexpr size_t kMaxColumns = 100;

struct ForbiddenCall {
    std::string_view code;
    std::string_view instead;
    std::string_view allowed_in = "";  // folders below simulator/, separated by spaces
};

constexpr std::string_view kNoWallClock = "take base::SimTime through a parameter or ports::Clock";
constexpr std::string_view kNoOwnRandomness = "draw from base/random.h, keyed by the run's seed";
constexpr std::string_view kNoShell = "start processes through sandbox/ alone";

constexpr ForbiddenCall kForbiddenCalls[] = {
    {"rand(", kNoOwnRandomness},
    {"srand", kNoOwnRandomness},
    {"random_device", kNoOwnRandomness},
    {"mt19937", kNoOwnRandomness},
    {"time(nullptr)", kNoWallClock},
    {"time(NULL)", kNoWallClock},
    {"gettimeofday", kNoWallClock},
    {"system_clock", kNoWallClock},
    {"CLOCK_REALTIME", kNoWallClock},
    {"high_resolution_clock", kNoWallClock},
    {"steady_clock", "only cost is measured in real time", "lab sandbox assay endpoint/lua"},
    {"CLOCK_MONOTONIC", "only cost is measured in real time", "lab sandbox assay endpoint/lua"},
    {"std::regex", "it recurses on hostile input; write a parser"},
    {"system(", kNoShell},
    {"popen(", kNoShell},
};

// Homes of people and of build machines. In halves, so that this file keeps its own rule.
const std::vector<std::string>& machine_folders() {
    static const std::vector<std::string> folders = {
        "/ho"
        "me/",
        "/ro"
        "ot/",
        "/wo"
        "rk/",
        "/Us"
        "ers/",
        "/wor"
        "kspace/"};
    return folders;
}

bool contains_whole(std::string_view line, std::string_view code) {
    for (size_t at = line.find(code); at != std::string_view::npos; at = line.find(code, at + 1)) {
        const size_t end = at + code.size();
        const bool starts_whole = at == 0 || !is_word_character(line[at - 1]);
        const bool ends_whole =
            end == line.size() || !is_word_character(code.back()) || !is_word_character(line[end]);
        if (starts_whole && ends_whole) {
            return true;
        }
    }
    return false;
}

bool is_allowed(const ForbiddenCall& call, const std::string& path) {
    std::istringstream folders{std::string(call.allowed_in)};
    for (std::string folder; folders >> folder;) {
        if (path.starts_with("simulator/" + folder + "/")) {
            return true;
        }
    }
    return false;
}

// Code points, not bytes: "…" is one column.
size_t columns_of(std::string_view line) {
    return static_cast<size_t>(std::ranges::count_if(
        line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_code(std::string_view path) {
    return is_cpp(path) || is_build_file(path) || is_script(path);
}

std::string place(const std::string& path, size_t line_index) {
    return path + ":" + std::to_string(line_index + 1) + ": ";
}

bool starts_with_comment_and_guard(std::string_view text) {
    const auto lines = lines_of(text);
    if (lines.empty() || !lines.front().starts_with("// ")) {
        return false;
    }
    const auto guard = std::ranges::find_if(
        lines, [](std::string_view line) { return !line.empty() && !line.starts_with("//"); });
    return guard != lines.end() && *guard == "#pragma once";
}

}  // namespace

Complaints calls_of_forbidden_functions(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        if (!is_cpp(path) || !path.starts_with("simulator/")) {
            continue;
        }
        const std::string code = code_only(text);
        const auto lines = lines_of(code);
        for (size_t i = 0; i < lines.size(); ++i) {
            for (const ForbiddenCall& call : kForbiddenCalls) {
                if (contains_whole(lines[i], call.code) && !is_allowed(call, path)) {
                    complaints.push_back(place(path, i) + "no " + std::string(call.code) +
                                         " here; " + std::string(call.instead));
                }
            }
        }
    }
    return complaints;
}

Complaints lines_too_long(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        const auto lines = lines_of(text);
        for (size_t i = 0; is_code(path) && i < lines.size(); ++i) {
            const size_t columns = columns_of(lines[i]);
            if (columns > kMaxColumns) {
                complaints.push_back(place(path, i) + std::to_string(columns) +
                                     " columns; break the line at " + std::to_string(kMaxColumns));
            }
        }
    }
    return complaints;
}

Complaints paths_of_one_machine(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        const auto lines = lines_of(text);
        for (size_t i = 0; i < lines.size(); ++i) {
            for (const std::string& folder : machine_folders()) {
                const size_t at = lines[i].find(folder);
                // After a name it is a relative path's middle, after "~" the reader's own home.
                const bool absolute =
                    at != std::string_view::npos &&
                    (at == 0 ||
                     (!is_word_character(lines[i][at - 1]) &&
                      std::string_view("~.})").find(lines[i][at - 1]) == std::string_view::npos));
                if (absolute) {
                    complaints.push_back(place(path, i) + folder +
                                         " is on one machine only; use a relative path");
                }
            }
        }
    }
    return complaints;
}

Complaints headers_without_comment_and_guard(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        if (path.ends_with(".h") && !starts_with_comment_and_guard(text)) {
            complaints.push_back(path +
                                 ":1: a header starts with a comment that says what it is for, "
                                 "then `#pragma once`");
        }
    }
    return complaints;
}

Complaints files_without_a_final_newline(const SourceTree& tree) {
    Complaints complaints;
    for (const auto& [path, text] : tree) {
        // A seed of a fuzzer or a fixture is what it is, to the byte.
        const bool is_written = is_code(path) || path.ends_with(".md") || path.ends_with(".toml");
        if (is_written && !text.ends_with('\n')) {
            complaints.push_back(path + ":" + std::to_string(lines_of(text).size()) +
                                 ": does not end in a newline");
        }
    }
    return complaints;
}

Complaints ci_commands_not_in_the_readme(const SourceTree& tree) {
    const auto ci = tree.find(".ci/run");
    const auto readme = tree.find("README.md");
    if (ci == tree.end() || readme == tree.end()) {
        return {".ci/run:1: .ci/run and README.md belong together; one is missing"};
    }
    Complaints complaints;
    const auto lines = lines_of(ci->second);
    for (size_t i = 0; i < lines.size(); ++i) {
        const size_t begin = lines[i].find("./firebreak ");
        if (begin == std::string_view::npos || lines[i].starts_with('#')) {
            continue;
        }
        const std::string_view command = lines[i].substr(begin, lines[i].find(" ||") - begin);
        if (readme->second.find(command) == std::string::npos) {
            complaints.push_back(place(".ci/run", i) + "README.md does not name `" +
                                 std::string(command) + "`");
        }
    }
    return complaints;
}

}  // namespace firebreak::structure
