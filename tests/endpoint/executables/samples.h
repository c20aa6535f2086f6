// Executables and publishers that the tests of this folder share.
#pragma once

#include <string>

#include "base/bytes.h"
#include "content/pki.h"
#include "endpoint/executables/authenticode.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/executables/pe.h"

namespace firebreak::endpoint::executables::test {

// One chain, made afresh in every process.
struct Authority {
    content::Identity root;
    content::Identity issuing;
    content::Signer publisher;  // "Sample publisher"
    content::Signer rival;      // "Sample rival", of the same root
};
const Authority& authority();
// One more, issued by the issuing certificate of authority().
content::Signer publisher_of(const content::CertificateRequest& request);
content::CertificateRequest publisher_request(const std::string& name);

base::UtcTime noon();  // a time at which all of them are valid

// .text that runs, .rdata and .data that are filled with `fill`.
NewPe sample_program(Machine machine = Machine::kX64, uint8_t fill = 0x5a);
base::Bytes sample_pe(Machine machine = Machine::kX64, uint8_t fill = 0x5a);
// By authority().publisher.
base::Bytes signed_sample(Machine machine = Machine::kX64);
base::Bytes signed_by(const content::Signer& signer, base::ByteView pe);

// A program of one segment that holds the whole file.
base::Bytes sample_elf(bool wide);

PeImage parsed(base::ByteView bytes);  // ends the process if it is no PE

// Under the root of authority(), at noon().
SignatureVerdict verdict_on(base::ByteView pe);
// "signed by Sample publisher", or "digest of the file is wrong".
std::string summary(const SignatureVerdict& verdict);

}  // namespace firebreak::endpoint::executables::test
