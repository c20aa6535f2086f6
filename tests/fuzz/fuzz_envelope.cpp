// Any bytes at all are refused with a code and evidence, or prove what they claim, the same under a
// verifier that remembers other chains as under a fresh one.
#include <cstdlib>

#include "content/envelope.h"
#include "support/paths.h"

namespace {

using namespace firebreak;

const std::vector<content::Certificate>& roots() {
    static const auto certificates =
        content::load_certificates(test::fixtures_dir() / "keys/root.pem");
    return certificates.value();  // ends the process if there are none
}

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void check_refusal(const base::Outcome& refusal) {
    require(refusal.refused() && refusal.stage == base::Stage::kVerify);
    require(refusal.code != base::Code::kNone && !refusal.evidence.empty());
    require(refusal.category == base::Category::kCorrupt ||
            refusal.category == base::Category::kUntrusted ||
            refusal.category == base::Category::kTooLarge);
}

void check_proof(const content::Verified& verified, base::ByteView input) {
    const auto claims = content::read_claims(input);
    require(claims.ok() && claims->canonical);
    require(claims->manifest == content::canonical_json(verified.manifest));
    require(claims->signing_time == verified.signing_time);
    require(base::sha384(claims->manifest) == verified.manifest_digest);
    const content::Verifier fresh(roots());
    require(std::holds_alternative<content::Verified>(fresh.verify(input)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const content::Verifier verifier(roots());
    const base::ByteView input(data, size);
    const content::Verdict verdict = verifier.verify(input);
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        check_refusal(*refusal);
    } else {
        check_proof(std::get<content::Verified>(verdict), input);
    }
    (void)content::read_claims(input);
    return 0;
}
