#include "content/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "content/encryption.h"
#include "content/json_document.h"

namespace firebreak::content {

namespace {

using base::Error;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr size_t kMaxVersionBytes = 64;
constexpr size_t kMaxPayloads = 256;
constexpr size_t kMaxNameBytes = 100;
constexpr size_t kMaxGroups = 64;
constexpr size_t kMaxGroupBytes = 40;
constexpr size_t kMaxPlatformBytes = 32;
constexpr size_t kMaxVersionParts = 8;
constexpr size_t kMaxVersionPartDigits = 9;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_version_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

// 1 to `longest` of [a-z0-9-].
bool is_plain_name(std::string_view text, size_t longest) {
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
    });
}

bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= kMaxVersionBytes &&
           std::ranges::all_of(text, is_version_character);
}

Status check_groups(const std::vector<std::string>& groups) {
    if (groups.size() > kMaxGroups) {
        return Error{fmt::format("{} release groups", groups.size()), "groups",
                     fmt::format("a manifest names at most {}", kMaxGroups)};
    }
    for (size_t i = 0; i < groups.size(); ++i) {
        const std::string place = fmt::format("groups[{}]", i);
        if (!is_group_name(groups[i])) {
            return Error{"not a name for a release group", place, kGroupNameRule};
        }
        if (i > 0 && !(groups[i - 1] < groups[i])) {
            return Error{"out of order, or named twice", place, "sort groups, byte by byte"};
        }
    }
    return {};
}

Status check_payload_entries(const std::vector<PayloadFile>& payloads, uint64_t max_bytes) {
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
        if (payload.size > max_bytes) {
            return Error{fmt::format("{} bytes", payload.size), place + ".size",
                         fmt::format("a payload file of the feed has at most {} bytes", max_bytes)};
        }
        if (i > 0 && !(payloads[i - 1].name < payload.name)) {
            return Error{"out of order, or named twice", place + ".name",
                         "sort payloads by name, byte by byte"};
        }
    }
    return {};
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

Result<std::vector<std::string>> read_groups(const json& manifest) {
    const json& list = *manifest.find("groups");
    if (!list.is_array()) {
        return Error{"not a list", "groups", ""};
    }
    std::vector<std::string> groups;
    for (const json& group : list) {
        if (!group.is_string()) {
            return Error{"not a string", fmt::format("groups[{}]", groups.size()), ""};
        }
        groups.push_back(group.get<std::string>());
    }
    return groups;
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

uint64_t max_payload_bytes(Feed feed) {
    return info(feed).encrypted ? kMaxCipherBytes : kMaxPayloadBytes;
}

bool is_group_name(std::string_view name) {
    return is_plain_name(name, kMaxGroupBytes);
}

bool is_platform(std::string_view text) {
    return is_plain_name(text, kMaxPlatformBytes);
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
    if (!is_platform(manifest.platform)) {
        return Error{"not a platform", "platform",
                     fmt::format("write any, or 1 to {} of a-z, 0-9 and '-', as in windows-x64",
                                 kMaxPlatformBytes)};
    }
    FB_CHECK(check_groups(manifest.groups));
    return check_payload_entries(manifest.payloads, max_payload_bytes(manifest.feed));
}

base::Bytes canonical_json(const Manifest& manifest) {
    json payloads = json::array();
    for (const PayloadFile& payload : manifest.payloads) {
        payloads.push_back(
            {{"name", payload.name}, {"sha384", payload.sha384.hex()}, {"size", payload.size}});
    }
    return dump({{"feed", info(manifest.feed).name},
                 {"groups", manifest.groups},
                 {"min_product_version", manifest.min_product_version},
                 {"payloads", std::move(payloads)},
                 {"platform", manifest.platform},
                 {"schema", kSchema},
                 {"version", manifest.version}});
}

Result<Manifest> parse_manifest(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxManifestBytes));
    FB_CHECK(check_keys(parsed,
                        std::array{"feed", "groups", "min_product_version", "payloads", "platform",
                                   "schema", "version"},
                        ""));
    FB_CHECK(check_schema(parsed));
    Manifest manifest;
    FB_TRY(manifest.feed, feed_at(parsed));
    FB_TRY(manifest.version, text_at(parsed, "version"));
    FB_TRY(manifest.min_product_version, text_at(parsed, "min_product_version"));
    FB_TRY(manifest.platform, text_at(parsed, "platform"));
    FB_TRY(manifest.groups, read_groups(parsed));
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

std::string package_path(const base::Digest& manifest) {
    return fmt::format("packages/{}.p7m", manifest.hex());
}

std::string payload_path(const base::Digest& payload) {
    return fmt::format("payloads/{}", payload.hex());
}

}  // namespace firebreak::content
