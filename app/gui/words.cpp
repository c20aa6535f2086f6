#include "gui/words.h"

#include <fmt/format.h>

#include <QLocale>
#include <algorithm>

namespace firebreak::gui {

QString words(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

QString words(base::SimTime at) {
    return words(to_text(at));
}

QString words(base::Duration length) {
    return words(to_text(length));
}

QString grouped(uint64_t number) {
    return QLocale(QLocale::English, QLocale::UnitedStates).toString(qulonglong{number});
}

QString rough(double number) {
    constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
    size_t unit = 0;
    for (; number >= 1000 && unit + 1 < std::size(kUnits); ++unit) {
        number /= 1000;
    }
    return words(fmt::format("{:.{}f}{}", number, number < 10 && unit > 0 ? 1 : 0, kUnits[unit]));
}

std::string quoted(const std::string& word) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./=:,@%+";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
        return word;
    }
    std::string out = "'";
    for (const char c : word) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

}  // namespace firebreak::gui
