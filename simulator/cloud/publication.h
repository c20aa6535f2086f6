// Signed package folders, laid out as the CDN's static files (content/head.h, content/manifest.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "cloud/head_signer.h"
#include "content/catalogue.h"

namespace firebreak::cloud {

struct Published {
    content::Feed feed = content::Feed::kDatasetA;
    std::string version;
    base::Digest manifest;
};

// Copies the package (package.p7m and payload/, as `firebreak content sign` leaves them) to
// packages/ and payloads/ of `site`. Payloads are checked against the manifest on the way; whoever
// signed it, and whether that is right, is for endpoints to judge. Payloads stream. Errors name the
// file: missing, too large, not what the manifest says, cannot be written.
base::Result<Published> publish(const std::filesystem::path& package,
                                const std::filesystem::path& site);

// Writes the unsigned head by which a release group is offered the package. Errors: a group that is
// not 1 to 40 of a-z, 0-9 and -; cannot be written.
base::Status offer(const Published& package, const std::string& group,
                   const std::filesystem::path& site);

// Copies a statement of the root's to trust/<number>.p7m and trust/latest.p7m, and returns its
// number. Whether the root signed it is for endpoints to judge. Errors: no valid statement; not the
// one that follows the site's latest; leaves out a revocation of that; cannot be written.
base::Result<uint64_t> publish_trust(const std::filesystem::path& statement,
                                     const std::filesystem::path& site);

// Errors: no valid name of a release group.
base::Status check_group(const std::string& group);
// Of the newest signed head that the group was given on this site; 0: none. Errors: a head that is
// not valid.
base::Result<uint64_t> last_sequence(const std::string& group, const std::filesystem::path& site);

// Signs heads, and the set manifest that they name, for all that the group's unsigned heads offer;
// they name the site's latest root statement. `sequence` must be higher than the last one that the
// group was given on this site, or the same for the same offer.
// Errors: as of HeadSigner; another number; a head or statement of the site that is not valid;
// cannot be written.
base::Status sign_heads(const std::string& group, uint64_t sequence, HeadSigner signer,
                        base::UtcTime at, const std::filesystem::path& site);

}  // namespace firebreak::cloud
