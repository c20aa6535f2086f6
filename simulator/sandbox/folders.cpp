#include "sandbox/folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "sandbox/spawn.h"

namespace firebreak::sandbox {
namespace {

bool is_plain_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

base::Error no_such_file(const std::string& name) {
    return {"there is no plain file `" + base::printable(name) + "` in the folder", "", ""};
}

}  // namespace

Folders::Folders(std::unique_ptr<QuotaFolders> folders) : folders_(std::move(folders)) {}
Folders::Folders(Folders&&) noexcept = default;
Folders& Folders::operator=(Folders&&) noexcept = default;
Folders::~Folders() = default;

base::Result<Folders> Folders::make(Spawner& spawner, const Policy& policy) {
    if (!policy.allows(kQuotaFolders)) {
        return base::Error{"folders for a policy that does not allow them", "",
                           "allow quota folders in the policy"};
    }
    FB_TRY(QuotaFolders made, spawner.make_folders(policy));
    return Folders(std::make_unique<QuotaFolders>(std::move(made)));
}

int Folders::descriptor(Which which) const {
    return which == Which::kLog ? folders_->log.get() : folders_->objects.get();
}

// Through a descriptor of its own: the place where a listing stands is the descriptor's.
base::Result<std::vector<Folders::File>> Folders::list(Which which) const {
    const int own = openat(descriptor(which), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0) {
        return system_error("openat of a quota folder");
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(own), closedir);
    if (listing == nullptr) {
        base::Error error = system_error("fdopendir of a quota folder");
        close(own);
        return error;
    }
    std::vector<File> files;
    while (const dirent* entry = readdir(listing.get())) {
        const std::string name = entry->d_name;
        struct stat status {};
        if (is_plain_name(name) &&
            fstatat(dirfd(listing.get()), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
            files.push_back({name, static_cast<uint64_t>(status.st_size)});
        }
    }
    std::ranges::sort(files, {}, &File::name);
    return files;
}

// A worker may cut it off while we read: so by read(), which then ends, and not by a mapping.
base::Result<base::Bytes> Folders::read(Which which, const std::string& name,
                                        uint64_t at_most) const {
    if (!is_plain_name(name)) {
        return no_such_file(name);
    }
    const Descriptor file(
        openat(descriptor(which), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return no_such_file(name);
    }
    base::Bytes bytes(std::min(static_cast<uint64_t>(status.st_size), at_most));
    size_t done = 0;
    for (ssize_t n = 1; n > 0 && done < bytes.size();) {
        n = pread(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (n < 0) {
            return system_error("pread of a file in a quota folder");
        }
        done += static_cast<size_t>(n);
    }
    bytes.resize(done);
    return bytes;
}

base::Result<uint64_t> Folders::used_bytes(Which which) const {
    struct statfs status {};
    if (fstatfs(descriptor(which), &status) != 0) {
        return system_error("fstatfs of a quota folder");
    }
    return (status.f_blocks - status.f_bfree) * static_cast<uint64_t>(status.f_bsize);
}

}  // namespace firebreak::sandbox
