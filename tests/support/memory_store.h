// A store in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/store.h"

namespace firebreak::test {

// Durable as long as it lives; commits can be made to fail.
class MemoryStore final : public ports::Store {
  public:
    base::Result<std::optional<std::string>> get(const std::string& key) override {
        const auto found = entries.find(key);
        return found == entries.end() ? std::nullopt : std::optional(found->second);
    }
    base::Status commit(const ports::Changes& changes) override {
        if (broken) {
            return base::Error{"the disk is full", "", ""};
        }
        ++commits;
        for (const auto& [key, value] : changes) {
            if (value) {
                entries[key] = *value;
            } else {
                entries.erase(key);
            }
        }
        return {};
    }
    // Scanners only read: nobody writes payloads through the port here.
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest&) override {
        return base::Error{"not a store for writing payloads", "", ""};
    }
    base::Result<bool> has_blob(const base::Digest& digest) override {
        return blobs.contains(digest);
    }
    base::Result<std::vector<std::string>> values(const std::string& prefix) override {
        std::vector<std::string> out;
        for (const auto& [key, value] : entries) {
            if (key.starts_with(prefix)) {
                out.push_back(value);
            }
        }
        return out;
    }
    base::Status keep_only(const std::set<base::Digest>& digests) override {
        std::erase_if(blobs, [&](const auto& blob) { return !digests.contains(blob.first); });
        return {};
    }
    base::Result<base::Bytes> blob(const base::Digest& digest) override {
        const auto found = blobs.find(digest);
        if (found == blobs.end()) {
            return base::Error{"no such blob", digest.hex(), ""};
        }
        return found->second;
    }

    std::map<std::string, std::string> entries;
    std::map<base::Digest, base::Bytes> blobs;
    int commits = 0;
    bool broken = false;
};

}  // namespace firebreak::test
