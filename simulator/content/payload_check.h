// Whether payload bytes are what a manifest promises, in one piece or as they arrive.
#pragma once

#include "base/bytes.h"
#include "base/digest.h"
#include "base/outcome.h"
#include "content/manifest.h"

namespace firebreak::content {

// Takes a payload piece by piece and keeps none of it.
class PayloadCheck {
  public:
    explicit PayloadCheck(const PayloadFile& expected) : expected_(expected) {}

    // False once there is more than was promised: the rest need not be fetched.
    bool take(base::ByteView bytes);
    // Size first, then SHA-384: kNone, kPayloadSizeWrong or kPayloadDigestWrong. Ask once.
    base::Code finish();
    // Bytes so far, and none beyond the first too many; after finish() their digest, unless the
    // size was wrong.
    uint64_t taken() const { return taken_ + (too_long_ ? 1 : 0); }
    const base::Digest& found() const { return found_; }

  private:
    PayloadFile expected_;
    uint64_t taken_ = 0;  // never more than expected
    bool too_long_ = false;
    base::Sha384 digest_;
    base::Digest found_;
};

// The same for a payload in one piece.
base::Code check_payload(const PayloadFile& expected, base::ByteView payload);

}  // namespace firebreak::content
