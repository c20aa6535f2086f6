// From what happens to endpoints to what a vendor hears of it: late, in part, and with noise.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/channel.h"
#include "base/random.h"
#include "base/working_hours.h"
#include "cloud/central.h"
#include "fleet/fleet.h"
#include "lab/census.h"
#include "lab/control_plane.h"

namespace firebreak::lab {

// Not thread-safe. Every draw is keyed by endpoint, time and channel, so that the order of events
// changes nothing.
class Reporter {
  public:
    // `office`: when the vendor takes calls. Central and control plane must outlive this.
    Reporter(uint64_t seed, const base::Channels& channels, base::Shift office, base::SimTime end,
             cloud::Central& central, const ControlPlane& control);

    // Something happened to an endpoint of this group.
    void tell(const fleet::RowEvent& event, cloud::GroupId group,
              const fleet::Population& population);

    // Telemetry batches that are due before `until` leave, naming what runs by then; those of
    // machines that are cut off never do.
    void send_batches(base::SimTime until, const fleet::Fleet& fleet);

    // Signals of the slice that begins at `from` that have nothing to do with any content, by the
    // rates of each channel. They arrive at once: their stream is steady.
    struct Noise {
        cloud::Signal signal;
        uint32_t count = 0;
    };
    std::vector<Noise> noise(base::SimTime from, const Census& census, size_t groups,
                             size_t releases) const;

    // Contacts of a group in one hour, as the vendor counts them once it knows.
    struct Contacts {
        cloud::GroupId group;
        double expected = 0, seen = 0;
    };
    // An hour is over: those that were to be expected, and those of the machines that are not cut
    // off, give or take chance and the fleet's own week-to-week change.
    void count_contacts(base::SimTime hour, cloud::GroupId group, const Standing& standing);
    // What has become known by now, after the delay of its channel.
    std::vector<Contacts> contacts(base::SimTime now);

  private:
    struct Batch {
        fleet::Row row;
        cloud::GroupId group;
        uint32_t count;
    };
    const base::ChannelSettings& of(base::Channel channel) const {
        return channels_[static_cast<size_t>(channel)];
    }
    double draw(fleet::Row row, base::SimTime at, base::Channel channel, uint64_t which) const;
    void tell_on(base::Channel channel, const fleet::RowEvent& event, cloud::GroupId group,
                 double chance);
    void batch(const fleet::RowEvent& event, cloud::GroupId group,
               const fleet::Population& population);
    base::SimTime arrival(base::Channel channel, const fleet::RowEvent& event) const;

    base::Channels channels_;
    base::Shift office_;
    base::SimTime end_;
    cloud::Central& central_;
    const ControlPlane& control_;
    std::multimap<base::SimTime, Batch> batches_;
    std::multimap<base::SimTime, Contacts> contacts_;  // by when they become known
    base::RandomStream stream_;
};

}  // namespace firebreak::lab
