// What this process has open.
#pragma once

#include <filesystem>
#include <iterator>

namespace firebreak::test {

inline size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace firebreak::test
