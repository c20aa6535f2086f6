// Packages for tests that look at where content goes, not at what is in it.
#pragma once

#include <string>

#include "content/package.h"

namespace firebreak::cloud {

inline constexpr content::Feed kFeed = content::Feed::kDatasetA;

// Unsigned: nothing in this folder verifies.
inline content::Package package(const std::string& version, content::Feed feed = kFeed) {
    content::Package made;
    const base::Bytes rules = base::bytes_of("rules " + version);
    made.draft.manifest.feed = feed;
    made.draft.manifest.version = version;
    made.draft.manifest.payloads = {{"rules.yar", rules.size(), base::sha384(rules)}};
    made.draft.payloads["rules.yar"] = rules;
    made.manifest_digest = base::sha384(content::canonical_json(made.draft.manifest));
    made.envelope = base::bytes_of("envelope " + version);
    return made;
}

}  // namespace firebreak::cloud
