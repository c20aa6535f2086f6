#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace firebreak::base {

namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

Error system_error(const std::filesystem::path& path, const char* doing) {
    return {fmt::format("{}: {}", doing, std::strerror(errno)), path.string(), ""};
}

Status write_all(int fd, ByteView bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return system_error(path, "cannot write");
        }
        bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return {};
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, uint64_t max_bytes) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) {
        return system_error(path, "cannot open");
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) {
        return system_error(path, "cannot look at");
    }
    if (!S_ISREG(info.st_mode)) {
        return Error{"not a regular file", path.string(), ""};
    }
    const Error too_large{fmt::format("larger than {} bytes", max_bytes), path.string(), ""};
    if (static_cast<uint64_t>(info.st_size) > max_bytes) {
        return too_large;
    }
    Bytes out(static_cast<size_t>(info.st_size) + 1);
    size_t length = 0;
    for (;;) {
        if (length == out.size()) {  // it grew while we read
            if (out.size() > max_bytes) {
                return too_large;
            }
            out.resize(std::min<uint64_t>(out.size() * 2 - 1, max_bytes) + 1);
        }
        const ssize_t n = ::read(file.get(), out.data() + length, out.size() - length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return system_error(path, "cannot read");
        }
        if (n == 0) {
            break;
        }
        length += static_cast<size_t>(n);
    }
    if (length > max_bytes) {
        return too_large;
    }
    out.resize(length);
    return out;
}

Status write_file(const std::filesystem::path& path, ByteView bytes) {
    std::error_code failure;
    if (path.has_parent_path()) {
        std::filesystem::create_directories(path.parent_path(), failure);
        if (failure) {
            return Error{"cannot make the folder: " + failure.message(),
                         path.parent_path().string(), ""};
        }
    }
    std::string beside = path.string() + ".XXXXXX";
    const Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
    if (file.get() < 0) {
        return system_error(path, "cannot create a file beside it");
    }
    Status written = write_all(file.get(), bytes, path);
    if (written.ok() && ::fchmod(file.get(), 0644) != 0) {
        written = system_error(path, "cannot set its mode");
    }
    if (written.ok() && ::fsync(file.get()) != 0) {
        written = system_error(path, "cannot sync");
    }
    if (written.ok() && ::rename(beside.c_str(), path.c_str()) != 0) {
        written = system_error(path, "cannot put in place");
    }
    if (!written.ok()) {
        ::unlink(beside.c_str());
    }
    return written;
}

}  // namespace firebreak::base
