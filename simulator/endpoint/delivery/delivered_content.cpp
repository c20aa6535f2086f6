#include "endpoint/delivery/delivered_content.h"

#include <fmt/format.h>

namespace firebreak::endpoint::delivery {

base::Result<ports::Installation> DeliveredContent::install(const content::Manifest&,
                                                            const base::Digest& manifest_digest) {
    const std::string key = fmt::format("delivered/{}/running", content::info(feed_).name);
    FB_TRY(const auto before, store_.get(key));
    ports::Installation done;
    done.outcome = {base::Stage::kNever,
                    base::Category::kInstalled,
                    base::Code::kNone,
                    {{"component", "none in this version: delivered and kept"}}};
    const std::string digest = manifest_digest.hex();
    if (before != digest) {
        done.changes[key] = digest;
        if (before) {
            done.changes["package/" + *before] = std::nullopt;
        }
    }
    return done;
}

}  // namespace firebreak::endpoint::delivery
