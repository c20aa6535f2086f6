// The rule engine as its service meets it: firebreak-worker, locked down, spoken to in messages.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "content/pki.h"
#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ScannerProcess : public testing::Test {
  protected:
    void start() {
        auto started = processes_.start();
        ASSERT_OK(started);
        process_ = std::move(started).value();
    }
    base::Bytes call(const base::Gathered& request) {
        auto result = process_->call(request);
        if (!result.ok()) {
            ADD_FAILURE() << result.error().text();
            return {};
        }
        if (const auto* death = std::get_if<base::Outcome>(&*result)) {
            ADD_FAILURE() << base::to_text(death->category) << ": "
                          << base::to_text(death->evidence);
            return {};
        }
        return std::get<base::Bytes>(*result);
    }
    LoadReply load(const std::map<std::string, std::string>& files) {
        std::map<std::string, base::Bytes> sources;
        for (const auto& [name, text] : files) {
            sources[name] = base::bytes_of(text);
        }
        auto reply = parse_load_reply(call(test::load_request(sources)));
        EXPECT_TRUE(reply.ok());
        return reply.ok() ? *reply : LoadReply{};
    }
    LoadReply load_fresh(const std::map<std::string, std::string>& files) {
        start();
        return load(files);
    }
    SubjectReply scan(const std::string& name, const base::Bytes& subject) {
        auto reply = parse_scan_reply(call(test::scan_request(name, subject)), 1);
        EXPECT_TRUE(reply.ok());
        return reply.ok() ? reply->subjects[0] : SubjectReply{};
    }
    std::vector<std::string> scan(const std::string& name, const std::string& subject) {
        return test::rules_of(scan(name, base::bytes_of(subject)));
    }

    test::SandboxedScanners processes_;
    std::unique_ptr<ports::ComponentProcess> process_;
};

TEST_F(ScannerProcess, CompilesAllFilesTogether) {
    const LoadReply reply =
        load_fresh({{"a.yar", "private rule A { strings: $a = \"alpha\" condition: $a }"},
                    {"b.yara", "rule B { condition: A }\nrule C { condition: not A }"}});
    EXPECT_EQ(reply.code, Code::kNone) << reply.message;
    EXPECT_EQ(reply.loaded, 3u);
    EXPECT_THAT(scan("x", "alpha"), ElementsAre("B"));
    EXPECT_THAT(scan("x", "beta"), ElementsAre("C"));
}

TEST_F(ScannerProcess, NamesFileAndLineOfTheFirstError) {
    const LoadReply reply =
        load_fresh({{"a.yar", "rule A { condition: true }"},
                    {"b.yar", "\n\nrule B { condition: nonsense }\nrule C { condition: $x }"}});
    EXPECT_EQ(reply.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(reply.file, "b.yar");
    EXPECT_EQ(reply.line, 3u);
    EXPECT_EQ(reply.message, "undefined identifier \"nonsense\"");
}

TEST_F(ScannerProcess, RefusesWhatIsNoRuleSource) {
    EXPECT_EQ(load_fresh({{"a.txt", "rule A { condition: true }"}}).code, Code::kPayloadSetWrong);
    EXPECT_EQ(load_fresh({}).code, Code::kPayloadSetWrong);
    EXPECT_EQ(load_fresh({{"a.yar", "// nothing but remarks"}}).code, Code::kPayloadSetWrong);
    const LoadReply nul =
        load_fresh({{"a.yar", std::string("rule A { condition: true }\n\0 rule", 33)}});
    EXPECT_EQ(nul.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(nul.line, 2u);
    EXPECT_EQ(load_fresh({{"a.yar", "\xff\xfe garbage"}}).code, Code::kRulesDoNotCompile);
}

TEST_F(ScannerProcess, RefusesIncludesOfAnyKind) {
    for (const char* path : {"/etc/passwd", "b.yar", "../../x", ""}) {
        const LoadReply reply = load_fresh({{"a.yar", "include \"" + std::string(path) + "\"\n"},
                                            {"b.yar", "rule B { condition: true }"}});
        EXPECT_EQ(reply.code, Code::kIncludeRefused) << path << ": " << reply.message;
        EXPECT_EQ(reply.file, "a.yar");
    }
}

TEST_F(ScannerProcess, LoadsOnce) {
    EXPECT_EQ(load_fresh({{"a.yar", "rule A { condition: true }"}}).code, Code::kNone);
    EXPECT_EQ(load({{"a.yar", "rule B { condition: true }"}}).code, Code::kPayloadSetWrong);
    EXPECT_THAT(scan("x", "y"), ElementsAre("A"));
}

TEST_F(ScannerProcess, CannotScanBeforeItHasRules) {
    start();
    EXPECT_EQ(scan("x", base::bytes_of("y")).code, Code::kScanFailed);
}

TEST_F(ScannerProcess, TellsRulesTheSubjectsName) {
    ASSERT_EQ(load_fresh({{"a.yar", R"(
        rule Name { condition: filename == "b.DOC" }
        rule Folder { condition: filepath == "C:\\Users\\ana" }
        rule Extension { condition: extension == ".DOC" }
        rule Others { condition: filetype == "" and owner == "" })"}})
                  .code,
              Code::kNone);
    EXPECT_THAT(scan(R"(C:\Users\ana\b.DOC)", "x"),
                ElementsAre("Name", "Folder", "Extension", "Others"));
    EXPECT_THAT(scan("b.DOC", "x"), ElementsAre("Name", "Extension", "Others"));
    EXPECT_THAT(scan("", "x"), ElementsAre("Others"));
}

TEST_F(ScannerProcess, ReportsNoMoreMatchesThanAllowed) {
    std::string rules;
    for (size_t i = 0; i < kMaxMatches + 10; ++i) {
        rules += "rule R" + std::to_string(i) + " { condition: true }\n";
    }
    ASSERT_EQ(load_fresh({{"a.yar", rules}}).code, Code::kNone);
    const SubjectReply reply = scan("x", base::bytes_of("y"));
    EXPECT_EQ(reply.code, Code::kNone);
    EXPECT_EQ(reply.matches.size(), kMaxMatches);
    EXPECT_EQ(reply.matches.front(), (Match{"R0", ""}));
}

TEST_F(ScannerProcess, AnswersAMessageThatIsNoneWithNothing) {
    start();
    EXPECT_THAT(call(base::bytes_of("garbage")), IsEmpty());
    EXPECT_THAT(call(base::Bytes()), IsEmpty());
}

// The modules that do arithmetic over the subject must find what they need inside the sandbox.
TEST_F(ScannerProcess, RunsTheModulesThatNeedNoFiles) {
    ASSERT_EQ(load_fresh({{"a.yar", R"(
        import "math"
        import "hash"
        import "time"
        import "console"
        rule Entropy { condition: math.entropy(0, filesize) < 8.0 and console.log("seen") }
        rule Digest { condition: hash.md5(0, 3) == "900150983cd24fb0d6963f7d28e17f72" and
                                 hash.sha256(0, 3) startswith "ba7816bf" }
        rule Clock { condition: time.now() > 0 })"}})
                  .code,
              Code::kNone);
    EXPECT_THAT(scan("x", "abc"), ElementsAre("Entropy", "Digest", "Clock"));
}

// A program that ends in a certificate table with one signed message.
base::Bytes signed_program(const base::Bytes& certificates) {
    base::Bytes program(1024);
    const auto put = [&program](size_t at, uint64_t value, int width) {
        for (int i = 0; i < width; ++i) {
            program[at + static_cast<size_t>(i)] = static_cast<uint8_t>(value >> (8 * i));
        }
    };
    put(0, 0x5a4d, 2);     // MZ
    put(0x3c, 0x80, 4);    // where the header is
    put(0x80, 0x4550, 4);  // PE
    put(0x84, 0x8664, 2);  // x86-64
    put(0x94, 240, 2);     // size of the optional header
    put(0x96, 0x22, 2);
    put(0x98, 0x20b, 2);               // PE32+
    put(0x98 + 60, 512, 4);            // size of headers
    put(0x98 + 108, 16, 4);            // data directories
    put(0x98 + 112 + 4 * 8, 1024, 4);  // the certificate table: where …
    const size_t length = (8 + certificates.size() + 7) / 8 * 8;
    put(0x98 + 112 + 4 * 8 + 4, length, 4);  // … and how long
    program.resize(1024 + length);
    put(1024, 8 + certificates.size(), 4);
    put(1028, 0x0200, 2);
    put(1030, 2, 2);  // PKCS #7
    std::copy(certificates.begin(), certificates.end(), program.begin() + 1032);
    return program;
}

TEST_F(ScannerProcess, ReadsCertificatesOfSignedProgramsWithoutAForbiddenCall) {
    ASSERT_OK_AND(const content::Pki pki, content::make_pki());
    const content::Identity& identity = pki.signers.at(content::Feed::kDatasetA).identity;
    PKCS7* message = PKCS7_sign(identity.certificate.get(), identity.key.get(), nullptr, nullptr,
                                PKCS7_PARTIAL | PKCS7_NOATTR);
    ASSERT_NE(message, nullptr);
    BIO* data = BIO_new_mem_buf("data", 4);
    ASSERT_EQ(PKCS7_final(message, data, PKCS7_BINARY), 1);
    uint8_t* der = nullptr;
    const int length = i2d_PKCS7(message, &der);
    ASSERT_GT(length, 0);
    const base::Bytes certificates(der, der + length);
    OPENSSL_free(der);
    BIO_free(data);
    PKCS7_free(message);

    ASSERT_EQ(load_fresh({{"a.yar", R"(
        import "pe"
        rule Program { condition: pe.is_pe }
        rule Signed { condition: pe.number_of_signatures == 1 }
        rule Dated { condition: pe.signatures[0].not_before > 1500000000 }
        rule Issued { condition: pe.signatures[0].issuer contains "CN=" }
        rule Printed { condition: pe.signatures[0].thumbprint matches /^[0-9a-f]{40}$/ })"}})
                  .code,
              Code::kNone);
    EXPECT_THAT(test::rules_of(scan("a.exe", signed_program(certificates))),
                ElementsAre("Program", "Signed", "Dated", "Issued", "Printed"));
}

TEST_F(ScannerProcess, OutOfMemoryIsARefusal) {
    std::string rules = "rule R { strings:\n";
    for (int i = 0; i < 9'000; ++i) {
        rules += fmt::format("$s{} = \"needle-{}\" xor wide\n", i, i);
    }
    rules += "condition: any of them }";
    sandbox::Policy policy = test::scanner_policy();
    policy.memory_bytes = 96ull * 1024 * 1024;
    policy.call_cpu_ms = 20'000;
    sandbox::Spawner spawner(test::worker_binary());
    ASSERT_OK_AND(sandbox::Worker worker, sandbox::Worker::start(spawner, policy));
    ASSERT_OK_AND(const auto result,
                  worker.call(test::load_request({{"a.yar", base::bytes_of(rules)}})));
    ASSERT_TRUE(std::holds_alternative<base::Bytes>(result))
        << base::to_text(std::get<base::Outcome>(result).evidence);
    ASSERT_OK_AND(const LoadReply reply, parse_load_reply(std::get<base::Bytes>(result)));
    EXPECT_EQ(reply.code, Code::kOutOfMemory) << reply.message;
}

// Content that was damaged after signing would not get here; content that was signed damaged does.
TEST_F(ScannerProcess, SurvivesDamagedRules) {
    ASSERT_OK_AND(const content::Draft draft, test::fixture("good/DatasetA/2026-03-03"));
    const base::RandomStream random(1, base::Stream::kMutation);
    int refused = 0;
    for (uint64_t variant = 0; variant < 60; ++variant) {
        std::map<std::string, base::Bytes> sources = draft.payloads;
        base::Bytes& victim =
            std::next(sources.begin(), static_cast<long>(random.below(sources.size(), variant, 0)))
                ->second;
        if (variant % 2 == 0) {
            victim.resize(random.below(victim.size(), variant, 1));
        } else {
            for (uint64_t n = 0; n < 4; ++n) {
                victim[random.below(victim.size(), variant, 2 + n)] =
                    static_cast<uint8_t>(random.bits(variant, 6 + n));
            }
        }
        start();
        const auto reply = parse_load_reply(call(test::load_request(sources)));
        ASSERT_OK(reply);
        if (reply->code != Code::kNone) {
            ++refused;
            EXPECT_FALSE(reply->message.empty());
        } else {
            EXPECT_EQ(scan("x", base::bytes_of("some subject")).code, Code::kNone);
        }
    }
    EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
