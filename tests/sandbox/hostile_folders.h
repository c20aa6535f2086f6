// What the hostile worker does with quota folders.
#pragma once

#include <string>

namespace firebreak::test {

// `request`: "word", "word name" or "word name number". What came of it, in words.
std::string use_folders(const std::string& request);

}  // namespace firebreak::test
