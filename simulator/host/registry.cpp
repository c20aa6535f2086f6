#include "host/registry.h"

#include <algorithm>
#include <array>

#include "host/windows_path.h"

namespace firebreak::host {

namespace {

constexpr size_t kMostPathBytes = 1024;
constexpr size_t kMostPartBytes = 255;  // Windows' own limit
constexpr std::array<std::string_view, 5> kRoots{"hklm", "hkcu", "hku", "hkcr", "hkcc"};
constexpr uint64_t kLargestDwordValue = 0xffffffff;
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

bool has_data_of_its_type(const RegistryValue& value) {
    switch (value.type) {
        case RegistryType::kSz:
        case RegistryType::kExpandSz:
            return std::holds_alternative<std::string>(value.data);
        case RegistryType::kDword: {
            const auto* number = std::get_if<uint64_t>(&value.data);
            return number != nullptr && *number <= kLargestDwordValue;
        }
        case RegistryType::kQword:
            return std::holds_alternative<uint64_t>(value.data);
        case RegistryType::kMultiSz:
            return std::holds_alternative<std::vector<std::string>>(value.data);
        case RegistryType::kBinary:
            return std::holds_alternative<base::Bytes>(value.data);
    }
    return false;
}

}  // namespace

std::string_view name_of(RegistryType type) {
    constexpr std::array<std::string_view, 6> kNames{"REG_SZ",    "REG_EXPAND_SZ", "REG_BINARY",
                                                     "REG_DWORD", "REG_MULTI_SZ",  "REG_QWORD"};
    return kNames[static_cast<size_t>(type)];
}

size_t size_of(const RegistryValue& value) {
    size_t bytes = value.name.size();
    if (const auto* text = std::get_if<std::string>(&value.data)) {
        bytes += text->size();
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value.data)) {
        for (const std::string& one : *texts) {
            bytes += one.size() + 1;
        }
    } else if (const auto* data = std::get_if<base::Bytes>(&value.data)) {
        bytes += data->size();
    } else {
        bytes += sizeof(uint64_t);
    }
    return bytes;
}

std::string value_problem(const RegistryValue& value) {
    if (!has_data_of_its_type(value)) {
        return "has no data of the type " + std::string(name_of(value.type));
    }
    return size_of(value) > kMostValueBytes ? "is larger than 64 KiB" : "";
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
        if (keys_.try_emplace(index_of(upper), RegistryKey{std::string(upper), {}}).second) {
            bytes_ += upper.size();
        }
        if (end == std::string_view::npos) {
            return;
        }
    }
}

std::vector<RegistryValue>::iterator Registry::place_of(RegistryKey& key,
                                                        const std::string& folded_name) {
    return std::ranges::lower_bound(key.values, folded_name, {}, [](const RegistryValue& other) {
        return case_folded(other.name);
    });
}

bool Registry::add_value(std::string_view path, RegistryValue value) {
    add_key(path);
    RegistryKey& key = keys_.at(index_of(path));
    const std::string name = case_folded(value.name);
    const auto at = place_of(key, name);
    if (at != key.values.end() && case_folded(at->name) == name) {
        return false;
    }
    bytes_ += size_of(value);
    key.values.insert(at, std::move(value));
    return true;
}

void Registry::set_value(std::string_view path, RegistryValue value) {
    remove_value(path, value.name);
    add_value(path, std::move(value));
}

bool Registry::remove_value(std::string_view path, std::string_view name) {
    const auto key = keys_.find(index_of(path));
    if (key == keys_.end()) {
        return false;
    }
    const std::string folded = case_folded(name);
    const auto at = place_of(key->second, folded);
    if (at == key->second.values.end() || case_folded(at->name) != folded) {
        return false;
    }
    bytes_ -= size_of(*at);
    key->second.values.erase(at);
    return true;
}

bool Registry::remove_key(std::string_view path) {
    const std::string index = index_of(path);
    const auto first = keys_.find(index);
    if (first == keys_.end()) {
        return false;
    }
    auto end = first;
    do {
        bytes_ -= end->second.path.size();
        for (const RegistryValue& value : end->second.values) {
            bytes_ -= size_of(value);
        }
        ++end;
    } while (end != keys_.end() && end->first.starts_with(index + kBelow));
    keys_.erase(first, end);
    return true;
}

size_t Registry::missing_keys(std::string_view path) const {
    size_t missing = 0;
    for (size_t end = path.size(); end != std::string_view::npos; end = path.rfind('\\', end - 1)) {
        if (find(path.substr(0, end)) != nullptr) {
            break;
        }
        ++missing;
    }
    return missing;
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
