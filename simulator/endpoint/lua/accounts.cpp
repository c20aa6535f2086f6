#include "endpoint/lua/accounts.h"

#include <algorithm>
#include <cstdlib>

namespace firebreak::endpoint::lua {
namespace {

// Before each block; as large as the alignment that LuaJIT asks for.
struct Header {
    uint64_t owner;
};

Header* header_of(void* block) {
    return static_cast<Header*>(block) - 1;
}

}  // namespace

Owner Accounts::add() {
    live_.push_back(0);
    return static_cast<Owner>(live_.size() - 1);
}

void* Accounts::allocate(void* accounts, void* block, size_t old_size, size_t new_size) {
    return static_cast<Accounts*>(accounts)->resize(block, old_size, new_size);
}

bool Accounts::may_have(Owner owner, size_t more) const {
    if (owner == kEngine) {
        return more <= all_ + kEngineReserve - total_;
    }
    return more <= all_ - std::min(all_, total_) && more <= each_ - std::min(each_, live_[owner]);
}

void* Accounts::resize(void* block, size_t old_size, size_t new_size) {
    const Owner owner = block == nullptr ? current_ : static_cast<Owner>(header_of(block)->owner);
    if (new_size > old_size && !may_have(owner, new_size - old_size)) {
        refused_ = true;
        return nullptr;
    }
    if (new_size == 0) {
        if (block != nullptr) {
            std::free(header_of(block));
        }
    } else {
        auto* header = static_cast<Header*>(
            std::realloc(block == nullptr ? nullptr : header_of(block), sizeof(Header) + new_size));
        if (header == nullptr) {
            refused_ = true;
            return nullptr;
        }
        header->owner = owner;
        block = header + 1;
    }
    live_[owner] += new_size - old_size;  // modulo 2^64: right when it shrinks, too
    total_ += new_size - old_size;
    return new_size == 0 ? nullptr : block;
}

}  // namespace firebreak::endpoint::lua
