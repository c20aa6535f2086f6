// DER as a tree that can be changed and written again, lengths and all: damage that gets past
// whoever only counts bytes. Shares no code with the reader that it is to try.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace firebreak::test {

struct DerNode {
    uint8_t tag = 0;
    base::Bytes contents;           // of a primitive element
    std::vector<DerNode> children;  // of a constructed one
};
using DerForest = std::vector<DerNode>;

// Elements one after another, to the last byte. nullopt: these bytes are not that.
std::optional<DerForest> read_der(base::ByteView bytes);
// With the shortest lengths.
base::Bytes write_der(const DerForest& forest);

// A number below the bound, which is not 0.
using Below = std::function<size_t(size_t bound)>;

// Any element, each as likely. The forest must not be empty.
DerNode& pick_node(DerForest& forest, const Below& below);

enum class DerChange { kDuplicate, kRemove, kSwap, kReplace, kMove };
inline constexpr size_t kDerChanges = 5;

// Changes one element. kReplace puts an element of `other` into its place, kMove a copy of it
// somewhere else. Neither forest may be empty.
void change_der(DerForest& forest, DerForest& other, DerChange change, const Below& below);

}  // namespace firebreak::test
