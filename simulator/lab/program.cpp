#include "lab/program.h"

#include <filesystem>

namespace firebreak::lab {

namespace {

constexpr uint64_t kMiB = 1024 * 1024;

sandbox::CommandPolicy policy_of(const scenario::ExternalScanner& scanner) {
    sandbox::CommandPolicy policy;
    policy.program = scanner.command;
    policy.binds = scanner.binds;
    for (const std::string& setting : scanner.environment) {
        const size_t equals = setting.find('=');
        policy.environment[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    policy.limits.memory_bytes = scanner.memory_mib * kMiB;
    policy.limits.cpu_s = static_cast<uint32_t>(scanner.cpu.seconds);
    policy.limits.wall_ms = static_cast<uint32_t>(scanner.wall.seconds * 1000);
    policy.limits.output_bytes = scanner.output_kib * 1024;
    policy.limits.processes = scanner.processes;
    policy.limits.scratch_bytes = scanner.scratch_mib * kMiB;
    return policy;
}

endpoint::external::Contract contract_of(const scenario::ExternalScanner& scanner) {
    endpoint::external::Contract contract;
    contract.check = scanner.check;
    contract.scan = scanner.scan;
    for (const auto& [status, answer] : scanner.exit_codes) {
        contract.exit_codes[status] = static_cast<endpoint::external::Answer>(answer);
    }
    contract.rules = scanner.rule_lines;
    contract.errors = scanner.error_lines;
    contract.memory = scanner.memory_lines;
    contract.wall = std::chrono::seconds(scanner.wall.seconds);
    return contract;
}

// What to do about a program that is not there.
std::string remedy_of(const scenario::ExternalScanner& scanner) {
    std::error_code ignored;
    if (std::filesystem::exists(scanner.command, ignored)) {
        return "";
    }
    return scanner.package.empty() ? "install it, or name another one"
                                   : "install it: apt-get install " + scanner.package;
}

}  // namespace

base::Result<std::unique_ptr<assay::ProgramUnderTest>> program_under_test(
    sandbox::Spawner& spawner, const scenario::ExternalScanner& scanner) {
    auto program =
        assay::ProgramUnderTest::create(spawner, policy_of(scanner), contract_of(scanner));
    if (!program.ok()) {
        return base::Error{program.error().text(), scanner.place, remedy_of(scanner)};
    }
    return program;
}

}  // namespace firebreak::lab
