#include "faults/fault.h"

#include <fmt/format.h>

namespace firebreak::faults {

namespace {

std::string_view words(FaultTarget target) {
    switch (target) {
        case FaultTarget::kPayload:
            return "payload";
        case FaultTarget::kPackage:
            return "package";
        case FaultTarget::kSignature:
            return "signature";
        case FaultTarget::kChain:
            return "certificates";
        case FaultTarget::kManifest:
            return "manifest";
        case FaultTarget::kLength:
            return "envelope's lengths";
        case FaultTarget::kEncoding:
            return "envelope's tags";
        case FaultTarget::kHead:
            return "head";
        case FaultTarget::kSet:
            return "set manifest";
    }
    return "unknown target";
}

std::string of_feed(const Fault& fault) {
    return fault.feed ? fmt::format(" of {}", content::info(*fault.feed).name) : " of every feed";
}

// "payload of DatasetA".
std::string whose(const Fault& fault) {
    return std::string(words(fault.target)) + of_feed(fault);
}

// ", draw 00…7c"; ", byte 12, bit 3".
std::string where_it_falls(const Fault& fault) {
    if (!fault.spot) {
        return fmt::format(", draw {:016x}", fault.draw);
    }
    return fault.kind == FaultKind::kTruncate
               ? fmt::format(", byte {}", fault.spot->byte)
               : fmt::format(", byte {}, bit {}", fault.spot->byte, fault.spot->bit);
}

std::string what_happens(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::kBitFlip:
            return fmt::format("bit flip in the {}{}", whose(fault), where_it_falls(fault));
        case FaultKind::kTruncate:
            return fmt::format("truncation in the {}{}", whose(fault), where_it_falls(fault));
        case FaultKind::kServe:
            return "other files: " + fault.served;
        case FaultKind::kMissing:
            return "missing " + whose(fault);
        case FaultKind::kBlackHole:
            return "no answer about files" + of_feed(fault);
        case FaultKind::kEndless:
            return "endless " + whose(fault);
        case FaultKind::kInflate:
            return whose(fault) + " packed, and inflating";
        case FaultKind::kSlow:
            return "slow " + whose(fault);
        case FaultKind::kWrongClock:
            return fmt::format("clock {:+d} s", fault.shift.seconds);
        case FaultKind::kStateLost:
            return "state lost";
        case FaultKind::kStoreFull:
            return "store full";
        case FaultKind::kStoreReadOnly:
            return "store read-only";
    }
    return "unknown fault";
}

}  // namespace

std::string Fault::text() const {
    return what_happens(*this) + (own_edge ? ", on the endpoint's own edge" : "");
}

}  // namespace firebreak::faults
