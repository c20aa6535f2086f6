// What property tests of documents draw.
#pragma once

#include <rapidcheck.h>

#include <string>

#include "base/bytes.h"
#include "base/digest.h"

namespace firebreak::content::test {

// 1 to `longest` of these.
rc::Gen<std::string> text_of_characters(const std::string& characters, size_t longest);
base::Digest any_digest();
// One to three bytes of JSON changed, taken out, put in, or all cut off from one on.
base::Bytes mutated(base::Bytes bytes);

}  // namespace firebreak::content::test
