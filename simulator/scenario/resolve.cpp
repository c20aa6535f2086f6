#include "scenario/resolve.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "scenario/experiment.h"
#include "scenario/format.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::TomlDocument;
using base::TomlTable;
using std::filesystem::path;

// The same for every name that leads to the file.
path identity(const path& file) {
    std::error_code failure;
    const path found = std::filesystem::weakly_canonical(file, failure);
    return failure ? file.lexically_normal() : found;
}

path folder_of(const path& file) {
    return file.has_parent_path() ? file.parent_path() : path(".");
}

// Groups and an inventory stand in each other's place.
void inherit(TomlDocument& document, TomlDocument parent) {
    if (document.root().has("inventory")) {
        parent.remove("group");
    }
    if (document.root().has("group")) {
        parent.remove("inventory");
    }
    document.inherit(std::move(parent));
}

// Merges ancestors into a scenario, the nearest first.
class Family {
  public:
    explicit Family(const path& file) : line_{identity(file)} {}

    Result<TomlDocument> gather(TomlDocument document, const path& file) {
        TomlTable root = document.root();
        FB_CHECK(allow(root, root_format()));
        FB_CHECK(root.check_schema(1));
        FB_TRY(const std::vector<std::string> parents, read_parents(root));
        const std::string place = root.place("extends");
        document.remove("extends");
        // Later ones win over earlier ones.
        for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) {
            FB_TRY(TomlDocument gathered, load_parent(*parent, place, file));
            inherit(document, std::move(gathered));
        }
        return document;
    }

  private:
    static Result<std::vector<std::string>> read_parents(TomlTable& root) {
        std::vector<std::string> out;
        if (root.is_string("extends")) {
            FB_TRY(std::string named, root.string("extends"));
            out.push_back(std::move(named));
        } else {
            FB_TRY(out, root.strings("extends"));
        }
        for (const std::string& named : out) {
            if (named.empty() || path(named).is_absolute()) {
                return root.error("extends", "`extends` must name files relative to this one",
                                  "such as \"base.toml\"");
            }
        }
        return out;
    }

    Result<TomlDocument> load_parent(const std::string& named, const std::string& place,
                                     const path& child) {
        const path file = folder_of(child) / named;
        if (std::find(line_.begin(), line_.end(), identity(file)) != line_.end()) {
            return Error{fmt::format("extends itself by way of `{}`", base::printable(named)),
                         place, "remove one `extends` from the circle"};
        }
        if (++ancestors_ > kMaxAncestors) {
            return Error{fmt::format("more than {} files extend one another", kMaxAncestors), place,
                         "merge some of them"};
        }
        Result<TomlDocument> loaded = TomlDocument::load(file);
        if (!loaded.ok()) {
            Error error = loaded.error();
            error.remedy +=
                fmt::format("{}it is extended at {}", error.remedy.empty() ? "" : "; ", place);
            return error;
        }
        line_.push_back(identity(file));
        FB_TRY(TomlDocument gathered, gather(std::move(*loaded), file));
        line_.pop_back();
        // What is "beside the scenario" stays beside the scenario that names it.
        move_names(gathered, folder_of(file), folder_of(child));
        return gathered;
    }

    std::vector<path> line_;  // the files that lead here, this one included
    int ancestors_ = 0;
};

std::string trimmed(std::string_view text) {
    const size_t begin = std::min(text.find_first_not_of(' '), text.size());
    const size_t end = text.find_last_not_of(' ') + 1;  // npos + 1 is 0
    return begin < end ? std::string(text.substr(begin, end - begin)) : "";
}

}  // namespace

void move_names(TomlDocument& document, const path& from, const path& to) {
    const path here = identity(from);
    const path there = identity(to);
    if (here == there) {
        return;
    }
    const auto moved = [&](const std::string& name) {
        return name.starts_with("./")
                   ? "./" + (here / name).lexically_normal().lexically_relative(there).string()
                   : name;
    };
    document.rewrite("inventory", "file", moved);
    document.rewrite("keys", "", moved);
    document.rewrite("baseline", "source", moved);
    document.rewrite("release", "source", moved);
    document.rewrite("baseline", "with", moved);
    document.rewrite("release", "with", moved);
    document.rewrite("campaign", "sample", moved);
    document.rewrite("measured", "file", moved);
}

Result<TomlDocument> resolve(TomlDocument document, const path& file) {
    return Family(file).gather(std::move(document), file);
}

Status override_with(TomlDocument& document, std::span<const std::string> overrides) {
    for (const std::string& text : overrides) {
        const size_t equals = text.find('=');
        const std::string key = trimmed(std::string_view(text).substr(0, equals));
        const std::string place = "--set " + base::printable(key, 200);
        if (equals == std::string::npos) {
            return Error{"a setting without a value", place,
                         "write key=value, such as policy.cdn_ttl=10m"};
        }
        const std::string value = trimmed(std::string_view(text).substr(equals + 1));
        FB_CHECK(document.set(key, value, place));
        const bool inventory = key == "inventory" || key.starts_with("inventory.");
        if (inventory || key == "group") {
            document.remove(inventory ? "group" : "inventory");
        }
    }
    return {};
}

}  // namespace firebreak::scenario
