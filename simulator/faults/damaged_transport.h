// Fault model: one bad edge, cache or middlebox between the CDN and an endpoint. It sees whole
// files and keeps to the layout; it holds no signing key.
//
//   bit flip    one bit of the target file, wherever `draw` puts it
//   truncation  the target file ends early, at a point that `draw` picks; at least one byte is lost
//   replay      the head names an older package, which is then served, authentic and whole
//
// The damage is a pure function of (damage, file): an endpoint that tries again meets the same.
// What does not happen here: added bytes, swapped files, a served file that differs from try to
// try.
#pragma once

#include <cstdint>
#include <string>

#include "base/digest.h"
#include "ports/transport.h"

namespace firebreak::faults {

enum class DamageKind : uint8_t { kNone, kBitFlip, kTruncate, kReplay };
enum class DamageTarget : uint8_t { kPayload, kPackage, kHead };

struct Damage {
    DamageKind kind = DamageKind::kNone;
    DamageTarget target = DamageTarget::kPayload;
    uint64_t draw = 0;      // where the damage falls; one value per variant of the fault
    base::Digest replayed;  // kReplay: the manifest of the package that is served

    // "bit flip in the payload, draw 7c3f…": part of an assay's key.
    std::string text() const;
};

class DamagedTransport final : public ports::Transport {
  public:
    DamagedTransport(ports::Transport& inner, Damage damage);
    ports::Fetched get(const std::string& path, uint64_t max_bytes) override;

  private:
    ports::Transport& inner_;
    Damage damage_;
};

}  // namespace firebreak::faults
