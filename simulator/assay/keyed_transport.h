// The CDN as one assay may see it: what its stimulus names, and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "assay/transition.h"
#include "ports/transport.h"

namespace firebreak::assay {

// Lets through requests for files of the stimulus, and for those that are named by their digest:
// what is in these depends on their name alone. Heads and root statements that the stimulus does
// not have do not exist. Any other read would make the outcome depend on something that the memo
// table does not know: it is answered with nothing and remembered, and the assay fails.
class KeyedTransport final : public ports::Transport {
  public:
    // Both must outlive this.
    KeyedTransport(ports::Transport& inner, const std::map<std::string, ServedFile>& files)
        : inner_(inner), files_(files) {}

    unsigned edges() const override { return inner_.edges(); }
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override;

    const std::vector<std::string>& reads_outside_the_key() const { return outside_; }

  private:
    ports::Transport& inner_;
    const std::map<std::string, ServedFile>& files_;
    std::vector<std::string> outside_;
};

}  // namespace firebreak::assay
