// What several parts of a scenario read and write alike.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

using base::Error;
using base::Result;
using base::Status;
using base::TomlTable;

namespace {

// Something that a path may be made of, and that a message can show.
bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= 1000 && base::printable(text, 4000) == text;
}

bool begins_here(std::string_view text) {
    return text.substr(0, 2) == "./";
}

}  // namespace

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Error no_name(std::string_view text, std::string place) {
    return {fmt::format("`{}` is no valid name", base::printable(text, 80)), std::move(place),
            "write 1 to 40 of a-z, 0-9 and -"};
}

Result<std::string> read_name(TomlTable& in, std::string_view key) {
    FB_TRY(std::string name, in.string(key));
    if (!is_name(name)) {
        return no_name(name, in.place(key));
    }
    return name;
}

Result<content::Feed> read_feed(TomlTable& in) {
    FB_TRY(const std::string name, in.string("feed"));
    if (const std::optional<content::Feed> feed = content::find_feed(name)) {
        return *feed;
    }
    std::vector<std::string> names;
    for (const content::FeedInfo& info : content::catalogue()) {
        names.emplace_back(info.name);
    }
    return base::no_such("feed", name, names, in.place("feed"));
}

Result<base::SimTime> read_moment(TomlTable& in, std::string_view key, const Experiment& so_far) {
    FB_TRY(const base::Duration since_start, in.duration(key));
    if (since_start > so_far.duration) {
        return in.error(key, fmt::format("`{}` is after the end of the run", key),
                        fmt::format("the run lasts {}", base::to_text(so_far.duration)));
    }
    return base::SimTime{} + since_start;
}

Status read_window(TomlTable& in, std::string_view from, std::string_view what,
                   const Experiment& so_far, base::SimTime& begin, base::SimTime& end) {
    end = base::SimTime{} + so_far.duration;
    if (in.has(from)) {
        FB_TRY(begin, read_moment(in, from, so_far));
    }
    if (in.has("until")) {
        FB_TRY(end, read_moment(in, "until", so_far));
    }
    if (end <= begin) {
        return in.error(in.has("until") ? "until" : from,
                        fmt::format("{} ends before it begins", what),
                        fmt::format("write `until` later than `{}`", from));
    }
    return {};
}

namespace {

Result<std::filesystem::path> checked_source(const TomlTable& in, std::string_view key,
                                             const std::string& text, std::string_view under) {
    const std::string remedy =
        fmt::format("name a {} under fixtures/{}, or one beside the scenario as \"./…\"",
                    under == "content" ? "folder" : "file", under);
    const std::filesystem::path source = text;
    if (!is_plain(text) || source.is_absolute()) {
        return in.error(
            key, fmt::format("`{}` is no place for {}", base::printable(text, 80), under), remedy);
    }
    const bool climbs = std::find(source.begin(), source.end(), "..") != source.end();
    if (climbs && !begins_here(text)) {
        return in.error(key,
                        fmt::format("`{}` leads out of fixtures/{}", base::printable(text), under),
                        remedy);
    }
    return source;
}

}  // namespace

Result<std::filesystem::path> read_source(TomlTable& in, std::string_view key,
                                          std::string_view under) {
    FB_TRY(const std::string text, in.string(key));
    return checked_source(in, key, text, under);
}

Result<std::vector<std::filesystem::path>> read_sources(TomlTable& in, std::string_view key) {
    std::vector<std::filesystem::path> out;
    if (in.has(key)) {
        FB_TRY(const std::vector<std::string> texts, in.strings(key));
        for (const std::string& text : texts) {
            FB_TRY(out.emplace_back(), checked_source(in, key, text, "content"));
        }
    }
    return out;
}

Result<std::filesystem::path> read_beside(TomlTable& in, std::string_view key) {
    FB_TRY(const std::string text, in.string(key));
    if (!is_plain(text) || !begins_here(text)) {
        return in.error(key,
                        fmt::format("`{}` is not beside the scenario", base::printable(text, 80)),
                        "write it relative to this file, as \"./…\"");
    }
    return std::filesystem::path(text);
}

std::filesystem::path beside(const std::filesystem::path& file, const std::filesystem::path& path) {
    return (file.parent_path() / path).lexically_normal();
}

Result<std::string> read_platform(TomlTable& in, std::string_view key, std::string fallback) {
    FB_TRY(std::string platform, in.string(key, std::move(fallback)));
    if (!is_name(platform) || platform.size() > 32) {
        return in.error(key, fmt::format("`{}` is no platform", base::printable(platform, 80)),
                        "write 1 to 32 of a-z, 0-9 and -, such as \"windows-x64\"");
    }
    return platform;
}

Status check_group(std::string_view name, const Experiment& so_far, std::string place) {
    const auto same = [name](const Group& group) { return group.name == name; };
    if (std::any_of(so_far.groups.begin(), so_far.groups.end(), same)) {
        return {};
    }
    std::vector<std::string> names;
    for (const Group& group : so_far.groups) {
        names.push_back(group.name);
    }
    return base::no_such("group", name, names, std::move(place));
}

Result<std::vector<std::string>> read_group_names(TomlTable& in, std::string_view key,
                                                  const Experiment& so_far) {
    FB_TRY(std::vector<std::string> out, in.strings(key));
    if (out.empty() && in.has(key)) {
        return in.error(key, fmt::format("`{}` names none", key),
                        "leave it out to mean all groups");
    }
    for (auto name = out.begin(); name != out.end(); ++name) {
        FB_CHECK(check_group(*name, so_far, in.place(key)));
        if (std::find(out.begin(), name, *name) != name) {
            return in.error(key, fmt::format("`{}` is named twice", *name), "name it once");
        }
    }
    return out;
}

Status check_persona(std::string_view name, const Experiment& so_far,
                     const std::optional<std::string>& group, std::string place) {
    std::set<std::string> names;
    for (const Group& candidate : so_far.groups) {
        for (const auto& [persona, weight] : candidate.personas) {
            if (!group || *group == candidate.name) {
                names.insert(persona);
            }
        }
    }
    if (names.contains(std::string(name))) {
        return {};
    }
    return base::no_such("persona", name, std::vector(names.begin(), names.end()),
                         std::move(place));
}

Result<const Release*> find_release(std::string_view id, const Experiment& so_far,
                                    std::string place) {
    const auto same = [id](const Release& release) { return release.id == id; };
    const auto found = std::find_if(so_far.releases.begin(), so_far.releases.end(), same);
    if (found != so_far.releases.end()) {
        return &*found;
    }
    std::vector<std::string> ids;
    for (const Release& release : so_far.releases) {
        ids.push_back(release.id);
    }
    return base::no_such("release", id, ids, std::move(place));
}

bool is_published(content::Feed feed, const Experiment& so_far) {
    const auto same = [feed](const Baseline& entry) { return entry.feed == feed; };
    const auto published = [feed](const Release& release) {
        return release.feed == feed && release.kind != ReleaseKind::kPlant;
    };
    return std::any_of(so_far.releases.begin(), so_far.releases.end(), published) ||
           std::any_of(so_far.baseline.begin(), so_far.baseline.end(), same);
}

std::string exact_text(base::Duration duration) {
    constexpr std::array<std::pair<int64_t, char>, 4> kUnits{
        {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
    int64_t seconds = duration.seconds;
    std::string out;
    for (const auto& [length, unit] : kUnits) {
        if (seconds >= length) {
            out += fmt::format("{}{}{}", out.empty() ? "" : " ", seconds / length, unit);
            seconds %= length;
        }
    }
    return out.empty() ? "0s" : out;
}

std::string share_text(double share) {
    return fmt::format("{:.10g}%", share * 100);
}

std::string value_text(bool value) {
    return value ? "true" : "false";
}

std::string value_text(double value) {
    return fmt::format("{}", value);
}

}  // namespace firebreak::scenario
