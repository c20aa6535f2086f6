// The ports of one assay, with the faults of its stimulus wrapped around them.
#pragma once

#include <deque>

#include "assay/transition.h"
#include "faults/faulty_clock.h"
#include "faults/faulty_store.h"
#include "faults/faulty_transport.h"

namespace firebreak::assay {

// The first fault of the stimulus is next to the world, the last one next to the component.
class FaultyPorts {
  public:
    // All must outlive this.
    FaultyPorts(ports::Transport& transport, ports::Store& store, ports::Clock& clock,
                const PollStimulus& stimulus)
        : transport_(&transport), store_(&store), clock_(&clock) {
        for (size_t i = 0; i < stimulus.faults.size(); ++i) {
            const faults::Fault& fault = stimulus.faults[i];
            transport_ = &transports_.emplace_back(*transport_, fault, stimulus.struck.at(i));
            store_ = &stores_.emplace_back(*store_, fault);
            clock_ = &clocks_.emplace_back(*clock_, fault);
        }
    }
    FaultyPorts(const FaultyPorts&) = delete;
    FaultyPorts& operator=(const FaultyPorts&) = delete;

    ports::Transport& transport() { return *transport_; }
    ports::Store& store() { return *store_; }
    ports::Clock& clock() { return *clock_; }

  private:
    ports::Transport* transport_;
    ports::Store* store_;
    ports::Clock* clock_;
    std::deque<faults::FaultyTransport> transports_;  // never moved: each refers to the one before
    std::deque<faults::FaultyStore> stores_;
    std::deque<faults::FaultyClock> clocks_;
};

}  // namespace firebreak::assay
