#include "endpoint/repair/repair_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace firebreak::endpoint::repair {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;
using Mended = RepairProcess::Mended;

constexpr size_t kShownBytes = 200;

std::vector<PackageFile> list_of(const host::Product& package) {
    std::vector<PackageFile> files;
    for (const host::File& file : package.files) {
        files.push_back({file.path, file.content->size(), file.sha384});
    }
    return files;
}

// What the entry says, for people, once it is done.
base::Result<std::string> perform(host::Machine& machine, const host::Product& package,
                                  const Entry& entry) {
    if (const auto* change = std::get_if<host::Change>(&entry)) {
        FB_CHECK(host::apply(machine, *change));
        return host::describe(*change);
    }
    if (const auto* note = std::get_if<Note>(&entry)) {
        return base::printable(note->text);
    }
    const std::string& path = std::get<Restore>(entry).path;
    const host::File* file = host::find_file(package, path);
    if (file == nullptr) {
        return base::Error{
            fmt::format("`{}` is not in the package", base::printable(path, kShownBytes)), "", ""};
    }
    FB_CHECK(host::put_file(machine, file->path, file->content, file->sha384));
    return "restored " + base::printable(file->path, kShownBytes);
}

base::Status perform(Mended& mended, const host::Product& package, const std::string& file,
                     const RuleReport& report) {
    const std::string rule = base::printable(report.rule);
    if (report.end != RuleReport::End::kDone) {
        mended.audit.push_back(
            {AuditLine::What::kFailed, file, rule,
             fmt::format("{}: {}", to_text(report.end), base::printable(report.message))});
    }
    for (const Entry& entry : report.journal) {
        FB_TRY(std::string text, perform(mended.machine, package, entry));
        const auto what = std::holds_alternative<Note>(entry) ? AuditLine::What::kNote
                                                              : AuditLine::What::kChanged;
        mended.audit.push_back({what, file, rule, std::move(text)});
    }
    return {};
}

}  // namespace

std::string_view to_text(AuditLine::What what) {
    constexpr std::array<std::string_view, 3> kWhats = {"changed", "note", "failed"};
    return kWhats[std::min(static_cast<size_t>(what), kWhats.size() - 1)];
}

RepairProcess::RepairProcess(std::unique_ptr<ports::ComponentProcess> process, const Files& files)
    : process_(std::move(process)) {
    for (const rules::RuleFile& file : files) {
        files_.push_back(file.name);
    }
}

base::Result<RepairProcess::Loaded> RepairProcess::start(ports::ComponentProcesses& processes,
                                                         const Files& files) {
    FB_TRY(auto process, processes.start(false));
    FB_TRY(std::optional<Outcome> failed, rules::load(*process, encode(LoadRules{files})));
    if (failed) {
        return Loaded{nullptr, *std::move(failed)};
    }
    return Loaded{std::unique_ptr<RepairProcess>(new RepairProcess(std::move(process), files)),
                  {Stage::kNever, Category::kInstalled, Code::kNone, {}}};
}

base::Result<std::variant<Mended, Outcome>> RepairProcess::mend(const host::Machine& machine,
                                                                const host::Product& package) {
    using Result = std::variant<Mended, Outcome>;
    const base::Bytes image = host::encode(machine);
    FB_TRY(ports::CallResult result, process_->call(encode(Mend{image, list_of(package)})));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kRun;
        return Result(std::move(*death));
    }
    const auto reply = parse_mend_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return Result(rules::reply_invalid(Stage::kRun, reply.error()));
    }
    if (reply->rules.size() != files_.size()) {
        return Result(rules::reply_invalid(
            Stage::kRun, {fmt::format("it tells of {} rules, where {} were loaded",
                                      reply->rules.size(), files_.size()),
                          "", ""}));
    }
    Mended mended{machine, {}};
    for (size_t i = 0; i < files_.size(); ++i) {
        const base::Status done = perform(mended, package, files_[i], reply->rules[i]);
        if (!done.ok()) {
            Outcome refused = rules::reply_invalid(Stage::kRun, done.error());
            refused.evidence.emplace_back("file", base::printable(files_[i]));
            return Result(std::move(refused));
        }
    }
    return Result(std::move(mended));
}

}  // namespace firebreak::endpoint::repair
