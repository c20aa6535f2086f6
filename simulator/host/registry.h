// The simulated machine's registry.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace firebreak::host {

enum class RegistryType : uint8_t { kSz, kExpandSz, kBinary, kDword, kMultiSz, kQword };
std::string_view name_of(RegistryType type);  // "REG_SZ"

struct RegistryValue {
    std::string name;  // empty: the key's default value
    RegistryType type = RegistryType::kSz;
    // Text of REG_SZ and REG_EXPAND_SZ, as it stands; the number of REG_DWORD and REG_QWORD; the
    // texts of REG_MULTI_SZ; the bytes of REG_BINARY.
    std::variant<std::string, uint64_t, std::vector<std::string>, base::Bytes> data;

    bool operator==(const RegistryValue&) const = default;
};

struct RegistryKey {
    std::string path;                   // HKLM\SOFTWARE\…, as it was first written
    std::vector<RegistryValue> values;  // sorted by name; unique, compared as Windows does
};

// Why `path` is no key below HKLM, HKCU, HKU, HKCR or HKCC, in words that complete "the key …";
// empty if it is one. UTF-8; at most 1,024 bytes, 255 a part.
std::string key_problem(std::string_view path);

// Keys with their values; paths and names are compared as Windows does (ASCII case). Whoever has a
// key has those above it too.
class Registry {
  public:
    // Of a path without key_problem().
    void add_key(std::string_view path);
    // Adds the key too. False, and nothing is added, if the key has a value of this name.
    bool add_value(std::string_view path, RegistryValue value);

    // Null if there is none.
    const RegistryKey* find(std::string_view path) const;
    const RegistryValue* find(std::string_view path, std::string_view name) const;
    // The names of the keys right below, sorted; none if there is no such key.
    std::vector<std::string_view> subkeys(std::string_view path) const;
    // Sorted, each before those below it.
    const std::map<std::string, RegistryKey>& keys() const { return keys_; }
    bool empty() const { return keys_.empty(); }

  private:
    // By folded path with \1 for \, so that what stands below a key comes right after it.
    std::map<std::string, RegistryKey> keys_;
};

}  // namespace firebreak::host
