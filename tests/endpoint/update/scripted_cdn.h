// A CDN in memory whose edges misbehave as they are told, file by file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "ports/transport.h"

namespace firebreak::endpoint::update::test {

struct Misdeed {
    enum class Kind {
        kMissing,      // "no such file"
        kUnreachable,  // no answer
        kBreaksOff,    // after `amount` bytes
        kSilent,       // accepts the request, and nothing comes
        kDamaged,      // one bit of the byte at `amount` is wrong
        kEndless,      // goes on after the end
        kPacked,       // deflated, and right
        kInflating,    // deflated, and unpacks to `amount` bytes of zeros
        kPaced,        // `amount` bytes a second
        kTrickling,    // a byte every three seconds, for ever
        kNoRanges,     // begins with the beginning, whatever it was asked for
    } kind = Kind::kMissing;
    uint64_t amount = 0;
};

class ScriptedCdn final : public ports::Transport {
  public:
    explicit ScriptedCdn(unsigned edges = 1) : edges_(edges) {}

    // What this edge does with this file.
    void spoil(const std::string& path, const Misdeed& misdeed, unsigned edge = 0) {
        misdeeds_[{path, edge}] = misdeed;
    }
    void repair() { misdeeds_.clear(); }

    unsigned edges() const override { return edges_; }
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override;
    // How often any edge was asked for this file.
    size_t asked_for(const std::string& path) const;

    std::map<std::string, base::Bytes> files;
    std::vector<ports::Request> requests;
    bool unreachable = false;

  private:
    unsigned edges_;
    std::map<std::pair<std::string, unsigned>, Misdeed> misdeeds_;
};

}  // namespace firebreak::endpoint::update::test
