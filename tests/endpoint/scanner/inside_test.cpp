// What the scanner's real process finds inside of other things: archives, memory, streams, programs
// and who signed them.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "content/pki.h"
#include "endpoint/executables/authenticode.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/reputation/reputation_table.h"
#include "endpoint/scanner/archive.h"
#include "endpoint/scanner/engine.h"
#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

enum class Pack { kZip, kTarGzip, kTarBzip2, kTarXz, kTarZstd, kSevenZip, kGzip };

using Members = std::vector<std::pair<std::string, Bytes>>;

// Made by libarchive, as the world makes them.
Bytes pack(Pack how, const Members& members, const char* passphrase = nullptr) {
    struct archive* writer = archive_write_new();
    switch (how) {
        case Pack::kZip:
            archive_write_set_format_zip(writer);
            break;
        case Pack::kSevenZip:
            archive_write_set_format_7zip(writer);
            break;
        case Pack::kGzip:
            archive_write_set_format_raw(writer);
            break;
        default:
            archive_write_set_format_pax_restricted(writer);
    }
    if (how == Pack::kTarGzip || how == Pack::kGzip) {
        archive_write_add_filter_gzip(writer);
    } else if (how == Pack::kTarBzip2) {
        archive_write_add_filter_bzip2(writer);
    } else if (how == Pack::kTarXz) {
        archive_write_add_filter_xz(writer);
    } else if (how == Pack::kTarZstd) {
        archive_write_add_filter_zstd(writer);
    }
    if (passphrase != nullptr) {
        archive_write_set_options(writer, "zip:encryption=aes256");
        archive_write_set_passphrase(writer, passphrase);
    }
    Bytes out(96 << 20);
    size_t used = 0;
    EXPECT_EQ(archive_write_open_memory(writer, out.data(), out.size(), &used), ARCHIVE_OK);
    for (const auto& [name, contents] : members) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, static_cast<la_int64_t>(contents.size()));
        EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
        archive_write_data(writer, contents.data(), contents.size());
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    out.resize(used);
    return out;
}

class Inside : public testing::Test {
  protected:
    void SetUp() override {
        auto started = processes_.start();
        ASSERT_OK(started);
        process_ = std::move(started).value();
        const Bytes rules = base::bytes_of(R"(
            rule Marked { strings: $m = "MARK" condition: $m }
            rule Script { condition: extension == ".js" })");
        ASSERT_EQ(load(test::load_request({{"rules.yar", rules}})).code, Code::kNone);
    }
    LoadReply load(const base::Gathered& request) {
        auto result = process_->call(request);
        EXPECT_TRUE(result.ok()) << result.error().text();
        auto reply = parse_load_reply(std::get<Bytes>(*result));
        EXPECT_TRUE(reply.ok());
        return reply.ok() ? *reply : LoadReply{};
    }
    SubjectReply scan(const Subject& subject) {
        auto result = process_->call(encode(ScanRequest{{subject}}));
        EXPECT_TRUE(result.ok()) << result.error().text();
        if (const auto* death = std::get_if<base::Outcome>(&*result)) {
            ADD_FAILURE() << base::to_text(death->evidence);
            return {};
        }
        auto reply = parse_scan_reply(std::get<Bytes>(*result), 1);
        EXPECT_TRUE(reply.ok());
        return reply.ok() ? reply->subjects[0] : SubjectReply{};
    }
    SubjectReply scan(ByteView bytes) { return scan(ports::file_subject("C:\\a.bin", bytes)); }

    // Unpacking as much as is allowed takes its time, on a busy machine above all.
    test::SandboxedScanners processes_{{.component = "scanner", .call_cpu_ms = 5000}};
    std::unique_ptr<ports::ComponentProcess> process_;
};

const Bytes kMarked = base::bytes_of("here is the MARK, in a text");
const Bytes kPlain = base::bytes_of("nothing of note");

TEST_F(Inside, FindsWhatIsInArchivesOfEveryKind) {
    for (const Pack how :
         {Pack::kZip, Pack::kTarGzip, Pack::kTarXz, Pack::kTarZstd, Pack::kSevenZip}) {
        const SubjectReply reply =
            scan(pack(how, {{"docs/plain.txt", kPlain}, {"docs/bad.txt", kMarked}}));
        EXPECT_THAT(reply.matches, Contains(Match{"Marked", "docs/bad.txt"}))
            << static_cast<int>(how);
        EXPECT_THAT(reply.gaps, IsEmpty());
    }
    EXPECT_THAT(scan(pack(Pack::kGzip, {{"x", kMarked}})).matches,
                ElementsAre(Match{"Marked", "content"}));
}

TEST_F(Inside, TellsRulesTheNamesOfMembers) {
    EXPECT_THAT(scan(pack(Pack::kZip, {{"a/b.js", kPlain}, {"c.txt", kPlain}})).matches,
                ElementsAre(Match{"Script", "a/b.js"}));
}

TEST_F(Inside, LooksIntoArchivesInArchives) {
    const Bytes inner = pack(Pack::kTarGzip, {{"bad.txt", kMarked}});
    const Bytes outer = pack(Pack::kZip, {{"inner.tar.gz", inner}, {"plain", kPlain}});
    EXPECT_THAT(scan(outer).matches, ElementsAre(Match{"Marked", "inner.tar.gz/bad.txt"}));
}

TEST_F(Inside, GoesNoDeeperThanItsLimitAndSaysSo) {
    Bytes nested = kMarked;
    for (unsigned depth = 0; depth < ArchiveLimits{}.depth; ++depth) {
        nested = pack(Pack::kZip, {{"n", nested}});
    }
    EXPECT_THAT(scan(nested).matches, SizeIs(1));
    const SubjectReply reply = scan(pack(Pack::kZip, {{"n", nested}}));
    EXPECT_THAT(reply.matches, IsEmpty());
    EXPECT_THAT(reply.gaps, ElementsAre(Gap{GapReason::kTooDeep, "n/n/n/n/n"}));
}

TEST_F(Inside, StopsAtABombAndScansWhatWasBeforeIt) {
    const Bytes zeros(20 << 20);
    const SubjectReply reply =
        scan(pack(Pack::kZip, {{"bad.txt", kMarked}, {"bomb", zeros}, {"later.txt", kMarked}}));
    EXPECT_THAT(reply.matches, ElementsAre(Match{"Marked", "bad.txt"}));
    EXPECT_THAT(reply.gaps, ElementsAre(Gap{GapReason::kRatio, "bomb"}));
}

TEST_F(Inside, CountsMembersOfAllArchivesTogether) {
    Members many;
    for (int i = 0; i < 2'100; ++i) {
        many.emplace_back(std::to_string(i), Bytes{});
    }
    EXPECT_THAT(scan(pack(Pack::kTarGzip, many)).gaps,
                ElementsAre(Gap{GapReason::kTooMany, "2000"}));
}

TEST_F(Inside, CountsWhatIsSlowToUnpackSeveralTimes) {
    const base::RandomStream random(9, base::Stream::kMutation);
    Bytes noise(5 << 20);
    for (size_t i = 0; i < noise.size(); ++i) {
        noise[i] = static_cast<uint8_t>(random.bits(i, 0));
    }
    EXPECT_THAT(scan(pack(Pack::kTarBzip2, {{"noise", noise}})).gaps,
                ElementsAre(Gap{GapReason::kTooLarge, "noise"}));
    EXPECT_THAT(scan(pack(Pack::kTarGzip, {{"noise", noise}})).gaps, IsEmpty());
}

// However long names are and however much matches, the reply fits into its limit: one that did not
// would count as a death.
TEST_F(Inside, RepliesWithinTheLimitWhateverMatches) {
    Members members;
    for (int i = 0; i < 1'200; ++i) {
        members.emplace_back(fmt::format("{:0>900}.js", i), kMarked);
    }
    const Bytes inner = pack(Pack::kZip, members);
    const SubjectReply reply = scan(pack(Pack::kZip, {{std::string(900, 'n'), inner}}));
    EXPECT_EQ(reply.code, Code::kNone);
    EXPECT_THAT(reply.matches, SizeIs(kMaxMatches));
}

TEST_F(Inside, SaysThatAnEncryptedMemberWasNotLookedInto) {
    const SubjectReply reply = scan(pack(Pack::kZip, {{"secret.txt", kMarked}}, "open sesame"));
    EXPECT_THAT(reply.matches, IsEmpty());
    EXPECT_THAT(reply.gaps, ElementsAre(Gap{GapReason::kEncrypted, "secret.txt"}));
}

TEST_F(Inside, SurvivesDamagedArchives) {
    const base::RandomStream random(3, base::Stream::kMutation);
    for (const Pack how : {Pack::kZip, Pack::kTarGzip, Pack::kTarXz, Pack::kSevenZip}) {
        const Bytes whole = pack(how, {{"a.txt", kMarked}, {"b.txt", Bytes(5000, 'b')}});
        for (uint64_t n = 0; n < 100; ++n) {
            Bytes damaged = whole;
            damaged[random.below(damaged.size(), n, 0)] ^=
                static_cast<uint8_t>(1 + random.below(255, n, 1));
            if (n % 4 == 0) {
                damaged.resize(random.below(damaged.size(), n, 2));
            }
            EXPECT_EQ(scan(damaged).code, Code::kNone);
        }
    }
}

TEST_F(Inside, ReadsNamesInAnyEncodingWithoutAForbiddenCall) {
    EXPECT_THAT(scan(pack(Pack::kZip, {{"\xc3\xa4\xe6\x97\xa5.txt", kMarked}})).matches, SizeIs(1));
    Bytes zip = pack(Pack::kZip, {{"aaaa.txt", kMarked}});
    for (size_t i = 0; i + 4 <= zip.size(); ++i) {
        if (std::string_view(reinterpret_cast<const char*>(&zip[i]), 4) == "aaaa") {
            zip[i] = 0xe4;  // of no valid UTF-8
        }
    }
    EXPECT_THAT(scan(zip).matches, SizeIs(1));
}

TEST_F(Inside, TakesOnlyTheFirstBytesForASign) {
    EXPECT_FALSE(may_be_archive({}));
    EXPECT_FALSE(may_be_archive(base::view_of("a text about PK\3\4")));
    EXPECT_TRUE(may_be_archive(base::view_of("PK\3\4")));
    const SubjectReply reply = scan(base::bytes_of("BZh, he said: MARK"));
    EXPECT_THAT(reply.matches, ElementsAre(Match{"Marked", ""}));
    EXPECT_THAT(reply.gaps, IsEmpty());
}

TEST_F(Inside, ScansMemoryAtItsAddresses) {
    const Bytes rules = base::bytes_of(R"(
        rule Placed { strings: $m = "MARK" condition: $m at 0x401004 })");
    auto started = processes_.start();
    ASSERT_OK(started);
    process_ = std::move(started).value();
    ASSERT_EQ(load(test::load_request({{"rules.yar", rules}})).code, Code::kNone);
    const Bytes code = base::bytes_of("....MARK");
    const auto placed_at = [&](uint64_t address) {
        return scan({SubjectKind::kMemory, "a.exe", {{0x1000, kPlain}, {address, code}}, {}});
    };
    EXPECT_THAT(placed_at(0x401000).matches, ElementsAre(Match{"Placed", ""}));
    EXPECT_THAT(placed_at(0x402000).matches, IsEmpty());
}

TEST_F(Inside, ScansStreamsLikeFiles) {
    const Bytes zip = pack(Pack::kZip, {{"bad.txt", kMarked}});
    EXPECT_THAT(scan({SubjectKind::kStream, "http example", {{0, zip}}, {}}).matches,
                ElementsAre(Match{"Marked", "bad.txt"}));
}

// --- programs ------------------------------------------------------------------------------------

class Programs : public Inside {
  protected:
    void SetUp() override {
        Inside::SetUp();
        auto pki = content::make_pki();
        ASSERT_OK(pki);
        pki_ = std::move(pki).value();
        signer_ = pki_.signers.at(content::Feed::kDatasetA);
        executables::NewPe recipe;
        recipe.sections = {{".text", Bytes(600, 0x90)}};
        plain_ = executables::make_pe(recipe).value();
        recipe.sections.push_back({".rdata", base::bytes_of("signed")});
        const auto made =
            executables::sign_authenticode(executables::make_pe(recipe).value(), signer_);
        ASSERT_OK(made);
        signed_ = *made;
    }
    base::Sha256 signer_digest() const {
        return executables::certificate_sha256(signer_.identity.certificate);
    }
    LoadReply load_table(ByteView table) {
        return load(encode(LoadTable{"reputation.table", table}));
    }
    LoadReply trust_the_publisher() {
        const Bytes root = content::der_of(pki_.root.certificate);
        return load(encode(TrustPublishers{{root}, kNow}));
    }

    static constexpr base::UtcTime kNow{1'790'000'000};
    content::Pki pki_;
    content::Signer signer_;
    Bytes plain_, signed_;
};

// A table of millions stays where it came, in the parent's memory file.
TEST(EngineTable, IsKeptAndNotCopied) {
    const auto keep = [](ByteView table) {
        const auto engine = Engine::create().value();
        const auto request =
            std::make_shared<Bytes>(encode(LoadTable{"reputation.table", table}).joined());
        engine->answer(*request, request);
        return request.use_count() > 1;
    };
    EXPECT_TRUE(keep(reputation::write_table({{base::Sha256{1}, 7}}, {}).value()));
    EXPECT_FALSE(keep(base::view_of("no table")));
}

TEST_F(Programs, AreNotLookedForWhereNothingIsKnownOfThem) {
    EXPECT_THAT(scan(plain_).programs, IsEmpty());
}

TEST_F(Programs, AreKnownByTheirHash) {
    const Bytes table = reputation::write_table({{base::sha256(plain_), 7}}, {}).value();
    const LoadReply reply = load_table(table);
    ASSERT_EQ(reply.code, Code::kNone) << reply.message;
    EXPECT_EQ(reply.loaded, 1u);
    const std::vector<Program> programs = scan(plain_).programs;
    ASSERT_THAT(programs, SizeIs(1));
    EXPECT_EQ(programs[0].where, "");
    EXPECT_EQ(programs[0].sha256, base::sha256(plain_));
    EXPECT_EQ(programs[0].by_hash, 7);
    EXPECT_THAT(scan(signed_).programs[0].by_hash, testing::Eq(std::nullopt));
}

TEST_F(Programs, AreKnownByTheirSignerOnlyWhereTheSignatureHolds) {
    const Bytes table = reputation::write_table({}, {{signer_digest(), 95}}).value();
    ASSERT_EQ(load_table(table).code, Code::kNone);
    EXPECT_EQ(scan(signed_).programs.at(0).by_signer, std::nullopt) << "nobody is trusted yet";
    ASSERT_EQ(trust_the_publisher().code, Code::kNone);
    const Program program = scan(signed_).programs.at(0);
    EXPECT_EQ(program.by_signer, 95);
    EXPECT_EQ(program.signer, signer_digest());
    EXPECT_FALSE(program.signer_name.empty());

    Bytes changed = signed_;
    changed[600] ^= 1;  // of the code
    EXPECT_EQ(scan(changed).programs.at(0).signer, std::nullopt);
    EXPECT_EQ(scan(changed).programs.at(0).by_signer, std::nullopt);
    EXPECT_EQ(scan(plain_).programs.at(0).signer, std::nullopt);
}

TEST_F(Programs, AreFoundInStreamsDocumentsAndArchives) {
    const Bytes table = reputation::write_table({{base::sha256(plain_), 7}}, {}).value();
    ASSERT_EQ(load_table(table).code, Code::kNone);
    Bytes document = base::bytes_of("%PDF-1.4 stream ");
    const size_t at = document.size();
    document.insert(document.end(), plain_.begin(), plain_.end());
    const SubjectReply in_document = scan(document);
    ASSERT_THAT(in_document.programs, SizeIs(1));
    EXPECT_EQ(in_document.programs[0].where, fmt::format("@{}", at));
    EXPECT_EQ(in_document.programs[0].by_hash, 7);

    const SubjectReply in_archive = scan(pack(Pack::kZip, {{"setup/a.exe", plain_}}));
    ASSERT_THAT(in_archive.programs, SizeIs(1));
    EXPECT_EQ(in_archive.programs[0].where, "setup/a.exe");
    EXPECT_EQ(in_archive.programs[0].by_hash, 7);

    const Subject memory{SubjectKind::kMemory, "a.exe", {{0x400000, plain_}}, {}};
    EXPECT_THAT(scan(memory).programs, IsEmpty()) << "there they do not lie as in files";
}

TEST_F(Programs, AreNotAllThatATableKnowsByHash) {
    const Bytes table = reputation::write_table({{base::sha256(kPlain), 3}}, {}).value();
    ASSERT_EQ(load_table(table).code, Code::kNone);
    const std::vector<Program> known =
        scan(pack(Pack::kZip, {{"a.txt", kPlain}, {"b.txt", kMarked}})).programs;
    ASSERT_THAT(known, SizeIs(1));
    EXPECT_EQ(known[0].where, "a.txt");
    EXPECT_EQ(known[0].by_hash, 3);
}

TEST_F(Programs, AreFoundByParsingAndNotByName) {
    const Bytes table = reputation::write_table({{base::sha256(plain_), 7}}, {}).value();
    ASSERT_EQ(load_table(table).code, Code::kNone);
    EXPECT_THAT(scan(ports::file_subject("C:\\holiday.jpg", plain_)).programs, SizeIs(1));
    const Bytes text = base::bytes_of("MZ, and no program");
    EXPECT_THAT(scan(ports::file_subject("C:\\setup.exe", text)).programs, IsEmpty());
}

TEST_F(Programs, BringNoUnsoundTableIntoUse) {
    const Bytes good = reputation::write_table({{base::sha256(plain_), 7}}, {}).value();
    Bytes cut = good;
    cut.pop_back();
    Bytes flipped = good;
    flipped[40] ^= 1;
    for (const Bytes& bad : {Bytes{}, cut, flipped}) {
        const LoadReply reply = load_table(bad);
        EXPECT_EQ(reply.code, Code::kTableMalformed);
        EXPECT_EQ(reply.file, "reputation.table");
        EXPECT_FALSE(reply.message.empty());
    }
    EXPECT_EQ(load_table(good).code, Code::kNone);
    EXPECT_EQ(load_table(good).code, Code::kPayloadSetWrong) << "once";
}

TEST_F(Programs, DoNotTrustRubbish) {
    const Bytes rubbish = base::bytes_of("not a certificate");
    EXPECT_EQ(load(encode(TrustPublishers{{rubbish}, kNow})).code, Code::kPayloadSetWrong);
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
