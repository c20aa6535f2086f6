// Random acts on random stages, against a shadow that keeps no clocks but counts the seconds that
// each release has run, and looks up what was on offer a delay ago.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cloud/packages.h"
#include "cloud/release_system.h"

namespace firebreak::cloud {
namespace {

constexpr size_t kReleases = 4;
constexpr content::Feed kFeeds[] = {content::Feed::kDatasetA, content::Feed::kBehavior};

content::Feed feed_of(size_t release) {
    return kFeeds[release == 3 ? 1 : 0];
}

struct Plan {
    std::vector<Segment> segments;
    Staging staging;
    std::vector<bool> expedited;

    int64_t delay() const { return staging.cdn_ttl.seconds + staging.download.seconds; }
    bool has(GroupStage stage) const {
        return std::ranges::find(segments, stage, &Segment::stage) != segments.end();
    }
};

struct Shadow {
    struct Released {
        bool halted = false, withdrawn = false;
        std::map<GroupStage, int64_t> ran;  // since it entered a stage, in seconds
        std::set<size_t> segments;          // published to
    };
    using Offers = std::map<std::pair<size_t, content::Feed>, size_t>;

    const Plan& plan;
    int64_t now = 0;
    std::vector<size_t> order;  // of release
    std::map<size_t, Released> releases;
    std::vector<std::pair<int64_t, Offers>> history;

    bool later_there(size_t release, size_t segment) const {
        const auto self = std::ranges::find(order, release);
        return std::any_of(self + 1, order.end(), [&](size_t other) {
            return feed_of(other) == feed_of(release) &&
                   releases.at(other).segments.contains(segment);
        });
    }
    void publish(size_t release, size_t segment) {
        if (!later_there(release, segment)) {
            releases.at(release).segments.insert(segment);
        }
    }
    void pass(int64_t seconds) {
        now += seconds;
        for (auto& [id, release] : releases) {
            for (auto& [stage, ran] : release.ran) {
                ran += release.halted ? 0 : seconds;
            }
        }
    }
    void release(size_t id) {
        order.push_back(id);
        releases[id];
        if (plan.expedited[id] || !plan.staging.staged) {
            for (size_t s = 0; s < plan.segments.size(); ++s) {
                publish(id, s);
            }
        } else {
            releases[id].ran[plan.segments.front().stage] = 0;
        }
    }
    bool may_enter(size_t id, GroupStage to) const {
        const auto found = releases.find(id);
        if (found == releases.end() || found->second.halted || found->second.ran.empty() ||
            found->second.ran.contains(to) || !plan.has(to)) {
            return false;
        }
        for (size_t s = 0; s < plan.segments.size(); ++s) {
            if (plan.segments[s].stage == to && !later_there(id, s)) {
                const GroupStage last = found->second.ran.rbegin()->first;
                return last < to && !(last == GroupStage::kEngineering &&
                                      to == GroupStage::kPublic && plan.has(GroupStage::kInternal));
            }
        }
        return false;
    }
    void publish_what_is_due() {
        for (size_t id = 0; id < kReleases; ++id) {
            if (!releases.contains(id) || releases[id].halted) {
                continue;
            }
            for (const auto& [to, wait] :
                 {std::pair(GroupStage::kInternal, plan.staging.internal_after),
                  std::pair(GroupStage::kPublic, plan.staging.public_after)}) {
                if (wait && may_enter(id, to) &&
                    releases[id].ran.rbegin()->second >= wait->seconds) {
                    releases[id].ran[to] = 0;
                }
            }
            for (size_t s = 0; s < plan.segments.size(); ++s) {
                const auto ran = releases[id].ran.find(plan.segments[s].stage);
                if (ran != releases[id].ran.end() &&
                    ran->second >= plan.segments[s].after.seconds) {
                    publish(id, s);
                }
            }
        }
        Offers offers;
        for (size_t id : order) {
            for (size_t s : releases[id].segments) {
                if (!later_there(id, s) && !releases[id].withdrawn) {
                    offers[{s, feed_of(id)}] = id;
                }
            }
        }
        history.emplace_back(now, std::move(offers));
    }
    Offers visible() const {
        Offers out;
        for (const auto& [at, offers] : history) {
            if (at + plan.delay() <= now) {
                out = offers;
            }
        }
        return out;
    }
};

enum class Act { kNothing, kRelease, kToInternal, kToPublic, kHalt, kWithdraw, kResume };

base::Status act_on(ReleaseSystem& system, Act act, ReleaseId id, base::SimTime now) {
    switch (act) {
        case Act::kToInternal:
            return system.promote(id, GroupStage::kInternal, now);
        case Act::kToPublic:
            return system.promote(id, GroupStage::kPublic, now);
        case Act::kHalt:
            return system.halt(id, now, "");
        case Act::kWithdraw:
            return system.withdraw(id, now, "");
        case Act::kResume:
            return system.resume(id, now);
        case Act::kRelease:
            system.release(id, now);
            return {};
        case Act::kNothing:
            return {};
    }
    return {};
}

// Whether it was allowed.
bool act_on(Shadow& shadow, Act act, size_t id) {
    const bool released = shadow.releases.contains(id);
    if (act == Act::kToInternal || act == Act::kToPublic) {
        const GroupStage to = act == Act::kToInternal ? GroupStage::kInternal : GroupStage::kPublic;
        const bool may = shadow.may_enter(id, to);
        if (may) {
            shadow.releases[id].ran[to] = 0;
        }
        return may;
    }
    if (act == Act::kRelease) {
        shadow.release(id);
    }
    if (act == Act::kRelease || act == Act::kNothing) {
        return true;
    }
    if (!released) {
        return false;
    }
    Shadow::Released& release = shadow.releases[id];
    const bool may = act == Act::kHalt     ? !release.halted
                     : act == Act::kResume ? release.halted
                                           : !release.withdrawn;
    if (may) {
        release.halted = act != Act::kResume;
        release.withdrawn =
            act == Act::kWithdraw || (act == Act::kHalt && shadow.plan.staging.withdraw);
    }
    return may;
}

std::optional<base::Duration> some_wait() {
    const int hours = *rc::gen::inRange(-1, 4);
    return hours < 0 ? std::nullopt : std::optional(base::hours(hours));
}

Plan some_plan() {
    Plan plan;
    for (const auto stage :
         {GroupStage::kEngineering, GroupStage::kInternal, GroupStage::kPublic}) {
        const int count = *rc::gen::inRange(stage == GroupStage::kPublic ? 1 : 0, 3);
        for (int i = 0; i < count; ++i) {
            const auto n = static_cast<uint32_t>(plan.segments.size());
            const base::Duration after = stage == GroupStage::kPublic
                                             ? base::hours(*rc::gen::inRange(0, 12))
                                             : base::hours(0);
            plan.segments.push_back({"s" + std::to_string(n), {n}, stage, after});
        }
    }
    plan.staging.staged = *rc::gen::inRange(0, 4) > 0;
    plan.staging.internal_after = some_wait();
    plan.staging.public_after = some_wait();
    plan.staging.cdn_ttl = base::minutes(*rc::gen::inRange(0, 90));
    plan.staging.download = base::minutes(*rc::gen::inRange(0, 90));
    plan.staging.withdraw = *rc::gen::arbitrary<bool>();
    for (size_t i = 0; i < kReleases; ++i) {
        plan.expedited.push_back(*rc::gen::inRange(0, 4) == 0);
    }
    return plan;
}

// The system under test, with what it says that it has published.
struct Subject {
    explicit Subject(const Plan& plan) : system(plan.segments, plan.staging, cdn) {
        for (size_t i = 0; i < kReleases; ++i) {
            packages.push_back(package(std::to_string(i), feed_of(i)));
        }
        for (size_t i = 0; i < kReleases; ++i) {
            system.add(&packages[i], "r" + std::to_string(i), plan.expedited[i]);
        }
    }
    void advance(base::SimTime now) {
        system.advance(now);
        RC_ASSERT(cdn.advance(now).ok());
        for (const Decision& decision : system.take_decisions()) {
            if (decision.kind == Decision::Kind::kPublished) {
                RC_ASSERT(!system.halted(decision.release));
                published.emplace(decision.release.value, decision.segment.value);
            }
        }
    }
    // Nobody is offered what was not published to them, or what a halt in force has taken back.
    void check_offer(const content::Package* offered, size_t segment, base::SimTime now) const {
        const auto which = static_cast<uint32_t>(offered - packages.data());
        RC_ASSERT(published.contains({which, segment}));
        const auto in_force = system.halt_in_force({which});
        RC_ASSERT(!in_force || now < *in_force);
    }

    Cdn cdn;
    ReleaseSystem system;
    std::vector<content::Package> packages;
    std::set<std::pair<size_t, size_t>> published;  // (release, segment)
};

void check_offers(const Subject& subject, const Shadow& shadow) {
    const Shadow::Offers expected = shadow.visible();
    for (size_t s = 0; s < shadow.plan.segments.size(); ++s) {
        for (const content::Feed feed : kFeeds) {
            const content::Package* offered =
                subject.cdn.offered(shadow.plan.segments[s].name, feed);
            const auto found = expected.find({s, feed});
            RC_ASSERT(offered ==
                      (found == expected.end() ? nullptr : &subject.packages[found->second]));
            if (offered != nullptr) {
                subject.check_offer(offered, s, {shadow.now});
            }
        }
    }
}

RC_GTEST_PROP(ReleaseSystem, OffersWhatItsContractSaysWhateverOperatorsDo, ()) {
    const Plan plan = some_plan();
    Shadow shadow{plan, 0, {}, {}, {}};
    Subject subject(plan);
    for (int step = 0; step < 60; ++step) {
        shadow.pass(*rc::gen::elementOf(std::vector<int64_t>{0, 300, 3600, 5 * 3600}));
        const base::SimTime now{shadow.now};
        Act act = *rc::gen::elementOf(std::vector<Act>{Act::kNothing, Act::kRelease,
                                                       Act::kToInternal, Act::kToPublic, Act::kHalt,
                                                       Act::kWithdraw, Act::kResume});
        const auto id = *rc::gen::inRange<size_t>(0, kReleases);
        const ReleaseId release{static_cast<uint32_t>(id)};
        if (act == Act::kRelease && subject.system.released(release)) {
            act = Act::kNothing;
        }
        RC_ASSERT(act_on(subject.system, act, release, now).ok() == act_on(shadow, act, id));
        subject.advance(now);
        shadow.publish_what_is_due();
        check_offers(subject, shadow);
    }
}

}  // namespace
}  // namespace firebreak::cloud
