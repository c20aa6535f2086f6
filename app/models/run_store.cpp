#include "models/run_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "checks/containment.h"

namespace firebreak::models {

namespace {

// Of 4,096 cells a group, a frame takes half a megabyte.
constexpr size_t kMostFrames = 240;

}  // namespace

void RunStore::begin(uint64_t number) {
    number_ = number;
    run_.reset();
    file_.clear();
    at_ = {};
    polls_ = 0;
    wall_s_ = 0;
    fingerprint_.clear();
    events_.clear();
    events_left_out_ = 0;
    frames_.clear();
    between_ = base::Duration{300};
    newest_ = {};
    shown_.reset();
    Q_EMIT restarted();
}

void RunStore::apply(const bridge::RunUpdate& update) {
    if (update.run != number_ || (!run_ && update.header == nullptr)) {
        return;
    }
    const bool first = !run_.has_value();
    if (first) {
        run_.emplace();
    }
    const bool more_releases =
        !first && update.header != nullptr && update.header->releases != run_->header.releases;
    if (update.header != nullptr) {
        run_->header = *update.header;
    }
    const auto append = [](auto& to, const auto& from) {
        to.insert(to.end(), from.begin(), from.end());
    };
    append(run_->commands, update.commands);
    append(run_->timeline, update.timeline);
    append(run_->assays, update.assays);
    for (const auto& [key, point] : update.points) {
        std::vector<record::Point>& series = run_->series[key];
        if (!series.empty() && series.back().at == point.at) {
            series.back() = point;
        } else {
            series.push_back(point);
        }
    }
    append(events_, update.events);
    events_left_out_ += update.events_left_out;
    run_->reached = at_ = update.at;
    polls_ = update.polls;
    wall_s_ = update.wall_s;
    fingerprint_ = update.fingerprint;
    run_->summary = {update.fingerprint, update.wall_s, update.polls, 0};
    if (update.whole != nullptr) {
        run_ = *update.whole;
    }
    if (update.snapshot != nullptr) {
        keep({update.at, update.snapshot});
    }
    if (first || more_releases) {
        Q_EMIT restarted();
    }
    Q_EMIT grown();
}

void RunStore::load(record::Run run, const std::filesystem::path& file) {
    begin(0);
    at_ = run.reached;
    polls_ = run.summary.polls;
    wall_s_ = run.summary.wall_s;
    fingerprint_ = run.summary.fingerprint;
    run_ = std::move(run);
    file_ = file;
    Q_EMIT restarted();
    Q_EMIT grown();
}

std::string RunStore::headline() const {
    if (!is_back()) {
        return checks::headline(*run_);
    }
    double affected = 0;
    uint64_t endpoints = 0;
    for (size_t g = 0; g < run_->header.groups.size(); ++g) {
        const record::SeriesKey key{base::Metric::kAffected, static_cast<int32_t>(g), record::kAll,
                                    record::kAll};
        affected += record::value_at(run_->series, key, shown()).value_or(0);
        endpoints += run_->header.groups[g].endpoints;
    }
    return fmt::format("{}: {} of {} endpoints affected so far", to_text(shown()),
                       base::with_thousands(static_cast<int64_t>(affected)),
                       base::with_thousands(static_cast<int64_t>(endpoints)));
}

double RunStore::polls_per_s() const {
    return wall_s_ > 0 ? static_cast<double>(polls_) / wall_s_ : 0;
}

void RunStore::keep(Frame frame) {
    newest_ = frame;
    if (!frames_.empty() && frame.at - frames_.back().at < between_) {
        return;
    }
    frames_.push_back(std::move(frame));
    if (frames_.size() > kMostFrames) {
        between_ = base::Duration{between_.seconds * 2};
        size_t kept = 0;
        for (size_t i = 0; i < frames_.size(); i += 2) {
            frames_[kept++] = std::move(frames_[i]);
        }
        frames_.resize(kept);
    }
}

std::shared_ptr<const lab::Snapshot> RunStore::shown_snapshot() const {
    if (!shown_ || frames_.empty()) {
        return newest_.snapshot;
    }
    const auto after = std::ranges::upper_bound(frames_, *shown_, {}, &Frame::at);
    return after == frames_.begin() ? frames_.front().snapshot : std::prev(after)->snapshot;
}

void RunStore::show(std::optional<base::SimTime> at) {
    if (at && *at >= at_) {
        at.reset();
    }
    if (at != shown_) {
        shown_ = at;
        Q_EMIT shown_changed();
    }
}

}  // namespace firebreak::models
