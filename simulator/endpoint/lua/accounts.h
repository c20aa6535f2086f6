// Whose memory it is: an allocator for an interpreter that several owners share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace firebreak::endpoint::lua {

using Owner = uint32_t;
inline constexpr Owner kEngine = 0;  // of what belongs to no rule

// What the engine may have when the owners have all that they may have together: a stack as large
// as LuaJIT makes one, and tables that all share, which must be able to grow.
inline constexpr size_t kEngineReserve = 2u * 1024 * 1024;

// Memory counts for whoever ran when it was first allocated, until it is freed, whoever runs then:
// so garbage counts until it is collected. Not thread-safe.
class Accounts {
  public:
    // `each`, `all`: bytes that one owner and all together may have; the engine itself has no
    // limit but the last one, and its reserve beyond. What is more is refused, and noted.
    Accounts(size_t each, size_t all) : each_(each), all_(all), live_(1) {}

    Owner add();
    void run_as(Owner owner) { current_ = owner; }
    Owner running() const { return current_; }
    size_t live(Owner owner) const { return live_[owner]; }
    size_t total() const { return total_; }
    // Whether anything was refused since the last clear_refused().
    bool refused() const { return refused_; }
    void clear_refused() { refused_ = false; }

    // A lua_Alloc; `accounts` is one of these.
    static void* allocate(void* accounts, void* block, size_t old_size, size_t new_size);

  private:
    bool may_have(Owner owner, size_t more) const;
    void* resize(void* block, size_t old_size, size_t new_size);

    size_t each_, all_;
    std::vector<size_t> live_;  // by owner
    size_t total_ = 0;
    Owner current_ = kEngine;
    bool refused_ = false;
};

}  // namespace firebreak::endpoint::lua
