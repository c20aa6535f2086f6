#include "assay/memory_store.h"

namespace firebreak::assay {

ports::Changes difference(const Snapshot& from, const Snapshot& to) {
    ports::Changes out;
    for (const auto& [key, value] : from) {
        if (!to.contains(key)) {
            out[key] = std::nullopt;
        }
    }
    for (const auto& [key, value] : to) {
        const auto found = from.find(key);
        if (found == from.end() || found->second != value) {
            out[key] = value;
        }
    }
    return out;
}

Snapshot applied(Snapshot to, const ports::Changes& changes) {
    for (const auto& [key, value] : changes) {
        if (value) {
            to[key] = *value;
        } else {
            to.erase(key);
        }
    }
    return to;
}

void BlobPool::keep(const base::Digest& digest, base::ByteView bytes) {
    const std::lock_guard lock(mutex_);
    if (!blobs_.contains(digest)) {
        blobs_[digest] = std::make_shared<const base::Bytes>(bytes.begin(), bytes.end());
    }
}

std::shared_ptr<const base::Bytes> BlobPool::find(const base::Digest& digest) const {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(digest);
    return found == blobs_.end() ? nullptr : found->second;
}

MemoryStore::MemoryStore(Snapshot snapshot, BlobPool& blobs)
    : initial_(std::move(snapshot)), snapshot_(initial_), blobs_(blobs) {}

base::Result<std::optional<std::string>> MemoryStore::get(const std::string& key) {
    const auto value = [&key](const Snapshot& in) {
        const auto found = in.find(key);
        return found == in.end() ? std::optional<std::string>{} : found->second;
    };
    reads_.emplace(key, value(initial_));
    return value(snapshot_);
}

base::Status MemoryStore::commit(const ports::Changes& changes) {
    snapshot_ = applied(std::move(snapshot_), changes);
    return {};
}

base::Status MemoryStore::keep(const base::Digest& digest, base::ByteView bytes) {
    blobs_.keep(digest, bytes);
    return {};
}

base::Result<base::Bytes> MemoryStore::blob(const base::Digest& digest) {
    const auto found = blobs_.find(digest);
    if (found == nullptr) {
        return base::Error{"payload " + digest.hex().substr(0, 12) + " was never kept", "", ""};
    }
    if (base::sha384(*found) != digest) {
        return base::Error{"a kept payload is damaged", "", ""};
    }
    return *found;
}

}  // namespace firebreak::assay
