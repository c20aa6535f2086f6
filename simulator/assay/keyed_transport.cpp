#include "assay/keyed_transport.h"

#include <algorithm>
#include <array>

namespace firebreak::assay {

namespace {

// Files of the layout that are not named by a digest: the stimulus has them, or nobody.
bool is_named_by_digest(const std::string& path) {
    constexpr std::array kFolders = {"packages/", "payloads/", "sets/"};
    return std::any_of(kFolders.begin(), kFolders.end(),
                       [&](const char* folder) { return path.starts_with(folder); });
}

bool may_change(const std::string& path) {
    return path.starts_with("heads/") || path.starts_with("trust/");
}

}  // namespace

ports::FetchStatus KeyedTransport::get(const ports::Request& request, ports::Receiver& receiver) {
    if (files_.contains(request.path) || is_named_by_digest(request.path)) {
        return inner_.get(request, receiver);
    }
    if (!may_change(request.path)) {
        outside_.push_back(request.path);
    }
    return ports::FetchStatus::kMissing;
}

}  // namespace firebreak::assay
