#include "lab/drafts.h"

#include <algorithm>

#include "lab/sources.h"

namespace firebreak::lab {

namespace {

// `planned`: a baseline or a release.
template <class Planned>
base::Result<content::Draft> built_from(const scenario::Experiment& experiment,
                                        const Shelves& shelves, const content::Pki& pki,
                                        const Planned& planned) {
    const auto folder_of = [&](const std::filesystem::path& source) {
        return resolve(experiment, shelves, "content", source);
    };
    content::BuildOptions how;
    how.compile = compiler_of(planned.feed, models_beside(shelves.worker));
    if (content::info(planned.feed).encrypted) {
        how.content_key = pki.content_keys.at(planned.feed);
    }
    std::ranges::transform(planned.with, std::back_inserter(how.also), folder_of);
    auto draft = content::build(planned.feed, planned.version, folder_of(planned.source), how);
    if (!draft.ok()) {
        return base::Error{draft.error().text(), planned.source_place, ""};
    }
    return draft;
}

}  // namespace

std::filesystem::path resolve(const scenario::Experiment& experiment, const Shelves& shelves,
                              const char* folder, const std::filesystem::path& source) {
    const std::string first = source.empty() ? "" : source.begin()->string();
    return first == "." || first == ".." ? experiment.file.parent_path() / source
                                         : shelves.fixtures / folder / source;
}

base::Result<content::Draft> draft_of(const scenario::Experiment& experiment,
                                      const Shelves& shelves, const content::Pki& pki,
                                      const scenario::Baseline& baseline) {
    return built_from(experiment, shelves, pki, baseline);
}

base::Result<content::Draft> draft_of(const scenario::Experiment& experiment,
                                      const Shelves& shelves, const content::Pki& pki,
                                      const scenario::Release& release) {
    FB_TRY(content::Draft draft, built_from(experiment, shelves, pki, release));
    draft.manifest.platform = release.platform;
    draft.manifest.groups = release.only_groups;
    std::sort(draft.manifest.groups.begin(), draft.manifest.groups.end());
    return draft;
}

base::UtcTime signing_time(const scenario::Experiment& experiment,
                           const scenario::Release& release) {
    return release.signed_at.value_or(experiment.start + base::Duration{release.at.seconds});
}

}  // namespace firebreak::lab
