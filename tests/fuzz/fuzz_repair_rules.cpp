// A rule of any text whatever, on a damaged machine: the engine lives, its journal is one that the
// service applies, of a rule that failed nothing is done, and the rule behind it sees the machine
// that the journal makes. The input is Lua.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "endpoint/repair/repair_process.h"
#include "host/product.h"
#include "support/repair_engines.h"

namespace {

using namespace firebreak;
using namespace firebreak::endpoint::repair;
using Mended = RepairProcess::Mended;

constexpr std::string_view kWitness = R"(
repair {id = "witness"}
mend(function()
    if #package.list() > 0 then
        for _, path in ipairs(files.list("C:")) do
            note(files.digest(path))
        end
    end
end)
)";

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

const host::Product& product() {
    static const host::Product product = host::make_product("2026.1");
    return product;
}

// Of the product, the updater is damaged and a service is stopped.
host::Machine damaged_machine() {
    host::Persona persona;
    const auto content = std::make_shared<const base::Bytes>(base::bytes_of("kernel"));
    persona.files.push_back({"C:\\Windows\\System32\\ntoskrnl.exe", content, base::sha384(*content),
                             true, host::Loss::kBoot});
    persona.services = {
        {"EventLog", "C:\\Windows\\System32\\svchost.exe", host::ServiceStart::kAutomatic, true}};
    host::Machine machine = host::machine_with(persona, product());
    const std::string updater = std::string(host::kProductFolder) + "\\Updater\\updater.exe";
    check(host::apply(machine, host::WriteFile{updater, base::Bytes(100)}).ok());
    check(host::apply(machine, host::ConfigureService{"EndpointGuardScanner",
                                                      host::ServiceStart::kDisabled, false})
              .ok());
    return machine;
}

// Nothing: the kit is refused.
std::optional<Mended> mended(base::ByteView rule, const host::Machine& machine) {
    test::RepairEngines processes(
        {.memory_of_rule = 1 << 20, .rule = std::chrono::milliseconds(5)});
    auto loaded = RepairProcess::start(
        processes, {{"fuzzed.lua", rule}, {"witness.lua", base::view_of(kWitness)}});
    check(loaded.ok());
    if (loaded->process == nullptr) {
        check(loaded->outcome.code != base::Code::kReplyInvalid);
        return std::nullopt;
    }
    auto done = loaded->process->mend(machine, product());
    check(done.ok() && std::holds_alternative<Mended>(*done));
    return std::get<Mended>(*std::move(done));
}

bool has_failed(const Mended& mended, std::string_view file) {
    return std::ranges::any_of(mended.audit, [file](const AuditLine& line) {
        return line.file == file && line.what == AuditLine::What::kFailed;
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const host::Machine machine = damaged_machine();
    const std::optional<Mended> done = mended({data, size}, machine);
    if (!done) {
        return 0;
    }
    check(!has_failed(*done, "fuzzed.lua") || done->machine == machine);
    if (has_failed(*done, "witness.lua")) {
        return 0;  // more files than it can tell, or this machine stood still for as long
    }
    std::multiset<std::string> seen, there;
    for (const AuditLine& line : done->audit) {
        if (line.file == "witness.lua") {
            seen.insert(line.text);
        }
    }
    for (const auto& [path, file] : done->machine.files()) {
        check(base::sha384(*file.content) == file.sha384);
        there.insert(path.starts_with("c:") ? file.sha384.hex() : "");
    }
    there.erase("");
    check(seen == there);
    return 0;
}
