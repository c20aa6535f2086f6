// What the readers of a persona's parts share. For the .cpp files of this folder.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/toml_table.h"
#include "host/persona.h"
#include "host/windows_path.h"

namespace firebreak::host {

// The tables of the list `key`: at most `most` of them.
base::Result<std::vector<base::TomlTable>> read_list(base::TomlTable& root, std::string_view key,
                                                     size_t most);

// Names as Windows compares them, with the places where they stand.
class Names {
  public:
    explicit Names(std::string_view what) : what_(what) {}
    base::Status add(std::string_view name, const base::TomlTable& table);

  private:
    std::string_view what_;
    std::unordered_map<std::string, std::string> places_;
};

template <class Named>
void sort_by(std::vector<Named>& entries, std::string Named::*name) {
    std::sort(entries.begin(), entries.end(), [name](const Named& a, const Named& b) {
        return case_folded(a.*name) < case_folded(b.*name);
    });
}

// An absolute Windows path.
base::Result<std::string> read_path(base::TomlTable& in, std::string_view key);

// [[program]], [[service]], [[component]] and [[registry]]: into `out`, its registry included.
base::Status read_installed(base::TomlTable& root, Persona& out);
// [[event]].
base::Result<std::vector<EventWorkload>> read_events(base::TomlTable& root);

}  // namespace firebreak::host
