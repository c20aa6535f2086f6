// Signs on buttons, painted in the text's colour of the theme.
#pragma once

#include <QIcon>

namespace firebreak::gui {

enum class Glyph { kRun, kPause, kStep, kStop, kNewest };

QIcon icon_of(Glyph glyph);

}  // namespace firebreak::gui
