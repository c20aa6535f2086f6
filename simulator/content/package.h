// A package: envelope and payload files, in memory and as a folder.
#pragma once

#include <filesystem>
#include <functional>
#include <map>

#include "content/envelope.h"
#include "content/payload_check.h"

namespace firebreak::content {

using Payloads = std::map<std::string, base::Bytes>;  // by name, as in a manifest

// A manifest with the bytes that it names, not yet signed.
struct Draft {
    Manifest manifest;
    Payloads payloads;
};

struct Package {
    Draft draft;
    base::Digest manifest_digest;
    base::UtcTime signing_time;
    base::Bytes envelope;
};

// Makes the payloads of a feed whose source files people write and components do not read. An
// error's place begins with the source file's name.
using Compile = std::function<base::Result<Payloads>(Payloads sources)>;

// What a manifest says beside feed, version and payloads, as in Manifest, and how payloads are
// made.
struct BuildOptions {
    std::string min_product_version = "0";
    std::string platform = "any";
    std::vector<std::string> groups = {};          // in any order
    base::Bytes content_key = {};                  // of the feed; empty: payloads stay as they are
    Compile compile = {};                          // none: the source files are the payloads
    std::vector<std::filesystem::path> also = {};  // folders whose files join those of the source
};

// All regular files of the folder (not its subfolders) become payloads, or what `compile` makes of
// them does; a README.md is passed over. Payloads of an encrypted feed are encrypted under the
// content key, each under its own name. Errors name the file: none, too many, too large, a name
// that a manifest does not allow, what `compile` says.
base::Result<Draft> build(Feed feed, const std::string& version,
                          const std::filesystem::path& folder, const BuildOptions& options = {});

base::Result<Package> sign(Draft draft, const Signer& signer, base::UtcTime signing_time);

// Folder format: manifest.json, payload/<name>, and once signed package.p7m (DER).
base::Status save(const Draft& draft, const std::filesystem::path& folder);
base::Status save(const Package& package, const std::filesystem::path& folder);
// manifest.json and the payload files it names, sizes and digests checked.
base::Result<Draft> load_draft(const std::filesystem::path& folder);

}  // namespace firebreak::content
