#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "base/toml_document.h"
#include "scenario/experiment.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/resolve.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::TomlDocument;
using base::TomlTable;
using std::filesystem::path;

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

Status read_run(TomlTable& root, Experiment& out) {
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
    return {};
}

Status read_settings(TomlTable& root, Experiment& out) {
    FB_TRY(out.policy, read_policy(root, out.settings));
    FB_TRY(out.update, read_update(root, out.settings));
    FB_TRY(out.required_layers, read_sandbox(root, out.settings));
    FB_TRY(out.protection, read_protection(root, out.settings));
    FB_TRY(out.scanner, read_scanner(root, out.settings));
    FB_TRY(out.signals, read_signals(root, out.settings));
    FB_TRY(out.people, read_people(root, out.settings));
    FB_TRY(out.crew, read_crew(root, out.settings));
    FB_TRY(out.recovery, read_recovery(root, out.settings));
    return {};
}

// The document with what came from other files in place of their names, so that a run file, which
// keeps it, is enough to run again.
Result<std::string> standing_alone(TomlDocument document, const Experiment& experiment) {
    const auto put = [&](const std::string& toml) -> Status {
        FB_TRY(TomlDocument part, TomlDocument::parse(toml, experiment.file.string()));
        document.put(std::move(part));
        return {};
    };
    const Error too_large{
        "the scenario with its inventory and measurements is too large to be kept in a run file",
        experiment.file.string(), "make them smaller"};
    std::string groups, measured;
    if (document.root().has("inventory")) {
        groups = toml_of(experiment.groups);
    }
    if (!experiment.measurements.empty()) {
        measured = toml_of(experiment.measurements);
    }
    if (groups.size() + measured.size() > base::kMaxTomlBytes) {
        return too_large;
    }
    if (!groups.empty()) {
        document.remove("inventory");
        FB_CHECK(put(groups));
    }
    if (!measured.empty()) {
        FB_CHECK(put(measured));
    }
    std::string text = document.text();
    if (text.size() > base::kMaxTomlBytes) {
        return too_large;
    }
    return text;
}

Result<Experiment> read_experiment(TomlDocument document, const path& file) {
    Experiment out;
    out.file = file;
    out.name = file.stem().string();
    TomlTable root = document.root();
    FB_CHECK(allow(root, root_format()));
    FB_CHECK(root.check_schema(1));
    FB_CHECK(read_run(root, out));
    FB_TRY(out.groups, read_groups(root, out));
    if (root.has("keys")) {
        FB_TRY(out.keys, read_beside(root, "keys"));
    }
    FB_CHECK(read_settings(root, out));
    FB_TRY(out.baseline, read_baseline(root));
    FB_TRY(out.releases, read_releases(root, out));
    FB_TRY(out.kernel, read_load_context(root, out, out.settings));
    FB_TRY(out.acts, read_acts(root, out));
    for (const Act& act : out.acts) {
        if (act.kind == ActKind::kRelease) {
            const auto released = std::ranges::find(out.releases, act.release, &Release::id);
            released->at = act.at;
        }
    }
    FB_TRY(out.faults, read_faults(root, out));
    FB_TRY(out.campaigns, read_campaigns(root, out));
    FB_TRY(out.measurements, read_measured(root, out));
    FB_TRY(out.attack, read_attack(root, out));
    FB_TRY(out.expectations, read_expectations(root, out));
    FB_TRY(out.fingerprint, read_fingerprint(root));
    FB_CHECK(root.finish());
    FB_TRY(out.toml, standing_alone(std::move(document), out));
    return out;
}

Result<Experiment> finish(Result<TomlDocument> document, const path& file,
                          std::span<const std::string> overrides) {
    if (!document.ok()) {
        return document.error();
    }
    FB_TRY(TomlDocument resolved, resolve(std::move(*document), file));
    FB_CHECK(override_with(resolved, overrides));
    return read_experiment(std::move(resolved), file);
}

}  // namespace

Result<Experiment> load(const path& file, std::span<const std::string> overrides) {
    return finish(TomlDocument::load(file), file, overrides);
}

Result<Experiment> parse(std::string_view text, const path& file) {
    return finish(TomlDocument::parse(text, file.string()), file, {});
}

}  // namespace firebreak::scenario
