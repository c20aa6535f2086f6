// What says which packages are current: unsigned heads (profile `published`), signed heads and set
// manifests (profile `hardened`), and the root's statements about whom and what to trust.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "content/catalogue.h"

namespace firebreak::content {

// The unsigned pointer at head_path(): which package a release group is offered. A nullopt
// manifest is "nothing on offer" (withdrawn, or never published).
struct Head {
    Feed feed = Feed::kDatasetA;
    std::optional<base::Digest> manifest;
    friend bool operator==(const Head&, const Head&) = default;
};

// The same, signed by head keys and good for a short time. Carried by a bundle, whose signing
// times all are `issued`.
struct SignedHead {
    Feed feed = Feed::kDatasetA;
    std::string group;                     // is_channel_name
    uint64_t sequence = 0;                 // of the group: never goes back; at most 2^53
    std::optional<base::Digest> manifest;  // nullopt: nothing on offer
    base::Digest set;                      // of the JSON of the set manifest that it belongs to
    uint64_t trust = 0;                    // number of the newest root statement; 0: there is none
    base::UtcTime issued;
    base::UtcTime expires;  // after `issued`
    friend bool operator==(const SignedHead&, const SignedHead&) = default;
};

// Which packages belong together: all that a group is offered at one time. Carried by a bundle.
struct SetManifest {
    std::string group;                      // is_channel_name
    uint64_t sequence = 0;                  // at most 2^53
    std::map<Feed, base::Digest> packages;  // manifest digests; feeds with nothing on offer are not
                                            // in it
    friend bool operator==(const SetManifest&, const SetManifest&) = default;
};

// What the root says about trust, in one envelope that the root's own key signs. The newest
// statement repeats the revocations of those before it.
struct RootStatement {
    uint64_t number = 0;                        // 1, 2, … without a gap; at most 2^53
    std::set<base::Digest> revoked = {};        // SHA-384 of the certificates' DER; at most 400
    std::map<Feed, base::UtcTime> floors = {};  // epoch reset: the feed's floor becomes this time,
                                                // whatever it was
    // Epoch reset of heads: the highest number seen becomes this (at most 2^53), whatever it was,
    // and what was last seen is forgotten. Old heads that have not expired yet count again: revoke
    // the keys that pushed the number up in the same statement.
    std::optional<uint64_t> sequence = {};
    friend bool operator==(const RootStatement&, const RootStatement&) = default;
};

// Whose head it is: a release group, or a part of one that is offered the same at the same time:
// the group's name, a dot and a number of 1 to 3 digits ("public-1.2"). No group has such a name.
bool is_channel_name(std::string_view name);

inline constexpr uint64_t kMaxHeadBytes = 4096;  // of JSON; set manifests too
inline constexpr uint64_t kMaxRootStatementBytes = 64 * 1024;
inline constexpr size_t kMaxRevocations = 400;
inline constexpr size_t kMaxBundleEnvelopes = 8;
inline constexpr uint64_t kMaxBundleBytes = kMaxBundleEnvelopes * 16 * 1024;

// Whether all that is said above holds; the error's place names the key.
base::Status validate(const SignedHead& head);
base::Status validate(const SetManifest& set);
base::Status validate(const RootStatement& statement);

// Canonical JSON, as of manifests. What is written must be valid.
base::Bytes canonical_json(const Head& head);
base::Bytes canonical_json(const SignedHead& head);
base::Bytes canonical_json(const SetManifest& set);
base::Bytes canonical_json(const RootStatement& statement);
// As strict as parse_manifest: each succeeds exactly if the bytes are canonical_json(x) for a
// valid x.
base::Result<Head> parse_head(base::ByteView bytes);
base::Result<SignedHead> parse_signed_head(base::ByteView bytes);
base::Result<SetManifest> parse_set_manifest(base::ByteView bytes);
base::Result<RootStatement> parse_root_statement(base::ByteView bytes);

// Where the CDN's static-file layout has them.
std::string head_path(std::string_view group, Feed feed);         // heads/<group>/<feed>.json
std::string signed_head_path(std::string_view group, Feed feed);  // heads/<group>/<feed>.signed
std::string set_path(const base::Digest& set);                    // sets/<digest of its JSON>
std::string trust_path(uint64_t number);                          // trust/<number>.p7m
inline constexpr const char* kLatestTrustPath = "trust/latest.p7m";

}  // namespace firebreak::content
