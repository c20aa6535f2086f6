// A scanner of somebody's own.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "scenario/settings_reader.h"

namespace firebreak::scenario {

namespace {

using base::Duration;
using base::Result;
using base::Status;
using base::TomlTable;
using Texts = std::vector<std::string>;

constexpr size_t kMostTexts = 100;
constexpr size_t kLongestText = 4096;
constexpr std::array kPlaceholders = {"{content}", "{files}", "{subject}"};

bool has(const Texts& texts, std::string_view text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

Result<Texts> read_texts(TomlTable& in, std::string_view key) {
    FB_TRY(Texts out, in.strings(key));
    const bool fits = std::all_of(out.begin(), out.end(), [](const std::string& text) {
        return text.size() <= kLongestText && text.find('\0') == std::string::npos;
    });
    if (out.size() > kMostTexts || !fits) {
        return in.error(
            key, fmt::format("`{}` is too long, or holds a NUL", key),
            fmt::format("write at most {} texts of at most {} bytes", kMostTexts, kLongestText));
    }
    return out;
}

Result<Texts> read_paths(TomlTable& in, std::string_view key) {
    FB_TRY(Texts out, read_texts(in, key));
    for (const std::string& path : out) {
        if (!path.starts_with('/')) {
            return in.error(key, fmt::format("`{}` is no absolute path", base::printable(path, 80)),
                            "write it from / on");
        }
    }
    return out;
}

Result<std::string> read_command(TomlTable& in) {
    FB_TRY(std::string command, in.string("command"));
    if (!command.starts_with('/') || command.find('\0') != std::string::npos) {
        return in.error("command",
                        fmt::format("`{}` is no absolute path", base::printable(command, 80)),
                        "write it from / on: \"/usr/bin/yara\"; no shell looks for it");
    }
    return command;
}

Result<std::string> read_package(TomlTable& in) {
    FB_TRY(std::string package, in.string("package", ""));
    static const RE2 kName("[a-z0-9][a-z0-9.+-]{0,99}");
    if (!package.empty() && !RE2::FullMatch(package, kName)) {
        return in.error("package",
                        fmt::format("`{}` is no package's name", base::printable(package, 80)),
                        "write what apt-get calls it: \"yara\"");
    }
    return package;
}

Result<Texts> read_arguments(TomlTable& in, std::string_view key) {
    FB_TRY(Texts out, read_texts(in, key));
    for (const char* placeholder : kPlaceholders) {
        for (const std::string& argument : out) {
            if (argument != placeholder && argument.find(placeholder) != std::string::npos) {
                return in.error(key,
                                fmt::format("`{}` is a part of `{}`", placeholder,
                                            base::printable(argument, 80)),
                                "make it an argument of its own");
            }
        }
    }
    if (!has(out, "{content}") && !has(out, "{files}")) {
        return in.error(key, fmt::format("`{}` does not name the content", key),
                        "add \"{content}\", its folder, or \"{files}\", its files");
    }
    return out;
}

Result<Texts> read_environment(TomlTable& in) {
    FB_TRY(Texts out, read_texts(in, "environment"));
    static const RE2 kSetting("[A-Za-z_][A-Za-z0-9_]*=[^\\x00]*");
    std::vector<std::string> names;
    for (const std::string& setting : out) {
        const std::string name = setting.substr(0, setting.find('='));
        if (!RE2::FullMatch(setting, kSetting) || has(names, name)) {
            return in.error("environment",
                            fmt::format("`{}` is no setting, or the second of its name",
                                        base::printable(setting, 80)),
                            "write NAME=value, each name once");
        }
        names.push_back(name);
    }
    return out;
}

Result<std::map<int, ScannerAnswer>> read_exit_codes(TomlTable& in) {
    std::map<int, ScannerAnswer> out;
    FB_TRY(std::optional<TomlTable> codes, in.table("exit_codes"));
    if (!codes) {
        return in.error("exit_codes", "`exit_codes` is missing",
                        "write what exit statuses say: exit_codes = { clean = [0], failed = [1] }");
    }
    FB_CHECK(allow(*codes, *scanner_format().at("exit_codes").table));
    for (const auto& [word, answer] : kScannerAnswers) {
        FB_TRY(const std::vector<int64_t> statuses, codes->integers(word, 0, kMostExitStatus));
        for (const int64_t status : statuses) {
            if (!out.emplace(static_cast<int>(status), answer).second) {
                return codes->error(word, fmt::format("exit status {} stands there twice", status),
                                    "say one thing of it");
            }
        }
        if (answer == ScannerAnswer::kClean && out.empty()) {
            return codes->error(word, "no exit status says that all is well",
                                "write `clean`, such as clean = [0]");
        }
    }
    FB_CHECK(codes->finish());
    return out;
}

Result<Texts> read_lines(TomlTable& in, std::string_view key, bool needs_group) {
    FB_TRY(Texts out, read_texts(in, key));
    for (const std::string& pattern : out) {
        const RE2 expression(pattern, RE2::Quiet);
        if (!expression.ok()) {
            return in.error(
                key,
                fmt::format("`{}` is no RE2 expression: {}", base::printable(pattern, 80),
                            base::printable(expression.error(), 80)),
                "write it between single quotes, in which \\ is an ordinary letter");
        }
        if (needs_group && expression.NumberOfCapturingGroups() == 0) {
            return in.error(key, fmt::format("`{}` has no group", base::printable(pattern, 80)),
                            "put the part that is the rule's name in brackets");
        }
    }
    return out;
}

Status read_patterns(TomlTable& in, ExternalScanner& out) {
    FB_TRY(std::optional<TomlTable> patterns, in.table("patterns"));
    if (!patterns) {
        return {};
    }
    FB_CHECK(allow(*patterns, *scanner_format().at("patterns").table));
    FB_TRY(out.rule_lines, read_lines(*patterns, "rule", true));
    FB_TRY(out.error_lines, read_lines(*patterns, "error", false));
    FB_TRY(out.memory_lines, read_lines(*patterns, "memory", false));
    return patterns->finish();
}

Result<Duration> read_time(SettingsReader& in, std::string_view key, Duration fallback,
                           Duration most) {
    FB_TRY(const Duration time, in.duration(key, fallback));
    if (time < Duration{1} || most < time) {
        return in.toml()->error(key, fmt::format("`{}` is out of range", key),
                                fmt::format("write 1s to {}", exact_text(most)));
    }
    return time;
}

Status read_limits(SettingsReader in, ExternalScanner& out) {
    const auto read = [&in](std::string_view key, uint32_t& value) -> Status {
        FB_TRY(const int64_t given, in.integer(key, value));
        value = static_cast<uint32_t>(given);
        return {};
    };
    FB_CHECK(read("memory_mib", out.memory_mib));
    FB_TRY(out.cpu, read_time(in, "cpu", out.cpu, base::minutes(10)));
    FB_TRY(out.wall, read_time(in, "wall", out.wall, base::hours(1)));
    FB_CHECK(read("output_kib", out.output_kib));
    FB_CHECK(read("processes", out.processes));
    FB_CHECK(read("scratch_mib", out.scratch_mib));
    return in.finish();
}

void note(SettingsReader& in, const ExternalScanner& scanner) {
    in.note("command", scanner.command);
    in.note("check", fmt::format("{}", fmt::join(scanner.check, " ")));
    in.note("scan", fmt::format("{}", fmt::join(scanner.scan, " ")));
    in.note("binds", fmt::format("{}", fmt::join(scanner.binds, " ")));
}

}  // namespace

Result<std::optional<ExternalScanner>> read_scanner(TomlTable& root,
                                                    std::vector<Setting>& settings) {
    FB_TRY(SettingsReader in, SettingsReader::open(root, scanner_format(), settings));
    if (!in.toml()) {
        return std::optional<ExternalScanner>();
    }
    TomlTable& toml = *in.toml();
    ExternalScanner out;
    out.place = toml.place();
    FB_TRY(out.command, read_command(toml));
    FB_TRY(out.package, read_package(toml));
    FB_TRY(out.check, read_arguments(toml, "check"));
    FB_TRY(out.scan, read_arguments(toml, "scan"));
    if (!has(out.scan, "{subject}")) {
        return toml.error("scan", "`scan` does not name the file to scan", "add \"{subject}\"");
    }
    FB_TRY(out.binds, read_paths(toml, "binds"));
    FB_TRY(out.environment, read_environment(toml));
    FB_TRY(out.exit_codes, read_exit_codes(toml));
    FB_CHECK(read_patterns(toml, out));
    note(in, out);
    FB_TRY(SettingsReader limits, in.table("limits"));
    FB_CHECK(read_limits(std::move(limits), out));
    FB_CHECK(in.finish());
    return std::optional(std::move(out));
}

}  // namespace firebreak::scenario
