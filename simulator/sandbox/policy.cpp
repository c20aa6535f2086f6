#include "sandbox/policy.h"

#include <array>
#include <string_view>
#include <utility>

namespace firebreak::sandbox {

std::string layer_names(uint32_t layers) {
    constexpr std::array<std::pair<Layer, std::string_view>, 8> kNames = {{
        {kNoNewPrivs, "no new privileges"},
        {kResourceLimits, "resource limits"},
        {kSystemCallFilter, "system call filter"},
        {kUnprivilegedUser, "unprivileged user"},
        {kNoDescriptors, "no descriptors"},
        {kNamespaces, "namespaces"},
        {kEmptyRoot, "empty root"},
        {kLandlock, "Landlock"},
    }};
    std::string out;
    for (const auto& [layer, name] : kNames) {
        if ((layers & layer) != 0) {
            out += (out.empty() ? "" : ", ") + std::string(name);
        }
    }
    return out.empty() ? "none" : out;
}

}  // namespace firebreak::sandbox
