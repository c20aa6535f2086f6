// Scenarios that nobody wrote on purpose: whatever the text, parse() returns, and what it accepts
// resolves to itself.
#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "scenario/examples.h"

namespace firebreak::scenario {
namespace {

constexpr std::array<std::string_view, 30> kPieces{"\"",
                                                   "'",
                                                   "\"\"\"",
                                                   "[",
                                                   "]",
                                                   "[[",
                                                   "]]",
                                                   "{",
                                                   "}",
                                                   "=",
                                                   ".",
                                                   "#",
                                                   "\n",
                                                   "\\",
                                                   "\\u0000",
                                                   "-1",
                                                   "1e308",
                                                   "nan",
                                                   "\"0%\"",
                                                   "\"9999d\"",
                                                   "true",
                                                   "[[act]]\n",
                                                   "\xff",
                                                   "\x1b",
                                                   "99999999999",
                                                   "2026-03-02T00:00:00Z",
                                                   "[[attack.held]]\n",
                                                   "[update]\n",
                                                   "plant",
                                                   "hardened"};

// The first text changed in 1 to 3 places: a byte set, a piece put in, a line gone or doubled, a
// stretch moved.
class Mutator {
  public:
    explicit Mutator(uint64_t round) : round_(round) {}

    std::string mutate(std::string text) {
        const uint64_t changes = 1 + below(3);
        for (uint64_t i = 0; i < changes; ++i) {
            change(text);
        }
        return text;
    }

  private:
    uint64_t below(uint64_t bound) { return draws_.below(bound, round_, n_++); }

    void change(std::string& text) {
        const size_t at = below(text.size());
        const size_t line_end = std::min(text.find('\n', at), text.size() - 1) + 1;
        switch (below(6)) {
            case 0:
                text[at] = static_cast<char>(below(256));
                return;
            case 1:
                text.insert(at, kPieces[below(kPieces.size())]);
                return;
            case 2:
                text.erase(at, 1 + below(8));
                break;
            case 3:
                text.erase(at, line_end - at);
                break;
            case 4:
                text.insert(at, text.substr(at, line_end - at));
                return;
            default:
                const std::string stretch = text.substr(at, 1 + below(60));
                text.erase(at, stretch.size());
                text.insert(below(text.size() + 1), stretch);
        }
        text += text.empty() ? "x" : "";
    }

    base::RandomStream draws_{20260302, base::Stream::kMutation};
    uint64_t round_;
    uint64_t n_ = 0;
};

TEST(Mutations, AreParsedOrRefusedWithAPlace) {
    int accepted = 0;
    for (uint64_t round = 0; round < 9000; ++round) {
        const std::string text = Mutator(round).mutate(std::string(kEveryKey));
        const auto result = parse(text, kFile);
        if (!result.ok()) {
            ASSERT_TRUE(result.error().place.find(".toml") != std::string::npos)
                << round << ": " << result.error().text();
            ASSERT_FALSE(result.error().message.empty()) << round;
            for (const char c : result.error().text()) {
                ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << round;
            }
            continue;
        }
        ++accepted;
        const auto again = parse(result->toml, kFile);
        ASSERT_TRUE(again.ok()) << round << ": " << again.error().text();
        ASSERT_EQ(without_places(*result), without_places(*again)) << round;
    }
    // Else this would test toml++ alone.
    EXPECT_GT(accepted, 100);
    EXPECT_LT(accepted, 4500);
}

TEST(Truncations, AreRefusedWithAPlaceUntilTheFirstGroupIsWhole) {
    const size_t first_group_ends = kEveryKey.find(" }");
    for (size_t length = 0; length < kEveryKey.size(); ++length) {
        const auto result = parse(kEveryKey.substr(0, length), kFile);
        if (result.ok()) {
            ASSERT_GT(length, first_group_ends);
        } else {
            ASSERT_TRUE(result.error().place.starts_with(kFile)) << length;
        }
    }
}

}  // namespace
}  // namespace firebreak::scenario
