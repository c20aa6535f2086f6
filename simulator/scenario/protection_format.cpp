#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

const Table& protection_format() {
    static const Protection kUsual;
    static const Table kTable{
        .name = "protection",
        .description = "How endpoints run the scanner, and what they ask of the vendor's cloud.",
        .keys = {
            {.name = "when_down",
             .type = Type::kWord,
             .description = "What becomes of files that nothing can scan: allow opens them, hold "
                            "keeps them closed, which harms whoever needs them.",
             .fallback = word_for(kUsual.hold, kWhenDown),
             .words = words_of(kWhenDown)},
            {.name = "kills",
             .type = Type::kInteger,
             .description = "Content that has killed the scanner so often goes into quarantine: "
                            "the scanner goes back to last-known-good.",
             .fallback = value_text(kUsual.kills),
             .min = 1,
             .max = 10},
            {.name = "cloud",
             .type = Type::kWord,
             .description = "The look-up of reputations in the vendor's cloud.",
             .fallback = word_for(kUsual.cloud, kClouds),
             .words = words_of(kClouds)},
            {.name = "cloud_latency_ms",
             .type = Type::kInteger,
             .description = "Until the cloud answers. Later than 500 ms is too late.",
             .fallback = value_text(kUsual.cloud_latency_ms),
             .min = 0,
             .max = 60'000},
            {.name = "cloud_known",
             .type = Type::kTexts,
             .description = "What the cloud knows: SHA-256=reputation, from 0 (bad) to 100."},
            {.name = "cloud_overrules",
             .type = Type::kBoolean,
             .description = "The cloud can take back that the installed table knows a file to be "
                            "bad. Whoever controls its answers can, too.",
             .fallback = "false"}}};
    return kTable;
}

}  // namespace firebreak::scenario
