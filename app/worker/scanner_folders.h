// The scanner's working folders, as quota folders of the sandbox.
#pragma once

#include "endpoint/scanner/working_folders.h"

namespace firebreak::worker {

// For a process that has them (sandbox::has_quota_folders()).
class ScannerFolders final : public endpoint::scanner::WorkingFolders {
  public:
    void log(std::string_view text) override;
    std::unique_ptr<endpoint::scanner::LargeObject> new_object() override;
    size_t tidy_up() override;

  private:
    unsigned objects_ = 0;
};

}  // namespace firebreak::worker
