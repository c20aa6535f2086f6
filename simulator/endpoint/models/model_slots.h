// Feed MLModels as a set of payload files: which model each is of, and in which of its slots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "content/manifest.h"

namespace firebreak::endpoint::models {

// Append only.
enum class Slot : uint8_t {
    kLive = 0,       // acted upon
    kTelemetry = 1,  // scores a sample of what the live model scores; nothing acts on it
};

std::string_view to_text(Slot slot);  // "live"

struct ModelPayload {
    std::string model;  // "packed": 1 to 31 of a to z, 0 to 9 and '-'
    Slot slot = Slot::kLive;

    friend auto operator<=>(const ModelPayload&, const ModelPayload&) = default;
};

// Of "packed.live.so". parse(name) succeeds exactly if payload_name() makes that name of it.
base::Result<ModelPayload> parse_payload_name(std::string_view name);
std::string payload_name(const ModelPayload& payload);  // "packed.telemetry.so"

// Models whose live payload in `now` is, to the byte, what their telemetry payload was in `before`,
// and not what was live there already: what runs now has been measured in the field as it is. By
// name, ascending. Payload names of other kinds are passed over.
std::vector<std::string> promoted_from_telemetry(const content::Manifest& before,
                                                 const content::Manifest& now);

}  // namespace firebreak::endpoint::models
