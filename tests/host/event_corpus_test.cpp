// Public event logs (FIREBREAK_CORPUS/security-datasets): every line is an event, counted or bad.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "host/event_import.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

namespace fs = std::filesystem;

struct Close {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

// The first file in the archive; empty if there is none that can be read.
std::string unpacked(const fs::path& file) {
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

struct Share {
    uint64_t lines = 0, events = 0, counted = 0;
};

void check_log(const fs::path& file, Share& all) {
    const std::string log = unpacked(file);
    ASSERT_FALSE(log.empty()) << file;
    ASSERT_OK_AND(const Imported imported, import_windows_events(log));
    uint64_t counted = 0;
    for (const auto& [name, count] : imported.unknown) {
        counted += count;
    }
    const uint64_t events = imported.events.events().size();
    EXPECT_EQ(imported.bad, 0u) << file << ": " << imported.problems[0].why;
    EXPECT_EQ(events + counted, imported.lines) << file;
    EXPECT_GT(events, 0u) << file;
    ASSERT_OK_AND(const EventLog again, EventLog::parse(imported.events.encode()));
    EXPECT_TRUE(std::ranges::equal(again.events(), imported.events.events())) << file;
    all.lines += imported.lines;
    all.events += events;
    all.counted += counted;
}

TEST(EventCorpus, EveryLineIsAnEventOrCounted) {
    const auto corpus = test::corpus_dir();
    if (!corpus || !fs::is_directory(*corpus / "security-datasets")) {
        GTEST_SKIP() << "FIREBREAK_CORPUS has no security-datasets";
    }
    Share all;
    size_t logs = 0;
    for (const auto& entry : fs::directory_iterator(*corpus / "security-datasets")) {
        if (entry.path().extension() == ".zip") {
            check_log(entry.path(), all);
            ++logs;
        }
    }
    fmt::print("{} logs, {} lines: {} events, {} counted as of another kind\n", logs, all.lines,
               all.events, all.counted);
    EXPECT_GT(logs, 0u);
}

}  // namespace
}  // namespace firebreak::host
