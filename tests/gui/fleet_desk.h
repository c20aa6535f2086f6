// A desk on which a tiny fleet runs for real, or one whose fleet is given.
#pragma once

#include <gtest/gtest.h>

#include <QTest>
#include <fstream>
#include <memory>

#include "gui/desk.h"
#include "support/small_lab.h"

namespace firebreak::test {

// 60 machines that meet a release which kills their scanner, an hour after the start.
inline const std::string kDeadlyScenario =
    std::string(kOneGroup) + kTinyBaseline +
    release("rules-2", "dies", "at = \"1h\"");

class FleetDesk {
  public:
    gui::Desk& desk() { return desk_; }

    void run_to_the_end(const std::string& scenario = kDeadlyScenario) {
        const std::filesystem::path file = folder() / "deadly.toml";
        std::ofstream(file) << scenario;
        ASSERT_TRUE(desk_.run(file));
        ASSERT_TRUE(QTest::qWaitFor(
            [this] { return desk_.session().state() == bridge::RunSession::State::kEnded; },
            120'000));
    }

  private:
    std::filesystem::path folder() const { return fixtures_.options().fixtures; }

    SmallFixtures fixtures_;
    gui::Desk desk_{{folder(), folder(), worker_binary(), folder() / "runs"}};
};

// A snapshot in which group after group has so many endpoints, at most 4,096 cells each.
inline lab::Snapshot snapshot_of(const record::Header& header) {
    lab::Snapshot out;
    uint32_t first = 0;
    for (const record::Group& group : header.groups) {
        lab::GroupSnapshot seen;
        seen.name = group.name;
        seen.endpoints = group.endpoints;
        seen.first = first;
        seen.cells.resize(std::min(group.endpoints, 4096u));
        for (uint64_t i = 0; i < group.endpoints; ++i) {
            ++seen.cells[i * seen.cells.size() / group.endpoints].endpoints;
        }
        first += group.endpoints;
        out.groups.push_back(std::move(seen));
    }
    return out;
}

// Shows the run as if it went on, with that fleet.
inline void show_run(gui::Desk& desk, const record::Run& run, const lab::Snapshot& fleet) {
    bridge::RunUpdate update;
    update.run = desk.session().number() + 1;
    desk.store().begin(update.run);
    update.header = std::make_shared<const record::Header>(run.header);
    update.at = run.reached;
    update.snapshot = std::make_shared<const lab::Snapshot>(fleet);
    update.timeline = run.timeline;
    update.assays = run.assays;
    for (const auto& [key, points] : run.series) {
        for (const record::Point& point : points) {
            update.points.emplace_back(key, point);
        }
    }
    desk.store().apply(update);
}

}  // namespace firebreak::test
