#include "faults/damaged_transport.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "content/manifest.h"

namespace firebreak::faults {

namespace {

// An envelope's last bytes are its signature, whose length differs by a byte or two from one
// signing to the next. Damage stays in front of it, so that a run can be repeated exactly.
constexpr size_t kSignatureBytes = 120;

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

size_t damaged_offset(const Damage& damage, size_t size) {
    const size_t spare = damage.target == DamageTarget::kPackage ? kSignatureBytes : 0;
    const size_t range = size > spare ? size - spare : size;
    return static_cast<size_t>(base::mix64(damage.draw) % range);
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
    const size_t offset = damaged_offset(damage_, fetched.body.size());
    if (damage_.kind == DamageKind::kBitFlip) {
        fetched.body[offset] ^= static_cast<uint8_t>(1u << (damage_.draw % 8));
    } else if (damage_.kind == DamageKind::kTruncate) {
        fetched.body.resize(offset);
    }
    return fetched;
}

}  // namespace firebreak::faults
