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

// The bytes of its name and data, each text of a list with its end.
size_t size_of(const RegistryValue& value);
inline constexpr size_t kMostValueBytes = 64 * 1024;  // size_of() a value

// Why there can be no such value, in words that complete "the value …"; empty if there can: its
// data are not of its type, or it is too large.
std::string value_problem(const RegistryValue& value);

struct RegistryKey {
    std::string path;                   // HKLM\SOFTWARE\…, as it was first written
    std::vector<RegistryValue> values;  // sorted by name; unique, compared as Windows does

    bool operator==(const RegistryKey&) const = default;
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
    // The same, but takes the place of the key's value of this name.
    void set_value(std::string_view path, RegistryValue value);
    // False: there is none.
    bool remove_value(std::string_view path, std::string_view name);
    bool remove_key(std::string_view path);  // with all below it

    // Null if there is none.
    const RegistryKey* find(std::string_view path) const;
    const RegistryValue* find(std::string_view path, std::string_view name) const;
    // The names of the keys right below, sorted; none if there is no such key.
    std::vector<std::string_view> subkeys(std::string_view path) const;
    // Sorted, each before those below it.
    const std::map<std::string, RegistryKey>& keys() const { return keys_; }
    bool empty() const { return keys_.empty(); }
    // Of the paths of all keys and size_of() all values.
    size_t bytes() const { return bytes_; }
    // How many keys add_key() would add.
    size_t missing_keys(std::string_view path) const;

    bool operator==(const Registry&) const = default;

  private:
    // The place of this name among the key's values, or where it would stand.
    static std::vector<RegistryValue>::iterator place_of(RegistryKey& key,
                                                         const std::string& folded_name);

    // By folded path with \1 for \, so that what stands below a key comes right after it.
    std::map<std::string, RegistryKey> keys_;
    size_t bytes_ = 0;
};

}  // namespace firebreak::host
