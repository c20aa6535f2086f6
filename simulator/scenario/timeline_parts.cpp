// Baseline and releases: what is published, or planted, when.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::TomlTable;

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

// When it comes: at a time, once another release has been halted, or by an act.
Status read_release_time(TomlTable& in, const Experiment& so_far, Release& out) {
    if (out.kind == ReleaseKind::kPlant) {
        if (in.has("at")) {
            FB_TRY(out.at, read_moment(in, "at", so_far));
        }
        return {};
    }
    FB_TRY(out.by_hand, in.boolean("by_hand", false));
    if (out.by_hand) {
        return {};
    }
    if (!in.has("fixes")) {
        if (!in.has("at")) {
            return in.error("at", "a release without a time",
                            "add `at`, or `fixes` with the id of another release");
        }
        FB_TRY(out.at, read_moment(in, "at", so_far));
        return {};
    }
    FB_TRY(out.fixes, in.string("fixes"));
    FB_TRY(out.after_halt, in.duration("after_halt", base::Duration{0}));
    if (out.after_halt > so_far.duration) {
        return in.error("after_halt", "`after_halt` is longer than the run",
                        fmt::format("the run lasts {}", base::to_text(so_far.duration)));
    }
    return {};
}

// What its manifest and its signature say.
Status read_manifest(TomlTable& in, const Experiment& so_far, Release& out) {
    FB_TRY(out.platform, read_platform(in, "platform", out.platform));
    FB_TRY(out.only_groups, read_group_names(in, "only_groups", so_far));
    if (in.has("signed_at")) {
        FB_TRY(out.signed_at, in.utc_time("signed_at"));
    }
    FB_TRY(out.signed_by, in.word("signed_by", kSigners, out.signed_by));
    if (out.signed_by != SignedBy::kVendor && out.kind != ReleaseKind::kPlant) {
        return in.error("signed_by", "the vendor publishes what it has signed itself",
                        "write kind = \"plant\" for what an attacker made, or remove `signed_by`");
    }
    return {};
}

Result<Release> read_release(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, release_format()));
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
    FB_TRY(out.source, read_source(in, "source", "content"));
    out.source_place = in.place("source");
    FB_TRY(out.with, read_sources(in, "with"));
    const ReleaseKind usual = in.has("fixes") ? ReleaseKind::kFix : ReleaseKind::kUpdate;
    FB_TRY(out.kind, in.word("kind", kReleaseKinds, usual));
    FB_CHECK(read_release_time(in, so_far, out));
    FB_CHECK(read_manifest(in, so_far, out));
    if (out.kind == ReleaseKind::kPlant) {
        FB_CHECK(in.finish("to a plant"));
        return out;
    }
    FB_TRY(out.expedited, in.boolean("expedited", false));
    FB_CHECK(in.finish(out.by_hand ? "beside `by_hand`"
                       : out.fixes ? "beside `fixes`"
                                   : "without `fixes`"));
    return out;
}

// What a fix fixes is another release of its feed, and no two wait for one another.
Status check_fixes(const std::vector<Release>& releases, const std::vector<TomlTable>& tables) {
    Experiment known;
    known.releases = releases;
    for (size_t r = 0; r < releases.size(); ++r) {
        if (!releases[r].fixes) {
            continue;
        }
        const std::string place = tables[r].place("fixes");
        FB_TRY(const Release* fixed, find_release(*releases[r].fixes, known, place));
        if (fixed->kind == ReleaseKind::kPlant) {
            return Error{fmt::format("release `{}` is a plant, and never halted", fixed->id), place,
                         "name a release that is published, or give this one an `at`"};
        }
        if (fixed->feed != releases[r].feed) {
            return Error{fmt::format("release `{}` is of another feed", fixed->id), place,
                         fmt::format("it is of {}", content::info(fixed->feed).name)};
        }
        for (size_t steps = 0; fixed->fixes; ++steps) {
            if (steps == releases.size()) {
                return Error{"releases that wait for one another's halt", place,
                             "give one of them an `at`"};
            }
            FB_TRY(fixed, find_release(*fixed->fixes, known, place));
        }
    }
    return {};
}

}  // namespace

Result<std::vector<Baseline>> read_baseline(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("baseline"));
    std::vector<Baseline> out;
    for (TomlTable in : tables) {
        FB_CHECK(allow(in, baseline_format()));
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
        FB_TRY(entry.source, read_source(in, "source", "content"));
        entry.source_place = in.place("source");
        FB_TRY(entry.with, read_sources(in, "with"));
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
    FB_CHECK(check_fixes(out, tables));
    // Those that wait for a halt come after those that have a time, as they stand in the file;
    // those by hand come last.
    const auto by_hand = std::stable_partition(
        out.begin(), out.end(), [](const Release& release) { return !release.by_hand; });
    const auto waiting = std::stable_partition(
        out.begin(), by_hand, [](const Release& release) { return !release.fixes; });
    std::stable_sort(out.begin(), waiting,
                     [](const Release& a, const Release& b) { return a.at < b.at; });
    return out;
}

}  // namespace firebreak::scenario
