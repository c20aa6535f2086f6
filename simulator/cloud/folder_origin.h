// A folder on disk in the CDN's static layout.
#pragma once

#include <filesystem>

#include "cloud/origin.h"

namespace firebreak::cloud {

// Serves plain files at paths of the layout (is_layout_path). Symbolic links in the folder are not
// followed, so nothing outside it can be reached; the folder itself may be named by one. A file
// must be replaced, not written over in place: base::write_file and `mv` do the former. Safe from
// any thread.
class FolderOrigin final : public Origin {
  public:
    // Errors: no such folder.
    static base::Result<std::unique_ptr<FolderOrigin>> of(const std::filesystem::path& folder);
    FolderOrigin(const FolderOrigin&) = delete;
    FolderOrigin& operator=(const FolderOrigin&) = delete;
    ~FolderOrigin() override;

    base::Result<std::shared_ptr<const StaticFile>> open(const std::string& path) override;

  private:
    explicit FolderOrigin(int folder) : folder_(folder) {}
    int folder_;
};

}  // namespace firebreak::cloud
