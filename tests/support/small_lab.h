// A lab over a fleet of a few hundred, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lab/lab.h"
#include "scenario/experiment.h"
#include "support/paths.h"

namespace firebreak::test {

inline constexpr char kSmallFleet[] = R"(
schema = 1
title = "small"
seed = 5
start = 2026-03-02T00:00:00Z
duration = "3d"

[[group]]
name = "engineering"
stage = "engineering"
endpoints = 12
personas = { developer = 1, server = 1 }

[[group]]
name = "internal"
stage = "internal"
endpoints = 38
tenants = 2
personas = { office-laptop = 2, roaming-laptop = 1 }

[[group]]
name = "public-1"
stage = "public"
endpoints = 100
tenants = 5
personas = { office-laptop = 3, server = 2, log-server = 1 }

[[group]]
name = "public-2"
stage = "public"
endpoints = 150
tenants = 9
personas = { office-laptop = 3, server = 2, log-server = 1 }

[[baseline]]
feed = "DatasetA"
version = "baseline"
source = "good/DatasetA/2026-03-01"
)";

inline scenario::Experiment experiment(const std::string& more) {
    auto parsed = scenario::parse(std::string(kSmallFleet) + more, source_dir() / "small.toml");
    EXPECT_TRUE(parsed.ok()) << parsed.error().text();
    return parsed.ok() ? std::move(parsed).value() : scenario::Experiment{};
}

inline lab::Options options(const TemporaryFolder& folder, const std::string& run = "a.run") {
    lab::Options out;
    out.fixtures = fixtures_dir();
    out.worker = worker_binary();
    out.run_file = folder.path() / run;
    return out;
}

inline std::unique_ptr<lab::Lab> assemble(const scenario::Experiment& experiment,
                                          const lab::Options& options) {
    auto lab = lab::Lab::assemble(experiment, options);
    EXPECT_TRUE(lab.ok()) << lab.error().text();
    return lab.ok() ? std::move(lab).value() : nullptr;
}

}  // namespace firebreak::test
