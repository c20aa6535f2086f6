#include "host/persona.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/toml_document.h"
#include "host/online_pattern.h"
#include "host/persona_reading.h"
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
constexpr size_t kMaxSamples = 100;
constexpr size_t kMaxProcesses = 1000;
constexpr size_t kMaxStreams = 1000;
constexpr size_t kMaxDrivers = 1000;
constexpr size_t kMaxContentBytes = 16 * 1024 * 1024;
constexpr double kMaxPerHour = 3600;
constexpr int64_t kUsualAddress = 0x400000;       // where linkers put programs
constexpr int64_t kLastAddress = 0x7fffffff0000;  // of user space

constexpr TomlTable::Words<OnlineKind, 3> kPatterns{{{"always", OnlineKind::kAlways},
                                                     {"office", OnlineKind::kOffice},
                                                     {"roaming", OnlineKind::kRoaming}}};

constexpr TomlTable::Words<Loss, 3> kLosses{
    {{"nothing", Loss::kNothing}, {"network", Loss::kNetwork}, {"boot", Loss::kBoot}}};

// What may still be filled with content.
class Budget {
  public:
    Status spend(const TomlTable& in, std::string_view key, size_t bytes) {
        if (bytes > left_) {
            return in.error(key, "what stands in this persona holds more than 16 MiB",
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

Result<Bytes> read_content(TomlTable& in, std::string_view what, Budget& budget) {
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
        return in.error("text", fmt::format("a {} without content", what),
                        "add `text`, `hex` or `fill`");
    }
    return read_fill(*fill, budget);
}

Result<File> read_machine_file(TomlTable in, Budget& budget) {
    FB_CHECK(in.allow({"path", "text", "hex", "fill", "system", "loss", "opens_per_hour"}));
    File out;
    FB_TRY(out.path, read_path(in, "path"));
    FB_TRY(Bytes content, read_content(in, "file", budget));
    FB_TRY(out.system, in.boolean("system", false));
    FB_TRY(out.loss, in.word("loss", kLosses, Loss::kNothing));
    if (in.has("loss") && !out.system) {
        return in.error("loss", "`loss` of a file that is no part of Windows",
                        "add `system = true`, or remove it");
    }
    FB_TRY(out.opens_per_hour, in.number("opens_per_hour", {0, kMaxPerHour}, 0.0));
    FB_CHECK(in.finish("beside the content that the file has already"));
    out.sha384 = base::sha384(content);
    out.content = std::make_shared<const Bytes>(std::move(content));
    return out;
}

Result<std::vector<File>> read_files(TomlTable& root, Budget& budget) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "file", kMaxFiles));
    Names names("file");
    std::vector<File> out;
    for (const TomlTable& table : tables) {
        FB_TRY(File file, read_machine_file(table, budget));
        FB_CHECK(names.add(file.path, table));
        out.push_back(std::move(file));
    }
    sort_by(out, &File::path);
    return out;
}

Result<std::string> read_file_name(TomlTable& in, std::string_view example) {
    FB_TRY(std::string name, in.string("name"));
    if (name.find('\\') != std::string::npos || !path_problem("C:\\" + name).empty()) {
        return in.error("name", fmt::format("`{}` is no file name", base::printable(name, 120)),
                        fmt::format("write one that Windows takes, such as \"{}\"", example));
    }
    return name;
}

Result<std::vector<Sample>> read_samples(TomlTable& root, Budget& budget) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "sample", kMaxSamples));
    Names names("sample");
    std::vector<Sample> out;
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"name", "text", "hex", "fill"}));
        Sample sample;
        FB_TRY(sample.name, read_file_name(in, "eicar.com"));
        FB_TRY(Bytes content, read_content(in, "sample", budget));
        FB_CHECK(in.finish("beside the content that the sample has already"));
        FB_CHECK(names.add(sample.name, in));
        sample.sha384 = base::sha384(content);
        sample.content = std::make_shared<const Bytes>(std::move(content));
        out.push_back(std::move(sample));
    }
    sort_by(out, &Sample::name);
    return out;
}

Result<std::vector<Process>> read_processes(TomlTable& root, const std::vector<File>& files,
                                            Budget& budget) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "process", kMaxProcesses));
    Names names("process");
    std::vector<Process> out;
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"image", "address", "text", "hex", "fill", "starts_per_hour"}));
        Process process;
        FB_TRY(process.image, in.string("image"));
        const auto image = std::find_if(files.begin(), files.end(), [&](const File& file) {
            return case_folded(file.path) == case_folded(process.image);
        });
        if (image == files.end()) {
            return in.error(
                "image",
                fmt::format("no file of this machine is `{}`", base::printable(process.image, 120)),
                "name the path of a [[file]] of this persona");
        }
        process.image = image->path;
        FB_TRY(const int64_t address, in.integer("address", 0, kLastAddress, kUsualAddress));
        process.address = static_cast<uint64_t>(address);
        FB_TRY(Bytes memory, read_content(in, "process", budget));
        FB_TRY(process.starts_per_hour, in.number("starts_per_hour", {0, kMaxPerHour}, 0.0));
        FB_CHECK(in.finish("beside the content that the process has already"));
        FB_CHECK(names.add(process.image, in));
        process.sha384 = base::sha384(memory);
        process.memory = std::make_shared<const Bytes>(std::move(memory));
        out.push_back(std::move(process));
    }
    sort_by(out, &Process::image);
    return out;
}

Result<std::vector<Stream>> read_streams(TomlTable& root, Budget& budget) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "stream", kMaxStreams));
    Names names("stream");
    std::vector<Stream> out;
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"name", "text", "hex", "fill", "per_hour"}));
        Stream stream;
        FB_TRY(stream.name, in.line("name"));
        FB_TRY(Bytes content, read_content(in, "stream", budget));
        FB_TRY(stream.per_hour, in.number("per_hour", {0, kMaxPerHour}, 0.0));
        FB_CHECK(in.finish("beside the content that the stream has already"));
        FB_CHECK(names.add(stream.name, in));
        stream.sha384 = base::sha384(content);
        stream.content = std::make_shared<const Bytes>(std::move(content));
        out.push_back(std::move(stream));
    }
    sort_by(out, &Stream::name);
    return out;
}

// "10.0.19045.4529": four numbers.
bool is_four_numbers(std::string_view text) {
    const bool digits_and_dots = text.find_first_not_of("0123456789.") == std::string_view::npos;
    const bool filled = !text.empty() && text.front() != '.' && text.back() != '.' &&
                        text.find("..") == std::string_view::npos;
    return digits_and_dots && filled && text.size() <= 40 &&
           std::count(text.begin(), text.end(), '.') == 3;
}

Result<std::string> read_four_numbers(TomlTable& in, std::string_view key, std::string_view what,
                                      std::string_view example) {
    FB_TRY(std::string text, in.string(key));
    if (!is_four_numbers(text)) {
        return in.error(key, fmt::format("`{}` is no {}", base::printable(text, 60), what),
                        fmt::format("write four numbers, such as \"{}\"", example));
    }
    return text;
}

Result<std::vector<Driver>> read_drivers(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "driver", kMaxDrivers));
    Names names("driver");
    std::vector<Driver> out;
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"name", "version"}));
        Driver driver;
        FB_TRY(driver.name, read_file_name(in, "e1d68x64.sys"));
        FB_TRY(driver.version,
               read_four_numbers(in, "version", "version of a driver", "12.19.2.45"));
        FB_CHECK(in.finish());
        FB_CHECK(names.add(driver.name, in));
        out.push_back(std::move(driver));
    }
    sort_by(out, &Driver::name);
    return out;
}

Result<OnlinePattern> read_online(TomlTable& root) {
    FB_TRY(std::optional<TomlTable> online, root.table("online"));
    if (!online) {
        return root.error("online", "`online` is missing",
                          "add a table [online] with pattern = \"office\"");
    }
    FB_CHECK(online->allow({"pattern"}));
    FB_TRY(const OnlineKind kind, online->word("pattern", kPatterns));
    FB_CHECK(online->finish());
    return online_pattern(kind);
}

Result<Persona> read_persona(const TomlDocument& document, const std::filesystem::path& file) {
    TomlTable root = document.root();
    FB_CHECK(
        root.allow({"schema", "title", "windows_build", "online", "file", "sample", "process",
                    "stream", "driver", "program", "service", "component", "registry", "event"}));
    FB_CHECK(root.check_schema(1));
    Persona out;
    out.name = file.stem().string();
    FB_TRY(out.title, root.line("title"));
    FB_TRY(out.windows_build,
           read_four_numbers(root, "windows_build", "Windows build", "10.0.19045.4529"));
    FB_TRY(out.online, read_online(root));
    Budget budget;
    FB_TRY(out.files, read_files(root, budget));
    FB_TRY(out.samples, read_samples(root, budget));
    FB_TRY(out.processes, read_processes(root, out.files, budget));
    FB_TRY(out.streams, read_streams(root, budget));
    FB_TRY(out.drivers, read_drivers(root));
    FB_CHECK(read_installed(root, out));
    FB_TRY(out.events, read_events(root));
    FB_CHECK(root.finish());
    return out;
}

}  // namespace

Result<std::vector<TomlTable>> read_list(TomlTable& root, std::string_view key, size_t most) {
    FB_TRY(std::vector<TomlTable> tables, root.tables(key));
    if (tables.size() > most) {
        const auto text = [](size_t n) { return base::with_thousands(static_cast<int64_t>(n)); };
        return root.error(key, fmt::format("{} {}s", text(tables.size()), key),
                          fmt::format("a persona has at most {}", text(most)));
    }
    return tables;
}

Status Names::add(std::string_view name, const TomlTable& table) {
    const auto [known, fresh] = places_.emplace(case_folded(name), table.place());
    if (fresh) {
        return {};
    }
    return Error{fmt::format("a second {} is called `{}`", what_, base::printable(name)),
                 table.place(),
                 fmt::format("the first is at {}; Windows ignores case", known->second)};
}

Result<std::string> read_path(TomlTable& in, std::string_view key) {
    FB_TRY(std::string path, in.string(key));
    if (const std::string problem = path_problem(path); !problem.empty()) {
        return in.error(key, fmt::format("the path `{}` {}", base::printable(path, 120), problem),
                        "write it as 'C:\\Users\\ana\\report.txt', in single quotes");
    }
    return path;
}

Result<Persona> load_persona(const std::filesystem::path& file) {
    FB_TRY(const TomlDocument document, TomlDocument::load(file));
    return read_persona(document, file);
}

Result<Persona> parse_persona(std::string_view text, const std::filesystem::path& file) {
    FB_TRY(const TomlDocument document, TomlDocument::parse(text, file.string()));
    return read_persona(document, file);
}

}  // namespace firebreak::host
