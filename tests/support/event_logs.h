// Public logs of Windows events (FIREBREAK_CORPUS/security-datasets): zip files of JSON lines.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/paths.h"

namespace firebreak::test {

// Sorted by their own names, which stand behind the tactic's: "tactic__name.zip". Empty: there is
// no corpus.
inline std::vector<std::filesystem::path> event_logs() {
    std::vector<std::filesystem::path> logs;
    const auto corpus = corpus_dir();
    if (!corpus || !std::filesystem::is_directory(*corpus / "security-datasets")) {
        return logs;
    }
    for (const auto& entry : std::filesystem::directory_iterator(*corpus / "security-datasets")) {
        if (entry.path().extension() == ".zip") {
            logs.push_back(entry.path());
        }
    }
    std::ranges::sort(logs, {}, [](const std::filesystem::path& log) {
        const std::string name = log.stem().string();
        const size_t tactic = name.find("__");
        return tactic == name.npos ? name : name.substr(tactic + 2);
    });
    return logs;
}

// The first file in the archive; empty if there is none that can be read.
inline std::string unpacked(const std::filesystem::path& file) {
    struct Close {
        void operator()(archive* reader) const { archive_read_free(reader); }
    };
    const std::unique_ptr<archive, Close> reader(archive_read_new());
    archive_read_support_format_zip(reader.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), file.c_str(), 65536) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
        return "";
    }
    std::string out, part(65536, '\0');
    for (ssize_t n = 1; n > 0;) {
        n = archive_read_data(reader.get(), part.data(), part.size());
        out.append(part, 0, n > 0 ? static_cast<size_t>(n) : 0);
    }
    return out;
}

}  // namespace firebreak::test
