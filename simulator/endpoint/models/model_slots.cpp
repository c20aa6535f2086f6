#include "endpoint/models/model_slots.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace firebreak::endpoint::models {

namespace {

constexpr size_t kMostNameCharacters = 31;
constexpr std::string_view kSuffix = ".so";

bool is_model_name(std::string_view name) {
    return !name.empty() && name.size() <= kMostNameCharacters &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
               std::string_view::npos;
}

using Payloads = std::map<ModelPayload, const content::PayloadFile*>;

Payloads models_of(const content::Manifest& manifest) {
    Payloads payloads;
    for (const content::PayloadFile& file : manifest.payloads) {
        if (const auto payload = parse_payload_name(file.name); payload.ok()) {
            payloads[*payload] = &file;
        }
    }
    return payloads;
}

bool has_bytes_of(const Payloads& payloads, const ModelPayload& payload,
                  const content::PayloadFile& file) {
    const auto found = payloads.find(payload);
    return found != payloads.end() && found->second->size == file.size &&
           found->second->sha384 == file.sha384;
}

}  // namespace

std::string_view to_text(Slot slot) {
    switch (slot) {
        case Slot::kLive:
            return "live";
        case Slot::kTelemetry:
            return "telemetry";
    }
    return "unknown";
}

base::Result<ModelPayload> parse_payload_name(std::string_view name) {
    for (const Slot slot : {Slot::kLive, Slot::kTelemetry}) {
        const std::string ending = "." + std::string(to_text(slot)) + std::string(kSuffix);
        if (!name.ends_with(ending)) {
            continue;
        }
        const std::string_view model = name.substr(0, name.size() - ending.size());
        if (is_model_name(model)) {
            return ModelPayload{std::string(model), slot};
        }
    }
    return base::Error{"not a model: `" + base::printable(name, 100) + "`", "",
                       "name it <model>.live.so or <model>.telemetry.so, the model being 1 to 31 "
                       "of a to z, 0 to 9 and '-'"};
}

std::string payload_name(const ModelPayload& payload) {
    return payload.model + "." + std::string(to_text(payload.slot)) + std::string(kSuffix);
}

std::vector<std::string> promoted_from_telemetry(const content::Manifest& before,
                                                 const content::Manifest& now) {
    const Payloads earlier = models_of(before);
    std::vector<std::string> promoted;
    for (const auto& [payload, file] : models_of(now)) {
        if (payload.slot == Slot::kLive &&
            has_bytes_of(earlier, {payload.model, Slot::kTelemetry}, *file) &&
            !has_bytes_of(earlier, payload, *file)) {
            promoted.push_back(payload.model);
        }
    }
    return promoted;
}

}  // namespace firebreak::endpoint::models
