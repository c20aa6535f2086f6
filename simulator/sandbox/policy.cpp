#include "sandbox/policy.h"

#include <algorithm>

namespace firebreak::sandbox {

uint64_t Policy::file_bytes() const {
    constexpr uint64_t kMoreThanAPage = 64 * 1024;
    return allows(kQuotaFolders) ? std::max(quotas.log_bytes, quotas.objects_bytes) + kMoreThanAPage
                                 : 0;
}

std::vector<std::string> weakening_names(const Policy& policy) {
    std::vector<std::string> names;
    if (policy.allows(kExecutableMapping)) {
        names.emplace_back("executable mapping");
    }
    if (policy.allows(kQuotaFolders)) {
        names.emplace_back("quota folders");
    }
    return names;
}

}  // namespace firebreak::sandbox
