// The two places outside of its memory that the scanner's process may have, the modelled engine's
// exceptions to "no file system": a folder for its log, and one for large objects while they are
// scanned. Both are under quota, and full at any time.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace firebreak::endpoint::scanner {

// One large object. Its end removes it.
class LargeObject {
  public:
    virtual ~LargeObject() = default;
    // False: there is no room for all of it, and nothing of it is there.
    virtual bool append(base::ByteView bytes) = 0;
    // All of it, for as long as it lives and is not appended to; empty: it cannot be looked at.
    virtual base::ByteView view() = 0;
};

class WorkingFolders {
  public:
    virtual ~WorkingFolders() = default;
    // At the end of the log. What there is no room for is lost: nothing depends on the log.
    virtual void log(std::string_view text) = 0;
    // Null: there is no room for another.
    virtual std::unique_ptr<LargeObject> new_object() = 0;
    // Removes what a killed process has left over; how many objects.
    virtual size_t tidy_up() = 0;
};

}  // namespace firebreak::endpoint::scanner
