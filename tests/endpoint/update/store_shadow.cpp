#include "endpoint/update/store_shadow.h"

#include <algorithm>

namespace firebreak::test {

namespace {

std::string name_of(const base::Digest& digest) {
    return "payload " + digest.hex().substr(0, 12);
}

}  // namespace

std::string Shadow::complaint(ports::Store& store) {
    const std::string entries = entries_complaint(store);
    return entries.empty() ? payloads_complaint(store) : entries;
}

std::string Shadow::single_copies(ports::Store& store) const {
    for (const auto& [digest, bytes] : payloads_) {
        if (!store.has_blob(digest).value()) {
            return name_of(digest) + " is there once only";
        }
    }
    return "";
}

std::string Shadow::entries_complaint(ports::Store& store) {
    Entries found;
    for (const std::string& key : keys_) {
        const auto value = store.get(key);
        if (!value.ok()) {
            return "cannot read " + key + ": " + value.error().text();
        }
        if (*value) {
            found[key] = **value;
        }
    }
    const auto all = store.values("");
    if (!all.ok() || all->size() != found.size()) {
        return "there are entries that were never committed";
    }
    if (found != entries_ && std::ranges::find(attempts_, found) == attempts_.end()) {
        return "the entries are neither those committed last nor those being committed";
    }
    entries_ = found;
    attempts_.clear();
    return "";
}

std::string Shadow::payloads_complaint(ports::Store& store) {
    for (const auto& [digest, bytes] : payloads_) {
        const auto read = store.blob(digest);
        if (!read.ok()) {
            return name_of(digest) + " is lost: " + read.error().text();
        }
        if (*read != bytes) {
            return name_of(digest) + " has other bytes";
        }
    }
    for (const auto& [digest, bytes] : perhaps_) {
        if (!store.has_blob(digest).value()) {
            continue;
        }
        const auto read = store.blob(digest);
        if (!read.ok() || *read != bytes) {
            return name_of(digest) + " is there in part";
        }
        payloads_[digest] = bytes;
        never_.erase(digest);
    }
    perhaps_.clear();
    for (const base::Digest& digest : never_) {
        if (store.has_blob(digest).value() || store.blob(digest).ok()) {
            return name_of(digest) + " is there, although it was dropped or never finished";
        }
    }
    return "";
}

base::Result<std::optional<std::string>> ShadowedStore::get(const std::string& key) {
    auto value = store_.get(key);
    const auto expected = shadow_.entries_.find(key);
    const bool right = expected == shadow_.entries_.end()
                           ? value.ok() && !*value
                           : value.ok() && *value == expected->second;
    if (!right && !ended_()) {
        complaints_.push_back("get(" + key + ") is not what was committed");
    }
    return value;
}

base::Result<std::vector<std::string>> ShadowedStore::values(const std::string& prefix) {
    return store_.values(prefix);
}

base::Status ShadowedStore::commit(const ports::Changes& changes) {
    if (ended_()) {
        return store_.commit(changes);
    }
    Entries next = shadow_.entries_;
    for (const auto& [key, value] : changes) {
        shadow_.keys_.insert(key);
        if (value) {
            next[key] = *value;
        } else {
            next.erase(key);
        }
    }
    auto committed = store_.commit(changes);
    if (committed.ok() && !ended_()) {
        shadow_.entries_ = next;
        shadow_.attempts_.clear();
    } else {
        shadow_.attempts_.push_back(next);
    }
    return committed;
}

class ShadowedStore::Writer final : public ports::BlobWriter {
  public:
    Writer(std::unique_ptr<ports::BlobWriter> writer, const base::Digest& digest, Shadow& shadow,
           const std::function<bool()>& ended)
        : writer_(std::move(writer)), digest_(digest), shadow_(shadow), ended_(ended) {}
    ~Writer() override {
        if (!finished_ && !shadow_.payloads_.contains(digest_) &&
            !shadow_.perhaps_.contains(digest_)) {
            shadow_.never_.insert(digest_);
        }
    }

    base::Status write(base::ByteView bytes) override {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return writer_->write(bytes);
    }
    base::Status finish() override {
        if (ended_()) {
            return writer_->finish();
        }
        auto finished = writer_->finish();
        const bool right = base::sha384(bytes_) == digest_;
        finished_ = right;
        if (finished.ok() && !ended_()) {
            shadow_.payloads_[digest_] = bytes_;
            shadow_.never_.erase(digest_);
        } else if (right && !shadow_.payloads_.contains(digest_)) {
            shadow_.perhaps_[digest_] = bytes_;
            shadow_.never_.erase(digest_);
        }
        return finished;
    }

  private:
    std::unique_ptr<ports::BlobWriter> writer_;
    const base::Digest digest_;
    Shadow& shadow_;
    const std::function<bool()>& ended_;
    base::Bytes bytes_;
    bool finished_ = false;
};

base::Result<std::unique_ptr<ports::BlobWriter>> ShadowedStore::new_blob(
    const base::Digest& digest) {
    FB_TRY(auto writer, store_.new_blob(digest));
    return std::unique_ptr<ports::BlobWriter>(
        std::make_unique<Writer>(std::move(writer), digest, shadow_, ended_));
}

base::Result<bool> ShadowedStore::has_blob(const base::Digest& digest) {
    return store_.has_blob(digest);
}

base::Result<base::Bytes> ShadowedStore::blob(const base::Digest& digest) {
    auto bytes = store_.blob(digest);
    const auto expected = shadow_.payloads_.find(digest);
    if (expected != shadow_.payloads_.end() && bytes.ok() && *bytes != expected->second) {
        complaints_.push_back(name_of(digest) + " is read back as something else");
    }
    return bytes;
}

base::Status ShadowedStore::keep_only(const std::set<base::Digest>& digests) {
    if (ended_()) {
        return store_.keep_only(digests);
    }
    auto kept = store_.keep_only(digests);
    const bool done = kept.ok() && !ended_();
    const auto leave = [&](std::map<base::Digest, base::Bytes>& payloads, bool perhaps) {
        for (auto at = payloads.begin(); at != payloads.end();) {
            if (digests.contains(at->first)) {
                ++at;
                continue;
            }
            if (perhaps) {
                shadow_.perhaps_.insert(*at);
            } else {
                shadow_.never_.insert(at->first);
            }
            at = payloads.erase(at);
        }
    };
    leave(shadow_.payloads_, !done);
    if (done) {
        leave(shadow_.perhaps_, false);
    }
    return kept;
}

}  // namespace firebreak::test
