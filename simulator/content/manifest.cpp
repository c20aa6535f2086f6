#include "content/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace firebreak::content {

namespace {

using base::Error;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr int kSchema = 1;
constexpr size_t kMaxVersionBytes = 64;
constexpr size_t kMaxPayloads = 64;
constexpr size_t kMaxNameBytes = 100;
constexpr size_t kMaxVersionParts = 8;
constexpr size_t kMaxVersionPartDigits = 9;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_version_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= kMaxVersionBytes &&
           std::ranges::all_of(text, is_version_character);
}

Status check_payload_entries(const std::vector<PayloadFile>& payloads) {
    if (payloads.empty() || payloads.size() > kMaxPayloads) {
        return Error{fmt::format("{} payload files", payloads.size()), "payloads",
                     fmt::format("a manifest names 1 to {}", kMaxPayloads)};
    }
    for (size_t i = 0; i < payloads.size(); ++i) {
        const PayloadFile& payload = payloads[i];
        const std::string place = fmt::format("payloads[{}]", i);
        if (!is_payload_name(payload.name)) {
            return Error{"not a name for a payload file", place + ".name", kPayloadNameRule};
        }
        if (payload.size > kMaxPayloadBytes) {
            return Error{fmt::format("{} bytes", payload.size), place + ".size",
                         fmt::format("a payload file has at most {} bytes", kMaxPayloadBytes)};
        }
        if (i > 0 && !(payloads[i - 1].name < payload.name)) {
            return Error{"out of order, or named twice", place + ".name",
                         "sort payloads by name, byte by byte"};
        }
    }
    return {};
}

// Bytes in the one form that this file writes. Never throws: every string that gets here is ASCII.
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

// Exactly these keys. Repeated ones are not seen here: they show when the value is written again.
template <size_t N>
Status check_keys(const json& object, const std::array<const char*, N>& keys,
                  const std::string& place) {
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::find(keys, key) == keys.end()) {
            return Error{fmt::format("unknown key `{}`", base::printable(key)), place, ""};
        }
    }
    for (const char* key : keys) {
        if (!object.contains(key)) {
            return Error{fmt::format("no key `{}`", key), place, ""};
        }
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

Status check_schema(const json& object) {
    if (*object.find("schema") != kSchema) {
        return Error{"not a schema that is known here", "schema",
                     fmt::format("this build reads schema {}", kSchema)};
    }
    return {};
}

Result<Feed> feed_at(const json& object) {
    FB_TRY(const std::string name, text_at(object, "feed"));
    const auto feed = find_feed(name);
    if (!feed) {
        return Error{fmt::format("no feed is named `{}`", base::printable(name)), "feed", ""};
    }
    return *feed;
}

Result<PayloadFile> read_payload_entry(const json& entry, const std::string& place) {
    if (!entry.is_object()) {
        return Error{"not an object", place, ""};
    }
    FB_CHECK(check_keys(entry, std::array{"name", "sha384", "size"}, place));
    PayloadFile payload;
    FB_TRY(payload.name, text_at(entry, "name"));
    FB_TRY(const std::string digest, text_at(entry, "sha384"));
    FB_TRY(payload.sha384, base::parse_digest(digest));
    const json& size = *entry.find("size");
    if (!size.is_number_unsigned()) {
        return Error{"not a number of bytes", place + ".size", ""};
    }
    payload.size = size.get<uint64_t>();
    return payload;
}

Result<std::vector<PayloadFile>> read_payload_entries(const json& manifest) {
    const json& list = *manifest.find("payloads");
    if (!list.is_array()) {
        return Error{"not a list", "payloads", ""};
    }
    std::vector<PayloadFile> payloads;
    for (const json& entry : list) {
        FB_TRY(PayloadFile payload,
               read_payload_entry(entry, fmt::format("payloads[{}]", payloads.size())));
        payloads.push_back(std::move(payload));
    }
    return payloads;
}

// The offset of the first difference; the shorter length if one begins with the other.
size_t first_difference(base::ByteView a, base::ByteView b) {
    const auto at = std::ranges::mismatch(a, b);
    return static_cast<size_t>(at.in1 - a.begin());
}

Status check_canonical(base::ByteView found, const base::Bytes& canonical) {
    if (std::ranges::equal(found, canonical)) {
        return {};
    }
    return Error{"not the canonical JSON of what it says",
                 fmt::format("byte {}", first_difference(found, canonical)),
                 "sort keys, leave out white space, write each key once"};
}

// One number of a dotted version, and what comes after its dot.
uint64_t take_version_part(std::string_view& rest) {
    uint64_t value = 0;
    const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), value).ptr;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    if (!rest.empty()) {
        rest.remove_prefix(1);  // the dot
    }
    return value;
}

}  // namespace

bool is_payload_name(std::string_view name) {
    static constexpr std::string_view kForbidden = "/\\:*?\"<>|";
    const auto allowed = [](char c) {
        return c >= ' ' && c <= '~' && kForbidden.find(c) == std::string_view::npos;
    };
    return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, allowed) &&
           name.front() != '.' && name.front() != ' ' && name.back() != '.' && name.back() != ' ';
}

Status validate(const Manifest& manifest) {
    if (!is_version(manifest.version)) {
        return Error{
            "not a version", "version",
            fmt::format("write 1 to {} of A-Z, a-z, 0-9, '.', '_' and '-'", kMaxVersionBytes)};
    }
    if (!is_product_version(manifest.min_product_version)) {
        return Error{"not a product version", "min_product_version",
                     "write 1 to 8 numbers with dots between them, as in 2024.2"};
    }
    return check_payload_entries(manifest.payloads);
}

base::Bytes canonical_json(const Manifest& manifest) {
    json payloads = json::array();
    for (const PayloadFile& payload : manifest.payloads) {
        payloads.push_back(
            {{"name", payload.name}, {"sha384", payload.sha384.hex()}, {"size", payload.size}});
    }
    return dump({{"feed", info(manifest.feed).name},
                 {"min_product_version", manifest.min_product_version},
                 {"payloads", std::move(payloads)},
                 {"schema", kSchema},
                 {"version", manifest.version}});
}

Result<Manifest> parse_manifest(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxManifestBytes));
    FB_CHECK(check_keys(
        parsed, std::array{"feed", "min_product_version", "payloads", "schema", "version"}, ""));
    FB_CHECK(check_schema(parsed));
    Manifest manifest;
    FB_TRY(manifest.feed, feed_at(parsed));
    FB_TRY(manifest.version, text_at(parsed, "version"));
    FB_TRY(manifest.min_product_version, text_at(parsed, "min_product_version"));
    FB_TRY(manifest.payloads, read_payload_entries(parsed));
    FB_CHECK(validate(manifest));
    FB_CHECK(check_canonical(bytes, canonical_json(manifest)));
    return manifest;
}

bool is_product_version(std::string_view text) {
    size_t digits = 0;
    size_t dots = 0;
    for (const char c : text) {
        if (c == '.' && digits > 0) {
            digits = 0;
            ++dots;
        } else if (is_digit(c) && digits < kMaxVersionPartDigits) {
            ++digits;
        } else {
            return false;
        }
    }
    return digits > 0 && dots < kMaxVersionParts;
}

int compare_versions(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        const uint64_t left = take_version_part(a);
        const uint64_t right = take_version_part(b);
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return 0;
}

base::Bytes canonical_json(const Head& head) {
    const json manifest = head.manifest ? json(head.manifest->hex()) : json(nullptr);
    return dump({{"feed", info(head.feed).name}, {"manifest", manifest}, {"schema", kSchema}});
}

Result<Head> parse_head(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxHeadBytes));
    FB_CHECK(check_keys(parsed, std::array{"feed", "manifest", "schema"}, ""));
    FB_CHECK(check_schema(parsed));
    Head head;
    FB_TRY(head.feed, feed_at(parsed));
    if (!parsed.find("manifest")->is_null()) {
        FB_TRY(const std::string digest, text_at(parsed, "manifest"));
        FB_TRY(head.manifest, base::parse_digest(digest));
    }
    FB_CHECK(check_canonical(bytes, canonical_json(head)));
    return head;
}

std::string head_path(std::string_view group, Feed feed) {
    return fmt::format("heads/{}/{}.json", group, info(feed).name);
}

std::string package_path(const base::Digest& manifest) {
    return fmt::format("packages/{}.p7m", manifest.hex());
}

std::string payload_path(const base::Digest& payload) {
    return fmt::format("payloads/{}", payload.hex());
}

}  // namespace firebreak::content
