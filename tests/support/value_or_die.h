// Values that a test cannot go on without, where ASSERT_OK_AND() cannot stand: in functions that
// return something.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "base/result.h"

namespace firebreak::test {

template <class T>
T value_or_die(base::Result<T> result) {
    if (!result.ok()) {
        ADD_FAILURE() << result.error().text();
        std::abort();
    }
    return std::move(result).value();
}

}  // namespace firebreak::test
