#include "gui/theme.h"

#include <QApplication>
#include <QCoreApplication>
#include <QFontDatabase>
#include <QStyle>
#include <QStyleFactory>
#include <array>

namespace firebreak::gui {

namespace {

// As the desktop had it before anything of ours was set.
QPalette& desktop_palette() {
    static QPalette palette = QApplication::palette();
    return palette;
}

Theme g_theme = Theme::kSystem;  // of the application, like its palette

}  // namespace

QColor colour_of(Health health) {
    static const std::array<QColor, kHealths> kColours = {
        QColor(0x8A8A8Au), QColor(0x009E73u), QColor(0x56B4E9u), QColor(0x0072B2u),
        QColor(0xE69F00u), QColor(0xD55E00u), QColor(0xCC79A7u)};
    return kColours[static_cast<size_t>(health)];
}

QString name_of(Health health) {
    static constexpr std::array<const char*, kHealths> kNames = {
        QT_TRANSLATE_NOOP("Health", "offline"),  QT_TRANSLATE_NOOP("Health", "protected"),
        QT_TRANSLATE_NOOP("Health", "exposed"),  QT_TRANSLATE_NOOP("Health", "refused"),
        QT_TRANSLATE_NOOP("Health", "degraded"), QT_TRANSLATE_NOOP("Health", "affected"),
        QT_TRANSLATE_NOOP("Health", "lost")};
    return QCoreApplication::translate("Health", kNames[static_cast<size_t>(health)]);
}

QPalette Colours::palette() const {
    QPalette palette;
    palette.setColor(QPalette::Window, background());
    palette.setColor(QPalette::WindowText, text());
    palette.setColor(QPalette::Base, surface());
    palette.setColor(QPalette::AlternateBase, dark_ ? QColor(0x252B31u) : QColor(0xF7F8F9u));
    palette.setColor(QPalette::Text, text());
    palette.setColor(QPalette::Button, dark_ ? QColor(0x2A3037u) : QColor(0xEBEDEFu));
    palette.setColor(QPalette::ButtonText, text());
    palette.setColor(QPalette::BrightText, failure());
    palette.setColor(QPalette::ToolTipBase, surface());
    palette.setColor(QPalette::ToolTipText, text());
    palette.setColor(QPalette::PlaceholderText, quiet_text());
    palette.setColor(QPalette::Link, accent());
    palette.setColor(QPalette::LinkVisited, accent());
    palette.setColor(QPalette::Highlight, dark_ ? QColor(0x1D5F86u) : QColor(0x0072B2u));
    palette.setColor(QPalette::HighlightedText, QColor(0xFFFFFFu));
    palette.setColor(QPalette::Light, dark_ ? QColor(0x333B43u) : QColor(0xFFFFFFu));
    palette.setColor(QPalette::Midlight, line());
    palette.setColor(QPalette::Mid, line());
    palette.setColor(QPalette::Dark, dark_ ? QColor(0x101316u) : QColor(0xA9B0B7u));
    palette.setColor(QPalette::Shadow, QColor(Qt::black));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        palette.setColor(QPalette::Disabled, role, dark_ ? QColor(0x6D757Eu) : QColor(0x8B939Bu));
    }
    return palette;
}

Colours colours() {
    return Colours(QApplication::palette().color(QPalette::Window).lightness() < 128);
}

void apply(Theme theme) {
    const bool desktop_is_dark = desktop_palette().color(QPalette::Window).lightness() < 128;
    g_theme = theme;
    if (QApplication::style() == nullptr || QApplication::style()->name() != "fusion") {
        QApplication::setStyle(QStyleFactory::create("Fusion"));
    }
    QApplication::setPalette(
        Colours(theme == Theme::kSystem ? desktop_is_dark : theme == Theme::kDark).palette());
}

Theme theme() {
    return g_theme;
}

QFont small_font() {
    QFont font = QApplication::font();
    font.setPointSizeF(font.pointSizeF() * 0.88);
    return font;
}

QFont headline_font() {
    QFont font = QApplication::font();
    font.setPointSizeF(font.pointSizeF() * 1.6);
    font.setWeight(QFont::DemiBold);
    return font;
}

QFont tabular(QFont font) {
    // Qt 6.4 cannot ask for OpenType's tabular figures; the faces of desktops mostly have none
    // else.
    font.setStyleHint(QFont::SansSerif);
    return font;
}

}  // namespace firebreak::gui
