#include "report/json_parts.h"

#include "checks/decision.h"

namespace firebreak::report {

namespace {

Json seconds(const std::optional<base::Duration>& duration) {
    return duration ? Json(duration->seconds) : Json(nullptr);
}

}  // namespace

Json containment_json(const checks::Containment& row) {
    return {{"name", row.group},
            {"endpoints", row.endpoints},
            {"exposed", row.exposed},
            {"affected", row.affected},
            {"refused", row.refused},
            {"alerts", row.alerts},
            {"harmed", row.harmed},
            {"lost", row.lost},
            {"lost_now", row.lost_now},
            {"overshoot", row.overshoot},
            {"unreached", row.unreached},
            {"infections", row.infections},
            {"protection_gap_h", row.protection_gap_h},
            {"recovered",
             {{"by_itself", row.recovered.itself},
              {"by_update", row.recovered.update},
              {"by_reboot", row.recovered.reboot},
              {"by_repair_kit", row.recovered.repair_kit},
              {"by_hand", row.recovered.hand}}},
            {"time_to_detect_s", seconds(row.time_to_detect)},
            {"time_to_halt_s", seconds(row.time_to_halt)},
            {"time_to_recover_s", seconds(row.time_to_recover)}};
}

Json decision_json(const Judged& judged) {
    const checks::Decision decision = checks::decide(judged.run, judged.verdicts);
    const bool decided = decision.call == checks::Call::kGo || decision.call == checks::Call::kNoGo;
    const Json go = decided ? Json(decision.call == checks::Call::kGo) : Json(nullptr);
    return {{"go", go}, {"call", to_text(decision.call)}, {"reasons", decision.reasons}};
}

}  // namespace firebreak::report
