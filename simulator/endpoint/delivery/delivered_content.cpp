#include "endpoint/delivery/delivered_content.h"

#include <fmt/format.h>

namespace firebreak::endpoint::delivery {

base::Result<ports::Installation> DeliveredContent::install(const content::Manifest&,
                                                            const base::Digest& manifest_digest) {
    const std::string key = running_key();
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
            done.changes[ports::package_key(feed_, *before)] = std::nullopt;
        }
    }
    return done;
}

base::Result<bool> DeliveredContent::keeps(const base::Digest& manifest_digest) {
    FB_TRY(const auto running, store_.get(running_key()));
    return running == manifest_digest.hex();
}

std::string DeliveredContent::running_key() const {
    return fmt::format("delivered/{}/running", content::info(feed_).name);
}

}  // namespace firebreak::endpoint::delivery
