#include "faults/faulty_store.h"

namespace firebreak::faults {

namespace {

base::Error no_room() {
    return {"no room left in the store", "", "free some space on this machine's disk"};
}

base::Error read_only() {
    return {"the store is read-only", "", "make its folder writable"};
}

// Takes nothing, not even the record of an empty payload.
class NoRoom final : public ports::BlobWriter {
  public:
    base::Status write(base::ByteView) override { return no_room(); }
    base::Status finish() override { return no_room(); }
};

}  // namespace

FaultyStore::FaultyStore(ports::Store& inner, const Fault& fault)
    : inner_(inner), kind_(fault.kind) {}

base::Result<std::optional<std::string>> FaultyStore::get(const std::string& key) {
    FB_TRY(const auto value, inner_.get(key));
    // Whoever lists what was read must learn of this key, since the loss changes it: so it is
    // read first, and then really gone.
    const bool is_lost =
        kind_ == FaultKind::kStateLost && key.starts_with("update/") && gone_.insert(key).second;
    if (!is_lost) {
        return value;
    }
    if (value) {
        FB_CHECK(inner_.commit({{key, std::nullopt}}));
    }
    return std::optional<std::string>{};
}

base::Result<std::vector<std::string>> FaultyStore::values(const std::string& prefix) {
    return inner_.values(prefix);
}

base::Status FaultyStore::commit(const ports::Changes& changes) {
    if (kind_ == FaultKind::kStoreFull) {
        return no_room();
    }
    if (kind_ == FaultKind::kStoreReadOnly) {
        return read_only();
    }
    FB_CHECK(inner_.commit(changes));
    for (const auto& [key, value] : changes) {
        gone_.insert(key);
    }
    return {};
}

base::Result<std::unique_ptr<ports::BlobWriter>> FaultyStore::new_blob(const base::Digest& digest) {
    if (kind_ == FaultKind::kStoreFull) {
        return std::unique_ptr<ports::BlobWriter>(std::make_unique<NoRoom>());
    }
    if (kind_ == FaultKind::kStoreReadOnly) {
        return read_only();
    }
    return inner_.new_blob(digest);
}

base::Result<bool> FaultyStore::has_blob(const base::Digest& digest) {
    return inner_.has_blob(digest);
}

base::Result<base::Bytes> FaultyStore::blob(const base::Digest& digest) {
    return inner_.blob(digest);
}

base::Status FaultyStore::keep_only(const std::set<base::Digest>& digests) {
    if (kind_ == FaultKind::kStoreReadOnly) {
        return read_only();
    }
    return inner_.keep_only(digests);
}

}  // namespace firebreak::faults
