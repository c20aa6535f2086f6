#include "sandbox/command_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "sandbox/descriptor.h"
#include "sandbox/namespaces.h"

namespace firebreak::sandbox {
namespace {

// Where the new root stands until it is the root.
const std::string kNewRoot = "/tmp";
constexpr uint64_t kPage = 4096;

base::Error failed(const std::string& what, const std::string& path) {
    base::Error error = system_error(what);
    error.place = base::printable(path);
    return error;
}

// A copy of what is mounted at a path, in nobody's tree yet, that cannot be written.
struct Detached {
    std::string path;
    Descriptor tree;
    bool folder = false;
};

base::Result<Detached> detach(const std::string& path) {
    Detached out{path, Descriptor(open_tree(AT_FDCWD, path.c_str(),
                                            static_cast<unsigned>(OPEN_TREE_CLONE) |
                                                OPEN_TREE_CLOEXEC | AT_RECURSIVE))};
    struct stat what {};
    if (!out.tree.valid() || fstat(out.tree.get(), &what) != 0) {
        return failed("bind", path);
    }
    out.folder = S_ISDIR(what.st_mode);
    mount_attr read_only{};
    read_only.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (mount_setattr(out.tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only,
                      sizeof read_only) != 0) {
        return failed("read-only bind", path);
    }
    return out;
}

// The folders that a path leads through.
base::Status make_folders(const std::string& path) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        if (mkdir((kNewRoot + path.substr(0, slash)).c_str(), 0755) != 0 && errno != EEXIST) {
            return failed("mkdir", path);
        }
    }
    return {};
}

base::Status make_file(const std::string& path, base::ByteView bytes) {
    FB_CHECK(make_folders(path));
    const Descriptor file(open((kNewRoot + path).c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444));
    if (!file.valid()) {
        return failed("make a file", path);
    }
    while (!bytes.empty()) {
        const ssize_t n = write(file.get(), bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR) {
            return failed("write a file", path);
        }
        bytes = bytes.subspan(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return {};
}

// A bind within an earlier one lands on what that one holds.
base::Status attach(const Detached& bind) {
    const std::string place = kNewRoot + bind.path;
    if (access(place.c_str(), F_OK) != 0) {
        FB_CHECK(make_folders(bind.path));
        if (!bind.folder) {
            FB_CHECK(make_file(bind.path, {}));
        } else if (mkdir(place.c_str(), 0755) != 0) {
            return failed("mkdir", bind.path);
        }
    }
    if (move_mount(bind.tree.get(), "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        return failed("bind", bind.path);
    }
    return {};
}

// Room for the input and the places of binds, and no more.
std::string size_of_root(const CommandOrder& order) {
    uint64_t bytes = 64 * kPage;
    size_t places = 256;
    for (const base::InputFile& file : order.files) {
        bytes += (file.bytes.size() / kPage + 2) * kPage;
        places += 16;
    }
    places += 64 * order.binds.size();
    return "mode=0755,size=" + std::to_string(bytes) + ",nr_inodes=" + std::to_string(places);
}

base::Status make_scratch(uint64_t bytes) {
    const std::string place = kNewRoot + kScratch;
    const std::string room = "mode=0777,nr_inodes=4096,size=" + std::to_string(bytes);
    if (bytes == 0) {
        return {};
    }
    if (mkdir(place.c_str(), 0777) != 0 ||
        mount("tmpfs", place.c_str(), "tmpfs", kInert, room.c_str()) != 0) {
        return failed("mount", kScratch);
    }
    return {};
}

base::Status enter_root() {
    if (chdir(kNewRoot.c_str()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0 ||
        mount("none", "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kInert, nullptr) != 0) {
        return failed("a root of its own", "/");
    }
    return {};
}

}  // namespace

base::Status make_root(const CommandOrder& order) {
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return failed("mount", "/");
    }
    // Before the new root hides what lies under its place.
    std::vector<Detached> binds;
    for (const std::string& path : order.binds) {
        FB_TRY(Detached bind, detach(path));
        binds.push_back(std::move(bind));
    }
    if (mount("tmpfs", kNewRoot.c_str(), "tmpfs", kInert, size_of_root(order).c_str()) != 0) {
        return failed("mount", kNewRoot);
    }
    for (const Detached& bind : binds) {
        FB_CHECK(attach(bind));
    }
    for (const base::InputFile& file : order.files) {
        FB_CHECK(make_file(file.path, file.bytes));
    }
    FB_CHECK(make_scratch(order.scratch_bytes));
    return enter_root();
}

}  // namespace firebreak::sandbox
