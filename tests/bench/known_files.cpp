#include "bench/known_files.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/random.h"

namespace firebreak::endpoint::reputation {

namespace {

constexpr size_t kAsked = 1'000'000;

// The n-th file.
Sha256 file(uint64_t n) {
    Sha256 key;
    for (size_t word = 0; word < 4; ++word) {
        const uint64_t bits = base::mix64(base::mix64(n) + word);
        std::memcpy(key.data() + 8 * word, &bits, sizeof bits);
    }
    return key;
}

}  // namespace

void require(bool condition, const char* what) {
    if (!condition) {
        fmt::print(stderr, "{}\n", what);
        std::exit(1);
    }
}

std::vector<TableEntry> entries_of(size_t count) {
    std::vector<TableEntry> entries;
    entries.reserve(count);
    for (uint64_t n = 0; n < count; ++n) {
        entries.push_back({file(n), static_cast<uint8_t>(n % 101)});
    }
    return entries;
}

std::vector<Sha256> asked_of(size_t count) {
    const base::RandomStream draws(1, base::Stream::kTrigger);
    std::vector<Sha256> asked;
    for (uint64_t n = 0; n < kAsked; ++n) {
        asked.push_back(file(draws.below(2 * count, n)));
    }
    return asked;
}

size_t in_batches(const SortedKeys& keys, std::span<const Sha256> asked, size_t batch) {
    std::vector<std::optional<uint8_t>> answers(batch);
    size_t found = 0;
    for (size_t at = 0; at < asked.size(); at += batch) {
        const auto some = asked.subspan(at, std::min(batch, asked.size() - at));
        const std::span into = std::span(answers).first(some.size());
        keys.look_up(some, into);
        found += static_cast<size_t>(
            std::ranges::count_if(into, [](const auto& answer) { return answer.has_value(); }));
    }
    return found;
}

Mapped::Mapped(base::ByteView bytes) : size_(bytes.size()) {
    const int descriptor = memfd_create("table", MFD_CLOEXEC);
    require(descriptor >= 0, "no memory file");
    for (size_t at = 0; at < size_;) {
        const ssize_t written = ::write(descriptor, bytes.data() + at, size_ - at);
        require(written > 0, "no memory for the table");
        at += static_cast<size_t>(written);
    }
    address_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    require(address_ != MAP_FAILED, "cannot map the table");
}

Mapped::~Mapped() {
    munmap(address_, size_);
}

}  // namespace firebreak::endpoint::reputation
