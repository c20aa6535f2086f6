// What the command line says, and the files that were asked for.
#pragma once

#include <string>

#include "base/result.h"

namespace firebreak::headless {

// What was asked for goes where it was wanted: nowhere if no file is named, to stdout for "-".
// False: it could not be written, and that has been said.
bool put(const std::string& file, const std::string& text);

// To stderr, as "firebreak: …".
void complain(const base::Error& error);
// The same on the way out: returns `code`.
int fail(const base::Error& error, int code);

}  // namespace firebreak::headless
