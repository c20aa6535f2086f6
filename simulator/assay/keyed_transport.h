// The CDN as one assay may see it: what its stimulus names, and nothing else.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "content/package.h"
#include "ports/transport.h"

namespace firebreak::assay {

// Serves the head from the stimulus and files from the CDN. A read outside the key would make the
// outcome depend on something that the memo table does not know: it is answered with nothing and
// remembered, and the assay fails.
class KeyedTransport final : public ports::Transport {
  public:
    // `packages`: those that the stimulus names. `cdn` must be safe to read from any thread.
    KeyedTransport(ports::Transport& cdn, std::string head_path, base::Bytes head,
                   const std::vector<const content::Package*>& packages);

    ports::Fetched get(const std::string& path, uint64_t max_bytes) override;

    const std::vector<std::string>& reads_outside_the_key() const { return outside_; }

  private:
    ports::Transport& cdn_;
    std::string head_path_;
    base::Bytes head_;
    std::set<std::string> allowed_;
    std::vector<std::string> outside_;
};

}  // namespace firebreak::assay
