#include "sandbox/policy.h"

namespace firebreak::sandbox {

std::vector<std::string> weakening_names(const Policy& policy) {
    std::vector<std::string> names;
    if ((policy.weakenings & kExecutableMapping) != 0) {
        names.emplace_back("executable mapping");
    }
    if ((policy.weakenings & kQuotaFolders) != 0) {
        names.emplace_back("quota folders");
    }
    return names;
}

}  // namespace firebreak::sandbox
