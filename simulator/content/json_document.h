// Canonical JSON documents: read strictly, and written in one form. For the .cpp files of this
// folder.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "base/text.h"
#include "content/catalogue.h"

namespace firebreak::content {

using nlohmann::json;

inline constexpr int kSchema = 1;
// Whole numbers that every reader of JSON has exactly (RFC 8785).
inline constexpr uint64_t kMaxJsonNumber = 1ull << 53;

// Bytes in the one form that is written here. Never throws: every string that gets here is ASCII.
base::Bytes dump(const json& value);

// Errors: over the cap, no JSON, no object.
base::Result<json> parse_object(base::ByteView bytes, uint64_t max_bytes);

// Whether the bytes that were read are those that would be written of what they say.
base::Status check_canonical(base::ByteView found, const base::Bytes& canonical);

// Exactly these keys. Repeated ones are not seen here: they show when the value is written again.
template <size_t N>
base::Status check_keys(const json& object, const std::array<const char*, N>& keys,
                        const std::string& place) {
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::find(keys, key) == keys.end()) {
            return base::Error{fmt::format("unknown key `{}`", base::printable(key)), place, ""};
        }
    }
    for (const char* key : keys) {
        if (!object.contains(key)) {
            return base::Error{fmt::format("no key `{}`", key), place, ""};
        }
    }
    return {};
}

// All below: the key must be there. Errors name it.
base::Status check_schema(const json& object);
base::Status check_type(const json& object, const char* type);
base::Result<std::string> text_at(const json& object, const char* key);
base::Result<Feed> feed_at(const json& object);
base::Result<base::Digest> digest_at(const json& object, const char* key);
// `least` to kMaxJsonNumber.
base::Result<uint64_t> number_at(const json& object, const char* key, uint64_t least);
// Seconds since 1970, in years that have four digits.
base::Result<base::UtcTime> time_at(const json& object, const char* key);

}  // namespace firebreak::content
