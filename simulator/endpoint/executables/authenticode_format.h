// What an Authenticode signature is made of. For the .cpp files of this folder.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace firebreak::endpoint::executables {

// What one of OpenSSL's i2d functions writes.
template <class I2d, class Object>
base::Bytes encoded(I2d i2d, Object* object) {
    base::Bytes out(static_cast<size_t>(std::max(0, i2d(object, nullptr))));
    uint8_t* at = out.data();
    i2d(object, &at);
    return out;
}

// The contents of object identifiers, as DER has them.
namespace oid {

inline constexpr std::array<uint8_t, 9> kSignedData = {  // 1.2.840.113549.1.7.2
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
inline constexpr std::array<uint8_t, 9> kContentType = {  // 1.2.840.113549.1.9.3
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03};
inline constexpr std::array<uint8_t, 9> kMessageDigest = {  // 1.2.840.113549.1.9.4
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04};
inline constexpr std::array<uint8_t, 9> kRsa = {  // 1.2.840.113549.1.1.1
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
inline constexpr std::array<uint8_t, 9> kRsaWithSha256 = {  // 1.2.840.113549.1.1.11
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
inline constexpr std::array<uint8_t, 8> kEcdsaWithSha256 = {  // 1.2.840.10045.4.3.2
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
inline constexpr std::array<uint8_t, 9> kSha256 = {  // 2.16.840.1.101.3.4.2.1
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};

// SPC_INDIRECT_DATA_OBJID, SPC_PE_IMAGE_DATAOBJ, SPC_STATEMENT_TYPE_OBJID, SPC_SP_OPUS_INFO_OBJID
// and SPC_INDIVIDUAL_SP_KEY_PURPOSE_OBJID: 1.3.6.1.4.1.311.2.1 and 4, 15, 11, 12, 21.
inline constexpr std::array<uint8_t, 10> kSpcIndirectData = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                                             0x82, 0x37, 0x02, 0x01, 0x04};
inline constexpr std::array<uint8_t, 10> kSpcPeImageData = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                                            0x82, 0x37, 0x02, 0x01, 0x0f};
inline constexpr std::array<uint8_t, 10> kSpcStatementType = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                                              0x82, 0x37, 0x02, 0x01, 0x0b};
inline constexpr std::array<uint8_t, 10> kSpcSpOpusInfo = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                                           0x82, 0x37, 0x02, 0x01, 0x0c};
inline constexpr std::array<uint8_t, 10> kSpcIndividualPublisher = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                                                    0x82, 0x37, 0x02, 0x01, 0x15};

}  // namespace oid
}  // namespace firebreak::endpoint::executables
