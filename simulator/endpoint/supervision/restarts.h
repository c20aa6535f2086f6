// When a component that died may start again.
#pragma once

#include "base/sim_time.h"

namespace firebreak::endpoint::supervision {

// The first death is followed by a restart at once; each further one in a row by a pause twice as
// long as the one before, from kFirstPause up to kLongestPause. A row ends when kQuiet passes
// without a death. (Assumed: the modelled vendor publishes no figures.)
class Restarts {
  public:
    static constexpr base::Duration kFirstPause{1};
    static constexpr base::Duration kLongestPause{300};
    static constexpr base::Duration kQuiet{600};

    // Times are since the start of the machine, and never go back.
    void note_death(base::Duration now);
    bool may_start(base::Duration now) const { return now >= not_before_; }
    // Until it may; 0 if it may now.
    base::Duration pause(base::Duration now) const;

  private:
    bool died_before_ = false;
    base::Duration last_death_{0};
    base::Duration next_pause_{0};
    base::Duration not_before_{0};
};

}  // namespace firebreak::endpoint::supervision
