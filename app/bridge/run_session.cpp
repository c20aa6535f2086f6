#include "bridge/run_session.h"

#include <fmt/format.h>

#include <QMetaObject>
#include <QStringList>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "record/run_reader.h"

namespace firebreak::bridge {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr base::Duration kStep{300};  // a slice of the lab's
// Of a window that is drawn sixty times a second, nobody sees more.
constexpr Seconds kBetweenSnapshots{1.0 / 30};
// A snapshot looks at every row: of the engine's time, they take no more than a tenth.
constexpr double kShareOfSnapshots = 10;

QString text(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

bool is_failure(base::Category category) {
    return category != base::Category::kInstalled && category != base::Category::kNothingNew &&
           category != base::Category::kRecovered;
}

}  // namespace

// All members without a comment are the engine's thread's alone; what is shared is behind the lock.
class RunSession::Engine final : public record::Listener {
  public:
    Engine(RunSession& owner, uint64_t number, Request request, bool paused, double speed,
           const Breaks& breaks)
        : owner_(owner),
          number_(number),
          request_(std::move(request)),
          goes_(!paused),
          speed_(speed),
          breaks_(breaks) {
        request_.options.listener = this;
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
    ~Engine() override {
        thread_.request_stop();
        wake_.notify_all();
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // --- of the owner's thread

    void tell(const std::function<void(Engine&)>& what) {
        {
            const std::scoped_lock lock(mutex_);
            tasks_.push_back(what);
        }
        wake_.notify_all();
    }
    std::unique_ptr<const RunUpdate> take() {
        const std::scoped_lock lock(mutex_);
        announced_ = false;
        return std::exchange(published_, nullptr);
    }
    void stop() {
        thread_.request_stop();
        wake_.notify_all();
    }

    // --- tasks, on the engine's thread

    void go(std::optional<base::SimTime> until) {
        if (lab_ && lab_->now() < lab_->end()) {
            until_ = until;
            goes_ = true;
            begin_pace();
            report(State::kRunning);
        }
    }
    void rest() {
        goes_ = false;
        if (lab_ && lab_->now() < lab_->end()) {
            report(State::kPaused);
        }
    }
    void step() {
        if (lab_) {
            go(lab_->now() + kStep);
        }
    }
    void set_speed(double speed) {
        speed_ = speed;
        begin_pace();
    }
    void set_breaks(const Breaks& breaks) { breaks_ = breaks; }
    void look_at(const std::vector<uint32_t>& endpoints) {
        viewport_.endpoints = endpoints;
        snapshot_due_ = {};
        publish(true);
    }
    void act(const lab::Command& command) {
        QString problem = text("there is no run that goes on");
        if (lab_ && lab_->now() < lab_->end()) {
            const base::Status done = lab_->submit(command);
            problem = done.ok() ? QString() : text(done.error().text());
            publish(true);
        }
        const QString name = text(command.release);
        post([name, problem](RunSession& owner) { Q_EMIT owner.answered(name, problem); });
    }
    void follow(uint32_t endpoint) {
        QStringList lines;
        QString problem;
        if (!lab_) {
            problem = text("there is no run");
        } else if (auto history = lab_->follow(endpoint); !history.ok()) {
            problem = text(history.error().text());
        } else {
            for (const lab::HistoryEntry& entry : *history) {
                std::string line = to_text(entry.at) + "  " + std::string(to_text(entry.category));
                if (entry.code != base::Code::kNone) {
                    line += ": " + std::string(to_text(entry.code));
                }
                lines.push_back(text(line));
            }
        }
        post([endpoint, lines, problem](RunSession& owner) {
            Q_EMIT owner.followed(endpoint, lines, problem);
        });
    }

    // --- record::Listener, on the engine's thread

    void heard(const record::Header& header) override {
        next_.header = std::make_shared<const record::Header>(header);
    }
    void heard(const record::Command& command) override { next_.commands.push_back(command); }
    void heard(const record::Assay& assay) override { next_.assays.push_back(assay); }
    void heard(const record::SeriesKey& key, const record::Point& point) override {
        next_.points.emplace_back(key, point);
        if (breaks_.bound && breaks_.bound->first == key && point.value >= breaks_.bound->second) {
            break_at(fmt::format("the bound of {} is reached", info(key.metric).name));
            breaks_.bound.reset();
        }
    }
    void heard(const record::TimelineEntry& entry) override {
        next_.timeline.push_back(entry);
        const bool failure = entry.kind == "harm" || entry.kind == "refusal";
        if (breaks_.failure && failure) {
            break_at("first failure: " + entry.text);
            breaks_.failure = false;
        } else if (breaks_.alert && (entry.kind == "signal" || entry.kind == "alarm")) {
            break_at("first alert: " + entry.text);
            breaks_.alert = false;
        } else if (breaks_.halt && entry.kind == "halt") {
            break_at("halt: " + entry.text);
            breaks_.halt = false;
        }
    }

  private:
    // Its number tells what this run says from what one before said, which may still be on its
    // way. The engine may be gone when it arrives.
    template <class Saying>
    void post(Saying saying) {
        QMetaObject::invokeMethod(
            &owner_,
            [&owner = owner_, saying, number = number_] {
                if (owner.number_ == number) {
                    saying(owner);
                }
            },
            Qt::QueuedConnection);
    }
    void report(State state) {
        post([state](RunSession& owner) { owner.become(state); });
    }
    void fail(const base::Error& error) {
        goes_ = false;
        const QString message = text(error.message), place = text(error.place),
                      remedy = text(error.remedy);
        post([message, place, remedy](RunSession& owner) {
            Q_EMIT owner.failed(message, place, remedy);
        });
        report(State::kFailed);
    }
    void break_at(const std::string& why) {
        until_ = base::SimTime{0};  // after this slice
        broke_ = why;
    }

    void work(const std::stop_token& stop) {
        if (!prepare()) {
            return;
        }
        publish(true);
        report(goes_ ? State::kRunning : State::kPaused);
        begin_pace();
        while (!stop.stop_requested()) {
            run_tasks();
            if (!goes_) {
                wait(stop, std::nullopt);
            } else if (const auto early = too_early()) {
                publish(false);
                wait(stop, early);
            } else if (!advance()) {
                return;
            }
        }
        if (lab_->now() < lab_->end()) {
            const base::Status kept = lab_->interrupt();
            publish(true);
            kept.ok() ? report(State::kStopped) : fail(kept.error());
        }
    }
    bool prepare() {
        auto made = lab::Lab::assemble(request_.experiment, request_.options);
        if (!made.ok()) {
            fail(made.error());
            return false;
        }
        lab_ = std::move(made).value();
        viewport_.cells_per_group = request_.cells_per_group;
        lab_->observe([this](uint32_t endpoint, const lab::HistoryEntry& entry) {
            const bool room =
                events_ < kMostEvents / 2 || (is_failure(entry.category) && events_ < kMostEvents);
            if (room) {
                ++events_;
                next_.events.push_back({entry.at, endpoint, entry.category, entry.code});
            } else {
                ++next_.events_left_out;
            }
        });
        return true;
    }
    void run_tasks() {
        std::vector<std::function<void(Engine&)>> tasks;
        {
            const std::scoped_lock lock(mutex_);
            tasks.swap(tasks_);
        }
        for (const auto& task : tasks) {
            task(*this);
        }
    }
    // False: it is over.
    bool advance() {
        const Clock::time_point begin = Clock::now();
        const base::Status done = lab_->advance_until(lab_->now() + kStep);
        worked_ += Clock::now() - begin;
        if (!done.ok()) {
            (void)lab_->interrupt();  // what was recorded before stays
            publish(true);
            fail(done.error());
            return false;
        }
        if (lab_->now() >= lab_->end()) {
            goes_ = false;
            const base::Status kept = end();
            publish(true);
            kept.ok() ? report(State::kEnded) : fail(kept.error());
            return true;  // acts are answered, endpoints followed
        }
        if (until_ && lab_->now() >= *until_) {
            until_.reset();
            rest();
            if (!broke_.empty()) {
                const QString why = text(std::exchange(broke_, {}));
                post([why](RunSession& owner) { Q_EMIT owner.broke(why); });
            }
            publish(true);
        } else {
            publish(false);
        }
        return true;
    }

    base::Status end() {
        FB_CHECK(lab_->finish(worked_.count()));
        FB_TRY(record::Run whole, record::read_run(request_.options.run_file));
        next_.whole = std::make_shared<const record::Run>(std::move(whole));
        return {};
    }

    // --- pace

    void begin_pace() {
        pace_from_ = Clock::now();
        pace_at_ = lab_ ? lab_->now() : base::SimTime{};
    }
    // When it is time for the next slice; nothing: it is now.
    std::optional<Clock::time_point> too_early() const {
        if (speed_ <= 0) {
            return std::nullopt;
        }
        const Seconds after(static_cast<double>((lab_->now() - pace_at_).seconds) / speed_);
        const auto due = pace_from_ + std::chrono::duration_cast<Clock::duration>(after);
        return due > Clock::now() ? std::optional(due) : std::nullopt;
    }
    void wait(const std::stop_token& stop, std::optional<Clock::time_point> until) {
        std::unique_lock lock(mutex_);
        const auto ready = [this] { return !tasks_.empty(); };
        if (until) {
            wake_.wait_until(lock, stop, *until, ready);
        } else {
            wake_.wait(lock, stop, ready);
        }
    }

    // --- updates

    // `now`: with a snapshot, however soon it is after the last one.
    void publish(bool now) {
        if (!lab_) {
            return;
        }
        const Clock::time_point begin = Clock::now();
        if (!now && begin < snapshot_due_) {
            return;
        }
        next_.run = number_;
        next_.at = lab_->now();
        next_.wall_s = worked_.count();
        next_.fingerprint = lab_->fingerprint();
        next_.snapshot = std::make_shared<const lab::Snapshot>(lab_->snapshot(viewport_));
        next_.polls = next_.snapshot->polls;
        const Seconds cost = Clock::now() - begin;
        snapshot_due_ = begin + std::chrono::duration_cast<Clock::duration>(
                                    std::max(kBetweenSnapshots, kShareOfSnapshots * cost));
        bool announce = false;
        {
            const std::scoped_lock lock(mutex_);
            append(std::exchange(next_, {}));
            announce = !std::exchange(announced_, true);
        }
        if (announce) {
            post([](RunSession& owner) { Q_EMIT owner.updated(); });
        }
    }
    // Under the lock. What nobody has taken yet grows.
    void append(RunUpdate more) {
        if (published_ == nullptr) {
            published_ = std::make_unique<RunUpdate>(std::move(more));
            return;
        }
        const auto join = [](auto& to, auto& from) {
            to.insert(to.end(), std::make_move_iterator(from.begin()),
                      std::make_move_iterator(from.end()));
        };
        RunUpdate& all = *published_;
        all.header = more.header != nullptr ? more.header : all.header;
        all.at = more.at;
        all.polls = more.polls;
        all.wall_s = more.wall_s;
        all.fingerprint = std::move(more.fingerprint);
        all.snapshot = std::move(more.snapshot);
        join(all.commands, more.commands);
        join(all.timeline, more.timeline);
        join(all.assays, more.assays);
        join(all.points, more.points);
        join(all.events, more.events);
        all.events_left_out += more.events_left_out;
        all.whole = std::move(more.whole);
    }

    RunSession& owner_;  // alone its address, and in what is posted
    const uint64_t number_;
    Request request_;
    std::unique_ptr<lab::Lab> lab_;
    lab::Viewport viewport_;
    bool goes_;
    std::optional<base::SimTime> until_;
    std::string broke_;
    double speed_;
    Breaks breaks_;
    Clock::time_point pace_from_{}, snapshot_due_{};
    base::SimTime pace_at_;
    Seconds worked_{0};
    uint64_t events_ = 0;
    RunUpdate next_;

    std::mutex mutex_;
    std::condition_variable_any wake_;
    // Behind the lock:
    std::vector<std::function<void(Engine&)>> tasks_;
    std::unique_ptr<RunUpdate> published_;
    bool announced_ = false;

    std::jthread thread_;  // last: it uses all of the above
};

RunSession::RunSession(QObject* parent) : QObject(parent) {}
RunSession::~RunSession() {
    retire();
}

// The engine of a run before ends when its slice does: nobody waits for that here.
void RunSession::retire() {
    if (engine_) {
        engine_->stop();
        retired_.emplace_back([old = std::move(engine_)]() mutable { old.reset(); });
    }
}

void RunSession::become(State state) {
    if (state_ != state) {
        state_ = state;
        Q_EMIT state_changed(state);
    }
}

uint64_t RunSession::start(Request request, bool paused) {
    retire();
    ++number_;
    state_ = State::kPreparing;
    Q_EMIT state_changed(state_);  // also of a run that comes while another is being prepared
    engine_ = std::make_unique<Engine>(*this, number_, std::move(request), paused, speed_, breaks_);
    return number_;
}

void RunSession::run() {
    if (engine_) {
        engine_->tell([](Engine& engine) { engine.go(std::nullopt); });
    }
}

void RunSession::pause() {
    if (engine_) {
        engine_->tell([](Engine& engine) { engine.rest(); });
    }
}

void RunSession::step() {
    if (engine_) {
        engine_->tell([](Engine& engine) { engine.step(); });
    }
}

void RunSession::run_until(base::SimTime until) {
    if (engine_) {
        engine_->tell([until](Engine& engine) { engine.go(until); });
    }
}

void RunSession::stop() {
    if (engine_) {
        engine_->stop();
    }
}

void RunSession::set_speed(double simulated_s_per_s) {
    speed_ = simulated_s_per_s;
    if (engine_) {
        engine_->tell([simulated_s_per_s](Engine& engine) { engine.set_speed(simulated_s_per_s); });
    }
}

void RunSession::set_breaks(const Breaks& breaks) {
    breaks_ = breaks;
    if (engine_) {
        engine_->tell([breaks](Engine& engine) { engine.set_breaks(breaks); });
    }
}

void RunSession::act(const lab::Command& command) {
    if (engine_) {
        engine_->tell([command](Engine& engine) { engine.act(command); });
    } else {
        Q_EMIT answered(text(command.release), text("there is no run"));
    }
}

void RunSession::follow(uint32_t endpoint) {
    if (engine_) {
        engine_->tell([endpoint](Engine& engine) { engine.follow(endpoint); });
    }
}

void RunSession::look_at(const std::vector<uint32_t>& endpoints) {
    if (engine_) {
        engine_->tell([endpoints](Engine& engine) { engine.look_at(endpoints); });
    }
}

std::unique_ptr<const RunUpdate> RunSession::take() {
    return engine_ ? engine_->take() : nullptr;
}

}  // namespace firebreak::bridge
