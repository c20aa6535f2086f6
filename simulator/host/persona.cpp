#include "host/persona.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "base/toml_document.h"
#include "host/online_pattern.h"
#include "host/windows_path.h"

namespace firebreak::host {

namespace {

using base::Bytes;
using base::Error;
using base::Result;
using base::Status;
using base::TomlDocument;
using base::TomlTable;

constexpr size_t kMaxFiles = 10'000;
constexpr size_t kMaxContentBytes = 16 * 1024 * 1024;
constexpr double kMaxOpensPerHour = 3600;

constexpr TomlTable::Words<OnlineKind, 3> kPatterns{{{"always", OnlineKind::kAlways},
                                                     {"office", OnlineKind::kOffice},
                                                     {"roaming", OnlineKind::kRoaming}}};

// What may still be filled with content.
class Budget {
  public:
    Status spend(const TomlTable& in, std::string_view key, size_t bytes) {
        if (bytes > left_) {
            return in.error(key, "the files of this persona hold more than 16 MiB",
                            "a simulated machine is kept in memory: make them smaller");
        }
        left_ -= bytes;
        return {};
    }

  private:
    size_t left_ = kMaxContentBytes;
};

// fill = { head = "text", byte = "a", count = 1048576 }: the head, then `count` times the byte.
Result<Bytes> read_fill(TomlTable in, Budget& budget) {
    FB_CHECK(in.allow({"head", "byte", "count"}));
    FB_TRY(const std::string head, in.string("head", ""));
    FB_TRY(const std::string byte, in.string("byte"));
    FB_TRY(const int64_t count, in.integer("count", 1, kMaxContentBytes));
    FB_CHECK(in.finish());
    if (byte.size() != 1) {
        return in.error("byte", "`byte` must be one ASCII character", "such as \"a\"");
    }
    FB_CHECK(budget.spend(in, "count", head.size() + static_cast<size_t>(count)));
    Bytes out = base::bytes_of(head);
    out.resize(head.size() + static_cast<size_t>(count), static_cast<uint8_t>(byte[0]));
    return out;
}

Result<Bytes> read_content(TomlTable& in, Budget& budget) {
    if (in.has("text")) {
        FB_TRY(const std::string text, in.string("text"));
        FB_CHECK(budget.spend(in, "text", text.size()));
        return base::bytes_of(text);
    }
    if (in.has("hex")) {
        FB_TRY(const std::string hex, in.string("hex"));
        Result<Bytes> bytes = base::from_hex(hex);
        if (!bytes.ok()) {
            return in.error("hex", "`hex` is " + bytes.error().message, bytes.error().remedy);
        }
        FB_CHECK(budget.spend(in, "hex", bytes->size()));
        return bytes;
    }
    FB_TRY(const std::optional<TomlTable> fill, in.table("fill"));
    if (!fill) {
        return in.error("text", "a file without content", "add `text`, `hex` or `fill`");
    }
    return read_fill(*fill, budget);
}

Result<std::string> read_path(TomlTable& in) {
    FB_TRY(std::string path, in.string("path"));
    if (const std::string problem = path_problem(path); !problem.empty()) {
        return in.error("path",
                        fmt::format("the path `{}` {}", base::printable(path, 120), problem),
                        "write it as 'C:\\Users\\ana\\report.txt', in single quotes");
    }
    return path;
}

Result<File> read_machine_file(TomlTable in, Budget& budget) {
    FB_CHECK(in.allow({"path", "text", "hex", "fill", "system", "opens_per_hour"}));
    File out;
    FB_TRY(out.path, read_path(in));
    FB_TRY(Bytes content, read_content(in, budget));
    FB_TRY(out.system, in.boolean("system", false));
    FB_TRY(out.opens_per_hour, in.number("opens_per_hour", {0, kMaxOpensPerHour}, 0.0));
    FB_CHECK(in.finish("beside the content that the file has already"));
    out.sha384 = base::sha384(content);
    out.content = std::make_shared<const Bytes>(std::move(content));
    return out;
}

Result<std::vector<File>> read_files(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("file"));
    if (tables.size() > kMaxFiles) {
        return root.error(
            "file",
            fmt::format("{} files", base::with_thousands(static_cast<int64_t>(tables.size()))),
            "a persona has at most 10,000");
    }
    Budget budget;
    std::unordered_map<std::string, std::string> places;
    std::vector<File> out;
    for (const TomlTable& table : tables) {
        FB_TRY(File file, read_machine_file(table, budget));
        const auto [known, fresh] = places.emplace(case_folded(file.path), table.place());
        if (!fresh) {
            return Error{fmt::format("a second file is called `{}`", base::printable(file.path)),
                         table.place(),
                         fmt::format("the first is at {}; Windows ignores case", known->second)};
        }
        out.push_back(std::move(file));
    }
    std::sort(out.begin(), out.end(), [](const File& a, const File& b) {
        return case_folded(a.path) < case_folded(b.path);
    });
    return out;
}

// "10.0.19045.4529": four numbers.
bool is_windows_build(std::string_view text) {
    const bool digits_and_dots = text.find_first_not_of("0123456789.") == std::string_view::npos;
    const bool filled = !text.empty() && text.front() != '.' && text.back() != '.' &&
                        text.find("..") == std::string_view::npos;
    return digits_and_dots && filled && text.size() <= 40 &&
           std::count(text.begin(), text.end(), '.') == 3;
}

Result<Persona> read_persona(const TomlDocument& document, const std::filesystem::path& file) {
    TomlTable root = document.root();
    FB_CHECK(root.allow({"schema", "title", "windows_build", "online", "file"}));
    FB_CHECK(root.check_schema(1));
    Persona out;
    out.name = file.stem().string();
    FB_TRY(out.title, root.line("title"));
    FB_TRY(out.windows_build, root.string("windows_build"));
    if (!is_windows_build(out.windows_build)) {
        return root.error(
            "windows_build",
            fmt::format("`{}` is no Windows build", base::printable(out.windows_build, 60)),
            "write four numbers, such as \"10.0.19045.4529\"");
    }
    FB_TRY(std::optional<TomlTable> online, root.table("online"));
    if (!online) {
        return root.error("online", "`online` is missing",
                          "add a table [online] with pattern = \"office\"");
    }
    FB_CHECK(online->allow({"pattern"}));
    FB_TRY(const OnlineKind kind, online->word("pattern", kPatterns));
    FB_CHECK(online->finish());
    out.online = online_pattern(kind);
    FB_TRY(out.files, read_files(root));
    FB_CHECK(root.finish());
    return out;
}

}  // namespace

Result<Persona> load_persona(const std::filesystem::path& file) {
    FB_TRY(const TomlDocument document, TomlDocument::load(file));
    return read_persona(document, file);
}

Result<Persona> parse_persona(std::string_view text, const std::filesystem::path& file) {
    FB_TRY(const TomlDocument document, TomlDocument::parse(text, file.string()));
    return read_persona(document, file);
}

}  // namespace firebreak::host
