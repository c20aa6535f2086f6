// What has happened in a run since somebody last asked: plain values, which nobody changes any
// more.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/outcome.h"
#include "base/sim_time.h"
#include "lab/lab.h"
#include "record/run.h"

namespace firebreak::bridge {

// Something that happened to one endpoint.
struct RowEvent {
    base::SimTime at;
    uint32_t endpoint = 0;
    base::Category category = base::Category::kNothingNew;
    base::Code code = base::Code::kNone;
};

struct RunUpdate {
    uint64_t run = 0;  // RunSession::start() by number
    // Of the first update of a run, and whenever somebody has added to what it is about; else null.
    std::shared_ptr<const record::Header> header;
    base::SimTime at;  // up to here
    uint64_t polls = 0;
    double wall_s = 0;  // that the engine was at work
    std::string fingerprint;
    std::shared_ptr<const lab::Snapshot> snapshot;  // null: none since then

    // What is new, in the order in which it was recorded.
    std::vector<record::Command> commands;
    std::vector<record::TimelineEntry> timeline;
    std::vector<record::Assay> assays;
    std::vector<std::pair<record::SeriesKey, record::Point>> points;
    std::vector<RowEvent> events;
    uint64_t events_left_out = 0;  // beyond RunSession::kMostEvents of the run
    // At the end, the whole of it, with what is known only then; null before.
    std::shared_ptr<const record::Run> whole;
};

}  // namespace firebreak::bridge
