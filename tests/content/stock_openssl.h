// The `openssl` command, run as anybody would run it: the measure of what must be refused.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/sim_time.h"

namespace firebreak::content::test {

// Whether `openssl cms -verify -binary -purpose any -attime AT` takes the envelope under this root.
// A test fails if the command cannot be run.
bool stock_openssl_accepts(const base::Bytes& envelope, base::UtcTime at,
                           const std::filesystem::path& root);
// Under the root of the project's test keys.
bool stock_openssl_accepts(const base::Bytes& envelope, base::UtcTime at);

// What `openssl cms -decrypt -secretkey KEK -secretkeyid KEY_ID` makes of it; nullopt if it
// refuses.
std::optional<base::Bytes> stock_openssl_decrypts(const base::Bytes& cipher, base::ByteView key_id,
                                                  base::ByteView kek);

}  // namespace firebreak::content::test
