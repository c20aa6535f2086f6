#include "endpoint/executables/samples.h"

#include <array>
#include <numeric>

#include "endpoint/executables/little_endian.h"

namespace firebreak::endpoint::executables::test {

using base::Bytes;
using base::ByteView;

namespace {

base::UtcTime start_of(const char* year) {
    return base::parse_utc(std::string(year) + "-01-01T00:00:00Z").value();
}

Authority make_authority() {
    using content::CertificateKind;
    Authority made;
    made.root =
        content::issue({CertificateKind::kRoot, "Sample root", start_of("2016"), start_of("2046")},
                       nullptr)
            .value();
    made.issuing = content::issue({CertificateKind::kIssuing, "Sample issuing", start_of("2016"),
                                   start_of("2046")},
                                  &made.root)
                       .value();
    const auto publisher = [&](const char* name) {
        return content::Signer{content::issue(publisher_request(name), &made.issuing).value(),
                               {made.issuing.certificate}};
    };
    made.publisher = publisher("Sample publisher");
    made.rival = publisher("Sample rival");
    return made;
}

}  // namespace

const Authority& authority() {
    static const Authority made = make_authority();
    return made;
}

content::CertificateRequest publisher_request(const std::string& name) {
    return {content::CertificateKind::kSigner, name, start_of("2020"), start_of("2036")};
}

content::Signer publisher_of(const content::CertificateRequest& request) {
    return {content::issue(request, &authority().issuing).value(),
            {authority().issuing.certificate}};
}

base::UtcTime noon() {
    return base::parse_utc("2026-03-02T12:00:00Z").value();
}

NewPe sample_program(Machine machine, uint8_t fill) {
    Bytes code(700);
    std::iota(code.begin(), code.end(), fill);
    return {
        machine, {{".text", code}, {".rdata", Bytes(40, fill)}, {".data", Bytes(513, fill)}}, 4};
}

Bytes sample_pe(Machine machine, uint8_t fill) {
    return make_pe(sample_program(machine, fill)).value();
}

Bytes signed_by(const content::Signer& signer, ByteView pe) {
    return sign_authenticode(pe, signer).value();
}

Bytes signed_sample(Machine machine) {
    return signed_by(authority().publisher, sample_pe(machine));
}

Bytes sample_elf(bool wide) {
    const size_t word = wide ? 8 : 4;
    const size_t header = wide ? 64 : 52;
    const size_t segment = wide ? 56 : 32;
    Bytes out(header + segment + 100, 0xcc);
    std::fill_n(out.begin(), header + segment, uint8_t{0});
    put_at(out, 0, 0x464c457f, 4);
    out[4] = wide ? 2 : 1;
    out[5] = 1;
    out[6] = 1;
    put_at(out, 16, 2, 2);                   // a program
    put_at(out, 18, wide ? 62 : 3, 2);       // x86
    put_at(out, 20, 1, 4);                   // version
    put_at(out, 24 + word, header, word);    // where its program headers are
    const size_t sizes = 24 + 3 * word + 4;  // of the header, its segments, its sections
    put_at(out, sizes, header, 2);
    put_at(out, sizes + 2, segment, 2);
    put_at(out, sizes + 4, 1, 2);
    put_at(out, header, 1, 4);  // to be loaded
    put_at(out, header + (wide ? 32 : 16), out.size(), word);
    put_at(out, header + (wide ? 40 : 20), out.size(), word);
    put_at(out, header + (wide ? 48 : 28), 0x1000, word);
    return out;
}

PeImage parsed(ByteView bytes) {
    return parse_pe(bytes).value();
}

SignatureVerdict verdict_on(ByteView pe) {
    const std::array roots = {authority().root.certificate};
    return verify_authenticode(pe, roots, noon());
}

std::string summary(const SignatureVerdict& verdict) {
    if (const auto* refusal = std::get_if<SignatureRefusal>(&verdict)) {
        return std::string(to_text(refusal->code));
    }
    return "signed by " + std::get<SignedBy>(verdict).common_name;
}

}  // namespace firebreak::endpoint::executables::test
