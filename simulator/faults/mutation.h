// Damage to a file: where it may fall, and what it does there. Pure functions of the file.
//
// Fault model: one bit is flipped, or the file ends early. Nothing is added, nothing moves, and
// whoever does it holds no key.
//
// Runs must repeat although a package is signed anew for each. An ECDSA signature differs at every
// signing, by a few bytes in length as well, and with it the lengths of all elements around it. So
// a draw always means the same place of an envelope's structure, and damage never falls on
//   - the signature, unless that is the target: then well inside one of its two numbers;
//   - octets of lengths that say, directly or as a part, how long the signature is;
//   - octets of lengths that, changed, have signature bytes read as structure.
// Of several envelopes one after another, a truncation may leave some whole: a shorter bundle.
// What a verifier says of the damage is then the same for every signing of the same manifest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "faults/fault.h"

namespace firebreak::faults {

// Bytes begin to end - 1 of a file; at least one.
struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    friend bool operator==(Range, Range) = default;
};

// Where damage to this target may fall, in order. Of an envelope, or of several one after another,
// all of them; a package, head or set that is no envelope may be hit anywhere. Empty: the file has
// no such part. `file` may be any bytes at all.
std::vector<Range> ranges_of(base::ByteView file, FaultTarget target);

struct Damage {
    uint64_t offset = 0;
    uint8_t flipped = 0;  // the bits of that byte that are wrong; none: the file ends before it
    friend bool operator==(Damage, Damage) = default;
};

// kBitFlip and kTruncate at the place that `draw` picks, each byte of the ranges being as likely.
// nullopt: no range, or another kind.
std::optional<Damage> choose_damage(const std::vector<Range>& ranges, FaultKind kind,
                                    uint64_t draw);

// The same at the place that the fault names, or else its draw picks.
std::optional<Damage> damage_of(const std::vector<Range>& ranges, const Fault& fault);

// The damaged file. Unchanged where choose_damage() finds no place.
base::Bytes mutate(base::ByteView file, FaultKind kind, FaultTarget target, uint64_t draw);

// What stands at this offset, for people: "the manifest, byte 12 of 340"; "certificate 2 of 2, a
// length". `file` may be any bytes at all.
std::string part_at(base::ByteView file, uint64_t offset);

}  // namespace firebreak::faults
