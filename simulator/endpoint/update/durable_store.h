// The store of a real endpoint: an SQLite database, synced at every commit.
#pragma once

#include <filesystem>
#include <memory>

#include "ports/store.h"

namespace firebreak::endpoint::update {

// Not thread-safe. One process at a time.
class DurableStore final : public ports::Store {
  public:
    // Opens or makes the database. Errors: not a store, damaged, unwritable.
    static base::Result<std::unique_ptr<DurableStore>> open(const std::filesystem::path& file);
    ~DurableStore() override;

    base::Result<std::optional<std::string>> get(const std::string& key) override;
    base::Status commit(const ports::Changes& changes) override;
    base::Status keep(const base::Digest& digest, base::ByteView bytes) override;
    base::Result<base::Bytes> blob(const base::Digest& digest) override;

  private:
    struct State;
    explicit DurableStore(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::update
