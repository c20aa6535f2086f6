#include "endpoint/supervision/restarts.h"

#include <algorithm>

namespace firebreak::endpoint::supervision {

void Restarts::note_death(base::Duration now) {
    if (!died_before_ || now.seconds - last_death_.seconds >= kQuiet.seconds) {
        next_pause_ = {0};
    }
    not_before_ = {now.seconds + next_pause_.seconds};
    next_pause_ = std::clamp(base::Duration{2 * next_pause_.seconds}, kFirstPause, kLongestPause);
    last_death_ = now;
    died_before_ = true;
}

base::Duration Restarts::pause(base::Duration now) const {
    return std::max(base::Duration{not_before_.seconds - now.seconds}, base::Duration{0});
}

}  // namespace firebreak::endpoint::supervision
