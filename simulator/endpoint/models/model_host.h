// Models at work. Lives in the sandboxed process alone: the runner does not even link it.
//
// A model is a stranger's code in this very process. What it answers is checked here; that it ends,
// in time, without having done anything else, only the sandbox and its deadline see to. So whoever
// starts this process has to expect its death in load() and in score().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "endpoint/models/features.h"
#include "endpoint/models/model_abi.h"
#include "endpoint/models/model_file.h"
#include "endpoint/models/model_slots.h"

namespace firebreak::endpoint::models {

// One library that is loaded, has the interface that is known, and has passed its self-test. It
// stays loaded until the process ends: to unload it would be to run more of its code.
class Model {
  public:
    // `bytes` are what the dynamic linker finds at `path`: they are judged, and then loaded from
    // there. Its constructors, its description and its self-test run. Refusals are those of
    // refuse_model_file() and
    // - kModelMalformed: the dynamic linker refuses it, with its words;
    // - kModelAbi: another version of the interface or of features, or a description that breaks
    // its
    //   contract (model_abi.h);
    // - kModelSelfTest: it says that it does not compute what it should.
    static std::variant<Model, ModelRefusal> load(const std::string& path, base::ByteView bytes);

    const std::string& name() const { return name_; }
    const std::string& version() const { return version_; }
    float threshold() const { return description_.threshold; }

    // A probability, 0 to 1. Refused with kModelScoreInvalid: an error status, or no probability.
    std::variant<float, ModelRefusal> score(const FeatureVector& features) const;

  private:
    explicit Model(const firebreak_model_description& description);

    firebreak_model_description description_;  // as it was when it was checked
    std::string name_, version_;
};

// What one slot's model says of one file.
struct SlotScore {
    ModelPayload payload;
    std::string version;
    float score = 0;
    float threshold = 0;                  // the model's own: at or above it, it says malicious
    bool detected = false;                // at or above the threshold; never of telemetry
    std::optional<ModelRefusal> refusal;  // then there is no score
};

// All models of one content set. Not thread-safe; a process loads one set.
class ModelHost {
  public:
    // Telemetry models score one file in `telemetry_interval` (1: all), at least 1.
    explicit ModelHost(uint64_t telemetry_interval) : telemetry_interval_(telemetry_interval) {}

    // The payload of that name, whose bytes are at `path`. Refusals are those of Model::load,
    // kPayloadSetWrong for a name that is no model's or has been loaded already, and kModelAbi for
    // a library that calls itself otherwise; all name the payload. A set of which one is refused is
    // not to be used.
    std::optional<ModelRefusal> load(std::string_view name, const std::string& path,
                                     base::ByteView bytes);

    // By model and slot: of all live models, and of telemetry models when `file_number`, which the
    // caller counts up, is a multiple of the interval. A model whose score is refused leaves the
    // others' as they are.
    std::vector<SlotScore> score(const FeatureVector& features, uint64_t file_number) const;

    bool empty() const { return models_.empty(); }

  private:
    struct Entry {
        ModelPayload payload;
        Model model;
    };
    uint64_t telemetry_interval_;
    std::vector<Entry> models_;  // sorted by payload
};

}  // namespace firebreak::endpoint::models
