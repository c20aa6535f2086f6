#include "cloud/cdn.h"

#include "content/manifest.h"

namespace firebreak::cloud {

void Cdn::store(const content::Package& package) {
    files_[content::package_path(package.manifest_digest)] =
        std::make_shared<const base::Bytes>(package.envelope);
    for (const content::PayloadFile& payload : package.draft.manifest.payloads) {
        files_[content::payload_path(payload.sha384)] =
            std::make_shared<const base::Bytes>(package.draft.payloads.at(payload.name));
    }
}

void Cdn::set_head(const std::string& group, content::Feed feed, const content::Package* package,
                   base::SimTime visible_at) {
    pending_.emplace(visible_at, HeadChange{content::head_path(group, feed), feed, package});
}

bool Cdn::advance(base::SimTime now) {
    bool changed = false;
    while (!pending_.empty() && pending_.begin()->first <= now) {
        const HeadChange& change = pending_.begin()->second;
        content::Head head{change.feed, std::nullopt};
        if (change.package != nullptr) {
            head.manifest = change.package->manifest_digest;
        }
        files_[change.path] = std::make_shared<const base::Bytes>(content::canonical_json(head));
        offers_[change.path] = change.package;
        pending_.erase(pending_.begin());
        changed = true;
    }
    return changed;
}

ports::Fetched Cdn::get(const std::string& path, uint64_t max_bytes) {
    const auto found = files_.find(path);
    if (found == files_.end()) {
        return {ports::FetchStatus::kMissing, {}};
    }
    if (found->second->size() > max_bytes) {
        return {ports::FetchStatus::kOverCap, {}};
    }
    return {ports::FetchStatus::kOk, *found->second};
}

const content::Package* Cdn::offered(const std::string& group, content::Feed feed) const {
    const auto found = offers_.find(content::head_path(group, feed));
    return found == offers_.end() ? nullptr : found->second;
}

}  // namespace firebreak::cloud
