#include "endpoint/models/model_host.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace firebreak::endpoint::models {

namespace {

using base::Code;
using Refusal = std::optional<ModelRefusal>;
using Describe = const firebreak_model_description* (*)();

constexpr size_t kMaxLinkerWords = 400;

ModelRefusal refuse(Code code, std::string what, base::Evidence more = {}) {
    more.insert(more.begin(), {"problem", std::move(what)});
    return {code, std::move(more)};
}

ModelRefusal wrong_abi(std::string what, uint64_t is, uint64_t wanted) {
    return refuse(Code::kModelAbi, std::move(what),
                  {{"is", std::to_string(is)}, {"wanted", std::to_string(wanted)}});
}

// Printable ASCII up to a zero, at least one, then zeros only.
bool is_text(const char (&text)[FIREBREAK_MODEL_TEXT]) {
    const char* const end = std::find(text, text + FIREBREAK_MODEL_TEXT, '\0');
    return end != text && end != text + FIREBREAK_MODEL_TEXT &&
           std::all_of(text + 0, end, [](char c) { return c > 0x20 && c < 0x7f; }) &&
           std::all_of(end, text + FIREBREAK_MODEL_TEXT, [](char c) { return c == '\0'; });
}

Refusal check_description(const firebreak_model_description& description) {
    if (description.description_bytes != sizeof description) {
        return wrong_abi("bytes of the description", description.description_bytes,
                         sizeof description);
    }
    if (!is_text(description.name) || !is_text(description.model_version)) {
        return refuse(Code::kModelAbi, "name or version is not printable text that a zero ends",
                      {{"room", std::to_string(FIREBREAK_MODEL_TEXT)}});
    }
    if (description.feature_set_version != kFeatureSetVersion) {
        return wrong_abi("version of features", description.feature_set_version,
                         kFeatureSetVersion);
    }
    if (description.feature_count != kFeatureCount) {
        return wrong_abi("number of features", description.feature_count, kFeatureCount);
    }
    if (!(description.threshold > 0 && description.threshold <= 1)) {
        return refuse(Code::kModelAbi, "the threshold is not above 0 and at most 1",
                      {{"threshold", fmt::format("{}", description.threshold)}});
    }
    if (description.reserved != 0) {
        return wrong_abi("reserved number", description.reserved, 0);
    }
    if (description.self_test == nullptr || description.score == nullptr) {
        return refuse(Code::kModelAbi, "a function of the description is missing");
    }
    return std::nullopt;
}

// A copy: what was checked is what is used.
std::variant<firebreak_model_description, ModelRefusal> describe(void* library) {
    const auto function = reinterpret_cast<Describe>(dlsym(library, "firebreak_model"));
    if (function == nullptr) {
        return refuse(Code::kModelAbi, "the function `firebreak_model` cannot be found");
    }
    const firebreak_model_description* const told = function();
    if (told == nullptr ||
        reinterpret_cast<uintptr_t>(told) % alignof(firebreak_model_description) != 0) {
        return refuse(Code::kModelAbi, "no description");
    }
    uint32_t version = 0;  // before anything else: only this is the same in all versions
    std::memcpy(&version, told, sizeof version);
    if (version != FIREBREAK_MODEL_ABI) {
        return wrong_abi("version of the interface", version, FIREBREAK_MODEL_ABI);
    }
    const firebreak_model_description description = *told;
    if (Refusal refusal = check_description(description)) {
        return *refusal;
    }
    return description;
}

}  // namespace

Model::Model(const firebreak_model_description& description)
    : description_(description), name_(description.name), version_(description.model_version) {}

std::variant<Model, ModelRefusal> Model::load(const std::string& path, base::ByteView bytes) {
    if (Refusal refusal = refuse_model_file(bytes)) {
        return *refusal;
    }
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* const words = dlerror();
        return refuse(
            Code::kModelMalformed, "the dynamic linker refuses it",
            {{"its words", base::printable(words == nullptr ? "none" : words, kMaxLinkerWords)}});
    }
    const auto told = describe(library);
    if (const auto* refusal = std::get_if<ModelRefusal>(&told)) {
        return *refusal;
    }
    const Model model(std::get<firebreak_model_description>(told));
    if (const int32_t status = model.description_.self_test(); status != FIREBREAK_MODEL_OK) {
        return refuse(Code::kModelSelfTest, "the self-test says that it failed",
                      {{"status", std::to_string(status)}, {"version", model.version_}});
    }
    return model;
}

std::variant<float, ModelRefusal> Model::score(const FeatureVector& features) const {
    float value = -1;  // what a model leaves that says OK and writes nothing
    const int32_t status =
        description_.score(features.data(), static_cast<uint32_t>(features.size()), &value);
    const base::Evidence model = {{"model", name_}, {"version", version_}};
    if (status != FIREBREAK_MODEL_OK) {
        ModelRefusal refusal = refuse(Code::kModelScoreInvalid, "an error status", model);
        refusal.evidence.emplace_back("status", std::to_string(status));
        return refusal;
    }
    if (!(value >= 0 && value <= 1)) {  // NaN is neither
        ModelRefusal refusal =
            refuse(Code::kModelScoreInvalid, "a score that is not 0 to 1", model);
        refusal.evidence.emplace_back("score", fmt::format("{}", value));
        return refusal;
    }
    return value;
}

std::optional<ModelRefusal> ModelHost::load(std::string_view name, const std::string& path,
                                            base::ByteView bytes) {
    const std::pair<std::string, std::string> place = {"payload", base::printable(name, 100)};
    const auto payload = parse_payload_name(name);
    if (!payload.ok()) {
        return refuse(Code::kPayloadSetWrong, payload.error().text(), {place});
    }
    const auto at = std::ranges::lower_bound(models_, *payload, {}, &Entry::payload);
    if (at != models_.end() && at->payload == *payload) {
        return refuse(Code::kPayloadSetWrong, "this slot has been loaded before", {place});
    }
    auto loaded = Model::load(path, bytes);
    if (auto* refusal = std::get_if<ModelRefusal>(&loaded)) {
        refusal->evidence.insert(refusal->evidence.begin(), place);
        return std::move(*refusal);
    }
    Model& model = std::get<Model>(loaded);
    if (model.name() != payload->model) {
        return refuse(Code::kModelAbi, "the model calls itself otherwise than its payload",
                      {place, {"model", model.name()}});
    }
    models_.insert(at, {*payload, std::move(model)});
    return std::nullopt;
}

std::vector<SlotScore> ModelHost::score(const FeatureVector& features, uint64_t file_number) const {
    std::vector<SlotScore> scores;
    for (const Entry& entry : models_) {
        const bool live = entry.payload.slot == Slot::kLive;
        if (!live && file_number % telemetry_interval_ != 0) {
            continue;
        }
        SlotScore slot;
        slot.payload = entry.payload;
        slot.version = entry.model.version();
        slot.threshold = entry.model.threshold();
        auto scored = entry.model.score(features);
        if (auto* refusal = std::get_if<ModelRefusal>(&scored)) {
            slot.refusal = std::move(*refusal);
        } else {
            slot.score = std::get<float>(scored);
            slot.detected = live && slot.score >= slot.threshold;
        }
        scores.push_back(std::move(slot));
    }
    return scores;
}

}  // namespace firebreak::endpoint::models
