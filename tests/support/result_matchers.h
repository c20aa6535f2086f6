// ASSERT_OK(status), ASSERT_OK_AND(auto value, expression), EXPECT_ERROR(status, "part of it").
#pragma once

#include <gtest/gtest.h>

#include "base/result.h"

#define ASSERT_OK(expression)                                    \
    do {                                                         \
        const auto& fb_result = (expression);                    \
        ASSERT_TRUE(fb_result.ok()) << fb_result.error().text(); \
    } while (false)

#define ASSERT_OK_AND(declaration, expression) \
    ASSERT_OK_AND_NAMED_(FIREBREAK_JOIN(fb_result_, __LINE__), declaration, expression)
#define ASSERT_OK_AND_NAMED_(name, declaration, expression) \
    auto name = (expression);                               \
    ASSERT_TRUE(name.ok()) << name.error().text();          \
    declaration = std::move(name).value()

#define EXPECT_ERROR(expression, part)                                    \
    do {                                                                  \
        const auto& fb_result = (expression);                             \
        ASSERT_FALSE(fb_result.ok());                                     \
        EXPECT_NE(fb_result.error().text().find(part), std::string::npos) \
            << fb_result.error().text();                                  \
    } while (false)
