#include "sandbox/quota_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "sandbox/channel.h"

namespace firebreak::sandbox {
namespace {

bool is_full(int error) {
    return error == ENOSPC || error == EFBIG;
}

// At the end of a file that has so many bytes; all of it, or nothing.
base::Result<Stored> append_to(const Descriptor& file, uint64_t size, base::ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(file.get(), bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR) {
            const int error = errno;
            if (!is_full(error) || ftruncate(file.get(), static_cast<off_t>(size)) != 0 ||
                lseek(file.get(), static_cast<off_t>(size), SEEK_SET) < 0) {
                return system_error("write to a quota folder", error);
            }
            return Stored::kFull;
        }
        bytes = bytes.subspan(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return Stored::kAll;
}

// Removes what a buffer of the kernel's listing names; how many files that were.
base::Result<size_t> remove_listed(base::ByteView listing) {
    size_t removed = 0;
    while (!listing.empty()) {
        const auto field = [&listing](size_t offset, auto value) {
            std::memcpy(&value, listing.data() + offset, sizeof value);
            return value;
        };
        const auto length = field(offsetof(dirent64, d_reclen), uint16_t{});
        const std::string name(
            reinterpret_cast<const char*>(listing.data() + offsetof(dirent64, d_name)));
        if (name != "." && name != "..") {
            if (unlinkat(kObjectsFolderFd, name.c_str(), 0) != 0) {
                return system_error("unlinkat");
            }
            ++removed;
        }
        listing = listing.subspan(length);
    }
    return removed;
}

}  // namespace

bool has_quota_folders() {
    return fcntl(kLogFolderFd, F_GETFD) >= 0 && fcntl(kObjectsFolderFd, F_GETFD) >= 0;
}

base::Result<Stored> append_to_log(std::string_view text) {
    const Descriptor log(
        openat(kLogFolderFd, kLogName, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!log.valid() && is_full(errno)) {
        return Stored::kFull;
    }
    const off_t size = log.valid() ? lseek(log.get(), 0, SEEK_END) : -1;
    if (size < 0) {
        return system_error("openat of the log");
    }
    return append_to(log, static_cast<uint64_t>(size), base::view_of(text));
}

LargeObject::LargeObject(std::string name, Descriptor file)
    : name_(std::move(name)), file_(std::move(file)) {}

LargeObject::LargeObject(LargeObject&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::move(other.file_)),
      size_(other.size_),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(other.mapped_size_) {}

LargeObject::~LargeObject() {
    unmap();
    if (file_.valid()) {
        unlinkat(kObjectsFolderFd, name_.c_str(), 0);
    }
}

base::Result<std::optional<LargeObject>> LargeObject::create(const std::string& name) {
    Descriptor file(
        openat(kObjectsFolderFd, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.valid()) {
        return std::optional(LargeObject(name, std::move(file)));
    }
    if (is_full(errno)) {
        return std::optional<LargeObject>();
    }
    if (errno == EEXIST) {
        return base::Error{"an object `" + base::printable(name) + "` has been left over", "",
                           "remove what is left over first"};
    }
    return system_error("openat of an object");
}

void LargeObject::unmap() {
    if (mapped_ != nullptr) {
        munmap(mapped_, mapped_size_);
        mapped_ = nullptr;
    }
}

base::Result<base::ByteView> LargeObject::view() {
    unmap();
    if (size_ == 0) {
        return base::ByteView();
    }
    void* const mapped = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
    if (mapped == MAP_FAILED) {
        return system_error("mmap of an object");
    }
    mapped_ = mapped;
    mapped_size_ = size_;
    return base::ByteView(static_cast<const uint8_t*>(mapped_), mapped_size_);
}

base::Result<Stored> LargeObject::append(base::ByteView bytes) {
    unmap();
    FB_TRY(const Stored stored, append_to(file_, size_, bytes));
    size_ += stored == Stored::kAll ? bytes.size() : 0;
    return stored;
}

base::Result<size_t> LargeObject::read(uint64_t offset, std::span<uint8_t> into) const {
    const ssize_t n = pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (n < 0) {
        return system_error("pread of an object");
    }
    return static_cast<size_t>(n);
}

// A listing from its beginning, again and again: what has been removed moves the rest.
base::Result<size_t> remove_left_over_objects() {
    alignas(dirent64) std::array<uint8_t, 4096> buffer;
    for (size_t removed = 0;;) {
        const Descriptor listing(openat(kObjectsFolderFd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const long n = syscall(SYS_getdents64, listing.get(), buffer.data(), buffer.size());
        if (n < 0) {
            return system_error("getdents64");
        }
        FB_TRY(const size_t now,
               remove_listed(base::ByteView(buffer).first(static_cast<size_t>(n))));
        if (now == 0) {
            return removed;
        }
        removed += now;
    }
}

}  // namespace firebreak::sandbox
