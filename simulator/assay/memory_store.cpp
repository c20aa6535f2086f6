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

namespace {

std::string payload_key(const base::Digest& digest) {
    return "payload/" + digest.hex();
}

}  // namespace

class MemoryStore::Writer final : public ports::BlobWriter {
  public:
    Writer(MemoryStore& store, const base::Digest& digest) : store_(store), digest_(digest) {}

    base::Status write(base::ByteView bytes) override {
        if (bytes_.size() + bytes.size() > kRoom) {
            return base::Error{"no room left for a payload", "the simulated machine's disk", ""};
        }
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return {};
    }
    base::Status finish() override {
        if (base::sha384(bytes_) != digest_) {
            return base::Error{"a payload with another digest was written", "", ""};
        }
        store_.blobs_.keep(digest_, bytes_);
        store_.snapshot_[payload_key(digest_)] = "";
        return {};
    }

  private:
    MemoryStore& store_;
    base::Digest digest_;
    base::Bytes bytes_;
};

base::Result<std::unique_ptr<ports::BlobWriter>> MemoryStore::new_blob(const base::Digest& digest) {
    return std::unique_ptr<ports::BlobWriter>(std::make_unique<Writer>(*this, digest));
}

base::Result<bool> MemoryStore::has_blob(const base::Digest& digest) {
    FB_TRY(const auto here, get(payload_key(digest)));
    return here.has_value();
}

base::Result<std::vector<std::string>> MemoryStore::values(const std::string&) {
    return std::vector<std::string>();
}

base::Status MemoryStore::keep_only(const std::set<base::Digest>&) {
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
