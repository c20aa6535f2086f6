// Owners for OpenSSL's objects, and its errors as text. For the .cpp files of this folder.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/bytes.h"

namespace firebreak::content {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

using AsnTime = Handle<ASN1_TIME, ASN1_TIME_free>;
using Bio = Handle<BIO, BIO_free_all>;
using BigNumber = Handle<BIGNUM, BN_free>;
using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using CmsMessage = Handle<CMS_ContentInfo, CMS_ContentInfo_free>;
using ExtendedKeyUsage = Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Kdf = Handle<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using KdfMethod = Handle<EVP_KDF, EVP_KDF_free>;
using NameList = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using TrustStore = Handle<X509_STORE, X509_STORE_free>;
using TrustContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

inline Bio read_bio(base::ByteView bytes) {
    return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

inline std::string contents_of(BIO* memory) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(memory, &data);
    return length > 0 ? std::string(data, static_cast<size_t>(length)) : std::string();
}

// Why the last call failed. Empties this thread's error queue.
inline std::string openssl_error() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) {
        return "OpenSSL gives no reason";
    }
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    return text;
}

}  // namespace firebreak::content
