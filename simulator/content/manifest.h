// The manifest of one package: what a feed's signer signs.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "content/catalogue.h"

namespace firebreak::content {

struct PayloadFile {
    std::string name;  // is_payload_name
    uint64_t size = 0;
    base::Digest sha384;
    friend bool operator==(const PayloadFile&, const PayloadFile&) = default;
};

// One version of a feed. The signing time is not in here: it is a signed attribute of the envelope.
struct Manifest {
    Feed feed = Feed::kDatasetA;
    std::string version;                    // 1 to 64 of [A-Za-z0-9._-]
    std::vector<PayloadFile> payloads;      // 1 to 256, sorted by name, names unique
    std::string min_product_version = "0";  // dotted numbers: "2024.2"
    std::string platform = "any";           // that may take it; "any", or as in "windows-x64"
    std::vector<std::string> groups;        // release groups that may have it, sorted; none: all

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

inline constexpr uint64_t kMaxManifestBytes = 64 * 1024;
inline constexpr uint64_t kMaxPayloadBytes = 1ull << 30;  // each, of any feed
// Of this feed: encrypted payloads have to fit into memory, and are smaller (encryption.h).
uint64_t max_payload_bytes(Feed feed);

// A plain file name, good on Windows too: 1 to 100 printable ASCII characters, none of
// / \ : * ? " < > |, no dot or blank at either end.
bool is_payload_name(std::string_view name);
inline constexpr const char* kPayloadNameRule =
    "use 1 to 100 printable ASCII characters without / \\ : * ? \" < > |, beginning and ending "
    "with neither a dot nor a blank";

// 1 to 40 of [a-z0-9-].
bool is_group_name(std::string_view name);
inline constexpr const char* kGroupNameRule = "use 1 to 40 of a-z, 0-9 and '-'";
// 1 to 32 of [a-z0-9-]. "any" is one of them.
bool is_platform(std::string_view text);

// Whether all limits above are kept; the error's place names the key.
base::Status validate(const Manifest& manifest);

// Canonical JSON (RFC 8785 for the values used here: objects with sorted keys, no white space,
// integers, strings in ASCII). Equal manifests give equal bytes. The manifest must be valid.
base::Bytes canonical_json(const Manifest& manifest);
// Strict: canonical bytes only, no unknown, missing or repeated key, schema 1, all limits above.
// parse_manifest(b) succeeds exactly if b == canonical_json(m) for a valid m.
base::Result<Manifest> parse_manifest(base::ByteView bytes);

// -1, 0, 1. Dotted numbers, compared number by number; a missing part counts as 0. Both must be
// valid (is_product_version).
int compare_versions(std::string_view a, std::string_view b);
// 1 to 8 dotted numbers of at most 9 digits.
bool is_product_version(std::string_view text);

// Where the CDN's static-file layout has them (more of it: head.h). Packages are named for their
// manifest's digest, payloads for their own: signature bytes differ at every signing, names do not.
std::string package_path(const base::Digest& manifest);  // packages/<digest>.p7m
std::string payload_path(const base::Digest& payload);   // payloads/<digest>

}  // namespace firebreak::content
