#include "content/pki.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <set>

#include "base/file.h"
#include "content/packages.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using firebreak::test::TemporaryFolder;
using test::test_pki;
using test::utc;
using test::write;

std::string read(const std::filesystem::path& path) {
    return std::string(base::text_of(base::read_file(path, 1 << 20).value()));
}

TEST(Pki, BindsEverySignerToItsFeed) {
    for (const FeedInfo& feed : catalogue()) {
        const Certificate& certificate = test_pki().signers.at(feed.feed).identity.certificate;
        EXPECT_EQ(feed_of(certificate), feed.feed);
        EXPECT_EQ(common_name_of(certificate), "Firebreak test signer " + std::string(feed.name));
        EXPECT_EQ(issuer_of(certificate), "CN=Firebreak test issuing");
    }
    EXPECT_EQ(feed_of(test_pki().root.certificate), std::nullopt);
}

TEST(Pki, BindsThreeSignersToHeads) {
    ASSERT_EQ(test_pki().heads.size(), kHeadSigners);
    for (const Signer& head : test_pki().heads) {
        EXPECT_TRUE(signs_heads(head.identity.certificate));
        EXPECT_EQ(feed_of(head.identity.certificate), std::nullopt);
    }
    EXPECT_FALSE(signs_heads(test_pki().signers.at(Feed::kCRT).identity.certificate));
    EXPECT_FALSE(signs_heads(test_pki().root.certificate));
}

TEST(Pki, HasAContentKeyOfItsOwnForEveryEncryptedFeed) {
    std::set<base::Bytes> different;
    for (const FeedInfo& feed : catalogue()) {
        const auto key = test_pki().content_keys.find(feed.feed);
        EXPECT_EQ(key != test_pki().content_keys.end(), feed.encrypted) << feed.name;
        if (feed.encrypted) {
            EXPECT_EQ(key->second.size(), kContentKeyBytes);
            different.insert(key->second);
        }
    }
    EXPECT_EQ(different.size(), test_pki().content_keys.size());
}

TEST(Pki, MakesCertificatesThatSayWhatTheyAreFor) {
    X509* root = test_pki().root.certificate.get();
    X509* issuing = test_pki().issuing.certificate.get();
    X509* signer = test_pki().signers.at(Feed::kCRT).identity.certificate.get();
    EXPECT_EQ(X509_check_ca(root), 1);
    EXPECT_EQ(X509_check_ca(issuing), 1);
    EXPECT_EQ(X509_get_pathlen(issuing), 0);
    EXPECT_EQ(X509_check_ca(signer), 0);
    EXPECT_EQ(X509_get_key_usage(root), static_cast<uint32_t>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
    EXPECT_EQ(X509_get_key_usage(signer), static_cast<uint32_t>(KU_DIGITAL_SIGNATURE));
    EXPECT_EQ(X509_get_extended_key_usage(signer), static_cast<uint32_t>(XKU_CODE_SIGN));
    for (X509* certificate : {root, issuing, signer}) {
        EXPECT_EQ(X509_get_version(certificate), X509_VERSION_3);
        EXPECT_NE(X509_get0_subject_key_id(certificate), nullptr);
        EXPECT_NE(X509_get0_authority_key_id(certificate), nullptr);
        EXPECT_EQ(ASN1_STRING_length(X509_get0_serialNumber(certificate)), 16);
    }
    for (const int critical : {NID_basic_constraints, NID_key_usage}) {
        const int at = X509_get_ext_by_NID(signer, critical, -1);
        EXPECT_EQ(X509_EXTENSION_get_critical(X509_get_ext(signer, at)), 1);
    }
}

TEST(Pki, TakesDatesFromTheRequestOnBothSidesOf2050) {
    CertificateRequest request{CertificateKind::kRoot, "old and new", utc("1971-02-03T04:05:06Z"),
                               utc("2099-12-31T23:59:59Z")};
    ASSERT_OK_AND(const Identity root, issue(request, nullptr));
    ASSERT_OK_AND(const Validity validity, validity_of(root.certificate));
    EXPECT_EQ(validity.from, request.not_before);
    EXPECT_EQ(validity.until, request.not_after);
}

TEST(Pki, RefusesACommonNameThatX509DoesNotAllow) {
    CertificateRequest request = test::signer_request();
    request.common_name = std::string(65, 'x');
    EXPECT_ERROR(issue(request, &test_pki().issuing), "cannot issue");
}

TEST(Pki, SavedKeysLoadAndSignAsBefore) {
    const TemporaryFolder folder;
    const auto keys = folder.path() / "keys";
    ASSERT_OK(save_pki(test::foreign_pki(), keys));
    ASSERT_OK_AND(const Pki loaded, load_pki(keys));
    EXPECT_EQ(loaded.signers.size(), kFeedCount);
    const base::Bytes envelope = test::sign_or_die(
        test::sample_json(), loaded.signers.at(Feed::kDatasetA), test::signing_time());
    const Verifier verifier({test::foreign_pki().root.certificate});
    EXPECT_THAT(verifier.verify(envelope), test::Accepted());
    EXPECT_EQ(loaded.content_keys, test::foreign_pki().content_keys);
    ASSERT_EQ(loaded.heads.size(), kHeadSigners);
    EXPECT_EQ(certificate_digest(loaded.heads[2].identity.certificate),
              certificate_digest(test::foreign_pki().heads[2].identity.certificate));
    for (const char* name : {"CRT.pem", "head-1.pem", "RepairKit.kek"}) {
        EXPECT_NE(read(keys / name).find("TEST-ONLY"), std::string::npos) << name;
    }
}

TEST(Pki, KeepsNewKeysFromOtherUsers) {
    const TemporaryFolder folder;
    ASSERT_OK(save_pki(test_pki(), folder.path() / "keys"));
    EXPECT_EQ(std::filesystem::status(folder.path() / "keys").permissions(),
              std::filesystem::perms::owner_all);
}

TEST(Pki, NeverOverwritesAKey) {
    const TemporaryFolder folder;
    write(folder.path() / "ESH.pem", "precious");
    EXPECT_ERROR(save_pki(test_pki(), folder.path()), "ESH.pem");
    EXPECT_EQ(read(folder.path() / "ESH.pem"), "precious");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "root.pem"));
}

TEST(Pki, NamesTheKeyFileThatIsWrong) {
    const TemporaryFolder folder;
    ASSERT_OK(save_pki(test_pki(), folder.path() / "keys"));
    const auto file = folder.path() / "keys" / "ESH.pem";
    const std::string good = read(file);
    const std::string other = read(folder.path() / "keys" / "CRT.pem");

    std::filesystem::remove(file);
    EXPECT_ERROR(load_pki(folder.path() / "keys"), "ESH.pem");
    write(file, "nothing of the kind");
    EXPECT_ERROR(load_pki(folder.path() / "keys"), "ESH.pem: no certificate in it");
    write(file, good.substr(0, good.find("-----BEGIN PRIVATE")));
    EXPECT_ERROR(load_pki(folder.path() / "keys"), "ESH.pem: no private key");
    write(file, good.substr(0, good.find("-----BEGIN PRIVATE")) +
                    other.substr(other.find("-----BEGIN PRIVATE")));
    EXPECT_ERROR(load_pki(folder.path() / "keys"), "ESH.pem: the key is not that of");
    std::string broken = good;
    broken[good.find("\nMII") + 10] = '!';
    write(file, broken);
    EXPECT_ERROR(load_pki(folder.path() / "keys"), "ESH.pem: a certificate that cannot be read");
}

TEST(Pki, LoadsWithoutKeysThatOnlySomeNeed) {
    const TemporaryFolder folder;
    Pki own = test_pki();
    own.heads.clear();
    own.content_keys.clear();
    ASSERT_OK(save_pki(own, folder.path() / "keys"));
    ASSERT_OK_AND(const Pki loaded, load_pki(folder.path() / "keys"));
    EXPECT_TRUE(loaded.heads.empty());
    EXPECT_TRUE(loaded.content_keys.empty());
    EXPECT_EQ(loaded.signers.size(), kFeedCount);
}

TEST(Pki, NamesTheContentKeyThatIsNone) {
    const TemporaryFolder folder;
    const auto keys = folder.path() / "keys";
    ASSERT_OK(save_pki(test_pki(), keys));
    const std::string digits(2 * kContentKeyBytes, '7');
    write(keys / "Behavior.kek", "# a key of our own\n\n" + digits);
    ASSERT_OK_AND(const Pki loaded, load_pki(keys));
    EXPECT_EQ(loaded.content_keys.at(Feed::kBehavior), base::Bytes(kContentKeyBytes, 0x77));
    for (const std::string& bad : {std::string(), digits.substr(1), digits + "77",
                                   digits + "\n" + digits, "x" + digits.substr(1), "#" + digits}) {
        write(keys / "Behavior.kek", bad);
        EXPECT_ERROR(load_pki(keys), "Behavior.kek: no content key in it");
    }
}

TEST(Pki, NamesASignerThatNoIssuingCertificateIssued) {
    const TemporaryFolder folder;
    const auto keys = folder.path() / "keys";
    Pki mixed = test_pki();
    mixed.heads[1] = test::foreign_pki().heads[1];
    ASSERT_OK(save_pki(mixed, keys));
    EXPECT_ERROR(load_pki(keys), "head-2.pem: issued by no issuing certificate");
}

TEST(Pki, KeepsTheKeyThatAnotherReplaces) {
    const TemporaryFolder folder;
    const auto keys = folder.path() / "keys";
    ASSERT_OK(save_pki(test_pki(), keys));
    const std::string first = read(keys / "ESH.pem");
    const auto renewed_at = [](const char* from) {
        return renew(test_pki(), Feed::kESH, utc(from), utc("2030-01-01T00:00:00Z")).value();
    };
    ASSERT_OK_AND(const std::filesystem::path kept,
                  replace_identity(keys / "ESH.pem", renewed_at("2026-01-01T00:00:00Z").identity));
    EXPECT_EQ(kept, keys / "ESH.1.old.pem");
    EXPECT_EQ(read(kept), first);
    const std::string second = read(keys / "ESH.pem");
    EXPECT_NE(second, first);
    ASSERT_OK_AND(const std::filesystem::path again,
                  replace_identity(keys / "ESH.pem", renewed_at("2027-01-01T00:00:00Z").identity));
    EXPECT_EQ(again, keys / "ESH.2.old.pem");
    EXPECT_EQ(read(again), second);
    EXPECT_EQ(read(kept), first);
    ASSERT_OK(load_pki(keys));
    EXPECT_ERROR(replace_identity(keys / "nobody.pem", test_pki().root), "nobody.pem");
}

TEST(Pki, DoesNotAskForThePassphraseOfAnEncryptedKey) {
    const TemporaryFolder folder;
    ASSERT_OK(save_pki(test_pki(), folder.path() / "keys"));
    const auto file = folder.path() / "keys" / "root.pem";
    std::string pem = read(file);
    pem.resize(pem.find("-----BEGIN PRIVATE"));
    // openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -aes256 -pass pass:secret
    pem +=
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIIBHDBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIB9USMdsetR8CAggA\n"
        "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBYSsgs70IDwPqUfl/8PYzoBIHA\n"
        "C7DiKZ8aJi8xyZM83lsoUSuti5r4OWaihJM/rp47q3MaNkCRXHFnFDcdbH3+PguX\n"
        "297S87bLvR6gdNuXslKR7qj2W8gakJiU8XrKKLTCKtUEfisq+iUZzKdTZ/+veEQF\n"
        "/Hf2edkmUGMfVj5Mqy9zPGp2tWbUePjNmuEksH1P2CPnDb4Tqadw0d/wE8iRuozJ\n"
        "Z69I9yDB4aSvvziAyPocgfQ/tHvh7ZuKKORf3vLn7E96zOrfhL3RFmEjiM1zPlKg\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    write(file, pem);
    EXPECT_ERROR(load_pki(folder.path() / "keys"), "root.pem: no private key that can be read");
}

TEST(Certificates, AreAllReadFromOneFile) {
    const TemporaryFolder folder;
    ASSERT_OK(save_pki(test_pki(), folder.path() / "keys"));
    const auto file = folder.path() / "roots.pem";
    write(file, read(folder.path() / "keys/root.pem") + read(folder.path() / "keys/issuing.pem"));
    ASSERT_OK_AND(const std::vector<Certificate> certificates, load_certificates(file));
    ASSERT_EQ(certificates.size(), 2u);
    EXPECT_EQ(subject_of(certificates[0]), "CN=Firebreak test root");
    EXPECT_EQ(subject_of(certificates[1]), "CN=Firebreak test issuing");
}

}  // namespace
}  // namespace firebreak::content
