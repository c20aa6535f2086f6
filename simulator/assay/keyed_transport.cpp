#include "assay/keyed_transport.h"

namespace firebreak::assay {

KeyedTransport::KeyedTransport(ports::Transport& cdn, std::string head_path, base::Bytes head,
                               const std::vector<const content::Package*>& packages)
    : cdn_(cdn), head_path_(std::move(head_path)), head_(std::move(head)) {
    for (const content::Package* package : packages) {
        allowed_.insert(content::package_path(package->manifest_digest));
        for (const content::PayloadFile& payload : package->draft.manifest.payloads) {
            allowed_.insert(content::payload_path(payload.sha384));
        }
    }
}

ports::Fetched KeyedTransport::get(const std::string& path, uint64_t max_bytes) {
    if (path == head_path_) {
        return head_.size() > max_bytes ? ports::Fetched{ports::FetchStatus::kOverCap, {}}
                                        : ports::Fetched{ports::FetchStatus::kOk, head_};
    }
    if (!allowed_.contains(path)) {
        outside_.push_back(path);
        return {ports::FetchStatus::kMissing, {}};
    }
    return cdn_.get(path, max_bytes);
}

}  // namespace firebreak::assay
