// What is signed: the manifest of one package, and the head that names it on the CDN.
#pragma once

#include <optional>
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
    std::vector<PayloadFile> payloads;      // 1 to 64, sorted by name, names unique
    std::string min_product_version = "0";  // dotted numbers: "2024.2"

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

inline constexpr uint64_t kMaxManifestBytes = 64 * 1024;
inline constexpr uint64_t kMaxPayloadBytes = 64ull * 1024 * 1024;  // each

// A plain file name, good on Windows too: 1 to 100 printable ASCII characters, none of
// / \ : * ? " < > |, no dot or blank at either end.
bool is_payload_name(std::string_view name);
inline constexpr const char* kPayloadNameRule =
    "use 1 to 100 printable ASCII characters without / \\ : * ? \" < > |, beginning and ending "
    "with neither a dot nor a blank";

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

// The unsigned pointer at head_path(): which package a release group is offered. A nullopt
// manifest is "nothing on offer" (withdrawn, or never published).
struct Head {
    Feed feed = Feed::kDatasetA;
    std::optional<base::Digest> manifest;
};
inline constexpr uint64_t kMaxHeadBytes = 4096;
base::Bytes canonical_json(const Head& head);
base::Result<Head> parse_head(base::ByteView bytes);  // as strict as parse_manifest

// The CDN's static-file layout. Packages are named for their manifest's digest, payloads for their
// own: signature bytes differ at every signing, names do not.
std::string head_path(std::string_view group, Feed feed);  // heads/<group>/<feed>.json
std::string package_path(const base::Digest& manifest);    // packages/<digest>.p7m
std::string payload_path(const base::Digest& payload);     // payloads/<digest>

}  // namespace firebreak::content
