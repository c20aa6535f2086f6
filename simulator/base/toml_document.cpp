#include "base/toml_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

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
    return fmt::format("{}:{}:{}", file, line, column);
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

}  // namespace

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

void TomlDocument::rewrite(std::string_view list, std::string_view key,
                           const std::function<std::string(const std::string&)>& change) {
    toml::array* const tables = tree_->root[list].as_array();
    if (tables == nullptr) {
        return;
    }
    tables->for_each([&](toml::table& table) {
        if (auto* const value = table[key].as_string()) {
            **value = change(**value);
        }
    });
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
