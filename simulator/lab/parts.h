// The object graph of one run, put together in assembly.cpp: the composition root.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "assay/assays.h"
#include "assay/program_under_test.h"
#include "base/digest.h"
#include "cloud/cdn.h"
#include "cloud/central.h"
#include "cloud/lookup_service.h"
#include "cloud/operations.h"
#include "cloud/release_system.h"
#include "content/envelope.h"
#include "content/pki.h"
#include "fleet/fleet.h"
#include "lab/census.h"
#include "lab/control_plane.h"
#include "lab/drafts.h"
#include "lab/fault_menu.h"
#include "lab/lab.h"
#include "lab/ledger.h"
#include "lab/policy.h"
#include "lab/recoveries.h"
#include "lab/reporter.h"
#include "record/run_writer.h"
#include "sandbox/worker.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// Kinds of terms in the fingerprint.
enum class Term : uint8_t {
    kRowEvent = 1,
    kPublished = 2,
    kHalted = 3,
    kWithdrawn = 4,
    kResumed = 5,
    kNotice = 6
};

// In the order in which they depend on one another; destroyed from the last to the first.
struct Lab::Parts {
    scenario::Experiment experiment;
    endpoint::update::Profile profile;  // of every endpoint's update client
    std::vector<content::Feed> feeds;
    std::deque<content::Package> packages;  // baseline, then releases and plants; never moved
    std::vector<const content::Package*> baseline;     // by feed; null: none
    std::vector<const content::Package*> releases;     // as in the experiment
    std::vector<std::vector<uint8_t>> group_personas;  // persona numbers per group
    std::vector<SegmentPlan> segments;                 // as in the fleet
    content::Pki pki;                                  // to sign what is made during the run
    Shelves shelves;
    std::filesystem::path run_file;
    uint32_t first_hour = 0;  // of the week
    std::string notes;        // about the machine, for the record

    std::optional<record::RunWriter> writer;
    std::unique_ptr<content::Verifier> verifier;
    std::unique_ptr<sandbox::Spawner> spawner;
    std::unique_ptr<assay::ProgramUnderTest> program;      // null: the built-in scanner
    std::unique_ptr<cloud::LookupService> lookup_service;  // null: turned off
    std::unique_ptr<cloud::Cdn> cdn;
    std::unique_ptr<assay::Wire> wire;
    std::unique_ptr<cloud::ReleaseSystem> release_system;
    std::unique_ptr<cloud::Central> central;
    std::unique_ptr<cloud::Operations> operations;
    std::unique_ptr<assay::Assays> assays;
    std::unique_ptr<ControlPlane> control;
    std::unique_ptr<FaultMenu> faults;
    std::set<size_t> faults_noted, faults_ended;  // in the timeline
    fleet::SetId initial;                         // the baseline's
    std::unique_ptr<fleet::Fleet> fleet;
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<Census> census;
    std::unique_ptr<Reporter> reporter;
    std::unique_ptr<Recoveries> recoveries;

    base::SimTime now;
    // The control log, by segment: what its polls have met from when on; and what else came to
    // rows from outside: recoveries that were granted, campaigns that began and ended.
    std::vector<std::vector<std::pair<base::SimTime, fleet::ContextId>>> context_log;
    std::vector<std::pair<base::SimTime, Grant>> grants;  // with the time at which each was made
    struct Turn {
        base::SimTime at;
        size_t campaign = 0;
        bool begins = false;
    };
    std::vector<Turn> turns;  // of campaigns, so far
    // Of the scenario. At one time, what was done by hand comes last.
    using Due = std::pair<base::SimTime, bool>;
    std::multimap<Due, Command> due_commands;
    bool begun = false;                       // the slice at `now`
    std::span<const fleet::RowEvent> events;  // of the slice under way
    std::set<std::pair<size_t, base::Category>> failures_noted;
    std::set<std::pair<size_t, base::Channel>> signals_noted;
    std::set<std::string> fixes_made;  // releases that have come out
    base::Fingerprint fingerprint;
    base::SimTime committed;
    Lab::Observer observer;

    // Of the release called so; nullopt: there is none.
    std::optional<uint32_t> release_number(const std::string& id) const {
        for (uint32_t r = 0; r < experiment.releases.size(); ++r) {
            if (experiment.releases[r].id == id) {
                return r;
            }
        }
        return std::nullopt;
    }
    std::vector<bool> fixes() const {
        std::vector<bool> out;
        for (const scenario::Release& release : experiment.releases) {
            out.push_back(release.kind == scenario::ReleaseKind::kFix);
        }
        return out;
    }
    // Of the run file. `personas`: as they are numbered in the fleet.
    base::Result<record::Header> header(const std::vector<host::Persona>& personas) const;
    std::string release_name(uint32_t release) const {
        return release < experiment.releases.size() ? experiment.releases[release].id
                                                    : "other content";
    }
};

}  // namespace firebreak::lab
