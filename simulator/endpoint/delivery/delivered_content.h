// Feeds whose component is not part of this version: their content is delivered, verified and kept,
// and loaded by nobody.
#pragma once

#include "ports/installer.h"
#include "ports/store.h"

namespace firebreak::endpoint::delivery {

// Store key, value a manifest digest in hex: delivered/<feed>/running. There is no last-known-good:
// nothing here can go wrong.
class DeliveredContent final : public ports::Installer {
  public:
    explicit DeliveredContent(ports::Store& store) : store_(store) {}

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override;
    base::Result<bool> keeps(const base::Digest& manifest_digest) override;

    // The feed that the next installation is for: a manifest may claim another.
    void select(content::Feed feed) { feed_ = feed; }

  private:
    std::string running_key() const;

    ports::Store& store_;
    content::Feed feed_ = content::Feed::kDatasetA;
};

}  // namespace firebreak::endpoint::delivery
