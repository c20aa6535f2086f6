// What nobody here wrote, through the real process: rule files of many authors, the programs of
// this machine, and ClamAV's samples, which are harmless.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/reputation/csv.h"
#include "endpoint/scanner/real_scanner.h"
#include "endpoint/scanner/scanner_service.h"
#include "support/rule_files.h"

namespace firebreak::endpoint::scanner {
namespace {

namespace fs = std::filesystem;
using base::Code;
using ports::ScanVerdict;
using test::RuleFile;
using testing::IsEmpty;

constexpr auto kShipped = "good/DatasetA/2026-03-03";
constexpr auto kBenign = "/usr/bin";
constexpr auto kSamples = "/usr/share/clamav-testfiles";

// Thousands of rules take a second or two to compile.
sandbox::Policy patient() {
    sandbox::Policy policy = test::scanner_policy();
    policy.call_cpu_ms = 60'000;
    return policy;
}

LoadReply load(ports::ComponentProcess& process,
               const std::map<std::string, base::Bytes>& sources) {
    const auto result = process.call(test::load_request(sources));
    const auto* reply = result.ok() ? std::get_if<base::Bytes>(&*result) : nullptr;
    const auto parsed = reply != nullptr ? parse_load_reply(*reply) : base::Error{"", "", ""};
    EXPECT_TRUE(parsed.ok()) << "no reply to " << sources.begin()->first;
    return parsed.ok() ? *parsed : LoadReply{Code::kReplyInvalid, 0, "", 0, "no reply"};
}

SubjectReply scan(ports::ComponentProcess& process, const std::string& name, base::ByteView bytes) {
    const auto result = process.call(test::scan_request(name, bytes));
    const auto* reply = result.ok() ? std::get_if<base::Bytes>(&*result) : nullptr;
    const auto parsed = reply != nullptr ? parse_scan_reply(*reply, 1) : base::Error{"", "", ""};
    EXPECT_TRUE(parsed.ok()) << "no reply to " << name;
    return parsed.ok() ? parsed->subjects.front()
                       : SubjectReply{Code::kReplyInvalid, {}, {}, {}, "no reply"};
}

// --- Rules ---------------------------------------------------------------------------------------

// "MALW_X.yar:54: undefined identifier": or what is missing of that.
std::string refusal_of(const LoadReply& reply) {
    return fmt::format("{}:{}: {}", reply.file, reply.line, reply.message);
}

TEST(RuleCorpus, EveryFileLoadsOrIsRefusedWithFileAndLineAndTheProcessLives) {
    const auto corpus = test::corpus_dir();
    if (!corpus) {
        GTEST_SKIP() << "FIREBREAK_CORPUS is not set";
    }
    test::SandboxedScanners processes(patient());
    ASSERT_OK_AND(const std::vector<RuleFile> files, test::rule_files(*corpus / "yara-rules"));
    int loaded = 0, refused = 0;
    for (const auto& [path, source] : files) {
        const std::string name = path.filename().string();
        ASSERT_OK_AND(const auto process, processes.start());
        const LoadReply reply = load(*process, {{name, source}});
        const SubjectReply scanned = scan(*process, "eicar.com", base::view_of(test::eicar()));
        if (reply.code == Code::kNone) {
            ++loaded;
            EXPECT_GT(reply.loaded, 0u) << path;
            EXPECT_EQ(scanned.code, Code::kNone) << path << ": " << scanned.message;
        } else {
            ++refused;
            fmt::print("refused: {}\n", refusal_of(reply));
            EXPECT_EQ(reply.file, name) << reply.message;
            EXPECT_GT(reply.line, 0u) << path << ": " << reply.message;
            EXPECT_FALSE(reply.message.empty()) << path;
            EXPECT_EQ(scanned.code, Code::kScanFailed) << path;
        }
    }
    RecordProperty("loaded", loaded);
    RecordProperty("refused", refused);
    EXPECT_GT(loaded, 300) << refused << " refused";
}

// --- Programs that are harmless ------------------------------------------------------------------

// By name, and no more of them than a test has time for.
std::vector<fs::path> benign_files(uint64_t most_bytes) {
    constexpr uint64_t kMostOfOne = 1 << 20;
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(kBenign)) {
        if (entry.is_regular_file() && !entry.is_symlink() && entry.file_size() <= kMostOfOne) {
            all.push_back(entry.path());
        }
    }
    std::ranges::sort(all);
    uint64_t bytes = 0;
    const auto end = std::ranges::find_if(all, [&](const fs::path& path) {
        bytes += fs::file_size(path);
        return bytes > most_bytes;
    });
    return {all.begin(), end};
}

// "Rule: /usr/bin/program", for each that is found where nothing should be.
std::set<std::string> false_positives(ports::ComponentProcess& process,
                                      const std::vector<fs::path>& programs) {
    std::set<std::string> found;
    for (const fs::path& path : programs) {
        const auto bytes = base::read_file(path, 1 << 20);
        EXPECT_TRUE(bytes.ok()) << bytes.error().text();
        const SubjectReply reply = scan(process, path.string(), *bytes);
        EXPECT_EQ(reply.code, Code::kNone) << path << ": " << reply.message;
        for (const Match& match : reply.matches) {
            found.insert(match.rule + ": " + path.string());
        }
    }
    return found;
}

TEST(BenignCorpus, RulesThatShipFindNothingInTheProgramsOfThisMachine) {
    const std::vector<fs::path> programs = benign_files(128 << 20);
    ASSERT_GT(programs.size(), 50u) << kBenign;
    test::SandboxedScanners processes;
    ASSERT_OK_AND(const content::Draft shipped, test::fixture(kShipped));
    ASSERT_OK_AND(const auto process, processes.start());
    ASSERT_EQ(load(*process, shipped.payloads).code, Code::kNone);
    const std::set<std::string> found = false_positives(*process, programs);
    for (const std::string& one : found) {
        fmt::print("false positive: {}\n", one);
    }
    RecordProperty("files", static_cast<int>(programs.size()));
    RecordProperty("false_positives", static_cast<int>(found.size()));
    EXPECT_THAT(found, IsEmpty());
}

// What public rules find there is their authors' business: it is told, and the process lives.
TEST(BenignCorpus, WhatPublicRulesFindInTheProgramsOfThisMachineIsTold) {
    const auto corpus = test::corpus_dir();
    if (!corpus) {
        GTEST_SKIP() << "FIREBREAK_CORPUS is not set";
    }
    test::SandboxedScanners processes(patient());
    ASSERT_OK_AND(std::vector<RuleFile> files, test::rule_files(*corpus / "yara-rules"));
    std::erase_if(files, [&processes](const RuleFile& file) {
        const auto process = processes.start();
        return !process.ok() || load(**process, {{"a.yar", file.source}}).code != Code::kNone;
    });
    ASSERT_OK_AND(const auto process, processes.start());
    const LoadReply reply = load(*process, test::by_folder(files));
    ASSERT_EQ(reply.code, Code::kNone) << refusal_of(reply);
    const std::vector<fs::path> programs = benign_files(16 << 20);
    const std::set<std::string> found = false_positives(*process, programs);
    std::map<std::string, int> by_rule;
    for (const std::string& one : found) {
        ++by_rule[one.substr(0, one.find(':'))];
    }
    fmt::print("{} rules on {} programs\n", reply.loaded, programs.size());
    for (const auto& [rule, times] : by_rule) {
        fmt::print("false positive: {} in {} programs\n", rule, times);
    }
    RecordProperty("rules", static_cast<int>(reply.loaded));
    RecordProperty("false_positives", static_cast<int>(found.size()));
    EXPECT_GT(reply.loaded, 1000u);
}

// --- Samples, by a list of hashes ----------------------------------------------------------------

struct Sample {
    std::string name;
    base::Bytes bytes;
};

std::vector<Sample> samples() {
    std::vector<Sample> all;
    for (const auto& entry : fs::directory_iterator(kSamples)) {
        auto bytes = base::read_file(entry.path(), kMaxSubjectBytes);
        EXPECT_TRUE(bytes.ok()) << entry.path();
        all.push_back({entry.path().filename().string(), bytes.ok() ? *bytes : base::Bytes{}});
    }
    std::ranges::sort(all, {}, &Sample::name);
    return all;
}

// A table as people make one of a list of hashes: `firebreak content build` does the same.
content::Draft table_of(const std::vector<Sample>& samples) {
    std::string csv = "kind,sha256,reputation,comment\n";
    for (const auto& [name, bytes] : samples) {
        csv += fmt::format("hash,{},0,{}\n", base::to_hex(base::sha256(bytes)), name);
    }
    auto payloads = reputation::payloads_from({{"samples.csv", base::bytes_of(csv)}});
    EXPECT_TRUE(payloads.ok()) << payloads.error().text();
    content::Draft draft;
    draft.manifest.feed = content::Feed::kLocalRepData;
    draft.manifest.version = "samples";
    draft.payloads = *payloads;
    for (const auto& [name, bytes] : draft.payloads) {
        draft.manifest.payloads.push_back({name, bytes.size(), base::sha384(bytes)});
    }
    return draft;
}

// The file as a whole, by its own hash: a program in it may be known as well.
bool known_by_hash(const ScanVerdict& verdict) {
    return std::ranges::any_of(verdict.tags, [](const ports::ProgramTag& tag) {
        return tag.where.empty() && tag.reputation == 0;
    });
}

// An archive whose last byte may change, and that can still be unpacked.
bool holds_a_sample(const ScanVerdict& verdict) {
    return std::ranges::any_of(verdict.tags, [](const ports::ProgramTag& tag) {
        return !tag.where.empty() && tag.reputation == 0;
    });
}

class SampleCorpus : public testing::Test {
  protected:
    void SetUp() override {
        if (!fs::is_directory(kSamples)) {
            GTEST_SKIP() << "Debian's package clamav-testfiles is not installed";
        }
        samples_ = samples();
        ASSERT_GT(samples_.size(), 40u);
        ASSERT_OK_AND(const content::Draft rules, test::fixture(kShipped));
        install(rules);
        install(table_of(samples_));
    }
    void install(const content::Draft& draft) {
        const test::Stored stored = test::keep(store_, draft);
        ASSERT_OK_AND(
            const ports::Installation done,
            service_.installer(draft.manifest.feed).install(stored.manifest, stored.digest));
        ASSERT_EQ(done.outcome.category, base::Category::kInstalled)
            << base::to_text(done.outcome.evidence);
        ASSERT_OK(store_.commit(done.changes));
    }
    std::vector<ScanVerdict> scan_all() {
        std::vector<ports::Subject> subjects;
        for (const Sample& sample : samples_) {
            subjects.push_back(ports::file_subject(sample.name, sample.bytes));
        }
        auto verdicts = service_.scan(subjects);
        EXPECT_TRUE(verdicts.ok()) << verdicts.error().text();
        return verdicts.ok() ? *std::move(verdicts) : std::vector<ScanVerdict>(subjects.size());
    }

    test::MemoryStore store_;
    test::SandboxedScanners processes_;
    test::SetClock clock_;
    test::SetUptime uptime_;
    ScannerService service_{{store_, processes_, clock_, uptime_}, {.kills = 1}};
    std::vector<Sample> samples_;
};

TEST_F(SampleCorpus, IsFoundByAListOfItsHashesToTheLastFile) {
    const std::vector<ScanVerdict> verdicts = scan_all();
    for (size_t i = 0; i < samples_.size(); ++i) {
        EXPECT_TRUE(verdicts[i].detected())
            << samples_[i].name << ": " << base::to_text(verdicts[i].outcome.evidence);
        EXPECT_TRUE(known_by_hash(verdicts[i])) << samples_[i].name;
    }
    RecordProperty("samples", static_cast<int>(samples_.size()));
}

TEST_F(SampleCorpus, IsNotKnownByItsHashesOnceTheLastByteIsAnother) {
    for (Sample& sample : samples_) {
        sample.bytes.back() ^= 1;
    }
    const std::vector<ScanVerdict> verdicts = scan_all();
    int known = 0;
    for (size_t i = 0; i < samples_.size(); ++i) {
        EXPECT_EQ(verdicts[i].kind, ScanVerdict::Kind::kScanned) << samples_[i].name;
        EXPECT_FALSE(known_by_hash(verdicts[i])) << samples_[i].name;
        known += holds_a_sample(verdicts[i]) ? 1 : 0;
        if (verdicts[i].detected()) {
            fmt::print("still detected: {} ({})\n", samples_[i].name,
                       fmt::join(verdicts[i].found, ", "));
        }
    }
    RecordProperty("archives_of_samples", known);
    EXPECT_GT(known, 0) << "clam.exe in clam.zip is what it was";
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
