#include "content/json_document.h"

#include "content/manifest.h"

namespace firebreak::content {

using base::Error;
using base::Result;
using base::Status;

namespace {

constexpr uint64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

// The offset of the first difference; the shorter length if one begins with the other.
size_t first_difference(base::ByteView a, base::ByteView b) {
    const auto at = std::ranges::mismatch(a, b);
    return static_cast<size_t>(at.in1 - a.begin());
}

Result<uint64_t> whole_number(const json& object, const char* key, uint64_t least, uint64_t most) {
    const json& value = *object.find(key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() < least ||
        value.get<uint64_t>() > most) {
        return Error{fmt::format("not a whole number from {} to {}", least, most), key, ""};
    }
    return value.get<uint64_t>();
}

}  // namespace

base::Bytes dump(const json& value) {
    return base::bytes_of(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

Result<json> parse_object(base::ByteView bytes, uint64_t max_bytes) {
    // The cap comes first. It also bounds how deep a document can nest; nlohmann's parser and
    // destructor keep their stack on the heap, so that depth costs memory alone.
    if (bytes.size() > max_bytes) {
        return Error{fmt::format("{} bytes of JSON", bytes.size()), "",
                     fmt::format("at most {} are allowed", max_bytes)};
    }
    json parsed = json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_object()) {
        return Error{parsed.is_discarded() ? "not JSON" : "not a JSON object", "", ""};
    }
    return parsed;
}

Status check_canonical(base::ByteView found, const base::Bytes& canonical) {
    if (std::ranges::equal(found, canonical)) {
        return {};
    }
    return Error{"not the canonical JSON of what it says",
                 fmt::format("byte {}", first_difference(found, canonical)),
                 "sort keys, leave out white space, write each key once"};
}

Status check_schema(const json& object) {
    if (*object.find("schema") != kSchema) {
        return Error{"not a schema that is known here", "schema",
                     fmt::format("this build reads schema {}", kSchema)};
    }
    return {};
}

Status check_type(const json& object, const char* type) {
    if (*object.find("type") != type) {
        return Error{fmt::format("not `{}`", type), "type", ""};
    }
    return {};
}

Result<std::string> text_at(const json& object, const char* key) {
    const json& value = *object.find(key);
    if (!value.is_string()) {
        return Error{"not a string", key, ""};
    }
    return value.get_ref<const std::string&>();
}

Result<Feed> feed_at(const json& object) {
    FB_TRY(const std::string name, text_at(object, "feed"));
    const auto feed = find_feed(name);
    if (!feed) {
        return Error{fmt::format("no feed is named `{}`", base::printable(name)), "feed", ""};
    }
    return *feed;
}

Result<base::Digest> digest_at(const json& object, const char* key) {
    FB_TRY(const std::string text, text_at(object, key));
    auto digest = base::parse_digest(text);
    if (!digest.ok()) {
        return Error{digest.error().message, key, digest.error().remedy};
    }
    return digest;
}

Result<uint64_t> number_at(const json& object, const char* key, uint64_t least) {
    return whole_number(object, key, least, kMaxJsonNumber);
}

Result<base::UtcTime> time_at(const json& object, const char* key) {
    FB_TRY(const uint64_t seconds, whole_number(object, key, 0, kLastSecond));
    return base::UtcTime{static_cast<int64_t>(seconds)};
}

}  // namespace firebreak::content
