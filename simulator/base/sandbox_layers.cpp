#include "base/sandbox_layers.h"

#include <array>
#include <utility>

namespace firebreak::base {

namespace {

constexpr std::array<std::pair<SandboxLayer, std::string_view>, 8> kNames = {{
    {kNoNewPrivs, "no-new-privileges"},
    {kResourceLimits, "resource-limits"},
    {kSystemCallFilter, "system-call-filter"},
    {kUnprivilegedUser, "unprivileged-user"},
    {kNoDescriptors, "no-descriptors"},
    {kNamespaces, "namespaces"},
    {kEmptyRoot, "empty-root"},
    {kLandlock, "landlock"},
}};

}  // namespace

std::string layer_names(uint32_t layers) {
    std::string out;
    for (const auto& [layer, name] : kNames) {
        if ((layers & layer) != 0) {
            out += (out.empty() ? "" : ", ") + std::string(name);
        }
    }
    return out.empty() ? "none" : out;
}

std::optional<SandboxLayer> find_layer(std::string_view name) {
    for (const auto& [layer, its_name] : kNames) {
        if (its_name == name) {
            return layer;
        }
    }
    return std::nullopt;
}

std::vector<std::string> all_layer_names() {
    std::vector<std::string> out;
    for (const auto& [layer, name] : kNames) {
        out.emplace_back(name);
    }
    return out;
}

}  // namespace firebreak::base
