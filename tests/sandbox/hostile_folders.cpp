#include "sandbox/hostile_folders.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

#include "sandbox/channel.h"
#include "sandbox/quota_folder.h"

namespace firebreak::test {
namespace {

using sandbox::kLogFolderFd;
using sandbox::kObjectsFolderFd;
using sandbox::Stored;

std::string said(const base::Result<Stored>& stored) {
    return !stored.ok() ? stored.error().text() : *stored == Stored::kAll ? "all" : "full";
}

std::string said(long result) {
    return result < 0 ? strerrorname_np(errno) : "done";
}

std::string store_object(const std::string& name, uint64_t bytes, bool then_die) {
    auto object = sandbox::LargeObject::create(name);
    if (!object.ok() || !object->has_value()) {
        return object.ok() ? "no room for another file" : object.error().text();
    }
    const base::Bytes chunk(64 * 1024, 'x');
    std::string what = "all";
    while (what == "all" && (*object)->size() < bytes) {
        const uint64_t now = std::min<uint64_t>(chunk.size(), bytes - (*object)->size());
        what = said((*object)->append(base::ByteView(chunk).first(now)));
    }
    base::Bytes end(2);
    const auto read = (*object)->read((*object)->size() - 1, end);
    if (!read.ok() || *read != 1 || end[0] != 'x') {
        return "reads something else";
    }
    if (then_die) {
        std::abort();
    }
    return what + " " + std::to_string((*object)->size());
}

// Without the helper, and never giving anything back: in files of this size.
std::string fill(int folder, uint64_t each) {
    const std::string chunk(4096, 'x');
    for (uint64_t n = 0, total = 0;; ++n) {
        const std::string name = "f" + std::to_string(n);
        const int file = openat(folder, name.c_str(), O_CREAT | O_WRONLY, 0600);
        if (file < 0) {
            return "files " + std::to_string(n) + " " + said(file);
        }
        for (uint64_t in_file = 0; in_file < each; in_file += chunk.size()) {
            const ssize_t written = write(file, chunk.data(), chunk.size());
            if (written < 0) {
                return "bytes " + std::to_string(total) + " " + said(written);
            }
            total += static_cast<uint64_t>(written);
        }
        close(file);
    }
}

std::string map_file(int protection) {
    const int file = openat(kObjectsFolderFd, "mapped", O_CREAT | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, 4096) != 0) {
        return said(-1);
    }
    void* const page = mmap(nullptr, 4096, protection, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) {
        return said(-1);
    }
    *static_cast<char*>(page) = 'm';
    char back = 0;
    return pread(file, &back, 1, 0) == 1 && back == 'm' ? "mapped" : "differs";
}

struct Arguments {
    std::string name;
    uint64_t number = 0;
};
const std::map<std::string, std::function<std::string(const Arguments&)>> kUses = {
    {"log", [](const auto& a) { return said(sandbox::append_to_log(a.name + "\n")); }},
    {"object", [](const auto& a) { return store_object(a.name, a.number, false); }},
    {"leave", [](const auto& a) { return store_object(a.name, a.number, true); }},
    {"clean",
     [](const auto&) {
         const auto removed = sandbox::remove_left_over_objects();
         return removed.ok() ? std::to_string(*removed) : removed.error().text();
     }},
    {"fill-log", [](const auto& a) { return fill(kLogFolderFd, a.number); }},
    {"fill-objects", [](const auto& a) { return fill(kObjectsFolderFd, a.number); }},
    {"open",
     [](const auto& a) { return said(openat(kObjectsFolderFd, a.name.c_str(), O_RDONLY)); }},
    {"create",
     [](const auto& a) {
         return said(openat(kObjectsFolderFd, a.name.c_str(), O_CREAT | O_WRONLY, 0600));
     }},
    {"remove", [](const auto& a) { return said(unlinkat(kObjectsFolderFd, a.name.c_str(), 0)); }},
    {"stretch",
     [](const auto& a) {
         const int file = openat(kObjectsFolderFd, "long", O_CREAT | O_WRONLY, 0600);
         return said(ftruncate(file, static_cast<off_t>(a.number)));
     }},
    {"map", [](const auto&) { return map_file(PROT_READ | PROT_WRITE); }},
    // forbidden
    {"map-code", [](const auto&) { return map_file(PROT_READ | PROT_EXEC); }},
    {"open-path",
     [](const auto& a) { return said(openat(kObjectsFolderFd, a.name.c_str(), O_PATH)); }},
    {"open-nameless",
     [](const auto&) { return said(openat(kObjectsFolderFd, ".", O_TMPFILE | O_RDWR, 0600)); }},
    {"open-here", [](const auto& a) { return said(openat(AT_FDCWD, a.name.c_str(), O_RDONLY)); }},
    {"make-folder",
     [](const auto& a) { return said(mkdirat(kObjectsFolderFd, a.name.c_str(), 0)); }},
    {"make-link",
     [](const auto& a) {
         return said(symlinkat("/etc/passwd", kObjectsFolderFd, a.name.c_str()));
     }},
    {"make-hard-link",
     [](const auto& a) {
         return said(linkat(kLogFolderFd, "log", kObjectsFolderFd, a.name.c_str(), 0));
     }},
    {"make-pipe",
     [](const auto& a) { return said(mkfifoat(kObjectsFolderFd, a.name.c_str(), 0)); }},
    {"rename",
     [](const auto& a) {
         return said(renameat(kLogFolderFd, "log", kLogFolderFd, a.name.c_str()));
     }},
    {"change-folder", [](const auto&) { return said(fchdir(kObjectsFolderFd)); }},
    {"change-mode", [](const auto&) { return said(fchmod(kObjectsFolderFd, 0777)); }},
    {"close-socket", [](const auto&) { return said(close(sandbox::kSocketFd)); }},
};

}  // namespace

std::string use_folders(const std::string& request) {
    std::istringstream words(request);
    std::string word;
    Arguments arguments;
    words >> word >> arguments.name >> arguments.number;
    const auto use = kUses.find(word);
    return use == kUses.end() ? "unknown" : use->second(arguments);
}

}  // namespace firebreak::test
