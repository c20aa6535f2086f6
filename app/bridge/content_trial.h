// Content, tried now: signed, delivered and run for real, beside what it was before it was changed.
#pragma once

#include <QObject>
#include <QString>
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "bridge/trial_scenario.h"
#include "record/run.h"

namespace firebreak::bridge {

// Where damage fell, in one file of the package.
struct DamageDone {
    std::string file;      // "rules.yar", or "the envelope"
    uint64_t offset = 0;   // in the file as it is sent
    uint64_t size = 0;     // of the file
    uint8_t before = 0;    // the byte there
    uint8_t flipped = 0;   // its bits that are wrong; none: the file ends before it
    std::string part;      // what stood there: "the manifest, byte 12 of 340"
    bool happened = true;  // false: the file has no such place, and comes as it is
    friend bool operator==(const DamageDone&, const DamageDone&) = default;
};

// What came of it on one persona. Nothing of both: no machine has heard of it within a day.
struct PersonaTrial {
    std::string persona, title;
    std::optional<record::Assay> delivery;  // the poll that first met it
    std::vector<record::Assay> workloads;   // the persona's day with it, once it was installed
};

// One content, tried.
struct TrialSide {
    // It could not even be signed, or this machine cannot try it: nothing is known of any persona.
    std::optional<base::Error> problem;
    record::Header header;
    std::vector<PersonaTrial> personas;  // as in the trial
    std::vector<DamageDone> damages;     // by bit flips and truncations of package and payload
    double wall_s = 0;
};

struct TrialResult {
    TrialSide tried;
    // As it was before; null: there was nothing else to try.
    std::shared_ptr<const TrialSide> unmodified;
};

// To be used from the thread that it lives in; signals come there, too. One trial at a time: a new
// one takes the place of the one before, of which nothing is heard any more.
class ContentTrial final : public QObject {
    Q_OBJECT

  public:
    struct Places {
        std::filesystem::path fixtures, worker;
    };

    explicit ContentTrial(Places places, QObject* parent = nullptr);
    ~ContentTrial() override;  // waits for what still goes on

    // `unmodified`: what to set beside it, or nothing. If the last trial had the same one, it is
    // not tried again.
    void start(const Trial& trial, const std::optional<TrialContent>& unmodified);
    // Nothing more is heard of it.
    void cancel();
    bool is_running() const { return running_; }

  Q_SIGNALS:
    // What it does now, and of how many machines the answers are known.
    void progressed(const QString& what, int answers, int of);
    void finished(std::shared_ptr<const firebreak::bridge::TrialResult> result);

  private:
    class Work;
    struct Thread {
        std::shared_ptr<Work> work;
        std::jthread thread;
    };
    void retire();

    Places places_;
    std::shared_ptr<Work> work_;
    bool running_ = false;
    uint64_t number_ = 0;
    // The last unmodified side that was tried, by all that it depends on.
    std::string known_for_;
    std::shared_ptr<const TrialSide> known_;
    std::vector<Thread> threads_;  // last: they use the above; the newest may be at work
};

}  // namespace firebreak::bridge
