// What a model is, to those who write one: a contract in C between the file scanner's worker and
// the shared libraries of feed MLModels.
//
// A model is one shared library for Linux on x86-64 that holds its logic and its weights. It is
// loaded into a process that scans hostile files with next to no rights, and has none itself:
//
// - It needs no other library than libc.so.6 and libm.so.6, finds none by a path of its own
//   (no RPATH, no RUNPATH), and exports one symbol, the function `firebreak_model` below.
// - Nothing of it is both writable and executable, neither a segment nor the stack, no code has to
//   be relocated, and it has no thread-local variables. `cc -shared -fPIC` makes such a library;
//   see endpoint/models/model_file.h for all that is checked before it is loaded, and
//   fixtures/models for models that pass and models that do not.
// - Once it is loaded it can open no file, no socket, start no thread and no process. Trying to
//   ends the process. So does a crash, and so does using more processor time or memory than the
//   scanner is allowed: a model that is slow takes the scanner's time.
// - Everything is called from one thread. A call may come after any other, and any number of times.
// - The same features give the same score, in every process: no clock, no randomness, no state.
//
// Payloads are named for the model and its slot: `<name>.live.so` is acted upon,
// `<name>.telemetry.so` scores a sample of what the live one scores, for the vendor to compare.
// Either slot may be empty. Names are 1 to 31 of a to z, 0 to 9 and '-'.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// This contract. The host refuses every other number.
#define FIREBREAK_MODEL_ABI 1u

// Room for a text and the zero that ends it. Texts stand in the description itself, so that the
// host follows no pointer to read them.
#define FIREBREAK_MODEL_TEXT 32u

// What a call came to. The host takes every other number for an error as well.
#define FIREBREAK_MODEL_OK 0
#define FIREBREAK_MODEL_WRONG_INPUT 1  // not `feature_count` features, or one that is not finite
#define FIREBREAK_MODEL_FAILED 2       // anything else

struct firebreak_model_description {
    uint32_t abi_version;        // FIREBREAK_MODEL_ABI; the first 4 bytes in every version
    uint32_t description_bytes;  // sizeof(struct firebreak_model_description)
    // The name that the payload has as well, and a version for people. Of printable ASCII
    // characters, at least one each, filled up with zeros.
    char name[FIREBREAK_MODEL_TEXT];
    char model_version[FIREBREAK_MODEL_TEXT];
    // What it was trained on: kFeatureSetVersion and kFeatureCount of endpoint/models/features.h,
    // which says what each feature is. A host with other features cannot use it.
    uint32_t feature_set_version;
    uint32_t feature_count;
    // A score of at least this much says "malicious" (or whatever the model is to find). Above 0,
    // at most 1.
    float threshold;
    uint32_t reserved;  // 0

    // Called once, before the first score: whether the model computes here what it did where it was
    // made. FIREBREAK_MODEL_OK: it does.
    int32_t (*self_test)(void);

    // `features` are `count` finite numbers, and the model's to read until it returns. On
    // FIREBREAK_MODEL_OK, `*out` is a probability, 0 to 1; a value that is not is an error of the
    // model. On any other status `*out` is not looked at.
    int32_t (*score)(const float* features, uint32_t count, float* out);
};

// The one export. What it returns is static, never changes, and is read once.
#ifdef __GNUC__
__attribute__((visibility("default")))
#endif
const struct firebreak_model_description*
firebreak_model(void);

#ifdef __cplusplus
}
#endif
