#include "headless/output.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

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

}  // namespace

void complain(const base::Error& error) {
    fmt::print(stderr, "firebreak: {}\n", base::printable(error.text(), 4000));
}

int fail(const base::Error& error, int code) {
    complain(error);
    return code;
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
        const base::Error& error = written.error();
        complain({error.message, error.place,
                  error.remedy.empty() ? "name a file in a folder that you may write to"
                                       : error.remedy});
    }
    return written.ok();
}

}  // namespace firebreak::headless
