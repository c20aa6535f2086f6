// Typed 32-bit indices: what big tables hold in place of pointers.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>

namespace firebreak::base {

// An index into the table that Tag names. Default-constructed: no row (valid() is false).
template <class Tag>
struct Id {
    static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

    uint32_t value = kNone;

    constexpr bool valid() const { return value != kNone; }
    friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace firebreak::base

template <class Tag>
struct std::hash<firebreak::base::Id<Tag>> {
    size_t operator()(firebreak::base::Id<Tag> id) const noexcept { return id.value; }
};
