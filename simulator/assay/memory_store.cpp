#include "assay/memory_store.h"

namespace firebreak::assay {

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
    : snapshot_(std::move(snapshot)), blobs_(blobs) {}

base::Result<std::optional<std::string>> MemoryStore::get(const std::string& key) {
    const auto found = snapshot_.find(key);
    return found == snapshot_.end() ? std::optional<std::string>{} : found->second;
}

base::Status MemoryStore::commit(const ports::Changes& changes) {
    for (const auto& [key, value] : changes) {
        if (value) {
            snapshot_[key] = *value;
        } else {
            snapshot_.erase(key);
        }
    }
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
