// Pictures of the window and its panes, for a product page and for people who look for flaws.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "gui/desk.h"

namespace firebreak::gui {

// Runs the scenario to its end, and writes a PNG file of the window and of each pane, in both
// themes and in several sizes, with names such as window-dark-1280x720.png. How many there are.
base::Result<int> take_screenshots(const Desk::Places& places,
                                   const std::filesystem::path& scenario,
                                   const std::filesystem::path& folder);

}  // namespace firebreak::gui
