#include "endpoint/applications/budget.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "host/windows_path.h"

namespace firebreak::endpoint::applications {
namespace {

using host::Machine;

constexpr std::array<std::string_view, 3> kExclusionKinds = {"folder", "file", "process"};
constexpr std::array<std::string_view, 4> kEvidenceKinds = {"program", "service", "file",
                                                            "component"};
constexpr std::array<std::string_view, 12> kRefusals = {
    "no absolute path",
    "a wildcard, which covers what nobody has seen",
    "a short name, which stands for another path",
    "a whole drive",
    "a part of Windows",
    "a folder that programs share",
    "in users' profiles, where anybody may write",
    "names nothing on this machine, and is not the application's",
    "covers too many files that are not the application's",
    "too many that are not in the application's folders",
    "too many of one application",
    "too many of the feed",
};

// Keys right below which programs stand. Folded, for administrators alone but for the last one.
constexpr std::string_view kPrograms =
    R"(hklm\software\microsoft\windows\currentversion\uninstall)";
constexpr std::string_view kPrograms32 =
    R"(hklm\software\wow6432node\microsoft\windows\currentversion\uninstall)";
constexpr std::string_view kProgramsOfUser =
    R"(hkcu\software\microsoft\windows\currentversion\uninstall)";

// Folded and without their drive. What is at or below the first ones, and what is at the others.
constexpr std::array<std::string_view, 1> kWindowsFolders = {R"(\windows)"};
constexpr std::array<std::string_view, 4> kProfiles = {
    R"(\users)", R"(\documents and settings)", R"(\$recycle.bin)", R"(\system volume information)"};
constexpr std::array<std::string_view, 6> kSharedFolders = {R"(\program files)",
                                                            R"(\program files (x86))",
                                                            R"(\program files\common files)",
                                                            R"(\program files (x86)\common files)",
                                                            R"(\programdata)",
                                                            R"(\programdata\microsoft)"};

bool is_at_or_below(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) &&
           (path.size() == folder.size() || path[folder.size()] == '\\');
}

bool is_below_any(std::string_view path, std::span<const std::string_view> folders) {
    return std::ranges::any_of(
        folders, [path](std::string_view folder) { return is_at_or_below(path, folder); });
}

// "PROGRA~1": Windows makes such names for long ones.
bool has_short_name(std::string_view path) {
    for (size_t at = path.find('~'); at != path.npos; at = path.find('~', at + 1)) {
        if (at + 1 < path.size() && path[at + 1] >= '0' && path[at + 1] <= '9') {
            return true;
        }
    }
    return false;
}

// Why nobody's exclusion may be that path, folded.
std::optional<Refusal> problem_of(std::string_view path) {
    if (path.find_first_of("*?") != path.npos) {
        return Refusal::kWildcard;
    }
    if (path.size() >= 2 && path.size() <= 3 && path[1] == ':') {
        return Refusal::kDrive;
    }
    if (!host::path_problem(path).empty()) {
        return Refusal::kNoPath;
    }
    if (has_short_name(path)) {
        return Refusal::kShortName;
    }
    const std::string_view below_drive = path.substr(2);
    if (is_below_any(below_drive, kWindowsFolders)) {
        return Refusal::kWindows;
    }
    if (is_below_any(below_drive, kProfiles)) {
        return Refusal::kProfile;
    }
    if (std::ranges::find(kSharedFolders, below_drive) != kSharedFolders.end()) {
        return Refusal::kShared;
    }
    return std::nullopt;
}

// A path as installers write it: in quotes, perhaps, and with a backslash at its end.
std::string cleaned(std::string_view path) {
    if (path.size() >= 2 && path.starts_with('"') && path.ends_with('"')) {
        path = path.substr(1, path.size() - 2);
    }
    if (path.size() > 3 && path.ends_with('\\')) {
        path.remove_suffix(1);
    }
    return host::case_folded(path);
}

std::string_view folder_of(std::string_view path) {
    return path.substr(0, std::min(path.rfind('\\'), path.size()));
}

// The program of a service, without its arguments.
std::string program_of(std::string_view image) {
    if (image.starts_with('"')) {
        return host::case_folded(image.substr(1, std::min(image.find('"', 1), image.size()) - 1));
    }
    const std::string folded = host::case_folded(image);
    const size_t end = folded.find(".exe");
    return end == folded.npos ? folded.substr(0, folded.find(' ')) : folded.substr(0, end + 4);
}

const std::string* text_value(const Machine& machine, std::string_view key, std::string_view name) {
    const host::RegistryValue* value = machine.registry().find(key, name);
    return value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
}

// What the machine itself shows of an application.
class Presence {
  public:
    Presence(const Machine& machine, const Application& application) : machine_(machine) {
        for (const Evidence& evidence : application.evidence) {
            there_ = look_for(evidence) || there_;
        }
    }
    bool there() const { return there_; }
    // A file of the application's own.
    bool owns(std::string_view path) const {
        return files_.contains(path) || std::ranges::any_of(folders_, [path](const auto& folder) {
                   return is_at_or_below(path, folder);
               });
    }

  private:
    bool look_for(const Evidence& evidence) {
        switch (evidence.kind) {
            case EvidenceKind::kProgram:
                return look_for_program(evidence.name);
            case EvidenceKind::kService: {
                const host::Service* service = machine_.service(evidence.name);
                if (service != nullptr) {
                    add_folder(std::string(folder_of(program_of(service->image))));
                }
                return service != nullptr;
            }
            case EvidenceKind::kFile: {
                const bool there = machine_.file(evidence.name) != nullptr;
                if (there) {
                    files_.insert(host::case_folded(evidence.name));
                }
                return there;
            }
            case EvidenceKind::kComponent: {
                const host::Component* component = machine_.component(evidence.name);
                return component != nullptr && component->enabled;
            }
        }
        return false;
    }
    // A key without a name is left over from a program that has gone.
    bool look_for_program(const std::string& key) {
        const std::string folded = host::case_folded(key);
        const std::string_view above = folder_of(folded);
        if ((above != kPrograms && above != kPrograms32 && above != kProgramsOfUser) ||
            text_value(machine_, key, "DisplayName") == nullptr) {
            return false;
        }
        const std::string* location = text_value(machine_, key, "InstallLocation");
        if (location != nullptr && above != kProgramsOfUser) {
            add_folder(cleaned(*location));
        }
        return true;
    }
    // A program that says it is installed in C:\ has no folder of its own.
    void add_folder(std::string folder) {
        if (!problem_of(folder)) {
            folders_.push_back(std::move(folder));
        }
    }

    const Machine& machine_;
    bool there_ = false;
    std::vector<std::string> folders_;          // folded
    std::set<std::string, std::less<>> files_;  // folded
};

class Judge {
  public:
    explicit Judge(const Machine& machine) : machine_(machine) {}

    struct Case {
        Presence presence;
        std::set<Exclusion> seen = {};  // with folded paths
        size_t elsewhere = 0;
        std::set<std::string_view> covered = {};  // files that are not its own
    };
    // Nothing: granted.
    std::optional<Refusal> refuse(Case& one, const Exclusion& exclusion, size_t granted) {
        const std::string path = host::case_folded(exclusion.path);
        if (const auto problem = problem_of(path)) {
            return problem;
        }
        if (granted == kExclusionsOfApplication) {
            return Refusal::kTooManyOfApplication;
        }
        if (granted_ == kExclusionsOfFeed) {
            return Refusal::kTooManyOfFeed;
        }
        const std::vector<std::string_view> files = files_at({exclusion.kind, path});
        if (std::ranges::any_of(files, [this](std::string_view file) { return is_system(file); })) {
            return Refusal::kWindows;
        }
        if (!one.presence.owns(path)) {
            if (const auto problem = refuse_elsewhere(one, files)) {
                return problem;
            }
        }
        ++granted_;
        return std::nullopt;
    }

  private:
    // Files that it covers, by folded path. The machine's files are sorted by it.
    std::vector<std::string_view> files_at(const Exclusion& exclusion) const {
        std::vector<std::string_view> files;
        const std::string below = exclusion.path + "\\";
        for (auto at = machine_.files().lower_bound(exclusion.path);
             at != machine_.files().end() && at->first.starts_with(exclusion.path); ++at) {
            const bool is_folder = exclusion.kind == ExclusionKind::kFolder;
            if (is_folder ? at->first.starts_with(below) : at->first == exclusion.path) {
                files.push_back(at->first);
            }
        }
        return files;
    }
    bool is_system(std::string_view file) const { return machine_.file(file)->system; }
    std::optional<Refusal> refuse_elsewhere(Case& one, std::span<const std::string_view> files) {
        if (files.empty()) {
            return Refusal::kNotThere;
        }
        if (one.elsewhere == kElsewhere) {
            return Refusal::kTooManyElsewhere;
        }
        std::set<std::string_view> of_application = one.covered, of_feed = covered_;
        for (const std::string_view file : files) {
            if (!one.presence.owns(file)) {
                of_application.insert(file);
                of_feed.insert(file);
            }
        }
        const size_t all = machine_.files().size();
        if (of_application.size() > std::max(kFewFiles, all * kPercentOfApplication / 100) ||
            of_feed.size() > std::max(kFewFilesOfFeed, all * kPercentOfFeed / 100)) {
            return Refusal::kShare;
        }
        ++one.elsewhere;
        one.covered = std::move(of_application);
        covered_ = std::move(of_feed);
        return std::nullopt;
    }

    const Machine& machine_;
    size_t granted_ = 0;
    std::set<std::string_view> covered_;  // by the whole feed, and nobody's own
};

template <size_t N>
std::string_view name_at(const std::array<std::string_view, N>& names, size_t index) {
    return index < N ? names[index] : "?";
}

}  // namespace

std::string_view to_text(ExclusionKind kind) {
    return name_at(kExclusionKinds, static_cast<size_t>(kind));
}

std::string_view to_text(EvidenceKind kind) {
    return name_at(kEvidenceKinds, static_cast<size_t>(kind));
}

std::string_view to_text(Refusal refusal) {
    return name_at(kRefusals, static_cast<size_t>(refusal));
}

std::vector<Judgement> judge(const Machine& machine, std::span<const Claim> claims) {
    std::vector<Judgement> judgements(claims.size());
    std::vector<Judge::Case> cases;
    size_t rounds = 0;
    for (size_t i = 0; i < claims.size(); ++i) {
        cases.push_back({Presence(machine, claims[i].application)});
        judgements[i].there = cases[i].presence.there();
        rounds = std::max(rounds, claims[i].exclusions.size());
    }
    Judge judge(machine);
    for (size_t round = 0; round < rounds; ++round) {
        for (size_t i = 0; i < claims.size(); ++i) {
            if (!judgements[i].there || round >= claims[i].exclusions.size()) {
                continue;
            }
            const Exclusion& exclusion = claims[i].exclusions[round];
            if (!cases[i].seen.insert({exclusion.kind, host::case_folded(exclusion.path)}).second) {
                continue;  // said twice
            }
            Judgement& judgement = judgements[i];
            const auto refused = judge.refuse(cases[i], exclusion, judgement.granted.size());
            if (refused) {
                judgement.refused.emplace_back(exclusion, *refused);
            } else {
                judgement.granted.push_back(exclusion);
            }
        }
    }
    return judgements;
}

}  // namespace firebreak::endpoint::applications
