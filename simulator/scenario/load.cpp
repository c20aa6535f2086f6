#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/toml_document.h"
#include "scenario/experiment.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::TomlDocument;
using base::TomlTable;
using std::filesystem::path;

Status allow_root_keys(TomlTable& root) {
    return root.allow({"schema", "extends", "title", "description", "tags", "seed", "start",
                       "duration", "group", "policy", "baseline", "release", "act", "fault",
                       "expect", "fingerprint"});
}

// The same for every name that leads to the file.
path identity(const path& file) {
    std::error_code failure;
    const path found = std::filesystem::weakly_canonical(file, failure);
    return failure ? file.lexically_normal() : found;
}

// Content "beside the scenario" stays beside the scenario that names it.
void move_sources(TomlDocument& parent, const path& from, const path& to) {
    const path way = identity(from).lexically_relative(identity(to));
    if (way == "." || way.empty()) {
        return;
    }
    const auto moved = [&way](const std::string& source) {
        return source.starts_with("./") ? "./" + (way / source).lexically_normal().string()
                                        : source;
    };
    parent.rewrite("baseline", "source", moved);
    parent.rewrite("release", "source", moved);
}

path folder_of(const path& file) {
    return file.has_parent_path() ? file.parent_path() : path(".");
}

// Merges what the document extends into it, oldest ancestor last. `line` holds the files that led
// here, this one included.
Result<TomlDocument> resolve(TomlDocument document, const path& file, std::vector<path>& line) {
    TomlTable root = document.root();
    FB_CHECK(allow_root_keys(root));
    FB_CHECK(root.check_schema(1));
    if (!root.has("extends")) {
        return document;
    }
    FB_TRY(const path named, root.string("extends"));
    const std::string place = root.place("extends");
    if (named.empty() || named.is_absolute()) {
        return Error{"`extends` must name a file relative to this one", place,
                     "such as \"base.toml\""};
    }
    const path parent_file = folder_of(file) / named;
    if (std::find(line.begin(), line.end(), identity(parent_file)) != line.end()) {
        return Error{fmt::format("extends itself by way of `{}`", base::printable(named.string())),
                     place, "remove one `extends` from the circle"};
    }
    if (line.size() > kMaxAncestors) {
        return Error{fmt::format("more than {} files extend one another", kMaxAncestors), place,
                     "merge some of them"};
    }
    line.push_back(identity(parent_file));
    Result<TomlDocument> loaded = TomlDocument::load(parent_file);
    if (!loaded.ok()) {
        Error error = loaded.error();
        error.remedy +=
            fmt::format("{}it is extended at {}", error.remedy.empty() ? "" : "; ", place);
        return error;
    }
    FB_TRY(TomlDocument parent, resolve(std::move(*loaded), parent_file, line));
    move_sources(parent, folder_of(parent_file), folder_of(file));
    document.remove("extends");
    document.inherit(std::move(parent));
    return document;
}

Result<std::vector<std::string>> read_tags(TomlTable& root) {
    FB_TRY(std::vector<std::string> tags, root.strings("tags"));
    for (auto tag = tags.begin(); tag != tags.end(); ++tag) {
        if (!is_name(*tag) || std::find(tags.begin(), tag, *tag) != tag) {
            return root.error("tags", fmt::format("`{}` is no tag", base::printable(*tag, 80)),
                              "write each once, as 1 to 40 of a-z, 0-9 and -");
        }
    }
    return tags;
}

Result<std::optional<std::string>> read_fingerprint(TomlTable& root) {
    if (!root.has("fingerprint")) {
        return std::optional<std::string>();
    }
    FB_TRY(std::string text, root.string("fingerprint"));
    constexpr std::string_view kShape = "hhhh-hhhh-hhhh-hhhh";
    const auto fits = [](char c, char shape) {
        return shape == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    };
    if (!std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(), fits)) {
        return root.error("fingerprint",
                          fmt::format("`{}` is not a fingerprint", base::printable(text, 60)),
                          "copy it from a report: 53de-64a7-0c1b-9e2f");
    }
    return std::optional(std::move(text));
}

Result<Experiment> read_experiment(const TomlDocument& document, const path& file) {
    Experiment out;
    out.file = file;
    out.name = file.stem().string();
    TomlTable root = document.root();
    FB_CHECK(allow_root_keys(root));
    FB_CHECK(root.check_schema(1));
    FB_TRY(out.title, root.line("title"));
    FB_TRY(out.description, root.string("description", ""));
    FB_TRY(out.tags, read_tags(root));
    FB_TRY(const int64_t seed, root.integer("seed", 0, std::numeric_limits<int64_t>::max(), 1));
    out.seed = static_cast<uint64_t>(seed);
    FB_TRY(out.start, root.utc_time("start"));
    FB_TRY(out.duration, root.duration("duration"));
    if (out.duration < kSlice) {
        return root.error("duration", "`duration` is too short", "a run lasts at least 5m");
    }
    FB_TRY(out.groups, read_groups(root));
    FB_TRY(out.policy, read_policy(root));
    FB_TRY(out.baseline, read_baseline(root));
    FB_TRY(out.releases, read_releases(root, out));
    FB_TRY(out.acts, read_acts(root, out));
    FB_TRY(out.faults, read_faults(root, out));
    FB_TRY(out.expectations, read_expectations(root, out));
    FB_TRY(out.fingerprint, read_fingerprint(root));
    FB_CHECK(root.finish());
    out.toml = document.text();
    return out;
}

Result<Experiment> finish(Result<TomlDocument> document, const path& file) {
    if (!document.ok()) {
        return document.error();
    }
    std::vector<path> line{identity(file)};
    FB_TRY(const TomlDocument resolved, resolve(std::move(*document), file, line));
    return read_experiment(resolved, file);
}

}  // namespace

Result<Experiment> load(const path& file) {
    return finish(TomlDocument::load(file), file);
}

Result<Experiment> parse(std::string_view text, const path& file) {
    return finish(TomlDocument::parse(text, file.string()), file);
}

}  // namespace firebreak::scenario
