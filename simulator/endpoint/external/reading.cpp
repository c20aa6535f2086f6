#include "endpoint/external/reading.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace firebreak::endpoint::external {

namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::ProgramEnd;
using How = base::ProgramEnd::How;

constexpr size_t kMaxLineBytes = 4096;
constexpr size_t kMaxErrorsBytes = 1000;
// A program that used less of its time than this was waiting for something, not for its turn.
constexpr int kIdleFraction = 10;

std::unique_ptr<RE2> compiled(const std::string& pattern) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_encoding(RE2::Options::EncodingLatin1);  // any byte is a character
    return std::make_unique<RE2>(pattern, options);
}

base::Result<std::vector<std::shared_ptr<const RE2>>> compile(
    const std::vector<std::string>& patterns, bool needs_group) {
    std::vector<std::shared_ptr<const RE2>> out;
    for (const std::string& pattern : patterns) {
        if (const std::string why = why_no_pattern(pattern, needs_group); !why.empty()) {
            return base::Error{why, base::printable(pattern, 200), ""};
        }
        out.push_back(compiled(pattern));
    }
    return out;
}

// What the expression's first group found; the whole line, if it has none.
std::optional<std::string> find(const RE2& pattern, re2::StringPiece line) {
    std::string group;
    if (pattern.NumberOfCapturingGroups() == 0) {
        return RE2::PartialMatch(line, pattern) ? std::optional(line.as_string()) : std::nullopt;
    }
    return RE2::PartialMatch(line, pattern, &group) ? std::optional(std::move(group))
                                                    : std::nullopt;
}

std::string signal_name(int signal) {
    const char* name = sigabbrev_np(signal);
    return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

std::string milliseconds(std::chrono::milliseconds time) {
    return base::with_thousands(time.count()) + " ms";
}

std::string cpu_time(const ProgramEnd& end) {
    return milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(end.cpu));
}

Outcome death(Category category, Code code, base::Evidence evidence, const ProgramEnd& end) {
    if (!end.errors.empty()) {
        const size_t from = end.errors.size() - std::min(end.errors.size(), kMaxErrorsBytes);
        evidence.emplace_back("standard error",
                              base::printable(std::string_view(end.errors).substr(from), 4096));
    }
    return {base::Stage::kNever, category, code, std::move(evidence)};
}

base::Result<Outcome> of_deadline(const ProgramEnd& end, std::chrono::milliseconds wall) {
    if (end.cpu * kIdleFraction > wall) {
        return base::Error{
            fmt::format("the scanner under test was busy for {} of the {} that it had",
                        cpu_time(end), milliseconds(wall)),
            "", "try again on a machine that is less busy, or give it more time: limits.wall"};
    }
    return death(Category::kHang, Code::kKilledAtWallDeadline,
                 {{"deadline", milliseconds(wall)}, {"CPU time", cpu_time(end)}}, end);
}

base::Result<Outcome> of_signal(const ProgramEnd& end, bool out_of_memory) {
    if (end.status == SIGKILL) {
        return base::Error{"the scanner under test was killed from outside, by SIGKILL", "",
                           "try again; it is often the kernel, out of memory"};
    }
    const base::Evidence evidence = {{"signal", signal_name(end.status)}};
    return out_of_memory ? death(Category::kMemoryLimit, Code::kKilledAtMemoryLimit, evidence, end)
                         : death(Category::kCrash, Code::kKilledBySignal, evidence, end);
}

base::Result<Outcome> of_death(const ProgramEnd& end, std::chrono::milliseconds wall,
                               bool out_of_memory) {
    switch (end.how) {
        case How::kSignal:
            return of_signal(end, out_of_memory);
        case How::kCpuLimit:
            return death(Category::kCpuLimit, Code::kKilledAtCpuLimit,
                         {{"CPU time", cpu_time(end)}}, end);
        case How::kWallDeadline:
            return of_deadline(end, wall);
        case How::kOutputLimit:
            return death(Category::kProtocol, Code::kReplyInvalid,
                         {{"protocol", "more output than its limit"}}, end);
        case How::kForbidden:
            return death(Category::kForbidden, Code::kKilledAtSystemCall,
                         {{"system call", base::printable(end.call)}}, end);
        case How::kExited:
            break;
    }
    return death(Category::kProtocol, Code::kExited, {{"exit status", std::to_string(end.status)}},
                 end);
}

std::string message_of(const std::string& error, const std::string& last, int status) {
    const std::string& said = error.empty() ? last : error;
    return said.empty() ? fmt::format("exit status {}", status)
                        : base::printable(said, scanner::kMaxMessageBytes / 4);
}

}  // namespace

std::string why_no_pattern(const std::string& pattern, bool needs_group) {
    const std::unique_ptr<RE2> expression = compiled(pattern);
    if (!expression->ok()) {
        return "no regular expression: " + base::printable(expression->error());
    }
    if (needs_group && expression->NumberOfCapturingGroups() == 0) {
        return "the expression has no group for the rule's name";
    }
    return "";
}

base::Result<Reading> Reading::create(Contract contract) {
    Reading out(std::move(contract));
    FB_TRY(out.rules_, compile(out.contract_.rules, true));
    FB_TRY(out.errors_, compile(out.contract_.errors, false));
    FB_TRY(out.memory_, compile(out.contract_.memory, false));
    return out;
}

Reading::Told Reading::listen(const ProgramEnd& end) const {
    Told told;
    listen(end.output, told);
    listen(end.errors, told);
    return told;
}

void Reading::listen(std::string_view text, Told& told) const {
    const auto first = [](const Patterns& patterns, re2::StringPiece line) {
        std::optional<std::string> found;
        for (size_t i = 0; !found && i < patterns.size(); ++i) {
            found = find(*patterns[i], line);
        }
        return found;
    };
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view whole = text.substr(0, std::min(end, kMaxLineBytes));
        const re2::StringPiece line(whole.data(), whole.size());
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!whole.empty()) {
            told.last = whole;
        }
        if (auto rule = first(rules_, line); rule && told.rules.size() < scanner::kMaxMatches) {
            std::string name = base::printable(*rule, scanner::kMaxRuleNameBytes / 4);
            if (std::find(told.rules.begin(), told.rules.end(), name) == told.rules.end()) {
                told.rules.push_back(std::move(name));
            }
        }
        if (auto error = first(errors_, line); error && told.error.empty()) {
            told.error = *std::move(error);
        }
        told.memory = told.memory || first(memory_, line).has_value();
    }
}

base::Result<std::variant<scanner::LoadReply, Outcome>> Reading::of_check(
    const ProgramEnd& end) const {
    const Told told = listen(end);
    const auto answer = contract_.exit_codes.find(end.status);
    if (end.how != How::kExited || answer == contract_.exit_codes.end()) {
        FB_TRY(Outcome died, of_death(end, contract_.wall, told.memory));
        return std::variant<scanner::LoadReply, Outcome>(std::move(died));
    }
    scanner::LoadReply reply;
    if (answer->second == Answer::kFailed || !told.error.empty() || told.memory) {
        reply.code = told.memory ? Code::kOutOfMemory : Code::kRulesDoNotCompile;
        reply.message = message_of(told.error, told.last, end.status);
    }
    return std::variant<scanner::LoadReply, Outcome>(std::move(reply));
}

base::Result<std::variant<scanner::SubjectReply, Outcome>> Reading::of_scan(
    const ProgramEnd& end) const {
    Told told = listen(end);
    const auto answer = contract_.exit_codes.find(end.status);
    if (end.how != How::kExited || answer == contract_.exit_codes.end()) {
        FB_TRY(Outcome died, of_death(end, contract_.wall, told.memory));
        return std::variant<scanner::SubjectReply, Outcome>(std::move(died));
    }
    scanner::SubjectReply reply;
    if (answer->second == Answer::kFailed || !told.error.empty() || told.memory) {
        reply.code = told.memory ? Code::kOutOfMemory : Code::kScanFailed;
        reply.message = message_of(told.error, told.last, end.status);
        return std::variant<scanner::SubjectReply, Outcome>(std::move(reply));
    }
    if (answer->second == Answer::kDetected && told.rules.empty()) {
        told.rules.push_back(fmt::format("exit status {}", end.status));
    }
    for (std::string& rule : told.rules) {
        reply.matches.push_back({std::move(rule), ""});
    }
    return std::variant<scanner::SubjectReply, Outcome>(std::move(reply));
}

}  // namespace firebreak::endpoint::external
