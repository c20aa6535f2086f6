#include "content/payload_check.h"

namespace firebreak::content {

bool PayloadCheck::take(base::ByteView bytes) {
    if (too_long_ || bytes.size() > expected_.size - taken_) {
        too_long_ = true;
        return false;
    }
    taken_ += bytes.size();
    digest_.add(bytes);
    return true;
}

base::Code PayloadCheck::finish() {
    if (too_long_ || taken_ != expected_.size) {
        return base::Code::kPayloadSizeWrong;
    }
    found_ = digest_.finish();
    return found_ == expected_.sha384 ? base::Code::kNone : base::Code::kPayloadDigestWrong;
}

base::Code check_payload(const PayloadFile& expected, base::ByteView payload) {
    PayloadCheck check(expected);
    check.take(payload);
    return check.finish();
}

}  // namespace firebreak::content
