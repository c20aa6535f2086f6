#include "checks/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "checks/attack.h"

namespace firebreak::checks {

namespace {

using record::Comparison;
using record::Expectation;
using record::Moment;

uint64_t endpoints_in(const record::Header& header, const Expectation& scope) {
    const int32_t group = scope.group;
    const bool of_persona =
        scope.part != record::kAll && base::info(scope.metric).part == base::Part::kPersona;
    if (of_persona && static_cast<size_t>(scope.part) < header.personas.size()) {
        return header.personas[static_cast<size_t>(scope.part)].endpoints;
    }
    uint64_t total = 0;
    for (size_t i = 0; i < header.groups.size(); ++i) {
        if (group == record::kAll || group == static_cast<int32_t>(i)) {
            total += header.groups[i].endpoints;
        }
    }
    return total;
}

// Sums of parts of hours: shown to the whole hour, or to three digits below 10 of them.
std::string hours_text(double hours) {
    return std::abs(hours) < 10 ? fmt::format("{:.3g} endpoint-hours", hours)
                                : base::with_thousands(std::llround(hours)) + " endpoint-hours";
}

// One expectation under judgement.
class Judge {
  public:
    Judge(const record::Run& run, const Expectation& expectation)
        : run_(run),
          expectation_(expectation),
          unit_(base::info(expectation.metric).unit),
          endpoints_(static_cast<double>(endpoints_in(run.header, expectation))) {
        bound_ = expectation.is_share ? expectation.bound * endpoints_ : expectation.bound;
        const auto found = run.series.find(
            {expectation.metric, expectation.group, expectation.release, expectation.part});
        if (found != run.series.end()) {
            points_ = found->second;
        }
        // What is counted begins at zero; what takes time has no value before it has happened.
        if (unit_ != base::Unit::kSeconds &&
            (points_.empty() || points_.front().at > base::SimTime{0})) {
            points_.insert(points_.begin(), {base::SimTime{0}, 0});
        }
    }

    Verdict verdict() const {
        switch (expectation_.moment) {
            case Moment::kAlways:
                return always();
            case Moment::kEventually:
                return eventually();
            case Moment::kEnd:
                return at({run_.header.duration.seconds});
            case Moment::kAt:
                break;
        }
        return at(expectation_.at);
    }

  private:
    bool holds(double value) const {
        // Values are integers or exact sums of them; a share's bound is a product: allow its error.
        const double slack = expectation_.is_share ? 1e-9 * endpoints_ : 0;
        switch (expectation_.comparison) {
            case Comparison::kEquals:
                return std::abs(value - bound_) <= slack;
            case Comparison::kAtMost:
                return value <= bound_ + slack;
            case Comparison::kAtLeast:
                break;
        }
        return value >= bound_ - slack;
    }

    bool finished() const { return run_.status == record::RunStatus::kFinished; }

    Verdict always() const {
        for (const record::Point& point : points_) {
            if (!holds(point.value)) {
                return make(Result::kFailed, point.value, point.at);
            }
        }
        return make(finished() ? Result::kPassed : Result::kOpen, last());
    }

    Verdict eventually() const {
        for (const record::Point& point : points_) {
            if (holds(point.value)) {
                return make(Result::kPassed, point.value);
            }
        }
        return make(finished() ? Result::kFailed : Result::kOpen, last());
    }

    Verdict at(base::SimTime moment) const {
        std::optional<double> value;
        for (const record::Point& point : points_) {
            if (point.at <= moment) {
                value = point.value;
            }
        }
        if (!finished() && run_.reached < moment) {
            return make(Result::kOpen, value);
        }
        return make(value && holds(*value) ? Result::kPassed : Result::kFailed, value);
    }

    std::optional<double> last() const {
        return points_.empty() ? std::nullopt : std::optional(points_.back().value);
    }

    Verdict make(Result result, std::optional<double> measured,
                 std::optional<base::SimTime> broke_at = std::nullopt) const {
        return {result, measured, broke_at, measured_text(measured), bound_text()};
    }

    std::string measured_text(std::optional<double> value) const {
        if (!value) {
            return "never happened";
        }
        const auto whole = static_cast<int64_t>(*value);
        switch (unit_) {
            case base::Unit::kSeconds:
                return to_text(base::Duration{whole});
            case base::Unit::kEndpoints:
                return fmt::format("{} of {} ({:.3g} %)", base::with_thousands(whole),
                                   base::with_thousands(static_cast<int64_t>(endpoints_)),
                                   endpoints_ > 0 ? 100 * *value / endpoints_ : 0.0);
            case base::Unit::kFlag:
                return whole != 0 ? "yes" : "no";
            case base::Unit::kEndpointHours:
                return hours_text(*value);
            case base::Unit::kCount:
                break;
        }
        return base::with_thousands(whole);
    }

    std::string bound_text() const {
        const char* words = expectation_.comparison == Comparison::kEquals   ? "exactly"
                            : expectation_.comparison == Comparison::kAtMost ? "at most"
                                                                             : "at least";
        if (unit_ == base::Unit::kFlag) {
            return expectation_.bound != 0 ? "yes" : "no";
        }
        if (expectation_.is_share) {
            return fmt::format("{} {:.6g} %", words, 100 * expectation_.bound);
        }
        if (unit_ == base::Unit::kEndpointHours) {
            return fmt::format("{} {}", words, hours_text(expectation_.bound));
        }
        const auto whole = static_cast<int64_t>(expectation_.bound);
        return fmt::format("{} {}", words,
                           unit_ == base::Unit::kSeconds ? to_text(base::Duration{whole})
                                                         : base::with_thousands(whole));
    }

    const record::Run& run_;
    const Expectation& expectation_;
    base::Unit unit_;
    double endpoints_;
    double bound_ = 0;
    std::vector<record::Point> points_;
};

}  // namespace

Verdict judge(const record::Run& run, const record::Expectation& expectation) {
    return Judge(run, expectation).verdict();
}

namespace {

Verdict judge_standing(const record::Run& run) {
    const auto attack = judge_attack(run);
    const record::Standing expected = run.header.attack->expected;
    Verdict verdict;
    verdict.result = !attack->decided               ? Result::kOpen
                     : attack->standing == expected ? Result::kPassed
                                                    : Result::kFailed;
    verdict.measured_text = fmt::format("{}: {}", to_text(attack->standing), attack->why);
    verdict.bound_text = to_text(expected);
    return verdict;
}

}  // namespace

std::vector<Verdict> judge(const record::Run& run) {
    std::vector<Verdict> verdicts;
    for (const Expectation& expectation : run.header.expectations) {
        verdicts.push_back(expectation.attack && run.header.attack ? judge_standing(run)
                                                                   : judge(run, expectation));
    }
    return verdicts;
}

bool all_passed(const std::vector<Verdict>& verdicts) {
    return std::all_of(verdicts.begin(), verdicts.end(),
                       [](const Verdict& verdict) { return verdict.result == Result::kPassed; });
}

}  // namespace firebreak::checks
