// Files as they are, however they come: what comes packed is unpacked. So a fault strikes the same
// bytes of a file whether or not the way to the CDN packs them.
#pragma once

#include "ports/transport.h"

namespace firebreak::faults {

// As inner.get(), but the receiver is told Encoding::kIdentity and gets the file's own bytes, in
// pieces of at most a mebibyte where they came packed. kUnreachable: what came packed is damaged or
// breaks off.
ports::FetchStatus get_plain(ports::Transport& inner, const ports::Request& request,
                             ports::Receiver& receiver);

}  // namespace firebreak::faults
