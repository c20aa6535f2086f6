// How the window writes numbers, times and texts of the engine's.
#pragma once

#include <QString>
#include <string>
#include <string_view>

#include "base/sim_time.h"

namespace firebreak::gui {

// UTF-8 of the engine's.
QString words(std::string_view utf8);
QString words(base::SimTime at);       // "day 2 14:05"
QString words(base::Duration length);  // "18 min"
QString grouped(uint64_t number);      // "8,500,000"
// "210 M", for what changes too fast to be read.
QString rough(double number);
// As a word of a POSIX shell.
std::string quoted(const std::string& word);

}  // namespace firebreak::gui
