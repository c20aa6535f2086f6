// Things that are done to a store in its tests. Each goes on whatever the store answers.
#pragma once

#include "ports/store.h"

namespace firebreak::test {

// The same for the same arguments, and other bytes for another seed.
base::Bytes payload_of(size_t size, uint64_t seed);

base::Status keep(ports::Store& store, const base::Bytes& bytes);
// With a commit while it is on its way.
base::Status keep_in_two_steps(ports::Store& store, const base::Bytes& bytes, bool finish);

// Every kind of change, in an order in which each meets what others left. Returns the first error.
base::Status every_kind(ports::Store& store);

}  // namespace firebreak::test
