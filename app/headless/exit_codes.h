// What the command line's exit status means; documented in README.md.
#pragma once

namespace firebreak::headless {

inline constexpr int kPassed = 0;
inline constexpr int kExpectationFailed = 1;
inline constexpr int kInterrupted = 2;
inline constexpr int kInternalError = 3;
inline constexpr int kUsage = 4;  // or an invalid scenario, run file or package
inline constexpr int kNothingSelected = 5;
inline constexpr int kFingerprintDiffers = 10;

}  // namespace firebreak::headless
