#include "content/envelope_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "content/der.h"

namespace firebreak::content {

namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::Result;
using der::element;

// Whole elements. 1.2.840.113549.1.7.2, 1.2.840.113549.1.9.3 to .5, 2.16.840.1.101.3.4.2.2,
// 1.2.840.10045.4.3.3.
constexpr std::array<uint8_t, 11> kSignedData = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                 0xf7, 0x0d, 0x01, 0x07, 0x02};
constexpr std::array<uint8_t, 11> kContentType = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                  0xf7, 0x0d, 0x01, 0x09, 0x03};
constexpr std::array<uint8_t, 11> kMessageDigest = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                    0xf7, 0x0d, 0x01, 0x09, 0x04};
constexpr std::array<uint8_t, 11> kSigningTime = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                  0xf7, 0x0d, 0x01, 0x09, 0x05};
constexpr std::array<uint8_t, 11> kSha384 = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                             0x65, 0x03, 0x04, 0x02, 0x02};
constexpr std::array<uint8_t, 10> kEcdsaWithSha384 = {0x06, 0x08, 0x2a, 0x86, 0x48,
                                                      0xce, 0x3d, 0x04, 0x03, 0x03};
// INTEGER 1: the version of SignedData over id-data, and of SignerInfo by issuer and serial.
constexpr std::array<uint8_t, 3> kVersion1 = {0x02, 0x01, 0x01};

// "2026-03-02T08:00:00Z" ↔ "20260302080000Z".
std::string digits_of(base::UtcTime time) {
    std::string text = base::to_text(time);
    std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
    return text;
}

Result<base::UtcTime> time_of_digits(const std::string& digits) {
    if (digits.size() != 15) {
        return Error{"not a time in UTC with seconds", "", ""};
    }
    return base::parse_utc(fmt::format(
        "{}-{}-{}T{}:{}:{}{}", digits.substr(0, 4), digits.substr(4, 2), digits.substr(6, 2),
        digits.substr(8, 2), digits.substr(10, 2), digits.substr(12, 2), digits.substr(14)));
}

// RFC 5652, 11.3: UTCTime until 2049, GeneralizedTime from then on.
Bytes write_time(base::UtcTime time) {
    const std::string digits = digits_of(time);
    if (digits < "2050") {
        return element(der::kUtcTime, {base::view_of(std::string_view(digits).substr(2))});
    }
    return element(der::kGeneralizedTime, {base::view_of(digits)});
}

Result<base::UtcTime> read_time(der::Reader& from) {
    FB_TRY(const der::Element time, from.next());
    std::string digits(base::text_of(time.contents));
    if (time.whole[0] == der::kUtcTime) {
        digits.insert(0, digits >= "50" ? "19" : "20");
    } else if (time.whole[0] != der::kGeneralizedTime) {
        return Error{"neither UTCTime nor GeneralizedTime", "signing time", ""};
    }
    return time_of_digits(digits);
}

Bytes write_algorithm(ByteView identifier) {
    return element(der::kSequence, {identifier});
}

// In the order of DER's SET OF, by their encodings; their lengths alone already put them so.
Bytes write_attributes(uint8_t tag, const EnvelopeParts& parts) {
    const auto attribute = [](ByteView type, const Bytes& value) {
        return element(der::kSequence, {type, element(der::kSet, {value})});
    };
    return element(tag,
                   {attribute(kContentType, Bytes(der::kIdData.begin(), der::kIdData.end())),
                    attribute(kSigningTime, write_time(parts.signing_time)),
                    attribute(kMessageDigest, element(der::kOctetString, {parts.message_digest}))});
}

Bytes write_certificates(std::vector<ByteView> certificates) {
    std::ranges::sort(certificates, [](ByteView a, ByteView b) {
        return std::ranges::lexicographical_compare(a, b);
    });
    Bytes set;
    for (const ByteView certificate : certificates) {
        set.insert(set.end(), certificate.begin(), certificate.end());
    }
    return element(der::kContext0, {set});
}

// The values of the next attribute.
Result<der::Reader> enter_attribute(der::Reader& attributes) {
    FB_TRY(der::Reader attribute, attributes.enter(der::kSequence));
    FB_CHECK(attribute.next(der::kObjectIdentifier));
    return attribute.enter(der::kSet);
}

base::Status read_attributes(der::Reader attributes, EnvelopeParts& parts) {
    FB_CHECK(enter_attribute(attributes));  // content type
    FB_TRY(der::Reader time, enter_attribute(attributes));
    FB_TRY(parts.signing_time, read_time(time));
    FB_TRY(der::Reader digest, enter_attribute(attributes));
    FB_TRY(const der::Element value, digest.next(der::kOctetString));
    parts.message_digest = value.contents;
    return {};
}

base::Status read_signer_info(der::Reader info, EnvelopeParts& parts) {
    FB_CHECK(info.next(der::kInteger));
    FB_TRY(const der::Element signer_id, info.next(der::kSequence));
    parts.signer_id = signer_id.whole;
    FB_CHECK(info.next(der::kSequence));  // digest algorithm
    FB_TRY(const der::Reader attributes, info.enter(der::kContext0));
    FB_CHECK(read_attributes(attributes, parts));
    FB_CHECK(info.next(der::kSequence));  // signature algorithm
    FB_TRY(const der::Element signature, info.next(der::kOctetString));
    parts.signature = signature.contents;
    return {};
}

base::Status read_certificates(der::Reader certificates, EnvelopeParts& parts) {
    parts.certificate_set = certificates.rest();
    while (!certificates.at_end()) {
        FB_TRY(const der::Element certificate, certificates.next(der::kSequence));
        if (parts.certificates.size() == kMaxEnvelopeCertificates) {
            return Error{fmt::format("more than {} certificates", kMaxEnvelopeCertificates), "",
                         ""};
        }
        parts.certificates.push_back(certificate.whole);
    }
    return {};
}

}  // namespace

Result<EnvelopeParts> read_envelope(ByteView envelope) {
    EnvelopeParts parts;
    FB_TRY(der::Reader outer, der::Reader(envelope).enter(der::kSequence));
    FB_CHECK(outer.next(der::kObjectIdentifier));
    FB_TRY(der::Reader wrapped, outer.enter(der::kContext0));
    FB_TRY(der::Reader signed_data, wrapped.enter(der::kSequence));
    FB_CHECK(signed_data.next(der::kInteger));
    FB_CHECK(signed_data.next(der::kSet));  // digest algorithms

    FB_TRY(der::Reader encapsulated, signed_data.enter(der::kSequence));
    FB_CHECK(encapsulated.next(der::kObjectIdentifier));
    FB_TRY(der::Reader content, encapsulated.enter(der::kContext0));
    FB_TRY(const der::Element manifest, content.next(der::kOctetString));
    parts.manifest = manifest.contents;

    FB_TRY(const der::Reader certificates, signed_data.enter(der::kContext0));
    FB_CHECK(read_certificates(certificates, parts));
    FB_TRY(der::Reader signer_infos, signed_data.enter(der::kSet));
    FB_TRY(const der::Reader signer_info, signer_infos.enter(der::kSequence));
    FB_CHECK(read_signer_info(signer_info, parts));
    return parts;
}

Bytes write_signed_attributes(const EnvelopeParts& parts) {
    return write_attributes(der::kSet, parts);
}

Bytes write_envelope(const EnvelopeParts& parts) {
    const Bytes digest_algorithm = write_algorithm(kSha384);
    const Bytes signer_info = element(
        der::kSequence,
        {kVersion1, parts.signer_id, digest_algorithm, write_attributes(der::kContext0, parts),
         write_algorithm(kEcdsaWithSha384), element(der::kOctetString, {parts.signature})});
    const Bytes content = element(
        der::kSequence,
        {der::kIdData, element(der::kContext0, {element(der::kOctetString, {parts.manifest})})});
    const Bytes signed_data =
        element(der::kSequence,
                {kVersion1, element(der::kSet, {digest_algorithm}), content,
                 write_certificates(parts.certificates), element(der::kSet, {signer_info})});
    return element(der::kSequence, {kSignedData, element(der::kContext0, {signed_data})});
}

}  // namespace firebreak::content
