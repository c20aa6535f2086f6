#include "cloud/folder_origin.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace firebreak::cloud {

namespace {

using base::Error;
using base::Result;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

Error system_error(const std::string& path, const char* doing) {
    return {fmt::format("{}: {}", doing, std::strerror(errno)), path, ""};
}

// The errors that mean "there is no such file to serve", a link in the way included.
bool means_missing(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO;
}

class DiskFile final : public StaticFile {
  public:
    DiskFile(Descriptor file, uint64_t size, std::string path)
        : file_(std::move(file)), size_(size), path_(std::move(path)) {}

    uint64_t size() const override { return size_; }

    Result<size_t> read(uint64_t offset, std::span<uint8_t> buffer) const override {
        if (offset >= size_) {
            return size_t{0};
        }
        const size_t wanted = std::min<uint64_t>(buffer.size(), size_ - offset);
        size_t done = 0;
        while (done < wanted) {
            const ssize_t n = ::pread(file_.get(), buffer.data() + done, wanted - done,
                                      static_cast<off_t>(offset + done));
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                return system_error(path_, "cannot read");
            }
            if (n == 0) {
                return Error{"the file became shorter while it was served", path_,
                             "replace files instead of writing over them"};
            }
            done += static_cast<size_t>(n);
        }
        return done;
    }

  private:
    Descriptor file_;
    uint64_t size_;
    std::string path_;
};

}  // namespace

Result<std::unique_ptr<FolderOrigin>> FolderOrigin::of(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return system_error(folder.string(), "cannot serve this folder");
    }
    return std::unique_ptr<FolderOrigin>(new FolderOrigin(fd));
}

FolderOrigin::~FolderOrigin() {
    ::close(folder_);
}

// One part of the path at a time: only so does O_NOFOLLOW see every link.
Result<std::shared_ptr<const StaticFile>> FolderOrigin::open(const std::string& path) {
    const std::shared_ptr<const StaticFile> none;
    if (!is_layout_path(path)) {
        return none;
    }
    Descriptor at(-1);
    for (size_t begin = 0; begin < path.size();) {
        const size_t end = std::min(path.find('/', begin), path.size());
        const bool is_last = end == path.size();
        // O_NONBLOCK: opening a named pipe must not wait for a writer.
        const int flags = is_last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
        Descriptor next(::openat(begin == 0 ? folder_ : at.get(),
                                 path.substr(begin, end - begin).c_str(),
                                 flags | O_NOFOLLOW | O_CLOEXEC));
        if (next.get() < 0) {
            return means_missing(errno) ? Result(none) : system_error(path, "cannot open");
        }
        at = std::move(next);
        begin = end + 1;
    }
    struct stat info {};
    if (::fstat(at.get(), &info) != 0) {
        return system_error(path, "cannot look at");
    }
    if (!S_ISREG(info.st_mode)) {
        return none;
    }
    const auto size = static_cast<uint64_t>(info.st_size);
    return std::shared_ptr<const StaticFile>(
        std::make_shared<const DiskFile>(std::move(at), size, path));
}

}  // namespace firebreak::cloud
