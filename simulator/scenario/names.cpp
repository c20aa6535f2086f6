// What several parts of a scenario read alike.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

using base::Error;
using base::Result;
using base::Status;
using base::TomlTable;

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Result<std::string> read_name(TomlTable& in, std::string_view key) {
    FB_TRY(std::string name, in.string(key));
    if (!is_name(name)) {
        return in.error(key, fmt::format("`{}` is no valid name", base::printable(name, 80)),
                        "write 1 to 40 of a-z, 0-9 and -");
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

}  // namespace firebreak::scenario
