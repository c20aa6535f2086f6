#include "faults/damaged_transport.h"

#include <fmt/format.h>

#include "base/random.h"
#include "content/envelope_profile.h"
#include "content/manifest.h"

namespace firebreak::faults {

namespace {

bool is_target(const std::string& path, DamageTarget target) {
    switch (target) {
        case DamageTarget::kPayload:
            return path.starts_with("payloads/");
        case DamageTarget::kPackage:
            return path.starts_with("packages/");
        case DamageTarget::kHead:
            return path.starts_with("heads/");
    }
    return false;
}

// Damage to an envelope stays in front of its signature, the one part whose bytes, and whose
// length, differ from one signing to the next: otherwise no run could be repeated.
size_t damageable(const Damage& damage, const base::Bytes& body) {
    if (damage.target != DamageTarget::kPackage) {
        return body.size();
    }
    const auto parts = content::read_envelope(body);
    return parts.ok() ? static_cast<size_t>(parts->signature.data() - body.data()) : body.size();
}

}  // namespace

std::string Damage::text() const {
    constexpr const char* kTargets[] = {"payload", "package", "head"};
    const char* where = kTargets[static_cast<size_t>(target)];
    switch (kind) {
        case DamageKind::kNone:
            return "none";
        case DamageKind::kBitFlip:
            return fmt::format("bit flip in the {}, draw {:016x}", where, draw);
        case DamageKind::kTruncate:
            return fmt::format("truncated {}, draw {:016x}", where, draw);
        case DamageKind::kReplay:
            return fmt::format("replay of {}", replayed.hex());
    }
    return "unknown";
}

DamagedTransport::DamagedTransport(ports::Transport& inner, Damage damage)
    : inner_(inner), damage_(damage) {}

ports::Fetched DamagedTransport::get(const std::string& path, uint64_t max_bytes) {
    ports::Fetched fetched = inner_.get(path, max_bytes);
    if (fetched.status != ports::FetchStatus::kOk) {
        return fetched;
    }
    if (damage_.kind == DamageKind::kReplay && is_target(path, DamageTarget::kHead)) {
        if (auto head = content::parse_head(fetched.body); head.ok()) {
            head->manifest = damage_.replayed;
            fetched.body = content::canonical_json(*head);
        }
        return fetched;
    }
    if (fetched.body.empty() || !is_target(path, damage_.target)) {
        return fetched;
    }
    const size_t offset = base::mix64(damage_.draw) % damageable(damage_, fetched.body);
    if (damage_.kind == DamageKind::kBitFlip) {
        fetched.body[offset] ^= static_cast<uint8_t>(1u << (damage_.draw % 8));
    } else if (damage_.kind == DamageKind::kTruncate) {
        fetched.body.resize(offset);
    }
    return fetched;
}

}  // namespace firebreak::faults
