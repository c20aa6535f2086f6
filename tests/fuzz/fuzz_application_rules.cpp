// A rule of any text whatever, beside an honest one, on a machine that has what rules look for: the
// engine lives, replies within its limits, and the honest rule finds what it would alone. Whatever
// is granted is a path outside of Windows and of users' profiles.
//
// The input is Lua. Its bytes also choose what PowerShell does, so that there is nothing else to
// mutate.
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "endpoint/applications/budget.h"
#include "endpoint/applications/engine.h"
#include "host/installed.h"
#include "host/windows_path.h"

namespace {

using namespace firebreak;
using namespace firebreak::endpoint::applications;

constexpr std::string_view kHonest = R"(
application {id = "honest"}
detect(function()
    for _, program in ipairs(installed_programs("Notes")) do
        found {program = program.key, version = program.version}
        exclude {folder = program.location .. "\\data"}
    end
end)
)";

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

host::Machine machine_with_everything() {
    host::Persona persona;
    for (const char* path : {"C:\\Windows\\System32\\cmd.exe", "C:\\Users\\ana\\a.txt", "D:\\a\\b",
                             "C:\\Program Files\\Notes\\notes.exe"}) {
        const auto content = std::make_shared<const base::Bytes>(base::bytes_of(path));
        persona.files.push_back({path, content, base::sha384(*content)});
    }
    persona.services = {{"Notes", "\"C:\\Program Files\\Notes\\notes.exe\" -s"}};
    persona.components = {{"IIS-WebServer", true}};
    host::register_program({"Notes", "1.0", "x", "C:\\Program Files\\Notes"}, persona.registry);
    host::register_program({"Root", "1.0", "x", "C:\\", false}, persona.registry);
    return host::Machine(persona);
}

std::unique_ptr<Engine> engine_with(const std::vector<endpoint::rules::RuleFile>& files,
                                    bool& loaded) {
    auto engine =
        Engine::create({.memory_of_rule = 1 << 20, .detection = std::chrono::milliseconds(2)});
    check(engine.ok());
    const endpoint::rules::LoadReply reply = (*engine)->load({files});
    check(endpoint::rules::parse_load_reply(endpoint::rules::encode(reply)).ok());
    loaded = reply.code == base::Code::kNone;
    return std::move(engine).value();
}

void check_granted(const host::Machine& machine, const DetectReply& reply) {
    std::vector<Claim> claims;
    for (const RuleReply& rule : reply.rules) {
        claims.push_back(rule.claim);
    }
    for (const Judgement& judgement : judge(machine, claims)) {
        for (const Exclusion& exclusion : judgement.granted) {
            const std::string path = host::case_folded(exclusion.path);
            check(host::path_problem(path).empty() && path.find(":\\windows") != 1 &&
                  path.find(":\\users") != 1);
        }
    }
}

// Whether the honest rule says beside the input what it says alone.
bool holds(base::ByteView input, const host::Machine& machine, const PowerShell& powershell) {
    const endpoint::rules::RuleFile honest{"honest.lua", base::view_of(kHonest)};
    bool loaded = false;
    const auto engine = engine_with({{"fuzzed.lua", input}, honest}, loaded);
    if (!loaded) {
        return true;
    }
    const DetectReply reply = engine->detect(machine, powershell);
    check(parse_detect_reply(encode(reply)).ok());
    check_granted(machine, reply);
    const auto alone = engine_with({honest}, loaded);
    return reply.rules.at(1) == alone->detect(machine, powershell).rules.at(0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const host::Machine machine = machine_with_everything();
    const base::ByteView input(data, size);
    const auto does = std::accumulate(input.begin(), input.end(), uint32_t{0}) % 3;
    const PowerShell powershell{static_cast<PowerShell::Does>(does), 1, "no"};
    // A machine that stands still for as long as the deadline may stop anybody, once.
    check(holds(input, machine, powershell) || holds(input, machine, powershell) ||
          holds(input, machine, powershell));
    return 0;
}
