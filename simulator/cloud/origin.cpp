#include "cloud/origin.h"

#include <algorithm>

namespace firebreak::cloud {

namespace {

bool is_layout_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-';
}

}  // namespace

base::Result<size_t> MemoryFile::read(uint64_t offset, std::span<uint8_t> buffer) const {
    if (offset >= bytes_->size()) {
        return size_t{0};
    }
    const size_t count = std::min<uint64_t>(buffer.size(), bytes_->size() - offset);
    std::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(offset), count, buffer.begin());
    return count;
}

bool is_layout_path(std::string_view path) {
    if (path.empty() || path.size() > 300 || path.back() == '/' ||
        !std::ranges::all_of(path, is_layout_character)) {
        return false;
    }
    char before = '/';
    for (const char c : path) {
        if (before == '/' && (c == '/' || c == '.')) {
            return false;
        }
        before = c;
    }
    return true;
}

bool is_replaced_in_place(std::string_view path) {
    return path.starts_with("heads/") || path == "trust/latest.p7m";
}

}  // namespace firebreak::cloud
