// When machines are on and connected.
#pragma once

#include "host/persona.h"

namespace firebreak::host {

enum class OnlineKind { kAlways, kOffice, kRoaming };

OnlinePattern online_pattern(OnlineKind kind);

}  // namespace firebreak::host
