// A table of reputations with as many files as a benchmark wants, and who asks for them.
#pragma once

#include <span>
#include <vector>

#include "endpoint/reputation/reputation_table.h"

namespace firebreak::endpoint::reputation {

// Ends the program with this message, unless the condition holds.
void require(bool condition, const char* what);

// Files 0 to count - 1.
std::vector<TableEntry> entries_of(size_t count);

// A million, in no order; of a table of `count` files half of these are there.
std::vector<Sha256> asked_of(size_t count);

// How many were found.
size_t in_batches(const SortedKeys& keys, std::span<const Sha256> asked, size_t batch);

// A read-only mapping of a memory file with these bytes.
class Mapped {
  public:
    explicit Mapped(base::ByteView bytes);
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    ~Mapped();
    base::ByteView bytes() const { return {static_cast<const uint8_t*>(address_), size_}; }

  private:
    void* address_ = nullptr;
    size_t size_;
};

}  // namespace firebreak::endpoint::reputation
