// Keys as files.
#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/file.h"
#include "content/openssl_handles.h"
#include "content/pki.h"

namespace firebreak::content {

namespace {

using base::Error;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr uint64_t kMaxPemBytes = 1024 * 1024;
constexpr int kMostKept = 1000;  // of one name, in one folder

std::string head_name(size_t number) {
    return fmt::format("head-{}", number);
}

fs::path kek_path(const fs::path& folder, Feed feed) {
    return folder / fmt::format("{}.kek", info(feed).name);
}

// Where the n-th old one of a key file is kept.
fs::path kept_path(const fs::path& file, int n) {
    return file.parent_path() / fmt::format("{}.{}.old.pem", file.stem().string(), n);
}

fs::path pem_path(const fs::path& folder, std::string_view name) {
    return folder / fmt::format("{}.pem", name);
}

Result<std::string> pem_text(const Identity& identity) {
    const Bio out(BIO_new(BIO_s_mem()));
    const std::string heading =
        fmt::format("TEST-ONLY key and certificate of {}. Never trust it for anything else.\n",
                    subject_of(identity.certificate));
    if (out == nullptr || BIO_puts(out.get(), heading.c_str()) <= 0 ||
        PEM_write_bio_X509(out.get(), identity.certificate.get()) != 1 ||
        PEM_write_bio_PrivateKey(out.get(), identity.key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) != 1) {
        return Error{"cannot write PEM: " + openssl_error(), "", ""};
    }
    return contents_of(out.get());
}

// OpenSSL would ask the terminal for the passphrase of an encrypted key: have none instead.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

std::string kek_text(Feed feed, base::ByteView key) {
    return fmt::format("# TEST-ONLY content key of {}. Never use it for anything else.\n{}\n",
                       info(feed).name, base::to_hex(key));
}

// What a folder holds, by file name.
using Files = std::map<std::string, std::string>;

Result<Files> files_of(const Pki& pki) {
    Files files;
    const auto add = [&files](const std::string& name, const Identity& identity) -> Status {
        FB_TRY(files[name + ".pem"], pem_text(identity));
        return {};
    };
    FB_CHECK(add("root", pki.root));
    FB_CHECK(add("issuing", pki.issuing));
    for (const auto& [feed, signer] : pki.signers) {
        FB_CHECK(add(std::string(info(feed).name), signer.identity));
    }
    for (size_t i = 0; i < pki.heads.size(); ++i) {
        FB_CHECK(add(head_name(i + 1), pki.heads[i].identity));
    }
    for (const auto& [feed, key] : pki.content_keys) {
        files[kek_path("", feed).string()] = kek_text(feed, key);
    }
    return files;
}

// The present issuing certificate and those that were replaced.
Result<std::vector<Certificate>> issuing_certificates(const Pki& pki, const fs::path& folder) {
    std::vector<Certificate> found{pki.issuing.certificate};
    std::error_code ignored;
    for (int n = 1; fs::exists(kept_path(pem_path(folder, "issuing"), n), ignored); ++n) {
        FB_TRY(const std::vector<Certificate> kept,
               load_certificates(kept_path(pem_path(folder, "issuing"), n)));
        found.push_back(kept.front());
    }
    return found;
}

Result<Signer> load_signer(const fs::path& path, const std::vector<Certificate>& issuing) {
    FB_TRY(Identity identity, load_identity(path));
    X509* const certificate = identity.certificate.get();
    for (const Certificate& issuer : issuing) {
        // Names first: they are cheap, and different as a rule.
        if (X509_check_issued(issuer.get(), certificate) == X509_V_OK &&
            (issuing.size() == 1 ||
             X509_verify(certificate, X509_get0_pubkey(issuer.get())) == 1)) {
            return Signer{std::move(identity), {issuer}};
        }
    }
    ERR_clear_error();
    return Error{"issued by no issuing certificate of the folder", path.string(),
                 "put the certificate that issued it into issuing.pem"};
}

}  // namespace

Result<Identity> load_identity(const fs::path& path) {
    FB_TRY(const std::vector<Certificate> certificates, load_certificates(path));
    FB_TRY(const base::Bytes pem, base::read_file(path, kMaxPemBytes));
    const Bio in = read_bio(pem);
    PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr),
                   OpenSslDelete());
    if (key == nullptr) {
        return Error{"no private key that can be read: " + openssl_error(), path.string(),
                     "put the certificate's key into the file, PEM, without a passphrase"};
    }
    if (X509_check_private_key(certificates.front().get(), key.get()) != 1) {
        ERR_clear_error();
        return Error{"the key is not that of the certificate", path.string(), ""};
    }
    return Identity{certificates.front(), std::move(key)};
}

Result<base::Bytes> load_content_key(const fs::path& folder, Feed feed) {
    const fs::path path = kek_path(folder, feed);
    FB_TRY(const base::Bytes text, base::read_file(path, kMaxPemBytes));
    std::istringstream lines{std::string(base::text_of(text))};
    std::string digits;  // all that is no comment
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('#')) {
            digits += line;
        }
    }
    auto key = base::from_hex(digits);
    if (!key.ok() || key->size() != kContentKeyBytes) {
        return Error{"no content key in it", path.string(),
                     fmt::format("write {} hexadecimal digits", 2 * kContentKeyBytes)};
    }
    return key;
}

Status save_pki(const Pki& pki, const fs::path& folder) {
    FB_TRY(const Files files, files_of(pki));
    std::error_code failure;
    for (const auto& [name, text] : files) {
        if (fs::exists(folder / name, failure)) {
            return Error{"is there already, and keys are not overwritten", (folder / name).string(),
                         "choose another folder, or remove the old keys"};
        }
    }
    // Private keys: a folder made here is its owner's alone before the first key is in it.
    if (fs::create_directories(folder, failure)) {
        fs::permissions(folder, fs::perms::owner_all, failure);
    }
    if (failure) {
        return Error{"cannot make the folder: " + failure.message(), folder.string(), ""};
    }
    for (const auto& [name, text] : files) {
        FB_CHECK(base::write_file(folder / name, base::view_of(text)));
    }
    return {};
}

Result<Pki> load_pki(const fs::path& folder) {
    Pki pki;
    FB_TRY(pki.root, load_identity(pem_path(folder, "root")));
    FB_TRY(pki.issuing, load_identity(pem_path(folder, "issuing")));
    FB_TRY(const std::vector<Certificate> issuing, issuing_certificates(pki, folder));
    std::error_code ignored;
    for (const FeedInfo& feed : catalogue()) {
        FB_TRY(pki.signers[feed.feed], load_signer(pem_path(folder, feed.name), issuing));
        if (feed.encrypted && fs::exists(kek_path(folder, feed.feed), ignored)) {
            FB_TRY(pki.content_keys[feed.feed], load_content_key(folder, feed.feed));
        }
    }
    for (size_t number = 1; number <= kHeadSigners; ++number) {
        const fs::path file = pem_path(folder, head_name(number));
        if (fs::exists(file, ignored)) {
            FB_TRY(Signer head, load_signer(file, issuing));
            pki.heads.push_back(std::move(head));
        }
    }
    return pki;
}

Result<fs::path> replace_identity(const fs::path& file, const Identity& identity) {
    FB_TRY(const base::Bytes old, base::read_file(file, kMaxPemBytes));
    std::error_code failure;
    int n = 1;
    while (n < kMostKept && fs::exists(kept_path(file, n), failure)) {
        ++n;
    }
    if (n == kMostKept || failure) {
        return Error{"no name is left to keep the old key under", file.string(),
                     "remove old keys that nobody needs any more"};
    }
    FB_CHECK(base::write_file(kept_path(file, n), old));
    FB_TRY(const std::string pem, pem_text(identity));
    FB_CHECK(base::write_file(file, base::view_of(pem)));
    return kept_path(file, n);
}

Result<std::vector<Certificate>> load_certificates(const fs::path& path) {
    FB_TRY(const base::Bytes pem, base::read_file(path, kMaxPemBytes));
    const Bio in = read_bio(pem);
    std::vector<Certificate> certificates;
    for (;;) {
        Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr),
                                OpenSslDelete());
        if (certificate == nullptr) {
            break;
        }
        certificates.push_back(std::move(certificate));
    }
    const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = openssl_error();
    if (!at_the_end) {
        return Error{"a certificate that cannot be read: " + reason, path.string(), ""};
    }
    if (certificates.empty()) {
        return Error{"no certificate in it", path.string(), "name a PEM file with a certificate"};
    }
    return certificates;
}

}  // namespace firebreak::content
