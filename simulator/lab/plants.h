// Whose keys an attacker signs with.
#pragma once

#include <optional>
#include <vector>

#include "content/package.h"
#include "content/pki.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// Makes the attacker's own keys when they are first needed. Not thread-safe.
class Plants {
  public:
    // For a release of the scenario: the vendor's signer, or whoever `signed_by` says.
    base::Result<content::Signer> signer(const content::Pki& vendor,
                                         const scenario::Release& release, base::UtcTime when);
    // Head keys under a root that no endpoint trusts.
    base::Result<std::vector<content::Signer>> head_signers(size_t count);

  private:
    base::Result<const content::Pki*> rogue();
    std::optional<content::Pki> rogue_;
};

// Leaves nothing of the signature but its place.
void cut_off_signature(content::Package& package);

}  // namespace firebreak::lab
