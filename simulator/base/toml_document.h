// A TOML file from outside, parsed and ready to be read table by table. toml++ stays behind it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/toml_table.h"

namespace firebreak::base {

inline constexpr uint64_t kMaxTomlBytes = 1024 * 1024;
// Tables, lists and the parts of dotted keys within one another. No file of ours needs more than
// four; the cap keeps recursion over the tree, in toml++ and here, off the end of the stack.
inline constexpr int kMaxTomlNesting = 16;

// As TOML writes it, in quotes. Without control characters.
std::string toml_string(std::string_view text);

class TomlDocument {
  public:
    // Size and encoding are checked before the parser sees the text. Errors name
    // file:line:column; `file` serves them alone.
    static Result<TomlDocument> parse(std::string_view text, const std::string& file);
    // The same for a file; one over kMaxTomlBytes is refused unread.
    static Result<TomlDocument> load(const std::filesystem::path& file);

    TomlDocument(TomlDocument&&) noexcept;
    TomlDocument& operator=(TomlDocument&&) noexcept;
    ~TomlDocument();

    // Must not outlive the document, nor a change to it.
    TomlTable root() const;

    // Takes from `parent` what this document does not say: tables are merged key by key, at any
    // depth; lists and all other values stand as they are. Every value keeps its place.
    void inherit(TomlDocument parent);
    void remove(std::string_view key);
    // Takes every key of `values`, in place of its own.
    void put(TomlDocument values);
    // Adds the tables in each list of tables of `lists` to the end of its own of that name.
    void append(TomlDocument lists);
    // Takes one table out of a list of tables; the list, too, if it was the last. Nothing if there
    // is no such table.
    void remove_from(std::string_view list, size_t number);
    // Puts a value where `key` leads: keys joined by dots, where a table in a list of tables goes
    // by its `id` or `name`, or by its number, from 0. `value` is TOML, or else taken as a string.
    // The value's place is `place`, which begins with "--": "--set seed". Errors have it too: a key
    // that cannot be one, a table that is not in its list, text that is no text.
    Status set(std::string_view key, std::string_view value, const std::string& place);
    // Applies `change` to a string, or to each string of a list: to `part` itself if `key` is
    // empty, else to the `key` of the table `part`, or of every table in the list `part`.
    void rewrite(std::string_view part, std::string_view key,
                 const std::function<std::string(const std::string&)>& change);

    // TOML again, without comments, keys in alphabetical order. For documents that were read with
    // success: toml++ 3.3 leaves keys with line breaks, tabs or single quotes unquoted.
    std::string text() const;

  private:
    struct Tree;
    explicit TomlDocument(std::unique_ptr<Tree> tree);
    std::unique_ptr<Tree> tree_;
};

}  // namespace firebreak::base
