// Whole files, read with a cap and written so that a reader never sees half of one.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::base {

// The whole regular file. Errors: missing, not a regular file, over max_bytes, unreadable; the
// place names the path. Never reads more than max_bytes + 1.
Result<Bytes> read_file(const std::filesystem::path& path, uint64_t max_bytes);

// Writes beside the target, syncs and renames: the path holds the old bytes or the new ones.
// The folder is made if need be.
Status write_file(const std::filesystem::path& path, ByteView bytes);

}  // namespace firebreak::base
