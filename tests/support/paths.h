// Where a test finds what it runs and reads.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace firebreak::test {

inline std::filesystem::path source_dir() {
    return FIREBREAK_SOURCE_DIR;
}
inline std::filesystem::path fixtures_dir() {
    return source_dir() / "fixtures";
}
inline std::filesystem::path worker_binary() {
    return FIREBREAK_TEST_WORKER;
}
inline std::filesystem::path command_line_binary() {
    return std::filesystem::path(FIREBREAK_BIN_DIR) / "firebreak";
}
// Public content that the project does not ship: tests that want it skip without it.
inline std::optional<std::filesystem::path> corpus_dir() {
    const char* folder = std::getenv("FIREBREAK_CORPUS");
    if (folder == nullptr || !std::filesystem::is_directory(folder)) {
        return std::nullopt;
    }
    return folder;
}

// A fresh folder that goes away with its owner.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "firebreak-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            std::abort();
        }
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace firebreak::test
