#include "structure/source_tree.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>

namespace firebreak::structure {

namespace {

// Of fixtures, those that are programs.
constexpr std::array<std::string_view, 10> kFolders = {
    ".ci",       "app",       "cmake",   "docs",      "fixtures/models",
    "resources", "scenarios", "scripts", "simulator", "tests"};

bool is_prose_or_data(std::string_view path) {
    return path.ends_with(".md") || path.ends_with(".toml") || path.ends_with(".json") ||
           path.ends_with(".sql") || path.ends_with(".in");
}

bool is_own_text(std::string_view path) {
    return is_cpp(path) || is_build_file(path) || is_script(path) || is_prose_or_data(path);
}

void add_file(SourceTree& tree, const std::filesystem::path& root,
              const std::filesystem::path& file) {
    const std::string path = file.lexically_relative(root).generic_string();
    if (is_own_text(path) && std::filesystem::is_regular_file(file)) {
        std::ifstream in(file, std::ios::binary);
        tree[path] = std::string(std::istreambuf_iterator<char>(in), {});
    }
}

// Whether the quote at `at` separates the digits of a number, as in 1'000, and opens no literal.
bool separates_digits(std::string_view text, size_t at) {
    size_t begin = at;
    while (begin > 0 && (is_word_character(text[begin - 1]) || text[begin - 1] == '\'')) {
        --begin;
    }
    return begin < at && std::isdigit(static_cast<unsigned char>(text[begin])) != 0;
}

// Where the comment or literal that starts at `at` ends (its last character's successor), or `at`.
size_t end_of_non_code(std::string_view text, size_t at) {
    const auto past = [&](std::string_view closing, size_t from) {
        const size_t found = text.find(closing, from);
        return found == std::string_view::npos ? text.size() : found + closing.size();
    };
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) {
        return std::min(text.find('\n', at), text.size());
    }
    if (rest.starts_with("/*")) {
        return past("*/", at + 2);
    }
    if (rest.starts_with("\"") && at > 0 && text[at - 1] == 'R') {
        const std::string delimiter(rest.substr(1, rest.find('(') - 1));
        return past(")" + delimiter + "\"", at);
    }
    if (rest.starts_with("\"") || (rest.starts_with("'") && !separates_digits(text, at))) {
        size_t end = at + 1;
        while (end < text.size() && text[end] != text[at] && text[end] != '\n') {
            end += text[end] == '\\' ? 2 : 1;
        }
        return std::min(end + 1, text.size());
    }
    return at;
}

}  // namespace

SourceTree read_source_tree(const std::filesystem::path& root) {
    SourceTree tree;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
        add_file(tree, root, entry.path());
    }
    for (const std::string_view folder : kFolders) {
        if (!std::filesystem::is_directory(root / folder)) {
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            add_file(tree, root, entry.path());
        }
    }
    return tree;
}

std::string owner_of(std::string_view path) {
    const size_t first = path.find('/');
    const size_t second = first == std::string_view::npos ? first : path.find('/', first + 1);
    return second == std::string_view::npos ? "" : std::string(path.substr(0, second));
}

std::string folder_of(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

std::string join(std::string_view folder, std::string_view name) {
    return (std::filesystem::path(folder) / name).lexically_normal().generic_string();
}

bool is_cpp(std::string_view path) {
    return path.ends_with(".h") || path.ends_with(".cpp");
}

bool is_build_file(std::string_view path) {
    return path == "CMakeLists.txt" || path.ends_with("/CMakeLists.txt") ||
           path.ends_with(".cmake");
}

bool is_script(std::string_view path) {
    return path == "firebreak" || path == ".ci/run" || path.ends_with(".sh");
}

bool is_word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string code_only(std::string_view cpp_text) {
    std::string out(cpp_text);
    for (size_t at = 0; at < out.size();) {
        const size_t end = end_of_non_code(cpp_text, at);
        for (size_t i = at; i < end; ++i) {
            if (out[i] != '\n') {
                out[i] = ' ';
            }
        }
        at = std::max(end, at + 1);
    }
    return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::vector<std::string> cmake_words(std::string_view text) {
    std::vector<std::string> words;
    for (std::string_view line : lines_of(text)) {
        line = line.substr(0, line.find('#'));
        std::string word;
        for (const char c : line) {
            if (std::string_view("()\" \t;").find(c) == std::string_view::npos) {
                word += c;
            } else if (!word.empty()) {
                words.push_back(std::move(word));
                word.clear();
            }
        }
        if (!word.empty()) {
            words.push_back(word);
        }
    }
    return words;
}

}  // namespace firebreak::structure
