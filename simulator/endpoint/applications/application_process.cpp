#include "endpoint/applications/application_process.h"

namespace firebreak::endpoint::applications {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

ApplicationProcess::ApplicationProcess(std::unique_ptr<ports::ComponentProcess> process,
                                       const Files& files)
    : process_(std::move(process)) {
    for (const rules::RuleFile& file : files) {
        files_.push_back(file.name);
    }
}

base::Result<ApplicationProcess::Loaded> ApplicationProcess::start(
    ports::ComponentProcesses& processes, const Files& files) {
    FB_TRY(auto process, processes.start(false));
    FB_TRY(std::optional<Outcome> failed, rules::load(*process, encode(LoadRules{files})));
    if (failed) {
        return Loaded{nullptr, std::move(*failed)};
    }
    Outcome installed{Stage::kNever, Category::kInstalled, Code::kNone, {}};
    return Loaded{
        std::unique_ptr<ApplicationProcess>(new ApplicationProcess(std::move(process), files)),
        std::move(installed)};
}

base::Result<ApplicationProcess::Answer> ApplicationProcess::detect(const host::Machine& machine,
                                                                    const PowerShell& powershell) {
    const base::Bytes image = host::encode(machine);
    FB_TRY(ports::CallResult result, process_->call(encode(Detect{image, powershell})));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kRun;
        return Answer(std::move(*death));
    }
    auto reply = parse_detect_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return Answer(rules::reply_invalid(Stage::kRun, reply.error()));
    }
    if (reply->rules.size() != files_.size()) {
        return Answer(
            rules::reply_invalid(Stage::kRun, {"speaks of other rules than were loaded", "", ""}));
    }
    return Answer(*std::move(reply));
}

}  // namespace firebreak::endpoint::applications
