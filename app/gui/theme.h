// Colours and sizes, the same in every pane.
#pragma once

#include <QColor>
#include <QFont>
#include <QPalette>

namespace firebreak::gui {

// What state an endpoint is in, worst last. (Okabe and Ito's colours, which most people tell apart;
// never alone: a word, a shape or a hatch stands beside each.)
enum class Health : unsigned char {
    kOffline,
    kProtected,
    kExposed,
    kRefused,
    kDegraded,  // suffers some harm, and runs
    kAffected,
    kLost,
};
inline constexpr int kHealths = 7;

QColor colour_of(Health health);
QString name_of(Health health);  // "protected"

enum class Theme { kSystem, kLight, kDark };

class Colours {
  public:
    explicit Colours(bool dark) : dark_(dark) {}
    bool dark() const { return dark_; }
    QColor background() const { return dark_ ? QColor(0x16191Du) : QColor(0xF4F5F6u); }
    QColor surface() const { return dark_ ? QColor(0x1F2429u) : QColor(0xFFFFFFu); }
    QColor text() const { return dark_ ? QColor(0xE6E8EAu) : QColor(0x1B1F23u); }
    QColor quiet_text() const { return dark_ ? QColor(0xA9B0B7u) : QColor(0x59626Bu); }
    QColor line() const { return dark_ ? QColor(0x38404Au) : QColor(0xD5D9DDu); }
    QColor accent() const { return dark_ ? QColor(0x56B4E9u) : QColor(0x0072B2u); }
    QColor failure() const { return dark_ ? QColor(0xFF8A4Cu) : QColor(0xB34A00u); }
    QColor success() const { return dark_ ? QColor(0x2EC99Au) : QColor(0x007A59u); }
    QPalette palette() const;

  private:
    bool dark_;
};

// Of the application as it looks now. What paints asks anew each time.
Colours colours();
// Sets palette and style of the application; kSystem follows the desktop.
void apply(Theme theme);
Theme theme();

inline constexpr int kGrid = 8;  // pixels between things
QFont small_font();
QFont headline_font();
// Digits that stand below one another.
QFont tabular(QFont font);

}  // namespace firebreak::gui
