// What people do while a run goes on. Each act is first written into the scenario, and what comes
// of reading that is what the run goes on with: so that the scenario in the record comes to the
// same.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "lab/lab.h"
#include "lab/parts.h"
#include "scenario/amend.h"

namespace firebreak::lab {

namespace {

using base::Error;
using base::Result;
using base::Status;
using scenario::Experiment;

// Places are those of a text that nobody has seen.
Error without_place(const Error& error) {
    return {error.message, "", error.remedy};
}

// The run's experiment with what was added to its text.
Result<Experiment> read_again(const Result<std::string>& toml, const Experiment& so_far) {
    if (!toml.ok()) {
        return without_place(toml.error());
    }
    auto next = scenario::parse(*toml, so_far.file);
    if (!next.ok()) {
        return without_place(next.error());
    }
    return next;
}

std::optional<scenario::ActKind> act_of(Command::Kind kind) {
    switch (kind) {
        case Command::Kind::kPromoteToInternal:
            return scenario::ActKind::kPromoteToInternal;
        case Command::Kind::kPromoteToPublic:
            return scenario::ActKind::kPromoteToPublic;
        case Command::Kind::kHalt:
            return scenario::ActKind::kHalt;
        case Command::Kind::kWithdraw:
            return scenario::ActKind::kWithdraw;
        case Command::Kind::kResume:
            return scenario::ActKind::kResume;
        default:
            return std::nullopt;
    }
}

// As a scenario in `folder` names it: under `shelf`, or beside itself.
std::filesystem::path named(const std::filesystem::path& source, const std::filesystem::path& shelf,
                            const std::filesystem::path& folder) {
    if (!source.is_absolute()) {
        return source;
    }
    std::error_code ignored;
    const auto real = [&](const std::filesystem::path& path) {
        return std::filesystem::weakly_canonical(path.empty() ? "." : path, ignored);
    };
    const std::filesystem::path on_shelf = real(source).lexically_relative(real(shelf));
    if (!on_shelf.empty() && on_shelf.begin()->string() != "..") {
        return on_shelf;
    }
    return "./" + real(source).lexically_relative(real(folder)).string();
}

}  // namespace

const std::vector<scenario::Fault>& Lab::faults() const {
    return parts_->experiment.faults;
}

// What is due at this moment comes first, as it does when the scenario says so.
Status Lab::submit(const Command& command) {
    if (parts_->now >= end()) {
        return Error{"the run is over", "", "run it again"};
    }
    FB_CHECK(begin_slice());
    Status done;
    if (command.content && command.kind == Command::Kind::kRelease) {
        done = release_by_hand(*command.content);
    } else if (command.fault && command.kind == Command::Kind::kFault) {
        done = begin_fault(*command.fault);
    } else if (command.kind == Command::Kind::kEndFault) {
        done = end_fault(command.number);
    } else {
        done = act_by_hand(command);
    }
    note_decisions();
    note_faults();
    return done;
}

Status Lab::act_by_hand(const Command& command) {
    const auto kind = act_of(command.kind);
    const auto number = parts_->release_number(command.release);
    if (!kind || !number ||
        parts_->experiment.releases[*number].kind == scenario::ReleaseKind::kPlant) {
        return number ? Error{fmt::format("{} is not released by hand", command.release), "", ""}
                      : Error{fmt::format("there is no release `{}`", command.release), "", ""};
    }
    scenario::Act act;
    act.at = parts_->now;
    act.kind = *kind;
    act.release = command.release;
    FB_TRY(Experiment next,
           read_again(scenario::with_act(parts_->experiment.toml, act), parts_->experiment));
    FB_CHECK(carry_out(command, "operator"));
    return adopt(std::move(next));
}

Status Lab::release_by_hand(scenario::Release content) {
    if (std::ranges::count(parts_->feeds, content.feed) == 0) {
        std::vector<std::string_view> names;
        for (const content::Feed feed : parts_->feeds) {
            names.push_back(content::info(feed).name);
        }
        return Error{fmt::format("no endpoint of this run has anything of {}",
                                 content::info(content.feed).name),
                     "", fmt::format("choose one of: {}", fmt::join(names, ", "))};
    }
    if (content.kind == scenario::ReleaseKind::kPlant) {
        return Error{"an attacker's content is not released", "", "choose an update or a fix"};
    }
    content.at = parts_->now;
    content.source = named(content.source, parts_->shelves.fixtures / "content",
                           parts_->experiment.file.parent_path());
    FB_TRY(Experiment next, read_again(scenario::with_release(parts_->experiment.toml, content),
                                       parts_->experiment));
    const scenario::Release release = next.releases.back();
    auto draft = draft_of(parts_->experiment, parts_->shelves, parts_->pki, release);
    if (!draft.ok()) {
        return without_place(draft.error());
    }
    FB_TRY(content::Package package,
           content::sign(std::move(draft).value(), parts_->pki.signers.at(release.feed),
                         signing_time(parts_->experiment, release)));
    parts_->packages.push_back(std::move(package));
    parts_->releases.push_back(&parts_->packages.back());
    FB_CHECK(adopt(std::move(next)));
    FB_CHECK(add_release(release));
    return carry_out({Command::Kind::kRelease, release.id}, "operator");
}

// Whoever counts by release counts one more.
Status Lab::add_release(const scenario::Release& release) {
    const content::Package* package = parts_->releases.back();
    const cloud::ReleaseId id = parts_->release_system->add(package, release.id, release.expedited);
    parts_->control->add_package(*package, id.value);
    parts_->fleet->set_harmless(parts_->fixes());
    parts_->census->add_release();
    parts_->ledger->add_release(release.kind == scenario::ReleaseKind::kFix);
    return {};
}

Status Lab::begin_fault(scenario::Fault fault) {
    fault.from = parts_->now;
    if (fault.until.seconds == 0) {
        fault.until = end();
    }
    FB_TRY(Experiment next,
           read_again(scenario::with_fault(parts_->experiment.toml, fault), parts_->experiment));
    parts_->experiment.faults.push_back(next.faults.back());
    if (const Status apart = parts_->faults->check(); !apart.ok()) {
        parts_->experiment.faults.pop_back();
        return Error{apart.error().message, "", "choose other groups, or end the other one first"};
    }
    FB_CHECK(adopt(std::move(next)));
    parts_->writer->add(record::Command{parts_->now, "operator", "fault", record::kAll, "done"});
    return {};
}

Status Lab::end_fault(size_t number) {
    const std::vector<scenario::Fault>& faults = parts_->experiment.faults;
    if (number >= faults.size()) {
        return Error{fmt::format("there is no fault {}", number), "", ""};
    }
    const scenario::Fault fault = faults[number];
    if (parts_->now < fault.from || parts_->now >= fault.until) {
        return Error{
            parts_->now < fault.from ? "the fault has not begun yet" : "the fault is over already",
            "", ""};
    }
    // One that has struck nobody yet goes as if it had never been there; but those after it move
    // up, which must not have struck anybody either.
    const bool goes = fault.from == parts_->now;
    if (goes && std::any_of(faults.begin() + static_cast<std::ptrdiff_t>(number), faults.end(),
                            [&](const auto& one) { return one.from < parts_->now; })) {
        return Error{"the fault begins at this very moment", "", "run one step, then end it"};
    }
    FB_TRY(Experiment next, read_again(scenario::with_fault_ended(parts_->experiment.toml, number,
                                                                  fault, parts_->now),
                                       parts_->experiment));
    if (goes) {
        parts_->writer->add(record::TimelineEntry{parts_->now, "fault_over", record::kAll,
                                                  record::kAll, fault_in_words(fault)});
        std::set<size_t> noted;
        for (const size_t one : parts_->faults_noted) {
            if (one != number) {
                noted.insert(one > number ? one - 1 : one);
            }
        }
        parts_->faults_noted = std::move(noted);
    }
    FB_CHECK(adopt(std::move(next)));
    parts_->writer->add(
        record::Command{parts_->now, "operator", "end of a fault", record::kAll, "done"});
    return {};
}

// The run goes on with this scenario in place of the one so far.
Status Lab::adopt(Experiment next) {
    parts_->experiment.releases = std::move(next.releases);
    parts_->experiment.acts = std::move(next.acts);
    parts_->experiment.faults = std::move(next.faults);
    parts_->experiment.toml = std::move(next.toml);
    FB_TRY(const record::Header header, parts_->header(parts_->assays->environment().personas));
    parts_->writer->amend(header);
    return {};
}

}  // namespace firebreak::lab
