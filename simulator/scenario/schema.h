// The scenario format as a JSON schema, for editors.
#pragma once

#include <string>

namespace firebreak::scenario {

// JSON Schema 2020-12, indented, with a line break at the end: resources/scenario.schema.json.
std::string json_schema();

}  // namespace firebreak::scenario
