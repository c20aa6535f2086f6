#include "assay/program_under_test.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/file.h"

namespace firebreak::assay {

namespace {

constexpr uint64_t kMaxProgramBytes = 256ull * 1024 * 1024;
constexpr size_t kDigits = 24;  // of a digest, in an identity

void put(base::ByteWriter& out, const std::vector<std::string>& texts) {
    out.u32(static_cast<uint32_t>(texts.size()));
    for (const std::string& text : texts) {
        out.text(text);
    }
}

base::Digest digest_of(const sandbox::CommandPolicy& policy,
                       const endpoint::external::Contract& contract) {
    base::ByteWriter out;
    put(out, contract.check);
    put(out, contract.scan);
    put(out, contract.rules);
    put(out, contract.errors);
    put(out, contract.memory);
    out.u32(static_cast<uint32_t>(contract.exit_codes.size()));
    for (const auto& [status, answer] : contract.exit_codes) {
        out.u32(static_cast<uint32_t>(status));
        out.u8(static_cast<uint8_t>(answer));
    }
    put(out, policy.binds);
    for (const auto& [name, value] : policy.environment) {
        out.text(name);
        out.text(value);
    }
    out.u64(policy.limits.memory_bytes);
    out.u32(policy.limits.cpu_s);
    out.u32(policy.limits.wall_ms);
    out.u32(policy.limits.output_bytes);
    out.u32(policy.limits.processes);
    out.u64(policy.limits.scratch_bytes);
    return base::sha384(std::move(out).take());
}

}  // namespace

class ProgramUnderTest::Sandboxed final : public ports::Program {
  public:
    explicit Sandboxed(sandbox::Command command) : command_(std::move(command)) {}
    base::Result<base::ProgramEnd> run(std::span<const std::string> arguments,
                                       std::span<const base::InputFile> files) const override {
        return command_.run(arguments, files);
    }

  private:
    sandbox::Command command_;
};

ProgramUnderTest::~ProgramUnderTest() = default;

base::Result<std::unique_ptr<ProgramUnderTest>> ProgramUnderTest::create(
    sandbox::Spawner& spawner, sandbox::CommandPolicy policy,
    endpoint::external::Contract contract) {
    const base::Digest said = digest_of(policy, contract);
    FB_TRY(sandbox::Command command, sandbox::Command::create(spawner, std::move(policy)));
    const std::string& path = command.policy().program;
    FB_TRY(const base::Bytes file, base::read_file(path, kMaxProgramBytes));
    std::unique_ptr<ProgramUnderTest> out(new ProgramUnderTest);
    out->identity_ = fmt::format("{} {} as {}", path, base::sha384(file).hex().substr(0, kDigits),
                                 said.hex().substr(0, kDigits));
    out->program_ = std::make_unique<Sandboxed>(std::move(command));
    FB_TRY(out->scanner_,
           endpoint::external::ExternalScanner::create(*out->program_, std::move(contract)));
    return out;
}

}  // namespace firebreak::assay
