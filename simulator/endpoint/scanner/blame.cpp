#include "endpoint/scanner/blame.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "endpoint/scanner/messages.h"

namespace firebreak::endpoint::scanner {
namespace {

// Rules of a file that are tried one by one.
constexpr size_t kMostTried = 100;

// Of the rule that begins in this line.
std::optional<std::string> rule_name(std::string_view line) {
    for (const std::string_view word : {"private ", "global ", "private "}) {
        line.remove_prefix(line.starts_with(word) ? word.size() : 0);
    }
    constexpr std::string_view kRule = "rule ";
    if (!line.starts_with(kRule)) {
        return std::nullopt;
    }
    line.remove_prefix(kRule.size());
    return std::string(line.substr(0, line.find_first_of(" :{\r\n")));
}

base::Result<bool> kills(const std::string& file, base::ByteView source,
                         const ports::Subject& subject, ports::ComponentProcesses& processes) {
    FB_TRY(const auto process, processes.start(false));
    FB_TRY(const ports::CallResult loaded, process->load(encode(LoadRules{{{file, source}}})));
    const auto* bytes = std::get_if<base::Bytes>(&loaded);
    const auto reply = parse_load_reply(bytes != nullptr ? *bytes : base::Bytes());
    if (!reply.ok() || reply->code != base::Code::kNone) {
        return false;  // it needs what stands elsewhere
    }
    FB_TRY(const ports::CallResult scanned, process->call(encode(ScanRequest{{subject}})));
    return std::holds_alternative<base::Outcome>(scanned);
}

}  // namespace

std::vector<NamedRule> rules_in(std::string_view source) {
    std::string before;
    std::vector<NamedRule> rules;
    while (!source.empty()) {
        const size_t end = std::min(source.find('\n'), source.size() - 1) + 1;
        const std::string_view line = source.substr(0, end);
        if (auto name = rule_name(line)) {
            rules.push_back({*std::move(name), before});
        }
        (rules.empty() ? before : rules.back().source) += line;
        source.remove_prefix(end);
    }
    return rules;
}

base::Result<std::string> rules_to_blame(const content::Manifest& manifest,
                                         const ports::Subject& subject, ports::Store& store,
                                         ports::ComponentProcesses& processes) {
    for (const content::PayloadFile& payload : manifest.payloads) {
        FB_TRY(const base::Bytes source, store.blob(payload.sha384));
        FB_TRY(const bool guilty, kills(payload.name, source, subject, processes));
        if (!guilty) {
            continue;
        }
        const std::vector<NamedRule> rules = rules_in(base::text_of(source));
        for (size_t i = 0; rules.size() <= kMostTried && i < rules.size(); ++i) {
            FB_TRY(const bool alone,
                   kills(payload.name, base::view_of(rules[i].source), subject, processes));
            if (alone) {
                return base::printable(payload.name) + ": " + base::printable(rules[i].name);
            }
        }
        return base::printable(payload.name);
    }
    return std::string();
}

}  // namespace firebreak::endpoint::scanner
