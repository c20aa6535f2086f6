#include "base/toml_document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "base/toml_plus_plus.h"

namespace firebreak::base {

namespace {

// Counts how deep a text nests before any parser sees it. It follows strings and comments as TOML
// defines them, since dots and brackets in there count for nothing.
class NestingCheck {
  public:
    explicit NestingCheck(std::string_view text) : text_(text) {}

    // The offset at which the text nests too deeply, if it does.
    std::optional<size_t> find() {
        while (at_ < text_.size()) {
            step();
            if (brackets_ > kMaxTomlNesting || dots_ >= kMaxTomlNesting) {
                return at_;
            }
        }
        return std::nullopt;
    }

  private:
    void step() {
        const char c = text_[at_];
        if (c == '"' || c == '\'') {
            skip_string(c);
            return;
        }
        if (c == '#') {
            at_ = std::min(text_.find('\n', at_), text_.size());
            return;
        }
        if (c == '[' || c == '{') {
            ++brackets_;
        } else if (c == ']' || c == '}') {
            brackets_ = std::max(0, brackets_ - 1);
        }
        if (c == '.') {
            ++dots_;
        } else if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) {
            dots_ = 0;  // a key ends here
        }
        ++at_;
    }

    void skip_string(char quote) {
        const std::string triple(3, quote);
        const bool multi_line = text_.substr(at_, 3) == triple;
        at_ += multi_line ? 3 : 1;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\\' && quote == '"') {
                at_ += 2;
            } else if (!multi_line && (c == quote || c == '\n')) {
                ++at_;
                return;
            } else if (multi_line && text_.substr(at_, 3) == triple) {
                at_ += 3;
                // Up to two more quotes belong to the text: """"x"""""
                for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) {
                    ++at_;
                }
                return;
            } else {
                ++at_;
            }
        }
    }

    std::string_view text_;
    size_t at_ = 0;
    int brackets_ = 0;
    int dots_ = 0;
};

std::string place_at(const std::string& file, std::string_view text, size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t last_break = before.rfind('\n');
    const size_t column = last_break == std::string_view::npos ? offset + 1 : offset - last_break;
    return place_of(file, line, static_cast<int64_t>(column));
}

Status check_text(std::string_view text, const std::string& file) {
    if (text.size() > kMaxTomlBytes) {
        return Error{fmt::format("larger than {} bytes", kMaxTomlBytes), file, ""};
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return Error{"the file is empty", file, "begin it with `schema = 1`"};
    }
    if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
        return Error{"not a text file: it holds a NUL byte", place_at(file, text, nul),
                     "save it as UTF-8 text"};
    }
    if (const std::optional<size_t> deep = NestingCheck(text).find()) {
        return Error{fmt::format("nested more than {} levels deep", kMaxTomlNesting),
                     place_at(file, text, *deep), "nothing here needs that"};
    }
    return {};
}

void merge(toml::table& own, toml::table&& parent) {
    for (auto&& [key, value] : parent) {
        toml::node* const mine = own.get(key);
        if (mine == nullptr) {
            value.visit([&own, &key](auto& node) { own.insert(key, std::move(node)); });
        } else if (mine->is_table() && value.is_table()) {
            merge(*mine->as_table(), std::move(*value.as_table()));
        }
    }
}

// "release.rules-2.at" in its parts: bare keys, as TOML calls them.
Result<std::vector<std::string>> split_key(std::string_view key, const std::string& place) {
    const Error bad{fmt::format("`{}` is no key", printable(key, 80)), place,
                    "write keys of a-z, A-Z, 0-9, _ and -, joined by dots"};
    std::vector<std::string> steps(1);
    for (const char c : key) {
        const bool bare = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
        if (c == '.' && !steps.back().empty()) {
            steps.emplace_back();
        } else if (bare) {
            steps.back() += c;
        } else {
            return bad;
        }
    }
    if (steps.back().empty()) {
        return bad;
    }
    return steps;
}

// What a table in a list of tables is called, if anything.
std::string name_of(const toml::table& table) {
    for (const char* key : {"id", "name"}) {
        if (const auto* const name = table[key].as_string()) {
            return **name;
        }
    }
    return "";
}

Result<toml::table*> find_member(toml::array& list, const std::string& list_name,
                                 const std::string& step, const std::string& place) {
    std::vector<std::string> names;
    for (toml::node& node : list) {
        names.push_back(name_of(*node.as_table()));
        if (names.back() == step) {
            return node.as_table();
        }
    }
    size_t number = 0;
    const auto [end, failure] = std::from_chars(step.data(), step.data() + step.size(), number);
    if (failure == std::errc{} && end == step.data() + step.size() && number < list.size()) {
        return list[number].as_table();
    }
    if (std::all_of(names.begin(), names.end(), [](const auto& name) { return name.empty(); })) {
        return Error{fmt::format("`{}` has no table {}", list_name, step), place,
                     fmt::format("count from 0 to {}", list.size() - 1)};
    }
    return no_such(list_name, step, names, place);
}

// The deepest table on the way that `steps` lead, and how many of them lead there. At least the
// last one is left.
Result<std::pair<toml::table*, size_t>> follow(toml::table& root,
                                               const std::vector<std::string>& steps,
                                               const std::string& place) {
    toml::table* at = &root;
    size_t taken = 0;
    while (taken + 1 < steps.size()) {
        toml::node* const next = at->get(steps[taken]);
        if (next != nullptr && next->is_table()) {
            at = next->as_table();
            taken += 1;
        } else if (next != nullptr && next->is_array_of_tables() && taken + 2 < steps.size()) {
            FB_TRY(at, find_member(*next->as_array(), steps[taken], steps[taken + 1], place));
            taken += 2;
        } else {
            break;
        }
    }
    return std::pair(at, taken);
}

}  // namespace

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        out += c == '"' || c == '\\' ? "\\" : "";
        out += c;
    }
    return out + "\"";
}

struct TomlDocument::Tree {
    toml::table root;
};

TomlDocument::TomlDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
TomlDocument::TomlDocument(TomlDocument&&) noexcept = default;
TomlDocument& TomlDocument::operator=(TomlDocument&&) noexcept = default;
TomlDocument::~TomlDocument() = default;

Result<TomlDocument> TomlDocument::parse(std::string_view text, const std::string& file) {
    FB_CHECK(check_text(text, file));
    try {
        auto tree = std::make_unique<Tree>();
        tree->root = toml::parse(text, std::string_view(file));
        return TomlDocument(std::move(tree));
    } catch (const toml::parse_error& failure) {
        const bool encoding = failure.description().find("utf-8") != std::string_view::npos;
        return Error{printable(failure.description()), place_of(failure.source()),
                     encoding ? "save it as UTF-8 text" : "see https://toml.io for the syntax"};
    }
}

Result<TomlDocument> TomlDocument::load(const std::filesystem::path& file) {
    FB_TRY(const Bytes bytes, read_file(file, kMaxTomlBytes));
    return parse(text_of(bytes), file.string());
}

TomlTable TomlDocument::root() const {
    return TomlTable(&tree_->root);
}

void TomlDocument::inherit(TomlDocument parent) {
    merge(tree_->root, std::move(parent.tree_->root));
}

void TomlDocument::remove(std::string_view key) {
    tree_->root.erase(key);
}

void TomlDocument::put(TomlDocument values) {
    for (auto&& [key, value] : values.tree_->root) {
        tree_->root.erase(key.str());
        value.visit([&, &k = key](auto& node) { tree_->root.insert(k, std::move(node)); });
    }
}

void TomlDocument::append(TomlDocument lists) {
    for (auto&& [key, value] : lists.tree_->root) {
        toml::node* const own = tree_->root.get(key);
        if (own == nullptr) {
            value.visit([&, &k = key](auto& node) { tree_->root.insert(k, std::move(node)); });
        } else if (own->is_array() && value.is_array()) {
            value.as_array()->for_each(
                [own](auto& node) { own->as_array()->push_back(std::move(node)); });
        }
    }
}

void TomlDocument::remove_from(std::string_view list, size_t number) {
    toml::node* const found = tree_->root.get(list);
    if (found == nullptr || !found->is_array() || number >= found->as_array()->size()) {
        return;
    }
    toml::array& tables = *found->as_array();
    tables.erase(tables.begin() + static_cast<std::ptrdiff_t>(number));
    if (tables.empty()) {
        tree_->root.erase(list);
    }
}

Status TomlDocument::set(std::string_view key, std::string_view value, const std::string& place) {
    FB_TRY(const std::vector<std::string> steps, split_key(key, place));
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (std::any_of(value.begin(), value.end(), is_control)) {
        return Error{"the value holds control characters", place, "write it in one line"};
    }
    FB_TRY(const auto found, follow(tree_->root, steps, place));
    auto [table, taken] = found;
    const auto rest = std::span(steps).subspan(taken);
    const std::string assignment = fmt::format("{} = ", fmt::join(rest, "."));
    Result<TomlDocument> parsed = parse(assignment + std::string(value), place);
    if (!parsed.ok()) {
        parsed = parse(assignment + toml_string(value), place);
    }
    if (!parsed.ok()) {
        return parsed.error();
    }
    table->erase(rest.front());
    for (auto&& [first, node] : parsed->tree_->root) {
        node.visit([t = table, &k = first](auto& n) { t->insert(k, std::move(n)); });
    }
    return {};
}

void TomlDocument::rewrite(std::string_view part, std::string_view key,
                           const std::function<std::string(const std::string&)>& change) {
    const auto rewrite_one = [&change](toml::node* node) {
        if (auto* const text = node == nullptr ? nullptr : node->as_string()) {
            **text = change(**text);
        } else if (auto* const list = node == nullptr ? nullptr : node->as_array()) {
            list->for_each(
                [&change](toml::value<std::string>& one) { *one = change(std::string(*one)); });
        }
    };
    toml::node* const found = tree_->root.get(part);
    if (found == nullptr || key.empty()) {
        rewrite_one(found);
    } else if (found->is_table()) {
        rewrite_one(found->as_table()->get(key));
    } else if (found->is_array()) {
        found->as_array()->for_each([&](toml::table& table) { rewrite_one(table.get(key)); });
    }
}

std::string TomlDocument::text() const {
    // No multi-line and literal strings: toml++ 3.3 writes a leading line break and ''' in them so
    // that they read back as something else.
    constexpr auto kFlags = toml::format_flags::allow_unicode_strings;
    std::ostringstream out;
    out << toml::toml_formatter(tree_->root, kFlags) << '\n';
    return std::move(out).str();
}

}  // namespace firebreak::base
