#include "endpoint/update/simulated_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace firebreak::test {

namespace {

constexpr uint64_t kSectorBytes = 512;

}  // namespace

// What SQLite holds of an open file.
struct SimulatedDisk::File {
    sqlite3_file base;
    SimulatedDisk* disk;
    ContentsRef contents;
    std::string path;
    bool syncs_folder;  // a new journal that was not synced yet
};

// The functions that SQLite calls.
struct SimulatedDisk::Methods {
    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
    static SimulatedDisk& of(sqlite3_vfs* vfs) {
        return *static_cast<SimulatedDisk*>(vfs->pAppData);
    }

    static int close(sqlite3_file* file) {
        of(file).~File();
        return SQLITE_OK;
    }
    static int read(sqlite3_file* file, void* to, int length, sqlite3_int64 offset) {
        const File& self = of(file);
        if (self.disk->ended_ || self.path == self.disk->unreadable_) {
            return SQLITE_IOERR_READ;
        }
        const base::Bytes& bytes = self.contents->seen;
        const auto from = std::min<size_t>(static_cast<size_t>(offset), bytes.size());
        const auto there = std::min<size_t>(static_cast<size_t>(length), bytes.size() - from);
        std::memset(to, 0, static_cast<size_t>(length));
        std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(from), there, static_cast<uint8_t*>(to));
        return there == static_cast<size_t>(length) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }
    static int write(sqlite3_file* file, const void* from, int length, sqlite3_int64 offset) {
        return of(file).disk->write(
            *of(file).contents, {static_cast<const uint8_t*>(from), static_cast<size_t>(length)},
            static_cast<uint64_t>(offset));
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        return of(file).disk->truncate(*of(file).contents, static_cast<uint64_t>(size));
    }
    static int sync(sqlite3_file* file, int) {
        File& self = of(file);
        const int code = self.disk->sync(*self.contents, self.syncs_folder);
        self.syncs_folder = self.syncs_folder && code != SQLITE_OK;
        return code;
    }
    static int file_size(sqlite3_file* file, sqlite3_int64* size) {
        *size = static_cast<sqlite3_int64>(of(file).contents->seen.size());
        return of(file).disk->ended_ ? SQLITE_IOERR_FSTAT : SQLITE_OK;
    }
    static int lock(sqlite3_file*, int) { return SQLITE_OK; }
    static int check_lock(sqlite3_file*, int* locked) {
        *locked = 0;
        return SQLITE_OK;
    }
    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return 4096; }  // as SQLite takes it on Linux
    static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                    int* flags_out);
    static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
        return of(vfs).remove(path, sync != 0);
    }
    static int access(sqlite3_vfs* vfs, const char* path, int, int* answer) {
        const auto found = of(vfs).seen_.find(path);
        // SQLite's code for Unix takes an empty file for none, too.
        *answer = found != of(vfs).seen_.end() && !found->second->seen.empty() ? 1 : 0;
        return of(vfs).ended_ ? SQLITE_IOERR_ACCESS : SQLITE_OK;
    }
    static int full_path(sqlite3_vfs*, const char* path, int length, char* out) {
        sqlite3_snprintf(length, out, "%s", path);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs*, int length, char* out) {
        std::memset(out, 7, static_cast<size_t>(length));
        return length;
    }
    static int sleep(sqlite3_vfs*, int) { return 0; }
    static int time(sqlite3_vfs*, double* julian_day) {
        *julian_day = 2461102.5;  // 2026-03-02
        return SQLITE_OK;
    }
    static int last_error(sqlite3_vfs*, int, char*) { return 0; }

    static const sqlite3_io_methods& io() {
        static const sqlite3_io_methods kMethods = [] {
            sqlite3_io_methods methods{};
            methods.iVersion = 1;
            methods.xClose = close;
            methods.xRead = read;
            methods.xWrite = write;
            methods.xTruncate = truncate;
            methods.xSync = sync;
            methods.xFileSize = file_size;
            methods.xLock = lock;
            methods.xUnlock = lock;
            methods.xCheckReservedLock = check_lock;
            methods.xFileControl = control;
            methods.xSectorSize = sector_size;
            methods.xDeviceCharacteristics = characteristics;
            return methods;
        }();
        return kMethods;
    }
};

int SimulatedDisk::Methods::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                                 int* flags_out) {
    SimulatedDisk& disk = of(vfs);
    file->pMethods = nullptr;
    if (disk.ended_ || path == nullptr) {  // no temporary files here
        return SQLITE_CANTOPEN;
    }
    auto found = disk.seen_.find(path);
    if (found == disk.seen_.end()) {
        if ((flags & SQLITE_OPEN_CREATE) == 0 || disk.read_only_ ||
            disk.next_change() != Turn::kGo) {
            return SQLITE_CANTOPEN;
        }
        const auto contents = std::make_shared<Contents>();
        found = disk.seen_.emplace(path, contents).first;
        disk.waiting_.push_back({path, contents});
    }
    const bool is_journal = (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0;
    new (file) File{{&io()}, &disk, found->second, path, is_journal};
    if (flags_out != nullptr) {
        *flags_out = disk.read_only_ ? (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
                                           SQLITE_OPEN_READONLY
                                     : flags;
    }
    return SQLITE_OK;
}

SimulatedDisk::SimulatedDisk(uint64_t seed)
    : random_(seed, base::Stream::kMutation),
      name_(fmt::format("simulated-{}", static_cast<const void*>(this))) {
    vfs_.iVersion = 1;
    vfs_.szOsFile = sizeof(File);
    vfs_.mxPathname = 512;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = Methods::open;
    vfs_.xDelete = Methods::remove;
    vfs_.xAccess = Methods::access;
    vfs_.xFullPathname = Methods::full_path;
    vfs_.xRandomness = Methods::randomness;
    vfs_.xSleep = Methods::sleep;
    vfs_.xCurrentTime = Methods::time;
    vfs_.xGetLastError = Methods::last_error;
    sqlite3_vfs_register(&vfs_, /*makeDflt=*/0);
}

SimulatedDisk::~SimulatedDisk() {
    sqlite3_vfs_unregister(&vfs_);
}

uint64_t SimulatedDisk::draw(uint64_t bound) {
    return random_.below(bound, 0, draws_++);
}

// ---- Changes

SimulatedDisk::Turn SimulatedDisk::next_change() {
    if (ended_) {
        return Turn::kFails;
    }
    ++changes_;
    if (changes_ == end_at_) {
        ended_ = true;
        return Turn::kEndsHere;
    }
    return changes_ >= fail_from_ && changes_ < fail_until_ ? Turn::kFails : Turn::kGo;
}

void SimulatedDisk::apply(const Waiting& waiting, base::Bytes& bytes) {
    if (!waiting.bytes) {
        bytes.resize(waiting.offset);
        return;
    }
    bytes.resize(std::max<size_t>(bytes.size(), waiting.offset + waiting.bytes->size()));
    std::copy(waiting.bytes->begin(), waiting.bytes->end(),
              bytes.begin() + static_cast<ptrdiff_t>(waiting.offset));
}

int SimulatedDisk::write(Contents& contents, base::ByteView bytes, uint64_t offset) {
    const Turn turn = next_change();
    if (turn == Turn::kFails || read_only_) {
        return SQLITE_IOERR_WRITE;
    }
    size_t length = bytes.size();
    if (turn == Turn::kEndsHere && end_ == End::kKill) {
        length = draw(length + 1);
    }
    const uint64_t grows_by =
        std::max<uint64_t>(offset + length, contents.seen.size()) - contents.seen.size();
    const uint64_t room = capacity_ ? *capacity_ - std::min(*capacity_, used()) : grows_by;
    const bool fits = grows_by <= room;
    if (!fits) {
        length -= std::min<uint64_t>(length, grows_by - room);
    }
    if (length > 0) {
        const Waiting waiting{offset, base::Bytes(bytes.begin(), bytes.begin() + length)};
        apply(waiting, contents.seen);
        contents.waiting.push_back(waiting);
    }
    if (turn == Turn::kEndsHere) {
        return SQLITE_IOERR_WRITE;
    }
    return fits ? SQLITE_OK : SQLITE_FULL;
}

int SimulatedDisk::truncate(Contents& contents, uint64_t size) {
    const Turn turn = next_change();
    if (turn == Turn::kFails || read_only_) {
        return SQLITE_IOERR_TRUNCATE;
    }
    if (turn == Turn::kGo || draw(2) == 0) {
        const Waiting waiting{size, std::nullopt};
        apply(waiting, contents.seen);
        contents.waiting.push_back(waiting);
    }
    return turn == Turn::kGo ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int SimulatedDisk::sync(Contents& contents, bool with_folder) {
    const Turn turn = next_change();
    if (turn == Turn::kFails && !ended_) {
        keep_by_chance(contents);
    }
    if (turn != Turn::kGo) {
        return SQLITE_IOERR_FSYNC;
    }
    if (lying_) {
        return SQLITE_OK;
    }
    for (const Waiting& waiting : contents.waiting) {
        apply(waiting, contents.safe);
    }
    contents.waiting.clear();
    if (with_folder) {
        sync_folder();
    }
    return SQLITE_OK;
}

int SimulatedDisk::remove(const std::string& path, bool sync) {
    if (ended_ || read_only_) {
        return SQLITE_IOERR_DELETE;
    }
    if (!seen_.contains(path)) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    const Turn turn = next_change();
    if (turn == Turn::kGo || (turn == Turn::kEndsHere && draw(2) == 0)) {
        seen_.erase(path);
        waiting_.push_back({path, nullptr});
    }
    if (turn == Turn::kGo && sync && !lying_) {
        sync_folder();
    }
    return turn == Turn::kGo ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

void SimulatedDisk::sync_folder() {
    safe_ = seen_;
    waiting_.clear();
}

// ---- Ends

// Each waiting change reaches the platter as a whole, in part, or not at all.
void SimulatedDisk::keep_by_chance(Contents& contents) {
    for (const Waiting& waiting : contents.waiting) {
        const uint64_t fate = draw(3);
        if (fate == 0) {
            continue;
        }
        if (fate == 1 || !waiting.bytes) {
            apply(waiting, contents.safe);
            continue;
        }
        const uint64_t end = waiting.offset + waiting.bytes->size();
        for (uint64_t at = waiting.offset; at < end;) {
            const uint64_t next = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
            if (draw(2) == 0) {
                const auto begin =
                    waiting.bytes->begin() + static_cast<ptrdiff_t>(at - waiting.offset);
                apply({at, base::Bytes(begin, begin + static_cast<ptrdiff_t>(next - at))},
                      contents.safe);
            }
            at = next;
        }
    }
    contents.waiting.clear();
}

void SimulatedDisk::end_at(uint64_t n, End end) {
    end_at_ = changes_ + n;
    end_ = end;
}

void SimulatedDisk::fail_at(uint64_t n, uint64_t count) {
    fail_from_ = changes_ + n;
    fail_until_ = fail_from_ + count;
}

void SimulatedDisk::restart(End end) {
    if ((ended_ ? end_ : end) == End::kPowerCut) {
        for (const Renaming& renaming : waiting_) {
            if (draw(2) == 0) {
                continue;
            }
            if (renaming.contents != nullptr) {
                safe_[renaming.path] = renaming.contents;
            } else {
                safe_.erase(renaming.path);
            }
        }
        seen_ = safe_;
        for (const auto& [path, contents] : seen_) {
            keep_by_chance(*contents);
            contents->seen = contents->safe;
        }
        waiting_.clear();
    }
    ended_ = false;
    end_at_.reset();
    fail_from_ = fail_until_ = 0;
}

// ---- From outside

uint64_t SimulatedDisk::used() const {
    uint64_t bytes = 0;
    for (const auto& [path, contents] : seen_) {
        bytes += contents->seen.size();
    }
    return bytes;
}

SimulatedDisk::Image SimulatedDisk::image() const {
    Image image;
    for (const auto& [path, contents] : seen_) {
        image[path] = contents->seen;
    }
    return image;
}

void SimulatedDisk::load(const Image& image) {
    seen_.clear();
    for (const auto& [path, bytes] : image) {
        seen_[path] = std::make_shared<Contents>(Contents{bytes, bytes, {}});
    }
    sync_folder();
}

uint64_t SimulatedDisk::size(const std::string& path) const {
    return seen_.at(path)->seen.size();
}

void SimulatedDisk::flip_bit(const std::string& path, uint64_t bit) {
    Contents& contents = *seen_.at(path);
    contents.seen[bit / 8] = static_cast<uint8_t>(contents.seen[bit / 8] ^ 1U << bit % 8);
    contents.safe = contents.seen;
    contents.waiting.clear();
}

}  // namespace firebreak::test
