// Ways to get a scenario wrong: one line of a valid one is changed, and the error must name the
// place and the remedy.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "scenario/examples.h"

namespace firebreak::scenario {

struct Mistake {
    const char* name;
    const char* right;
    const char* wrong;
    // With "<text>" for the place of this text, which must stand once in the scenario; or, in
    // "<te|xt>", for the place of the bar.
    const char* error;
};

inline void PrintTo(const Mistake& mistake, std::ostream* out) {
    *out << mistake.name;
}

inline std::string place_of(std::string snippet, std::string_view text) {
    const size_t bar = snippet.find('|');
    if (bar != std::string::npos) {
        snippet.erase(bar, 1);
    }
    const size_t found = text.find(snippet);
    EXPECT_NE(found, std::string_view::npos) << snippet;
    EXPECT_EQ(text.find(snippet, found + 1), std::string_view::npos) << "twice: " << snippet;
    const std::string_view before = text.substr(0, found + (bar == std::string::npos ? 0 : bar));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    return std::string(kFile) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

inline std::string with_places(std::string error, std::string_view text) {
    for (size_t begin = error.find('<'); begin != std::string::npos; begin = error.find('<')) {
        const size_t end = error.find('>', begin);
        const std::string snippet = error.substr(begin + 1, end - begin - 1);
        error.replace(begin, end + 1 - begin, place_of(snippet, text));
    }
    return error;
}

class Mistakes : public testing::TestWithParam<Mistake> {};

inline std::string name_of(const testing::TestParamInfo<Mistake>& info) {
    return info.param.name;
}

}  // namespace firebreak::scenario
