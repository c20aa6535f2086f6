#include "faults/mutation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "content/der.h"
#include "content/envelope_profile.h"

namespace firebreak::faults {

namespace {

using base::Bytes;
using base::ByteView;

constexpr uint8_t kConstructed = 0x20;
constexpr uint8_t kLongForm = 0x80;
constexpr size_t kMaxLengthOctets = 4;  // as many as the envelope's reader takes
constexpr uint64_t kLongestHeader = 2 + kMaxLengthOctets;
// The last bytes of either number of a signature: never its sign, nor what DER says of its length.
constexpr size_t kBytesInside = 40;

// Tag and length of an element, whether or not that many bytes follow.
struct Header {
    size_t size = 0;  // of both
    uint64_t contents = 0;
};

std::optional<Header> read_header(ByteView bytes) {
    if (bytes.size() < 2) {
        return std::nullopt;
    }
    if (bytes[1] < kLongForm) {
        return Header{2, bytes[1]};
    }
    const size_t octets = bytes[1] & (kLongForm - 1);
    if (octets == 0 || octets > kMaxLengthOctets || bytes.size() < 2 + octets) {
        return std::nullopt;
    }
    Header header{2 + octets, 0};
    for (size_t i = 0; i < octets; ++i) {
        header.contents = header.contents << 8 | bytes[2 + i];
    }
    return header;
}

// An element in front of the signature's value or around it.
struct Element {
    uint64_t begin = 0;
    uint64_t contents = 0;
    uint64_t end = 0;
    // The smallest element around it, if any, holds the signature too; so nothing would keep a
    // wrong length from reaching the signature.
    bool beside_signature = false;
};

// One envelope of a file. All offsets are the file's.
struct Envelope {
    uint64_t begin = 0;
    uint64_t end = 0;
    content::EnvelopeParts parts;
    Range signature;
    std::vector<Element> elements;  // as far as what stands in front of the signature is DER
};

Range range_in(ByteView file, ByteView part) {
    const auto begin = static_cast<uint64_t>(part.data() - file.data());
    return {begin, begin + part.size()};
}

// Without recursion: what is constructed is entered, what is primitive is passed over.
std::vector<Element> elements_of(ByteView file, uint64_t begin, uint64_t signature) {
    std::vector<Element> elements;
    uint64_t beside_from = 0;  // where the outermost element without the signature ends
    for (uint64_t at = begin; at < signature;) {
        const auto header = read_header(file.subspan(at, signature - at));
        if (!header) {
            break;
        }
        const Element element{at, at + header->size, at + header->size + header->contents,
                              at >= beside_from};
        elements.push_back(element);
        if (element.beside_signature && element.end <= signature) {
            beside_from = element.end;
        }
        at = (file[at] & kConstructed) != 0 ? element.contents : element.end;
    }
    return elements;
}

// The envelopes that the file consists of; none if it is anything else.
std::vector<Envelope> envelopes_of(ByteView file) {
    std::vector<Envelope> envelopes;
    for (content::der::Reader rest(file); !rest.at_end();) {
        const auto element = rest.next(content::der::kSequence);
        if (!element.ok()) {
            return {};
        }
        auto parts = content::read_envelope(element->whole);
        if (!parts.ok()) {
            return {};
        }
        const Range whole = range_in(file, element->whole);
        const Range signature = range_in(file, parts->signature);
        envelopes.push_back({whole.begin, whole.end, *std::move(parts), signature,
                             elements_of(file, whole.begin, signature.begin)});
    }
    return envelopes;
}

// Whether the element still ends in front of the signature, whichever bit of this octet is wrong.
bool stays_in_front(ByteView file, const Element& element, uint64_t octet, uint64_t signature) {
    const uint64_t room = signature - element.begin;
    const ByteView front = file.subspan(element.begin, std::min(room, kLongestHeader));
    for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes changed(front.begin(), front.end());
        changed[octet - element.begin] ^= static_cast<uint8_t>(1u << bit);
        const auto header = read_header(changed);
        if (header && header->size + header->contents > room) {
            return false;
        }
    }
    return true;
}

// Whether damage to this octet of the element's length does the same at every signing. The first
// one of several says only how many there are: with any bit of it wrong, the element ends at once
// or far behind the file's end. Elements around the signature do not stay in front of it.
bool is_steady(ByteView file, const Element& element, uint64_t octet, uint64_t signature) {
    const bool tells_how_many = octet == element.begin + 1 && file[octet] >= kLongForm;
    return tells_how_many || !element.beside_signature ||
           stays_in_front(file, element, octet, signature);
}

void append_lengths(ByteView file, const Envelope& envelope, bool steady, std::vector<Range>& out) {
    for (const Element& element : envelope.elements) {
        for (uint64_t octet = element.begin + 1; octet < element.contents; ++octet) {
            if (is_steady(file, element, octet, envelope.signature.begin) == steady) {
                out.push_back({octet, octet + 1});
            }
        }
    }
}

void append_front(ByteView file, const Envelope& envelope, std::vector<Range>& out) {
    std::vector<Range> unsteady;
    append_lengths(file, envelope, false, unsteady);
    uint64_t begin = envelope.begin;
    unsteady.push_back({envelope.signature.begin, envelope.signature.begin});
    for (const Range& hole : unsteady) {
        if (begin < hole.begin) {
            out.push_back({begin, hole.begin});
        }
        begin = hole.end;
    }
}

// SEQUENCE of INTEGER r, INTEGER s.
void append_signature(ByteView file, const Envelope& envelope, std::vector<Range>& out) {
    auto numbers = content::der::Reader(envelope.parts.signature).enter(content::der::kSequence);
    while (numbers.ok() && !numbers->at_end()) {
        const auto number = numbers->next(content::der::kInteger);
        if (!number.ok()) {
            return;
        }
        const Range range = range_in(file, number->contents);
        if (number->contents.size() > kBytesInside) {
            out.push_back({range.end - kBytesInside, range.end});
        }
    }
}

void append_part(ByteView file, const Envelope& envelope, FaultTarget target,
                 std::vector<Range>& out) {
    const auto append = [&](ByteView part) {
        if (!part.empty()) {
            out.push_back(range_in(file, part));
        }
    };
    switch (target) {
        case FaultTarget::kSignature:
            return append_signature(file, envelope, out);
        case FaultTarget::kChain:
            return append(envelope.parts.certificate_set);
        case FaultTarget::kManifest:
            return append(envelope.parts.manifest);
        case FaultTarget::kLength:
            return append_lengths(file, envelope, true, out);
        case FaultTarget::kEncoding:
            for (const Element& element : envelope.elements) {
                out.push_back({element.begin, element.begin + 1});
            }
            return;
        case FaultTarget::kPayload:
        case FaultTarget::kPackage:
        case FaultTarget::kHead:
        case FaultTarget::kSet:
            return append_front(file, envelope, out);
    }
}

std::vector<Range> whole_of(ByteView file) {
    return file.empty() ? std::vector<Range>{} : std::vector<Range>{{0, file.size()}};
}

std::string position_in(const char* name, Range part, uint64_t offset) {
    return fmt::format("{}, byte {} of {}", name, offset - part.begin, part.end - part.begin);
}

bool within(Range range, uint64_t offset) {
    return range.begin <= offset && offset < range.end;
}

// ", a tag" or ", a length" where an element begins.
std::string_view octet_at(const Envelope& envelope, uint64_t offset) {
    for (const Element& element : envelope.elements) {
        if (offset == element.begin) {
            return ", a tag";
        }
        if (offset > element.begin && offset < element.contents) {
            return ", a length";
        }
    }
    return "";
}

std::string part_of(ByteView file, const Envelope& envelope, uint64_t offset) {
    const content::EnvelopeParts& parts = envelope.parts;
    const struct {
        const char* name;
        ByteView bytes;
    } kNamed[] = {{"the manifest", parts.manifest},
                  {"the signed digest", parts.message_digest},
                  {"the signature", parts.signature}};
    for (const auto& [name, bytes] : kNamed) {
        if (const Range range = range_in(file, bytes); within(range, offset)) {
            return position_in(name, range, offset);
        }
    }
    const std::string octet(octet_at(envelope, offset));
    for (size_t i = 0; i < parts.certificates.size(); ++i) {
        if (within(range_in(file, parts.certificates[i]), offset)) {
            return fmt::format("certificate {} of {}{}", i + 1, parts.certificates.size(), octet);
        }
    }
    if (within(range_in(file, parts.signer_id), offset)) {
        return "the signer's name and number" + octet;
    }
    return "the envelope's structure" + octet;
}

}  // namespace

std::vector<Range> ranges_of(ByteView file, FaultTarget target) {
    if (target == FaultTarget::kPayload) {
        return whole_of(file);
    }
    const std::vector<Envelope> envelopes = envelopes_of(file);
    const bool has_parts = target != FaultTarget::kPackage && target != FaultTarget::kHead &&
                           target != FaultTarget::kSet;
    if (envelopes.empty() && !has_parts) {
        return whole_of(file);
    }
    std::vector<Range> ranges;
    for (const Envelope& envelope : envelopes) {
        append_part(file, envelope, target, ranges);
    }
    return ranges;
}

std::optional<Damage> choose_damage(const std::vector<Range>& ranges, FaultKind kind,
                                    uint64_t draw) {
    uint64_t places = 0;
    for (const Range& range : ranges) {
        places += range.end - range.begin;
    }
    if (places == 0 || (kind != FaultKind::kBitFlip && kind != FaultKind::kTruncate)) {
        return std::nullopt;
    }
    uint64_t place = base::mix64(draw) % places;
    auto range = ranges.begin();
    for (; place >= range->end - range->begin; ++range) {
        place -= range->end - range->begin;
    }
    const auto bit = static_cast<uint8_t>(1u << (draw % 8));
    return Damage{range->begin + place, kind == FaultKind::kBitFlip ? bit : uint8_t{0}};
}

std::optional<Damage> damage_of(const std::vector<Range>& ranges, const Fault& fault) {
    const bool flips = fault.kind == FaultKind::kBitFlip;
    if (!fault.spot || (!flips && fault.kind != FaultKind::kTruncate)) {
        return choose_damage(ranges, fault.kind, fault.draw);
    }
    uint64_t byte = fault.spot->byte;
    for (const Range& range : ranges) {
        if (byte < range.end - range.begin) {
            const auto bit = static_cast<uint8_t>(1u << (fault.spot->bit % 8));
            return Damage{range.begin + byte, flips ? bit : uint8_t{0}};
        }
        byte -= range.end - range.begin;
    }
    return std::nullopt;
}

Bytes mutate(ByteView file, FaultKind kind, FaultTarget target, uint64_t draw) {
    Bytes out(file.begin(), file.end());
    const auto damage = choose_damage(ranges_of(file, target), kind, draw);
    if (!damage) {
        return out;
    }
    if (damage->flipped == 0) {
        out.resize(damage->offset);
    } else {
        out[damage->offset] ^= damage->flipped;
    }
    return out;
}

std::string part_at(ByteView file, uint64_t offset) {
    const std::vector<Envelope> envelopes = envelopes_of(file);
    for (size_t i = 0; i < envelopes.size(); ++i) {
        if (within({envelopes[i].begin, envelopes[i].end}, offset)) {
            const std::string part = part_of(file, envelopes[i], offset);
            return envelopes.size() == 1
                       ? part
                       : fmt::format("envelope {} of {}: {}", i + 1, envelopes.size(), part);
        }
    }
    return "the file";
}

}  // namespace firebreak::faults
