// What a store must hold whatever happens to it, kept beside it in plain memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/store.h"

namespace firebreak::test {

using Entries = std::map<std::string, std::string>;

// A value: copy it to try several ends of the same story.
class Shadow {
  public:
    // What is wrong with this store: it has other entries than were committed last or were being
    // committed, a payload that was kept is gone or is another one, or one that was never finished
    // is there. Empty: nothing is. What was found is what must be found from now on.
    std::string complaint(ports::Store& store);

    // Of a store of two copies on a disk that lets it have them. Empty: each payload is in both.
    std::string single_copies(ports::Store& store) const;

    const Entries& entries() const { return entries_; }
    const std::map<base::Digest, base::Bytes>& payloads() const { return payloads_; }

  private:
    friend class ShadowedStore;
    std::string entries_complaint(ports::Store& store);
    std::string payloads_complaint(ports::Store& store);

    Entries entries_;
    std::vector<Entries> attempts_;  // since entries_ were committed, each answered with an error
    std::set<std::string> keys_;     // all that were ever set
    std::map<base::Digest, base::Bytes> payloads_;
    // Being written or dropped when an error came: there as a whole, or not at all.
    std::map<base::Digest, base::Bytes> perhaps_;
    std::set<base::Digest> never_;  // begun and not finished, or dropped
};

// Passes everything on and tells the shadow. An answer that is not the shadow's is a complaint,
// too.
class ShadowedStore final : public ports::Store {
  public:
    ShadowedStore(ports::Store& store, Shadow& shadow, std::function<bool()> ended)
        : store_(store), shadow_(shadow), ended_(std::move(ended)) {}

    base::Result<std::optional<std::string>> get(const std::string& key) override;
    base::Result<std::vector<std::string>> values(const std::string& prefix) override;
    base::Status commit(const ports::Changes& changes) override;
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override;
    base::Result<bool> has_blob(const base::Digest& digest) override;
    base::Result<base::Bytes> blob(const base::Digest& digest) override;
    base::Status keep_only(const std::set<base::Digest>& digests) override;

    const std::vector<std::string>& complaints() const { return complaints_; }

  private:
    class Writer;
    ports::Store& store_;
    Shadow& shadow_;
    std::function<bool()> ended_;
    std::vector<std::string> complaints_;
};

}  // namespace firebreak::test
