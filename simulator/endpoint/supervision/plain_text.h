// What a component reads of content that lies encrypted in its store.
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "content/manifest.h"
#include "ports/store.h"

namespace firebreak::endpoint::supervision {

// The plain text of a payload, or why there is none (stage kLoad); `key`: of its feed, and unused
// where the feed is not encrypted. Errors: it is not in the store, or there is no key.
base::Result<std::variant<base::Bytes, base::Outcome>> plain_text(
    ports::Store& store, content::Feed feed, const content::PayloadFile& payload,
    base::ByteView key);

}  // namespace firebreak::endpoint::supervision
