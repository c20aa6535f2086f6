#include "bridge/content_trial.h"

#include <fmt/format.h>

#include <QCoreApplication>
#include <QMetaObject>
#include <QTemporaryDir>
#include <algorithm>
#include <chrono>
#include <set>

#include "assay/transition.h"
#include "base/outcome.h"
#include "base/sha256.h"
#include "content/package.h"
#include "faults/mutation.h"
#include "lab/fault_menu.h"
#include "lab/lab.h"
#include "record/listener.h"
#include "scenario/experiment.h"

namespace firebreak::bridge {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Result;
using base::Status;
using scenario::FaultKind;
using scenario::FaultTarget;

constexpr base::SimTime kOffered{kTrialPublished.seconds};
constexpr base::Duration kSliceOfTrial{300};

bool is_text_of(const std::string& stimulus, std::string_view what, const std::string& persona,
                std::string_view after) {
    const std::string begin = fmt::format("{}{}{}", what, persona, after);
    return after.empty() ? stimulus == begin : stimulus.starts_with(begin);
}

// Damage to one file, as the lab does it.
DamageDone damage_to(const std::string& name, base::ByteView file, const faults::Fault& fault) {
    DamageDone done;
    done.file = name;
    done.size = file.size();
    const auto damage = faults::damage_of(faults::ranges_of(file, fault.target), fault);
    done.happened = damage.has_value();
    if (damage) {
        done.offset = damage->offset;
        done.flipped = damage->flipped;
        done.before = file[damage->offset];
        done.part = fault.target == faults::FaultTarget::kPayload
                        ? "the payload"
                        : faults::part_at(file, damage->offset);
    }
    return done;
}

std::vector<DamageDone> damages_of(const lab::Lab& lab, const scenario::Experiment& experiment) {
    std::vector<DamageDone> out;
    const content::Package* package = lab.package_of(kTrialRelease);
    for (size_t i = 0; package != nullptr && i < experiment.faults.size(); ++i) {
        const scenario::Fault& plan = experiment.faults[i];
        if (plan.kind != FaultKind::kBitFlip && plan.kind != FaultKind::kTruncate) {
            continue;
        }
        const faults::Fault fault = lab::damage_planned(experiment, i, 0);
        if (plan.target == FaultTarget::kPayload) {
            for (const auto& [name, bytes] : package->draft.payloads) {
                out.push_back(damage_to(name, bytes, fault));
            }
        } else if (plan.target != FaultTarget::kHead && plan.target != FaultTarget::kSet) {
            out.push_back(damage_to("package.p7m", package->envelope, fault));
        }
    }
    return out;
}

// Without the folder in which the trial stood for a moment: what is left is a file of the content.
Error without_folder(Error error, const fs::path& folder) {
    for (const std::string& prefix :
         {(folder / "." / kTrialRelease / "").string(), (folder / kTrialRelease / "").string(),
          (folder / "").string()}) {
        for (std::string* text : {&error.message, &error.place, &error.remedy}) {
            for (size_t at = text->find(prefix); at != text->npos; at = text->find(prefix, at)) {
                text->erase(at, prefix.size());
            }
        }
    }
    return error;
}

// All that the outcome of a side depends on.
std::string identity_of(const std::string& scenario, const TrialFiles& files) {
    std::string out = scenario;
    for (const auto& [name, bytes] : files) {
        out += fmt::format("\n{} {}", name, base::to_hex(base::sha256(*bytes)));
    }
    return out;
}

}  // namespace

// One trial on a thread of its own. What is neither const nor atomic belongs to that
// thread.
class ContentTrial::Work final {
  public:
    using Tell = std::function<void(const QString& what, int answers, int of)>;

    Work(Places places, Trial trial, std::optional<TrialContent> unmodified, Tell tell)
        : places_(std::move(places)),
          trial_(std::move(trial)),
          unmodified_(std::move(unmodified)),
          tell_(std::move(tell)) {}

    void stop() { stopped_ = true; }
    bool stopped() const { return stopped_; }
    void end() { ended_ = true; }
    bool ended() const { return ended_; }

    // `known`: what came of the unmodified side that is called so.
    TrialResult run(const std::string& known_for, std::shared_ptr<const TrialSide> known) {
        TrialResult result;
        const int sides = unmodified_ ? 2 : 1;
        of_ = static_cast<int>(trial_.personas.size()) * sides;
        result.tried = side(trial_, QCoreApplication::translate("ContentTrial", "this content"));
        if (unmodified_ && !stopped_) {
            const Trial before = unmodified();
            name_of_unmodified_ = identity_of(text_of(before), before.content.files);
            if (known != nullptr && known_for == name_of_unmodified_) {
                result.unmodified = std::move(known);
            } else {
                result.unmodified = std::make_shared<const TrialSide>(side(
                    before, QCoreApplication::translate("ContentTrial", "the unmodified content")));
            }
        }
        return result;
    }
    const std::string& name_of_unmodified() const { return name_of_unmodified_; }

  private:
    // Hears of assays as they are performed, and keeps those that are about the trial's content.
    class Ear final : public record::Listener {
      public:
        Ear(const Trial& trial, std::function<void()> answered)
            : trial_(trial), answered_(std::move(answered)) {
            for (const std::string& persona : trial.personas) {
                personas_.push_back({persona, persona, std::nullopt, {}});
            }
        }
        void heard(const record::Header& header) override {
            header_ = header;
            for (PersonaTrial& one : personas_) {
                const auto known =
                    std::ranges::find(header.personas, one.persona, &record::Persona::name);
                one.title = known == header.personas.end() ? one.persona : known->title;
            }
        }
        void heard(const record::Command&) override {}
        void heard(const record::TimelineEntry&) override {}
        void heard(const record::SeriesKey&, const record::Point&) override {}
        void heard(const record::Assay& assay) override {
            if (assay.at < kOffered) {
                return;
            }
            for (PersonaTrial& one : personas_) {
                if (!one.delivery && tells_of_delivery(assay, one.persona)) {
                    one.delivery = assay;
                } else if (tells_of_workload(assay, one.persona)) {
                    one.workloads.push_back(assay);
                } else {
                    continue;
                }
                answered_();
            }
        }

        static bool is_known(const PersonaTrial& one) {
            return one.delivery && (one.delivery->category != to_text(base::Category::kInstalled) ||
                                    !one.workloads.empty());
        }
        int answers() const { return static_cast<int>(std::ranges::count_if(personas_, is_known)); }
        bool all_known() const { return std::ranges::all_of(personas_, is_known); }
        const record::Header& header() const { return header_; }
        std::vector<PersonaTrial> take() { return std::move(personas_); }

      private:
        static bool tells_of_delivery(const record::Assay& assay, const std::string& persona) {
            return is_text_of(assay.stimulus, "poll of ", persona, ":") &&
                   assay.category != to_text(base::Category::kNothingNew);
        }
        // A workload on machines that run the content.
        bool tells_of_workload(const record::Assay& assay, const std::string& persona) const {
            if (!is_text_of(assay.stimulus, "workload of ", persona, "") ||
                header_.releases.empty()) {
                return false;
            }
            const auto done = assay::parse_transition(assay.json);
            if (!done.ok()) {
                return false;
            }
            const auto running = done->reads.find(assay::running_key(trial_.feed));
            return running != done->reads.end() && running->second &&
                   *running->second == header_.releases.front().manifest;
        }

        const Trial& trial_;
        std::function<void()> answered_;
        record::Header header_;
        std::vector<PersonaTrial> personas_;
    };

    Trial unmodified() const {
        Trial before = trial_;
        before.content = *unmodified_;
        before.changes = {};
        // Nothing is drawn: the same, whatever it is set beside.
        before.title = "unmodified";
        before.seed = 1;
        return before;
    }
    std::string text_of(const Trial& trial) const {
        return trial_scenario(trial, std::string("./") + kTrialRelease, places_.fixtures);
    }

    TrialSide side(const Trial& trial, const QString& name) {
        const auto begin = std::chrono::steady_clock::now();
        TrialSide side;
        if (const Status done = perform(trial, name, side); !done.ok()) {
            side.problem = done.error();
            side.personas.clear();
            for (const std::string& persona : trial.personas) {
                side.personas.push_back({persona, persona, std::nullopt, {}});
            }
        }
        answers_before_ += static_cast<int>(trial.personas.size());
        side.wall_s =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return side;
    }

    Status perform(const Trial& trial, const QString& name, TrialSide& side) {
        const QTemporaryDir made;
        if (!made.isValid()) {
            return Error{"no folder for the trial can be made", made.path().toStdString(),
                         "make room in it, or set TMPDIR to another one"};
        }
        const fs::path folder = made.path().toStdString();
        const Status done = perform_in(folder, trial, name, side);
        return done.ok() ? done : Status(without_folder(done.error(), folder));
    }

    Status perform_in(const fs::path& folder, const Trial& trial, const QString& name,
                      TrialSide& side) {
        FB_TRY(const fs::path file, save_trial(trial, folder, kTrialRelease, places_.fixtures));
        FB_TRY(const scenario::Experiment experiment, scenario::load(file, {}));
        const auto tell = [&](int answers) {
            tell_(QCoreApplication::translate("ContentTrial", "Trying %1").arg(name),
                  answers_before_ + answers, of_);
        };
        tell_(QCoreApplication::translate("ContentTrial", "Preparing machines for %1").arg(name),
              answers_before_, of_);
        std::optional<Ear> ear;
        ear.emplace(trial, [&] { tell(ear->answers()); });
        lab::Options options;
        options.fixtures = places_.fixtures;
        options.worker = places_.worker;
        options.run_file = folder / "trial.run";
        options.jobs = std::max(1u, std::thread::hardware_concurrency());
        options.listener = &*ear;
        FB_TRY(const std::unique_ptr<lab::Lab> lab, lab::Lab::assemble(experiment, options));
        side.damages = damages_of(*lab, experiment);
        tell(0);
        // A day at most; as a rule all machines have answered in its first hour.
        while (!stopped_ && lab->now() < lab->end() && !ear->all_known()) {
            FB_CHECK(lab->advance_until(lab->now() + kSliceOfTrial));
        }
        FB_CHECK(lab->interrupt());
        side.header = ear->header();
        side.personas = ear->take();
        return {};
    }

    const Places places_;
    const Trial trial_;
    const std::optional<TrialContent> unmodified_;
    const Tell tell_;
    std::atomic<bool> stopped_ = false, ended_ = false;
    int answers_before_ = 0, of_ = 0;
    std::string name_of_unmodified_;
};

ContentTrial::ContentTrial(Places places, QObject* parent)
    : QObject(parent), places_(std::move(places)) {}

ContentTrial::~ContentTrial() {
    retire();
}

// What goes on ends when its slice does, and says nothing more.
void ContentTrial::retire() {
    if (work_ != nullptr) {
        work_->stop();
        work_.reset();
    }
    ++number_;
    running_ = false;
}

void ContentTrial::cancel() {
    retire();
}

void ContentTrial::start(const Trial& trial, const std::optional<TrialContent>& unmodified) {
    retire();
    running_ = true;
    const uint64_t number = number_;
    // Its number tells what this trial says from what one before said, which may be on its way.
    const auto post = [this, number](auto saying) {
        QMetaObject::invokeMethod(
            this,
            [this, number, saying] {
                if (number_ == number) {
                    saying();
                }
            },
            Qt::QueuedConnection);
    };
    work_ = std::make_shared<Work>(
        places_, trial, unmodified, [this, post](const QString& what, int answers, int of) {
            post([this, what, answers, of] { Q_EMIT progressed(what, answers, of); });
        });
    std::erase_if(threads_, [](const Thread& one) { return one.work->ended(); });
    threads_.push_back(
        {work_, std::jthread([this, post, work = work_, known_for = known_for_, known = known_] {
             const auto result = std::make_shared<const TrialResult>(work->run(known_for, known));
             work->end();
             if (work->stopped()) {
                 return;
             }
             post([this, result, name = work->name_of_unmodified()] {
                 running_ = false;
                 if (result->unmodified != nullptr && !result->unmodified->problem) {
                     known_for_ = name;
                     known_ = result->unmodified;
                 }
                 Q_EMIT finished(result);
             });
         })});
}

}  // namespace firebreak::bridge
