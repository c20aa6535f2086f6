// Any bytes at all are refused with a code and evidence, or prove one head, set manifest or
// statement of the root, the same that every envelope in them claims.
#include <cstdlib>

#include "content/envelope.h"
#include "support/paths.h"

namespace {

using namespace firebreak;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

std::vector<content::Certificate> roots() {
    // Ends the process if there are none.
    return content::load_certificates(test::fixtures_dir() / "keys/root.pem").value();
}

// Whether it proves anything.
template <class Proved>
bool check(const std::variant<Proved, base::Outcome>& verdict, base::ByteView input,
           size_t fewest) {
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        require(refusal->refused() && refusal->stage == base::Stage::kVerify);
        require(refusal->code != base::Code::kNone && !refusal->evidence.empty());
        return false;
    }
    const auto envelopes = content::split_bundle(input);
    require(envelopes.ok() && envelopes->size() >= fewest);
    for (const base::ByteView envelope : *envelopes) {
        const auto claims = content::read_claims(envelope);
        require(claims.ok() && claims->canonical);
        require(claims->manifest == content::canonical_json(std::get<Proved>(verdict)));
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const content::Verifier verifier(roots());
    const base::ByteView input(data, size);
    const bool head = check(verifier.verify_head(input, 2), input, 2);
    const bool set = check(verifier.verify_set(input, 2), input, 2);
    const bool statement = check(verifier.verify_root_statement(input), input, 1);
    require((head ? 1 : 0) + (set ? 1 : 0) + (statement ? 1 : 0) <= 1);
    return 0;
}
