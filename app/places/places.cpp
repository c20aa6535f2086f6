#include "places/places.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "base/text.h"

namespace firebreak::places {

namespace fs = std::filesystem;

namespace {

std::optional<std::filesystem::path> fixtures_above(std::filesystem::path folder) {
    std::error_code ignored;
    folder = std::filesystem::weakly_canonical(folder, ignored);
    for (;;) {
        if (std::filesystem::is_directory(folder / "fixtures" / "personas", ignored)) {
            return folder / "fixtures";
        }
        if (!folder.has_relative_path()) {
            return std::nullopt;
        }
        folder = folder.parent_path();
    }
}

// The file whose name without folder and ending is most like this one's; "" if none is like it.
std::string nearest_scenario(const fs::path& named) {
    std::error_code ignored;
    const fs::path folders[] = {named.parent_path(), "scenarios", project_scenarios()};
    std::vector<std::string> names;
    std::map<std::string, fs::path> files;  // by name; the first folder's
    for (const fs::path& folder : folders) {
        if (folder.empty() || !fs::is_directory(folder, ignored)) {
            continue;
        }
        if (const auto found = scenarios_in(folder); found.ok()) {
            for (const fs::path& file : *found) {
                names.push_back(file.stem().string());
                files.emplace(names.back(), file);
            }
        }
    }
    const auto exact = files.find(named.stem().string());
    const std::string name =
        exact != files.end() ? exact->first : base::nearest(named.stem().string(), names);
    return name.empty() ? "" : files.at(name).string();
}

}  // namespace

std::filesystem::path executable_folder() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::filesystem::path worker_binary() {
    return executable_folder() / "firebreak-worker";
}

base::Result<std::filesystem::path> find_fixtures(const std::filesystem::path& start) {
    for (const std::filesystem::path& from : {start, executable_folder()}) {
        if (const auto found = fixtures_above(from)) {
            return *found;
        }
    }
    return base::Error{"no fixtures folder above it", start.string(),
                       "name one with --fixtures: a folder with content/, personas/ and keys/"};
}

fs::path project_scenarios() {
    std::error_code ignored;
    for (const fs::path& from : {fs::current_path(ignored), executable_folder()}) {
        if (const auto found = fixtures_above(from)) {
            const fs::path scenarios = found->parent_path() / "scenarios";
            if (fs::is_directory(scenarios, ignored)) {
                return scenarios;
            }
        }
    }
    return "scenarios";
}

base::Result<std::vector<fs::path>> scenarios_in(const fs::path& place) {
    std::error_code failure;
    std::vector<fs::path> files;
    if (fs::is_regular_file(place, failure)) {
        return std::vector{place};
    }
    for (fs::recursive_directory_iterator it(place, failure), end; !failure && it != end;
         it.increment(failure)) {
        const fs::path& path = it->path();
        if (path.extension() == ".toml" && !path.filename().string().starts_with("_") &&
            it->is_regular_file(failure)) {
            files.push_back(path);
        }
    }
    if (failure) {
        return base::Error{"cannot look for scenarios: " + failure.message(), place.string(),
                           "name a folder that holds .toml files, or one such file"};
    }
    std::sort(files.begin(), files.end());
    return files;
}

base::Status check_scenario_file(const fs::path& named) {
    std::error_code ignored;
    if (fs::is_directory(named, ignored)) {
        return base::Error{"a folder, where a scenario file is wanted", named.string(),
                           fmt::format("name one of its files (`firebreak list {0}` lists them), "
                                       "or run them all: firebreak suite {0}",
                                       named.string())};
    }
    if (fs::exists(named, ignored)) {
        return {};
    }
    const std::string nearest = nearest_scenario(named);
    return base::Error{"there is no such scenario", named.string(),
                       (nearest.empty() ? "" : "did you mean `" + nearest + "`? ") +
                           "`firebreak list` lists the scenarios"};
}

base::Result<std::filesystem::path> new_run_file(const std::string& name,
                                                 const std::filesystem::path& folder) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    for (int n = 1; !failure; ++n) {
        const std::filesystem::path file = folder / fmt::format("{}-{}.run", name, n);
        // Claimed at once, so that two runs at a time do not pick the same.
        const int claimed = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
        if (claimed >= 0) {
            ::close(claimed);
            return file;
        }
        if (errno != EEXIST) {
            failure = std::error_code(errno, std::generic_category());
        }
    }
    return base::Error{"cannot make a run file: " + failure.message(), folder.string(),
                       "name another with --out"};
}

}  // namespace firebreak::places
