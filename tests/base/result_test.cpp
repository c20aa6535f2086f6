#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace firebreak::base {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) {
        return Error{"odd", std::to_string(number), "give an even number"};
    }
    return number / 2;
}

Result<int> quarter(int number) {
    FB_TRY(const int once, half(number));
    FB_TRY(const int twice, half(once));
    return twice;
}

Status check_even(int number) {
    FB_CHECK(half(number));
    return {};
}

TEST(Result, HandsOnTheFirstError) {
    EXPECT_EQ(*quarter(12), 3);
    EXPECT_EQ(quarter(6).error().place, "3");
    EXPECT_EQ(quarter(5).error().place, "5");
    EXPECT_TRUE(check_even(2).ok());
    EXPECT_EQ(check_even(1).error().message, "odd");
}

TEST(Result, HoldsValuesThatCannotBeCopied) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    const std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 7);
}

TEST(Result, EndsTheProcessWhenTheWrongSideIsRead) {
    EXPECT_DEATH(static_cast<void>(half(1).value()), "");
    EXPECT_DEATH(static_cast<void>(half(2).error()), "");
    EXPECT_DEATH(static_cast<void>(check_even(2).error()), "");
}

TEST(Error, LeavesOutWhatIsEmpty) {
    EXPECT_EQ((Error{"wrong", "a.toml:1:2", "mend it"}.text()), "a.toml:1:2: wrong; mend it");
    EXPECT_EQ((Error{"wrong", "", "mend it"}.text()), "wrong; mend it");
    EXPECT_EQ((Error{"wrong", "a.toml", ""}.text()), "a.toml: wrong");
    EXPECT_EQ((Error{"wrong", "", ""}.text()), "wrong");
}

}  // namespace
}  // namespace firebreak::base
