#include "endpoint/applications/scripts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace firebreak::endpoint::applications {
namespace {

constexpr size_t kMaxScriptName = 64;

std::string state_of(const host::Machine& machine, std::string_view name) {
    const host::Component* component = machine.component(name);
    return component == nullptr ? "" : component->enabled ? "Enabled" : "Disabled";
}

std::string feature(const host::Machine& machine, std::string_view name) {
    const host::Component* component = machine.component(name);
    return component == nullptr ? ""
                                : fmt::format("FeatureName : {}\nState : {}\n", component->name,
                                              state_of(machine, name));
}

std::string install_state_of(const host::Machine& machine, std::string_view name) {
    const host::Component* component = machine.component(name);
    return component == nullptr ? "" : component->enabled ? "Installed" : "Available";
}

std::string status_of(const host::Machine& machine, std::string_view name) {
    const host::Service* service = machine.service(name);
    return service == nullptr ? "" : service->running ? "Running" : "Stopped";
}

constexpr ScriptInfo kScripts[] = {
    {"Get-WindowsOptionalFeature -Online -FeatureName ", "",
     "`FeatureName : X` and `State : Enabled` or `State : Disabled`, a line each; nothing where "
     "there is no such component.",
     feature},
    {"(Get-WindowsOptionalFeature -Online -FeatureName ", ").State",
     "`Enabled` or `Disabled`; nothing where there is no such component.", state_of},
    {"(Get-WindowsFeature -Name ", ").InstallState",
     "`Installed` or `Available`; nothing where there is no such component.", install_state_of},
    {"(Get-Service -Name ", ").Status",
     "`Running` or `Stopped`; nothing where there is no such service.", status_of},
};

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

// The name that stands in the script; nothing if it is another script.
std::optional<std::string_view> name_in(std::string_view script, const ScriptInfo& info) {
    if (script.size() < info.before.size() + info.after.size() ||
        !script.starts_with(info.before) || !script.ends_with(info.after)) {
        return std::nullopt;
    }
    script.remove_prefix(info.before.size());
    script.remove_suffix(info.after.size());
    const bool quoted = script.size() >= 2 && script.starts_with('\'') && script.ends_with('\'');
    if (quoted) {
        script = script.substr(1, script.size() - 2);
    }
    const bool clean = std::ranges::all_of(
        script, [quoted](char c) { return is_plain(c) || (quoted && c == ' '); });
    return clean && !script.empty() && script.size() <= kMaxScriptName ? std::optional(script)
                                                                       : std::nullopt;
}

}  // namespace

std::span<const ScriptInfo> known_scripts() {
    return kScripts;
}

const ScriptEnd& Scripts::run(std::string_view script) {
    const auto before = ends_.find(script);
    return before != ends_.end() ? before->second
                                 : ends_.emplace(std::string(script), end_of(script)).first->second;
}

ScriptEnd Scripts::end_of(std::string_view script) {
    for (const ScriptInfo& info : kScripts) {
        const std::optional<std::string_view> name = name_in(script, info);
        if (!name) {
            continue;
        }
        ++count_;
        waited_s_ += powershell_.does == PowerShell::Does::kHangs ? kScriptLimit_s : kScriptTakes_s;
        failed_ += powershell_.does == PowerShell::Does::kAnswers ? 0 : 1;
        switch (powershell_.does) {
            case PowerShell::Does::kAnswers:
                return {info.print(machine_, *name), ""};
            case PowerShell::Does::kFails:
                return {std::nullopt,
                        fmt::format("PowerShell ended with exit code {}: {}", powershell_.exit_code,
                                    base::printable(powershell_.text, 200))};
            case PowerShell::Does::kHangs:
                return {std::nullopt, fmt::format("PowerShell gave no answer within {} s, and was "
                                                  "ended",
                                                  kScriptLimit_s)};
        }
    }
    return {std::nullopt, "PowerShell knows no such script here: " + base::printable(script, 100)};
}

}  // namespace firebreak::endpoint::applications
