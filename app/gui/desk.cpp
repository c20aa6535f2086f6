#include "gui/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "checks/containment.h"
#include "checks/expectations.h"
#include "gui/words.h"
#include "places/places.h"
#include "record/run_reader.h"
#include "scenario/amend.h"
#include "scenario/experiment.h"

namespace firebreak::gui {

using State = bridge::RunSession::State;

namespace {

// Of a snapshot, whatever the number of groups: what is kept of a run stays below 100 MB.
constexpr size_t kCells = 16'384;

uint32_t cells_per_group(size_t groups) {
    return static_cast<uint32_t>(
        std::clamp<size_t>(kCells / std::max<size_t>(1, groups), 64, 4'096));
}

}  // namespace

Desk::Desk(Places places, QObject* parent) : QObject(parent), places_(std::move(places)) {
    connect(&session_, &bridge::RunSession::updated, this, &Desk::take_updates);
    connect(&session_, &bridge::RunSession::state_changed, this, &Desk::note_state);
    connect(&session_, &bridge::RunSession::failed, this, &Desk::problem);
}

void Desk::raise(const base::Error& error) {
    Q_EMIT problem(words(error.message), words(error.place), words(error.remedy));
}

bool Desk::run(const std::filesystem::path& scenario, std::optional<uint64_t> seed, bool paused) {
    auto experiment = scenario::load(scenario, {});
    if (!experiment.ok()) {
        raise(experiment.error());
        return false;
    }
    auto file = places::new_run_file(experiment->name, places_.runs);
    if (!file.ok()) {
        raise(file.error());
        return false;
    }
    const uint32_t cells = cells_per_group(experiment->groups.size());
    bridge::RunSession::Request request{std::move(experiment).value(), {}, cells};
    request.options.fixtures = places_.fixtures;
    request.options.worker = places_.worker;
    request.options.run_file = *file;
    request.options.jobs = std::max(1u, std::thread::hardware_concurrency());
    request.options.seed = seed;
    scenario_ = scenario;
    seed_ = seed;
    selection_.clear();
    store_.begin(session_.number() + 1);
    store_.set_file(*file);
    session_.start(std::move(request), paused);
    return true;
}

bool Desk::open_run(const std::filesystem::path& file) {
    auto run = record::read_run(file);
    if (!run.ok()) {
        raise(run.error());
        return false;
    }
    session_.stop();
    scenario_.clear();
    seed_.reset();
    selection_.clear();
    store_.load(std::move(run).value(), file);
    return true;
}

base::Result<std::string> Desk::played(const std::filesystem::path& folder) const {
    return scenario::moved(store_.run().header.scenario, store_.file().parent_path(), folder);
}

QString Desk::command_line() const {
    if (scenario_.empty()) {
        return store_.empty() ? QString()
                              : words("./firebreak report " + quoted(store_.file().string()));
    }
    std::string line = "./firebreak run " + quoted(scenario_.string());
    if (seed_) {
        line += fmt::format(" --seed {}", *seed_);
    }
    return words(line);
}

void Desk::take_updates() {
    if (const auto update = session_.take()) {
        store_.apply(*update);
    }
}

void Desk::note_state(State state) {
    take_updates();
    if (state == State::kEnded && !store_.empty()) {
        const bool passed = checks::all_passed(checks::judge(store_.run()));
        Q_EMIT run_ended(words(scenario_.string()), passed, words(checks::headline(store_.run())));
    }
}

}  // namespace firebreak::gui
