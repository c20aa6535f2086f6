// Hears of what is written to a run file, as it is written.
#pragma once

#include "record/run.h"

namespace firebreak::record {

// Called on the thread that writes, which waits for it.
class Listener {
  public:
    virtual ~Listener() = default;
    // First; and again whenever somebody has added to what the run is about, before anything that
    // is about the addition.
    virtual void heard(const Header& header) = 0;
    virtual void heard(const Command& command) = 0;
    virtual void heard(const TimelineEntry& entry) = 0;
    virtual void heard(const Assay& assay) = 0;
    virtual void heard(const SeriesKey& key, const Point& point) = 0;
};

}  // namespace firebreak::record
