#include "models/selection.h"

namespace firebreak::models {

void Selection::clear() {
    if (time_ || group_ || release_ || endpoint_ || assay_) {
        time_.reset();
        group_.reset();
        release_.reset();
        endpoint_.reset();
        assay_.reset();
        Q_EMIT changed();
    }
}

}  // namespace firebreak::models
