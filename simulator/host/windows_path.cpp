#include "host/windows_path.h"

#include <algorithm>
#include <array>

namespace firebreak::host {

namespace {

constexpr size_t kMaxPathBytes = 259;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_forbidden(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
           std::string_view("<>:\"/|?*").find(c) != std::string_view::npos;
}

// CON, NUL, COM1 and the like, whatever their extension, are devices in every folder.
bool is_device(std::string_view name) {
    constexpr std::array<std::string_view, 4> kDevices{"con", "prn", "aux", "nul"};
    const std::string stem = case_folded(name.substr(0, name.find('.')));
    if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) {
        return true;
    }
    return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) &&
           stem[3] >= '1' && stem[3] <= '9';
}

std::string name_problem(std::string_view name) {
    if (name.empty()) {
        return "has an empty part";
    }
    if (std::any_of(name.begin(), name.end(), is_forbidden)) {
        return "has a character that Windows forbids: < > : \" / | ? * or a control character";
    }
    if (name.back() == '.' || name.back() == ' ') {
        return "has a part that ends in a dot or a blank";
    }
    if (is_device(name)) {
        return "has a part that names a device";
    }
    return "";
}

}  // namespace

std::string path_problem(std::string_view path) {
    if (path.size() < 4 || !is_letter(path[0]) || path.substr(1, 2) != ":\\") {
        return "does not begin with a drive, such as C:\\";
    }
    if (path.size() > kMaxPathBytes) {
        return "is longer than 259 bytes";
    }
    for (std::string_view rest = path.substr(3);;) {
        const size_t end = std::min(rest.find('\\'), rest.size());
        if (std::string problem = name_problem(rest.substr(0, end)); !problem.empty()) {
            return problem;
        }
        if (end == rest.size()) {
            return "";
        }
        rest.remove_prefix(end + 1);
    }
}

std::string case_folded(std::string_view path) {
    std::string out(path);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

}  // namespace firebreak::host
