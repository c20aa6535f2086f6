// What the durable store costs: a payload that is streamed in, and a small change, each beside what
// the same disk takes for the bare bytes, in the same minute.
//
//   bench_store [FOLDER]      on the disk of this folder; without it, in the temporary folder
//
// The store keeps everything twice, so the reference writes and syncs the payload twice as well; it
// computes no digest, while the store computes one on the way in and one for the second copy.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <vector>

#include "endpoint/update/durable_store.h"
#include "support/paths.h"

namespace firebreak::endpoint::update {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPayload = 256 << 20;
constexpr size_t kPiece = 64 << 10;  // as transports hand payloads on
constexpr size_t kChange = 4096;     // what a bare write of a small change takes on a disk
constexpr int kRounds = 3;
constexpr int kCommits = 300;

void require(bool condition) {
    if (!condition) {
        fmt::print(stderr, "bench_store: the disk does not take what is written to it\n");
        std::exit(1);
    }
}

double seconds_of(const std::function<void()>& work) {
    const Clock::time_point begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A file that is written and synced without anything around it.
class BareFile {
  public:
    explicit BareFile(const std::filesystem::path& path)
        : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
        require(descriptor_ >= 0);
    }
    BareFile(const BareFile&) = delete;
    BareFile& operator=(const BareFile&) = delete;
    ~BareFile() { ::close(descriptor_); }

    void write(base::ByteView bytes) {
        require(::write(descriptor_, bytes.data(), bytes.size()) ==
                static_cast<ssize_t>(bytes.size()));
    }
    void overwrite(base::ByteView bytes) {
        require(::pwrite(descriptor_, bytes.data(), bytes.size(), 0) ==
                static_cast<ssize_t>(bytes.size()));
    }
    void sync() { require(::fsync(descriptor_) == 0); }

  private:
    int descriptor_;
};

void in_pieces(const base::Bytes& payload, const std::function<void(base::ByteView)>& take) {
    for (size_t at = 0; at < payload.size(); at += kPiece) {
        take(base::ByteView(payload).subspan(at, std::min(kPiece, payload.size() - at)));
    }
}

void keep(DurableStore& store, const base::Bytes& payload, const base::Digest& digest) {
    auto writer = store.new_blob(digest);
    require(writer.ok());
    in_pieces(payload, [&](base::ByteView piece) { require((*writer)->write(piece).ok()); });
    require((*writer)->finish().ok());
}

void write_twice(const std::filesystem::path& folder, const base::Bytes& payload) {
    for (const char* name : {"first", "second"}) {
        BareFile file(folder / name);
        in_pieces(payload, [&](base::ByteView piece) { file.write(piece); });
        file.sync();
    }
}

// By turns, so that a busy machine slows both; the best of each.
void payloads(DurableStore& store, const std::filesystem::path& folder) {
    base::Bytes payload(kPayload);
    for (size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
    }
    const base::Digest digest = base::sha384(payload);
    double ours = 1e9, reference = 1e9;
    for (int round = 0; round < kRounds; ++round) {
        ours = std::min(ours, seconds_of([&] { keep(store, payload, digest); }));
        require(store.keep_only({}).ok());
        reference = std::min(reference, seconds_of([&] { write_twice(folder, payload); }));
    }
    const auto rate = [](double seconds) { return kPayload / seconds / 1e6; };
    fmt::print("a payload of {} MB, in pieces of {} KB\n", kPayload >> 20, kPiece >> 10);
    fmt::print("  DurableStore        {:>9.0f} MB/s\n", rate(ours));
    fmt::print("  write twice, fsync  {:>9.0f} MB/s   ratio {:.3f}\n", rate(reference),
               reference / ours);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void commits(DurableStore& store, const std::filesystem::path& folder) {
    // About what an endpoint's update client and components remember.
    for (int n = 0; n < 60; ++n) {
        require(store.commit({{fmt::format("entry/{}", n), std::string(100, 'x')}}).ok());
    }
    BareFile file(folder / "change");
    const base::Bytes block(kChange, 7);
    std::vector<double> ours, reference;
    for (int n = 0; n < kCommits; ++n) {
        ours.push_back(seconds_of([&] {
            require(store.commit({{"update/sequence", std::to_string(n)}}).ok());
        }));
        reference.push_back(seconds_of([&] {
            file.overwrite(block);
            file.sync();
        }));
    }
    const double commit = median(ours), bare = median(reference);
    fmt::print("a small change, median of {}\n", kCommits);
    fmt::print("  DurableStore        {:>9.2f} ms\n", commit * 1e3);
    fmt::print("  write {} KB, fsync   {:>9.2f} ms     ratio {:.3f}\n", kChange >> 10, bare * 1e3,
               commit / bare);
}

void run(const std::filesystem::path& folder) {
    auto store = DurableStore::open(folder / "store");
    require(store.ok());
    commits(**store, folder);
    payloads(**store, folder);
}

}  // namespace
}  // namespace firebreak::endpoint::update

int main(int count, char** arguments) {
    if (count > 1) {
        ::setenv("TMPDIR", arguments[1], 1);
    }
    const firebreak::test::TemporaryFolder folder;
    firebreak::endpoint::update::run(folder.path());
    return 0;
}
