#include "checks/attack.h"

#include <fmt/format.h>

#include <algorithm>

namespace firebreak::checks {

namespace {

std::vector<Verdict> judge_all(const record::Run& run,
                               const std::vector<record::Expectation>& conditions) {
    std::vector<Verdict> out;
    for (const record::Expectation& condition : conditions) {
        out.push_back(judge(run, condition));
    }
    return out;
}

bool all(const std::vector<Verdict>& verdicts, Result result) {
    return std::all_of(verdicts.begin(), verdicts.end(),
                       [result](const Verdict& verdict) { return verdict.result == result; });
}

std::string told(const record::Expectation& condition, const Verdict& verdict) {
    return fmt::format("{} (measured {})", condition.text, verdict.measured_text);
}

// All conditions that hold, or the first that does not.
std::string deciding(const std::vector<record::Expectation>& conditions,
                     const std::vector<Verdict>& verdicts) {
    std::string out;
    for (size_t i = 0; i < verdicts.size(); ++i) {
        const std::string one = told(conditions[i], verdicts[i]);
        if (verdicts[i].result == Result::kFailed) {
            return "not " + one;
        }
        out += (out.empty() ? "" : "; ") + one;
    }
    return out;
}

// Polls that a fault struck, told by the first that was refused; where the channel fell, by the
// first that was not. In either case rather by anything than by a mere silence.
std::string evidence_in(const record::Run& run, record::Standing standing) {
    const auto is_struck = [](const record::Assay& assay) {
        return assay.stimulus.find("; fault: ") != std::string::npos;
    };
    // An attack that is the vendor's own slip needs no fault.
    const bool none = std::none_of(run.assays.begin(), run.assays.end(), is_struck);
    const record::Assay* best = nullptr;
    const auto weight = [standing](const record::Assay& assay) {
        const bool refused = assay.stage != "never" && assay.category != "exhausted";
        const bool telling = refused == (standing != record::Standing::kFell);
        return assay.category == "nothing new" ? 0 : telling ? 2 : 1;
    };
    for (const record::Assay& assay : run.assays) {
        const bool counts = none ? assay.stimulus.starts_with("poll of") : is_struck(assay);
        if (counts && (best == nullptr || weight(assay) > weight(*best))) {
            best = &assay;
        }
    }
    if (best == nullptr) {
        return "";
    }
    const std::string what =
        best->code.empty() ? best->category : fmt::format("{}: {}", best->category, best->code);
    return best->evidence.empty() ? what : fmt::format("{} ({})", what, best->evidence);
}

}  // namespace

std::optional<AttackVerdict> judge_attack(const record::Run& run) {
    if (!run.header.attack) {
        return std::nullopt;
    }
    const record::Attack& attack = *run.header.attack;
    AttackVerdict out;
    out.held = judge_all(run, attack.held);
    out.contained = judge_all(run, attack.contained);
    out.decided = run.status == record::RunStatus::kFinished;
    if (all(out.held, Result::kPassed)) {
        out.standing = record::Standing::kHeld;
        out.why = deciding(attack.held, out.held);
    } else if (!out.contained.empty() && all(out.contained, Result::kPassed)) {
        out.standing = record::Standing::kContained;
        out.why = deciding(attack.contained, out.contained);
    } else {
        out.standing = record::Standing::kFell;
        out.why = deciding(attack.held, out.held);
        if (!out.contained.empty()) {
            out.why += "; " + deciding(attack.contained, out.contained);
        }
    }
    out.evidence = evidence_in(run, out.standing);
    return out;
}

std::string_view to_text(record::Standing standing) {
    switch (standing) {
        case record::Standing::kHeld:
            return "held";
        case record::Standing::kContained:
            return "contained";
        case record::Standing::kFell:
            break;
    }
    return "fell";
}

}  // namespace firebreak::checks
