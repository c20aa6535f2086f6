#include "headless/places.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"

namespace firebreak::headless {

namespace {

// Or any other SQLite database.
bool is_run_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    constexpr std::string_view kMagic = "SQLite format 3";
    std::string start(kMagic.size(), ' ');
    return in.read(start.data(), static_cast<std::streamsize>(start.size())) && start == kMagic;
}

std::optional<std::filesystem::path> fixtures_above(std::filesystem::path folder) {
    std::error_code ignored;
    folder = std::filesystem::weakly_canonical(folder, ignored);
    for (;;) {
        if (std::filesystem::is_directory(folder / "fixtures" / "personas", ignored)) {
            return folder / "fixtures";
        }
        if (!folder.has_relative_path()) {
            return std::nullopt;
        }
        folder = folder.parent_path();
    }
}

}  // namespace

std::filesystem::path executable_folder() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::filesystem::path worker_binary() {
    return executable_folder() / "firebreak-worker";
}

base::Result<std::filesystem::path> find_fixtures(const std::filesystem::path& start) {
    for (const std::filesystem::path& from : {start, executable_folder()}) {
        if (const auto found = fixtures_above(from)) {
            return *found;
        }
    }
    return base::Error{"no fixtures folder above it", start.string(),
                       "name one with --fixtures: a folder with content/, personas/ and keys/"};
}

base::Result<std::filesystem::path> new_run_file(const std::string& name) {
    const std::filesystem::path folder = "runs";
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    for (int n = 1; !failure; ++n) {
        const std::filesystem::path file = folder / fmt::format("{}-{}.run", name, n);
        // Claimed at once, so that two runs at a time do not pick the same.
        const int claimed = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
        if (claimed >= 0) {
            ::close(claimed);
            return file;
        }
        if (errno != EEXIST) {
            failure = std::error_code(errno, std::generic_category());
        }
    }
    return base::Error{"cannot make a run file: " + failure.message(), folder.string(),
                       "name another with --out"};
}

void complain(const base::Error& error) {
    fmt::print(stderr, "firebreak: {}\n", base::printable(error.text(), 4000));
}

bool put(const std::string& file, const std::string& text) {
    if (file.empty()) {
        return true;
    }
    if (file == "-") {
        fmt::print("{}", text);
        return true;
    }
    if (is_run_file(file)) {
        complain({"a run file, and not to be overwritten", file, "name another"});
        return false;
    }
    const base::Status written = base::write_file(file, base::view_of(text));
    if (!written.ok()) {
        complain(written.error());
    }
    return written.ok();
}

}  // namespace firebreak::headless
