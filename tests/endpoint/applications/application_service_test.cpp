#include "endpoint/applications/application_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "content/encryption.h"
#include "endpoint/applications/rule_engine.h"
#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::applications {
namespace {

using base::Category;
using base::Code;
using content::Feed;
using host::Machine;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const base::Bytes kKey(32, 7);

// As the update client leaves it in the store.
test::Stored stored(test::MemoryStore& store, Feed feed, const std::string& version,
                    const Sources& sources) {
    content::Draft draft;
    draft.manifest.feed = feed;
    draft.manifest.version = version;
    for (const auto& [name, source] : sources) {
        const base::Bytes cipher = content::encrypt(feed, base::view_of(source), kKey).value();
        draft.manifest.payloads.push_back({name, cipher.size(), base::sha384(cipher)});
        draft.payloads[name] = cipher;
    }
    return test::keep(store, draft);
}

base::Outcome install(ApplicationService& service, test::MemoryStore& store,
                      const test::Stored& content) {
    const auto done = service.installer().install(content.manifest, content.digest);
    if (!done.ok()) {
        ADD_FAILURE() << done.error().text();
        return {};
    }
    EXPECT_TRUE(store.commit(done->changes).ok());
    return done->outcome;
}

// "App: C:\App\data", sorted.
std::vector<std::string> lines_of(const std::vector<ListedExclusion>& list) {
    std::vector<std::string> lines;
    for (const ListedExclusion& one : list) {
        lines.push_back(one.application + ": " + one.exclusion.path);
    }
    std::ranges::sort(lines);
    return lines;
}

MachineDraft with(std::initializer_list<const char*> programs) {
    MachineDraft draft;
    for (const std::string name : programs) {
        draft.program(name, "C:\\" + name);
    }
    return draft;
}

class ApplicationServiceTest : public testing::Test {
  protected:
    base::Outcome install(const std::string& version, const Sources& sources,
                          Feed feed = Feed::kAPPFEED) {
        return applications::install(service_, store_, stored(store_, feed, version, sources));
    }
    Detected detect(const Machine& machine, const PowerShell& powershell = {}) {
        const auto detected = service_.detect(machine, powershell);
        EXPECT_TRUE(detected.ok()) << detected.error().text();
        return detected.ok() ? *detected : Detected{};
    }
    std::vector<std::string> list() { return lines_of(service_.exclusions().value()); }
    static Sources finding(std::initializer_list<const char*> ids) {
        Sources sources;
        for (const std::string id : ids) {
            sources[id + ".lua"] = excluding(id);
        }
        return sources;
    }
    // None is stopped often enough to be disabled before the process has used up its time.
    static Sources deadly() {
        Sources sources;
        for (int i = 0; i < 40; ++i) {
            sources[fmt::format("{}.lua", i)] = fmt::format(
                "application {{id = 'loops-{}'}} detect(function() while "
                "#installed_programs('One') > 0 do end end)",
                i);
        }
        return sources;
    }
    void expect_death() {
        const Detected died = detect(one_);
        EXPECT_FALSE(died.detected);
        EXPECT_EQ(died.outcome.category, Category::kCpuLimit);
        last_ = base::to_text(died.outcome.evidence);
    }

    test::MemoryStore store_;
    test::SandboxedScanners processes_{
        {.component = "applications", .memory_bytes = 512ull << 20, .call_cpu_ms = 400}};
    test::SetUptime uptime_;
    ApplicationService service_{{store_, processes_, uptime_}, {.content_key = kKey}};
    const Machine one_ = with({"One"}).made(), two_ = with({"One", "Two"}).made();
    std::string last_;  // evidence of the last death
};

TEST_F(ApplicationServiceTest, DecryptsRulesAndExcludesWhatTheyFind) {
    EXPECT_EQ(detect(one_).outcome.code, Code::kNothingRuns);
    EXPECT_EQ(service_.missed(), 1u);
    ASSERT_EQ(install("1", finding({"One", "Two"})).category, Category::kInstalled);
    const Detected detected = detect(two_);
    EXPECT_TRUE(detected.detected);
    EXPECT_THAT(lines_of(detected.added), ElementsAre("One: C:\\One\\data", "Two: C:\\Two\\data"));
    EXPECT_THAT(detected.removed, IsEmpty());
    ASSERT_THAT(detected.expenses, SizeIs(2));
    EXPECT_EQ(detected.expenses[1].rule, "Two.lua");
    EXPECT_GT(detected.expenses[1].cost.memory_bytes, 0u);
    EXPECT_GT(detected.expenses[1].cost.nanoseconds, 0u);
    ASSERT_OK_AND(const auto shown, service_.exclusions());
    EXPECT_EQ(shown[0],
              (ListedExclusion{
                  "One", "One", "1.0", "One.lua", {ExclusionKind::kFolder, "C:\\One\\data"}}));
}

TEST_F(ApplicationServiceTest, TakesExclusionsAwayWithTheirApplication) {
    ASSERT_EQ(install("1", finding({"One", "Two"})).category, Category::kInstalled);
    detect(two_);
    ASSERT_OK(service_.note_told());
    const Detected detected = detect(one_);
    EXPECT_THAT(detected.added, IsEmpty());
    EXPECT_THAT(lines_of(detected.removed), ElementsAre("Two: C:\\Two\\data"));
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\data"));
    detect(MachineDraft().made());
    EXPECT_THAT(list(), IsEmpty());
}

TEST_F(ApplicationServiceTest, TakesExclusionsAwayWithTheirRule) {
    ASSERT_EQ(install("1", finding({"One", "Two"})).category, Category::kInstalled);
    detect(two_);
    ASSERT_EQ(install("2", finding({"Two"})).category, Category::kInstalled);
    EXPECT_THAT(lines_of(detect(two_).added), ElementsAre("Two: C:\\Two\\data"));
    EXPECT_THAT(list(), ElementsAre("Two: C:\\Two\\data"));
}

TEST_F(ApplicationServiceTest, SaysUntilCentralKnowsIt) {
    ASSERT_EQ(install("1", finding({"One"})).category, Category::kInstalled);
    EXPECT_THAT(detect(one_).added, SizeIs(1));
    EXPECT_THAT(detect(one_).added, SizeIs(1));
    ASSERT_OK(service_.note_told());
    EXPECT_THAT(detect(one_).added, IsEmpty());
    EXPECT_THAT(lines_of(detect(MachineDraft().made()).removed), ElementsAre("One: C:\\One\\data"));
    EXPECT_THAT(detect(one_).removed, IsEmpty()) << "it came back before anybody was told";
}

TEST_F(ApplicationServiceTest, KeepsItsListOverARestart) {
    ASSERT_EQ(install("1", finding({"One"})).category, Category::kInstalled);
    detect(one_);
    ASSERT_OK(service_.note_told());
    ApplicationService again({store_, processes_, uptime_}, {.content_key = kKey});
    EXPECT_THAT(lines_of(again.exclusions().value()), ElementsAre("One: C:\\One\\data"));
    ASSERT_OK_AND(const Detected detected, again.detect(two_));
    EXPECT_TRUE(detected.detected);
    EXPECT_THAT(detected.added, IsEmpty());
}

TEST_F(ApplicationServiceTest, FindsAnewWhatItCannotRead) {
    ASSERT_EQ(install("1", finding({"One"})).category, Category::kInstalled);
    detect(one_);
    ASSERT_OK(service_.note_told());
    store_.entries["applications/APPFEED/known"] = "spoiled";
    EXPECT_THAT(list(), IsEmpty());
    detect(one_);
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\data"));
}

TEST_F(ApplicationServiceTest, KeepsWhatItKnewOfAnApplicationWhoseRuleFails) {
    const std::string asks =
        "application {id = 'part'} detect(function()\n"
        "local state, why = powershell('(Get-WindowsOptionalFeature -Online -FeatureName "
        "P).State')\n"
        "if state == nil then error(why) end\n"
        "if state == 'Enabled' then found {component = 'P'} exclude {folder = 'D:\\\\p'} end end)";
    const base::Outcome installed = install("1", {{"a.lua", asks}, {"b.lua", excluding("One")}});
    ASSERT_EQ(installed.category, Category::kInstalled) << base::to_text(installed.evidence);
    MachineDraft draft = with({"One"}).files("D:\\p", 2);
    const Machine enabled = MachineDraft(draft).component("P").made();
    const Machine disabled = MachineDraft(draft).component("P", false).made();
    const PowerShell hangs{PowerShell::Does::kHangs, 0, ""};
    const auto both = ElementsAre("One: C:\\One\\data", "part: D:\\p");

    const Detected first = detect(enabled, hangs);
    EXPECT_TRUE(first.detected) << base::to_text(first.outcome.evidence);
    EXPECT_THAT(first.failed, SizeIs(1));
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\data")) << "nothing was known of it";
    detect(enabled);
    EXPECT_THAT(list(), both);
    const Detected hung = detect(enabled, hangs);
    EXPECT_THAT(list(), both);
    EXPECT_THAT(hung.failed.at(0).message, HasSubstr("no answer"));
    EXPECT_EQ(hung.waited.seconds, 60);
    EXPECT_EQ(hung.scripts_failed, 1u);
    detect(disabled, hangs);
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\data")) << "the machine shows that it has gone";
}

TEST_F(ApplicationServiceTest, RefusesTheSingleExclusionAndKeepsTheRest) {
    const Sources rules = {
        {"a.lua", rule_for("One",
                           "exclude {folder = 'C:\\\\'} exclude {folder = 'C:\\\\One\\\\a'} "
                           "exclude {folder = 'C:\\\\Windows'}")},
        {"b.lua", rule_for("Two", "exclude {folder = app.location}")},
        {"c.lua",
         "application {id = 'ghost'} detect(function() if registry.exists('HKLM\\\\SOFTWARE')"
         " then found {program = 'HKLM\\\\SOFTWARE\\\\ghost'} exclude {folder = 'C:\\\\x'} "
         "end end)"}};
    ASSERT_EQ(install("1", rules).category, Category::kInstalled);
    const Detected detected = detect(two_);
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\a", "Two: C:\\Two"));
    ASSERT_THAT(detected.refused, SizeIs(2));
    EXPECT_EQ(detected.refused[0].what.exclusion.path, "C:\\");
    EXPECT_EQ(detected.refused[0].why, Refusal::kDrive);
    EXPECT_EQ(detected.refused[1].why, Refusal::kWindows);
    EXPECT_EQ(detected.refused[1].what.rule, "a.lua");
    EXPECT_THAT(detected.not_there, ElementsAre("ghost"));
    EXPECT_EQ(service_.refusals(), 2u);
}

TEST_F(ApplicationServiceTest, RunsOnWithWhatRanWhenContentIsRefused) {
    ASSERT_EQ(install("1", finding({"One"})).category, Category::kInstalled);
    const base::Outcome refused = install("2", {{"b.lua", "application {id = 'b'}\nif"}});
    EXPECT_EQ(refused.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(refused.stage, base::Stage::kLoad);
    EXPECT_THAT(base::to_text(refused.evidence), HasSubstr("b.lua"));
    EXPECT_THAT(detect(one_).added, SizeIs(1));
}

TEST_F(ApplicationServiceTest, RefusesWhatItsKeyDoesNotOpen) {
    test::Stored content = stored(store_, Feed::kAPPFEED, "1", finding({"One"}));
    base::Bytes& cipher = store_.blobs[content.manifest.payloads[0].sha384];
    cipher[cipher.size() / 2] ^= 1;
    const base::Outcome refused = applications::install(service_, store_, content);
    EXPECT_EQ(refused.category, Category::kCorrupt);
    EXPECT_EQ(refused.stage, base::Stage::kLoad);
    EXPECT_EQ(processes_.started, 0) << "no process has seen any of it";
}

TEST_F(ApplicationServiceTest, SaysThatItHasNoKey) {
    ApplicationService keyless({store_, processes_, uptime_}, {});
    const test::Stored content = stored(store_, Feed::kAPPFEED, "1", finding({"One"}));
    EXPECT_ERROR(keyless.installer().install(content.manifest, content.digest),
                 "no content key of APPFEED");
}

TEST_F(ApplicationServiceTest, GoesBackAndQuarantinesWhatKillsItsProcess) {
    ASSERT_EQ(install("1", finding({"One"})).category, Category::kInstalled);
    detect(one_);
    ASSERT_EQ(install("2", deadly()).category, Category::kInstalled);
    expect_death();
    EXPECT_THAT(last_, HasSubstr("killed it 1 of 2 times"));
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\data")) << "nobody looked";
    expect_death();
    EXPECT_THAT(last_, HasSubstr("restarted on last-known-good; put into quarantine: APPFEED"));
    EXPECT_EQ(service_.missed(), 2u);
    EXPECT_TRUE(detect(two_).detected);
    EXPECT_THAT(list(), ElementsAre("One: C:\\One\\data"));
    EXPECT_EQ(install("2", deadly()).code, Code::kQuarantined);
    EXPECT_EQ(install("3", finding({"Two"})).category, Category::kInstalled);
    detect(two_);
    EXPECT_THAT(list(), ElementsAre("Two: C:\\Two\\data"));
}

TEST_F(ApplicationServiceTest, IsDownWhereThereIsNothingToGoBackTo) {
    ASSERT_EQ(install("1", deadly()).category, Category::kInstalled);
    expect_death();
    expect_death();
    EXPECT_THAT(last_, HasSubstr("down: no last-known-good"));
    EXPECT_EQ(detect(one_).outcome.code, Code::kNothingRuns);
}

TEST_F(ApplicationServiceTest, PausesBeforeTheThirdStartInARow) {
    ASSERT_EQ(install("1", deadly()).category, Category::kInstalled);
    ApplicationService patient({store_, processes_, uptime_}, {.content_key = kKey, .kills = 9});
    const auto outcome = [&] { return patient.detect(one_).value().outcome; };
    EXPECT_EQ(outcome().category, Category::kCpuLimit);
    EXPECT_EQ(outcome().category, Category::kCpuLimit);
    EXPECT_EQ(outcome().code, Code::kRestarting);
    uptime_.now = base::Duration{60};
    EXPECT_EQ(outcome().category, Category::kCpuLimit);
}

TEST_F(ApplicationServiceTest, KeepsTheTwoFeedsApart) {
    ApplicationService user({store_, processes_, uptime_},
                            {.feed = Feed::kUSERAPPFEED, .content_key = kKey});
    ASSERT_EQ(install("1", finding({"One"})).category, Category::kInstalled);
    ASSERT_EQ(applications::install(user, store_, stored(store_, Feed::kUSERAPPFEED, "1", deadly()))
                  .category,
              Category::kInstalled);
    EXPECT_FALSE(user.detect(one_).value().detected);
    EXPECT_TRUE(detect(one_).detected);
    EXPECT_THAT(list(), SizeIs(1));
    EXPECT_THAT(user.exclusions().value(), IsEmpty());
}

// Of anything installed and removed in any order, the list is that of what is there now, and
// Central knows it if it is told what came and went.
TEST_F(ApplicationServiceTest, HasTheExclusionsOfWhatIsInstalledNow) {
    ASSERT_EQ(install("1", finding({"One", "Two", "Three", "Four"})).category,
              Category::kInstalled);
    std::set<std::string> told;
    std::set<std::string> installed;
    const auto step = [&](const std::string& name, bool is_there) {
        is_there ? (void)installed.insert(name) : (void)installed.erase(name);
        MachineDraft draft;
        std::vector<std::string> expected;
        for (const std::string& one : installed) {
            draft.program(one, "C:\\" + one);
            expected.push_back(one + ": C:\\" + one + "\\data");
        }
        const Detected detected = detect(draft.made());
        RC_ASSERT(list() == expected);
        std::set<std::string> central = told;
        for (const ListedExclusion& one : detected.removed) {
            RC_ASSERT(central.erase(one.application) == 1);
        }
        for (const ListedExclusion& one : detected.added) {
            RC_ASSERT(central.insert(one.application).second);
        }
        RC_ASSERT(central == installed);
    };
    EXPECT_TRUE(rc::check([&] {
        for (int steps = *rc::gen::inRange(1, 6); steps > 0; --steps) {
            step(*rc::gen::element<std::string>("One", "Two", "Three", "Four"),
                 *rc::gen::arbitrary<bool>());
            if (*rc::gen::arbitrary<bool>()) {
                RC_ASSERT(service_.note_told().ok());
                told = installed;
            }
        }
    }));
}

// --- a process that has gone bad

// Says that it has loaded, and then this.
class LyingProcesses final : public ports::ComponentProcesses {
  public:
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool) override {
        return std::unique_ptr<ports::ComponentProcess>(new Liar(*this));
    }
    base::Bytes reply;

  private:
    class Liar final : public ports::ComponentProcess {
      public:
        explicit Liar(LyingProcesses& all) : all_(all) {}
        base::Result<ports::CallResult> call(const base::Gathered&,
                                             std::span<const base::ByteView>) override {
            const bool loads = !std::exchange(loaded_, true);
            return ports::CallResult(loads ? rules::encode(rules::LoadReply{}) : all_.reply);
        }
        std::chrono::microseconds last_call_cpu() const override { return {}; }

      private:
        LyingProcesses& all_;
        bool loaded_ = false;
    };
};

class LyingProcess : public testing::Test {
  protected:
    Detected detect(const std::vector<RuleReply>& rules) {
        DetectReply reply;
        reply.rules = rules;
        reply.costs.resize(rules.size());
        processes_.reply = encode(reply);
        return service_.detect(machine_).value();
    }
    void SetUp() override {
        const auto content = stored(store_, Feed::kAPPFEED, "1", {{"a.lua", "x"}});
        ASSERT_EQ(install(service_, store_, content).category, Category::kInstalled);
    }
    static RuleReply found(std::vector<Evidence> evidence, std::vector<Exclusion> exclusions) {
        return {RuleReply::End::kFound,
                {{"app", "App\x1b[2J", "1.0", std::move(evidence)}, std::move(exclusions)},
                ""};
    }

    test::MemoryStore store_;
    LyingProcesses processes_;
    test::SetUptime uptime_;
    ApplicationService service_{{store_, processes_, uptime_}, {.content_key = kKey}};
    const Machine machine_ =
        with({"One"}).files("C:\\Windows\\System32", 5).files("C:\\data", 50).made();
};

TEST_F(LyingProcess, GetsNoExclusionThatARuleWouldNotGet) {
    const std::vector<Exclusion> wanted = {{ExclusionKind::kFolder, "C:\\"},
                                           {ExclusionKind::kFolder, "C:\\Windows"},
                                           {ExclusionKind::kFolder, "C:\\data"},
                                           {ExclusionKind::kFolder, "C:\\One"}};
    const Detected detected =
        detect({found({{EvidenceKind::kProgram, programs_key("One")}}, wanted)});
    EXPECT_THAT(detected.refused, SizeIs(3));
    EXPECT_THAT(lines_of(service_.exclusions().value()), ElementsAre("app: C:\\One"));
    EXPECT_EQ(service_.exclusions().value()[0].name, "App\\x1b[2J") << "as it may be shown";
    EXPECT_THAT(detect({found({{EvidenceKind::kProgram, programs_key("None")}}, wanted)}).not_there,
                ElementsAre("app"));
    EXPECT_THAT(service_.exclusions().value(), IsEmpty());
}

TEST_F(LyingProcess, IsTakenForDeadIfItSpeaksOfOtherRules) {
    const RuleReply honest = found({{EvidenceKind::kProgram, programs_key("One")}}, {});
    RuleReply more = honest;
    more.claim.application.id = "more";
    const Detected detected = detect({honest, more});
    EXPECT_FALSE(detected.detected);
    EXPECT_EQ(detected.outcome.code, Code::kReplyInvalid);
    EXPECT_EQ(detect({}).outcome.code, Code::kReplyInvalid);
}

TEST_F(LyingProcess, IsTakenForDeadIfItSpeaksNonsense) {
    processes_.reply = base::bytes_of("nonsense");
    EXPECT_EQ(service_.detect(machine_).value().outcome.category, Category::kProtocol);
}

}  // namespace
}  // namespace firebreak::endpoint::applications
