#include "host/registry.h"

#include <algorithm>
#include <array>

#include "host/windows_path.h"

namespace firebreak::host {

namespace {

constexpr size_t kMostPathBytes = 1024;
constexpr size_t kMostPartBytes = 255;  // Windows' own limit
constexpr std::array<std::string_view, 5> kRoots{"hklm", "hkcu", "hku", "hkcr", "hkcc"};
constexpr char kBelow = '\1';  // before every character that a path may have

std::string index_of(std::string_view path) {
    std::string out = case_folded(path);
    std::ranges::replace(out, '\\', kBelow);
    return out;
}

std::string_view last_part(std::string_view path) {
    return path.substr(path.rfind('\\') + 1);
}

std::string part_problem(std::string_view part) {
    if (part.empty()) {
        return "has an empty part";
    }
    if (part.size() > kMostPartBytes) {
        return "has a part of more than 255 bytes";
    }
    const bool is_clean = std::ranges::none_of(
        part, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return is_clean ? "" : "has a control character";
}

}  // namespace

std::string_view name_of(RegistryType type) {
    constexpr std::array<std::string_view, 6> kNames{"REG_SZ",    "REG_EXPAND_SZ", "REG_BINARY",
                                                     "REG_DWORD", "REG_MULTI_SZ",  "REG_QWORD"};
    return kNames[static_cast<size_t>(type)];
}

std::string key_problem(std::string_view path) {
    if (path.size() > kMostPathBytes) {
        return "is longer than 1,024 bytes";
    }
    const size_t root = path.find('\\');
    if (root == std::string_view::npos ||
        std::ranges::find(kRoots, case_folded(path.substr(0, root))) == kRoots.end()) {
        return "does not begin with HKLM\\, HKCU\\, HKU\\, HKCR\\ or HKCC\\";
    }
    for (size_t begin = root + 1; begin <= path.size();) {
        const size_t end = std::min(path.find('\\', begin), path.size());
        if (std::string problem = part_problem(path.substr(begin, end - begin)); !problem.empty()) {
            return problem;
        }
        begin = end + 1;
    }
    return "";
}

void Registry::add_key(std::string_view path) {
    for (size_t end = path.find('\\');; end = path.find('\\', end + 1)) {
        const std::string_view upper = path.substr(0, end);
        keys_.try_emplace(index_of(upper), RegistryKey{std::string(upper), {}});
        if (end == std::string_view::npos) {
            return;
        }
    }
}

bool Registry::add_value(std::string_view path, RegistryValue value) {
    add_key(path);
    std::vector<RegistryValue>& values = keys_.at(index_of(path)).values;
    const std::string name = case_folded(value.name);
    const auto at = std::ranges::lower_bound(
        values, name, {}, [](const RegistryValue& other) { return case_folded(other.name); });
    if (at != values.end() && case_folded(at->name) == name) {
        return false;
    }
    values.insert(at, std::move(value));
    return true;
}

const RegistryKey* Registry::find(std::string_view path) const {
    const auto found = keys_.find(index_of(path));
    return found == keys_.end() ? nullptr : &found->second;
}

const RegistryValue* Registry::find(std::string_view path, std::string_view name) const {
    const RegistryKey* key = find(path);
    if (key == nullptr) {
        return nullptr;
    }
    const auto found =
        std::ranges::find(key->values, case_folded(name),
                          [](const RegistryValue& value) { return case_folded(value.name); });
    return found == key->values.end() ? nullptr : &*found;
}

std::vector<std::string_view> Registry::subkeys(std::string_view path) const {
    const std::string above = index_of(path) + kBelow;
    std::vector<std::string_view> out;
    auto at = keys_.lower_bound(above);
    while (at != keys_.end() && at->first.starts_with(above)) {
        out.push_back(last_part(at->second.path));
        // Past all that stands below it.
        at = keys_.lower_bound(at->first + static_cast<char>(kBelow + 1));
    }
    return out;
}

}  // namespace firebreak::host
