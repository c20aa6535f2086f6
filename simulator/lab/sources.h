// What people write, and what becomes of it: content::Compile for the feeds that need one.
#pragma once

#include <filesystem>

#include "content/package.h"

namespace firebreak::lab {

// Where the build puts the models that it makes of fixtures/models: content/models beside the
// folder of the worker.
std::filesystem::path models_beside(const std::filesystem::path& worker);

// What makes payloads of a feed's sources; of most feeds there is nothing, because components read
// what people write.
// - LocalRepData: endpoint/reputation/csv.h.
// - MLModels: libraries as they are, or one file models.csv, with a line for each payload and the
//   model in `models` that it is, as `packed.live.so,packed`. Lines that begin with # say nothing.
//   Errors name the line.
content::Compile compiler_of(content::Feed feed, const std::filesystem::path& models);

}  // namespace firebreak::lab
