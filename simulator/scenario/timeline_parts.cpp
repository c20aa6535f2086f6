// Baseline, releases and acts: what is published when.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::SimTime;
using base::Status;
using base::TomlTable;

constexpr TomlTable::Words<ReleaseKind, 2> kKinds{
    {{"update", ReleaseKind::kUpdate}, {"fix", ReleaseKind::kFix}}};
constexpr TomlTable::Words<ActKind, 2> kDestinations{
    {{"internal", ActKind::kPromoteToInternal}, {"public", ActKind::kPromoteToPublic}}};

Status check_version(const TomlTable& in, std::string_view key, const std::string& version) {
    const bool valid = !version.empty() && version.size() <= 64 &&
                       std::all_of(version.begin(), version.end(), [](unsigned char c) {
                           return std::isalnum(c) || c == '.' || c == '_' || c == '-';
                       });
    if (!valid) {
        return in.error(key, fmt::format("`{}` is no valid version", base::printable(version, 80)),
                        "write 1 to 64 of A-Z, a-z, 0-9, '.', '_' and -");
    }
    return {};
}

Result<std::filesystem::path> read_source(TomlTable& in) {
    constexpr std::string_view kRemedy =
        "name a folder under fixtures/content, or one beside the scenario as \"./…\"";
    FB_TRY(const std::string text, in.string("source"));
    const std::filesystem::path source = text;
    if (text.empty() || text.size() > 1000 || base::printable(text, 4000) != text ||
        source.is_absolute()) {
        return in.error("source",
                        fmt::format("`{}` is no place for content", base::printable(text, 80)),
                        std::string(kRemedy));
    }
    const bool climbs = std::find(source.begin(), source.end(), "..") != source.end();
    if (climbs && !text.starts_with("./")) {
        return in.error("source",
                        fmt::format("`{}` leads out of fixtures/content", base::printable(text)),
                        std::string(kRemedy));
    }
    return source;
}

// Versions are what tells two packages of a feed apart.
class Versions {
  public:
    explicit Versions(const std::vector<Baseline>& baseline) {
        for (const Baseline& entry : baseline) {
            places_.emplace(std::pair(entry.feed, entry.version), entry.place);
        }
    }
    Status add(const Release& release) {
        const auto [known, fresh] =
            places_.emplace(std::pair(release.feed, release.version), release.place);
        if (fresh) {
            return {};
        }
        return Error{fmt::format("version `{}` of {} exists already", release.version,
                                 content::info(release.feed).name),
                     release.place,
                     fmt::format("it is used at {}: write another `version`", known->second)};
    }

  private:
    std::map<std::pair<content::Feed, std::string>, Place> places_;
};

Result<Release> read_release(TomlTable in, const Experiment& so_far) {
    FB_CHECK(in.allow({"id", "feed", "version", "source", "at", "kind", "expedited"}));
    Release out;
    out.place = in.place();
    FB_TRY(out.id, read_name(in, "id"));
    if (out.id == "baseline") {
        return in.error("id", "a release cannot be called `baseline`",
                        "faults mean the content of [[baseline]] by it: choose another name");
    }
    FB_TRY(out.feed, read_feed(in));
    FB_TRY(out.version, in.string("version", out.id));
    FB_CHECK(check_version(in, "version", out.version));
    FB_TRY(out.source, read_source(in));
    FB_TRY(out.at, read_moment(in, "at", so_far));
    FB_TRY(out.kind, in.word("kind", kKinds, ReleaseKind::kUpdate));
    FB_TRY(out.expedited, in.boolean("expedited", false));
    FB_CHECK(in.finish());
    return out;
}

Result<Act> read_act(TomlTable in, const Experiment& so_far) {
    FB_CHECK(in.allow({"at", "promote", "to", "halt"}));
    Act out;
    out.place = in.place();
    FB_TRY(out.at, read_moment(in, "at", so_far));
    if (in.has("promote")) {
        FB_TRY(out.release, in.string("promote"));
        FB_TRY(out.kind, in.word("to", kDestinations));
        FB_CHECK(find_release(out.release, so_far, in.place("promote")));
        FB_CHECK(in.finish("to a promotion"));
        return out;
    }
    if (!in.has("halt")) {
        return in.error("promote", "an act without a deed",
                        "add `promote` with `to`, or `halt`, with the id of a release");
    }
    FB_TRY(out.release, in.string("halt"));
    FB_CHECK(find_release(out.release, so_far, in.place("halt")));
    FB_CHECK(in.finish("to a halt"));
    return out;
}

// Follows what acts make of each release, and refuses those that could do nothing.
class Promotions {
  public:
    explicit Promotions(const Experiment& so_far) : so_far_(so_far) {}

    Status apply(const Act& act) {
        FB_TRY(const Release* release, find_release(act.release, so_far_, act.place));
        State& state = states_[act.release];
        if (act.at < release->at) {
            return refuse(act, "is not released yet",
                          fmt::format("it is released at {}", release->place));
        }
        if (state.halted) {
            return refuse(act, "is halted by then", "remove the act, or the halt");
        }
        if (act.kind == ActKind::kHalt) {
            state.halted = true;
            return {};
        }
        if (release->expedited) {
            return refuse(act, "is expedited: it is published to all groups at once",
                          "remove the act");
        }
        const bool to_public = act.kind == ActKind::kPromoteToPublic;
        const GroupStage stage = to_public ? GroupStage::kPublic : GroupStage::kInternal;
        if (!has(stage)) {
            return refuse(act, "has nowhere to go", "add a group of that stage, or remove the act");
        }
        if (state.reached >= stage) {
            return refuse(act, "was promoted as far before", "remove one of the acts");
        }
        if (to_public && has(GroupStage::kInternal) && state.reached < GroupStage::kInternal) {
            return refuse(act, "goes public before the internal group has it",
                          "promote it to internal first, or make it expedited");
        }
        state.reached = stage;
        return {};
    }

  private:
    struct State {
        GroupStage reached = GroupStage::kEngineering;
        bool halted = false;
    };

    static Error refuse(const Act& act, std::string_view reason, std::string remedy) {
        return {fmt::format("release `{}` {}", act.release, reason), act.place, std::move(remedy)};
    }
    bool has(GroupStage stage) const {
        return std::any_of(so_far_.groups.begin(), so_far_.groups.end(),
                           [stage](const Group& group) { return group.stage == stage; });
    }

    const Experiment& so_far_;
    std::map<std::string, State> states_;
};

// In order of time; what happens at the same time stays in the order of the file.
template <class Timed>
void sort_by_time(std::vector<Timed>& entries) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Timed& a, const Timed& b) { return a.at < b.at; });
}

}  // namespace

Result<std::vector<Baseline>> read_baseline(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("baseline"));
    std::vector<Baseline> out;
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"feed", "version", "source"}));
        Baseline entry;
        entry.place = in.place();
        FB_TRY(entry.feed, read_feed(in));
        const auto same = [&entry](const Baseline& other) { return other.feed == entry.feed; };
        const auto known = std::find_if(out.begin(), out.end(), same);
        if (known != out.end()) {
            return in.error("feed",
                            fmt::format("a second baseline of {}", content::info(entry.feed).name),
                            "the first is at " + known->place);
        }
        FB_TRY(entry.version, in.string("version"));
        FB_CHECK(check_version(in, "version", entry.version));
        FB_TRY(entry.source, read_source(in));
        FB_CHECK(in.finish());
        out.push_back(std::move(entry));
    }
    return out;
}

Result<std::vector<Release>> read_releases(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("release"));
    std::vector<Release> out;
    std::map<std::string, Place> ids;
    Versions versions(so_far.baseline);
    for (const TomlTable& table : tables) {
        FB_TRY(Release release, read_release(table, so_far));
        const auto [known, fresh] = ids.emplace(release.id, release.place);
        if (!fresh) {
            return Error{fmt::format("a second release is called `{}`", release.id), release.place,
                         "the first is at " + known->second};
        }
        FB_CHECK(versions.add(release));
        out.push_back(std::move(release));
    }
    sort_by_time(out);
    return out;
}

Result<std::vector<Act>> read_acts(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("act"));
    std::vector<Act> out;
    for (const TomlTable& table : tables) {
        FB_TRY(Act act, read_act(table, so_far));
        out.push_back(std::move(act));
    }
    sort_by_time(out);
    Promotions promotions(so_far);
    for (const Act& act : out) {
        FB_CHECK(promotions.apply(act));
    }
    return out;
}

}  // namespace firebreak::scenario
