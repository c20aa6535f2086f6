// Any bytes at all are no executable, or one whose parts are in bounds; searching them takes no
// more steps than it may; and a signature is refused with evidence, or is by somebody whose root is
// trusted, over the file's own digest.
#include <cstdlib>

#include "endpoint/executables/authenticode.h"
#include "endpoint/executables/elf.h"
#include "endpoint/executables/find_executables.h"
#include "support/paths.h"

namespace {

using namespace firebreak;
using namespace firebreak::endpoint::executables;

constexpr base::UtcTime kJudgedAt{1'772'438'400};  // 2026-03-02T08:00:00Z

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

void check_pe(base::ByteView input) {
    const auto image = parse_pe(input);
    if (!image.ok()) {
        require(!image.error().message.empty());
        return;
    }
    require(image->content_end <= input.size() && image->length <= input.size());
    require(image->overlay.end() <= input.size() && image->overlay.offset == image->content_end);
    for (const PeSection& section : image->sections) {
        require(section.raw.end() <= image->content_end && section.name.size() <= 8);
    }
    if (const auto ranges = digested_ranges(input, *image); ranges.ok()) {
        uint64_t at = 0;
        for (const Range& range : *ranges) {
            require(range.offset >= at && range.end() <= input.size());
            at = range.end();
        }
    }
    if (const auto certificates = certificates_of(input, *image); certificates.ok()) {
        require(certificates->size() <= kMostCertificates);
    }
    (void)pe_checksum(input, *image);
}

void check_elf(base::ByteView input) {
    if (const auto image = parse_elf(input); image.ok()) {
        require(image->length <= input.size() && image->segments > 0);
    }
}

void check_search(base::ByteView input) {
    const SearchLimits limits{.executables = 8, .steps_per_byte = 2, .least_steps = 0};
    const SearchResult result = find_executables(input, limits);
    require(result.steps <= 2 * input.size() && result.found.size() <= 8);
    for (const FoundExecutable& found : result.found) {
        require(found.length > 0 && found.offset + found.length <= input.size());
    }
}

void check_signature(base::ByteView input) {
    const SignatureVerdict verdict = verify_authenticode(input, roots(), kJudgedAt);
    if (const auto* refusal = std::get_if<SignatureRefusal>(&verdict)) {
        require(!refusal->evidence.empty());
        return;
    }
    require(std::get<SignedBy>(verdict).common_name.starts_with("Firebreak test signer"));
    const auto image = parse_pe(input);
    require(image.ok() && authenticode_digest(input, *image).ok());
    require(image->certificate_table.end() == input.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const base::ByteView input(data, size);
    check_pe(input);
    check_elf(input);
    check_search(input);
    check_signature(input);
    return 0;
}
