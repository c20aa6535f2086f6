#include "endpoint/repair/repair_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <tuple>

#include "content/encryption.h"
#include "endpoint/repair/lying_process.h"
#include "endpoint/repair/repair_fixture.h"
#include "endpoint/scanner/real_scanner.h"
#include "host/installed.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::repair {
namespace {

using base::Category;
using base::Code;
using host::Machine;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using By = RepairReport::By;
using What = AuditLine::What;

const base::Bytes kKey(32, 7), kWrongKey(32, 8);

// As the update client leaves it in the store.
test::Stored stored(test::MemoryStore& store, const std::string& version, const KitSources& kit,
                    const base::Bytes& key = kKey) {
    content::Draft draft;
    draft.manifest.feed = content::Feed::kRepairKit;
    draft.manifest.version = version;
    for (const auto& [name, source] : kit) {
        const base::Bytes cipher =
            content::encrypt(content::Feed::kRepairKit, base::view_of(source), key).value();
        draft.manifest.payloads.push_back({name, cipher.size(), base::sha384(cipher)});
        draft.payloads[name] = cipher;
    }
    return test::keep(store, draft);
}

// Loads, and is stopped on any machine with the product; so often that its process has used up its
// time by then.
KitSources deadly_kit() {
    KitSources kit;
    for (int n = 0; n < 40; ++n) {
        kit[fmt::format("{:02}.lua", n)] =
            rule_on_product(fmt::format("loops-{}", n), "while true do end");
    }
    return kit;
}

KitSources noting_kit(const std::string& text) {
    return {{"notes.lua", rule_on_product("notes", "note('" + text + "')")}};
}

class RepairServiceTest : public testing::Test {
  protected:
    base::Outcome install(const std::string& version, const KitSources& kit,
                          const base::Bytes& key = kKey) {
        return install(stored(store_, version, kit, key));
    }
    base::Outcome install(const test::Stored& content) {
        const auto done = service_.installer().install(content.manifest, content.digest);
        if (!done.ok()) {
            ADD_FAILURE() << done.error().text();
            return {};
        }
        EXPECT_TRUE(store_.commit(done->changes).ok());
        return done->outcome;
    }
    void install_well(const std::string& version, const KitSources& kit) {
        const base::Outcome outcome = install(version, kit);
        ASSERT_EQ(outcome.category, Category::kInstalled) << base::to_text(outcome.evidence);
    }
    RepairReport run() { return run(service_); }
    RepairReport run(RepairService& service) {
        auto report = service.run(machine_, product_2026());
        EXPECT_TRUE(report.ok()) << report.error().text();
        return report.ok() ? *std::move(report) : RepairReport{};
    }
    // A kit ran, which says this and does nothing.
    void expect_note(const RepairReport& report, const std::string& text) {
        EXPECT_EQ(report.by, By::kKit);
        EXPECT_THAT(report.audit,
                    testing::ElementsAre(AuditLine{What::kNote, "notes.lua", "notes", text}));
    }
    // The last resort ran, and mended the updater and not the scanner.
    void expect_last_resort(const RepairReport& report) {
        EXPECT_EQ(report.by, By::kLastResort);
        Machine expected = damaged_machine();
        const host::File* updater = host::find_file(product_2026(), kUpdater);
        ASSERT_OK(host::put_file(expected, kUpdater, updater->content, updater->sha384));
        EXPECT_EQ(machine_, expected);
    }
    // Of the one failure of this run.
    static std::string evidence(const RepairReport& report, Category category) {
        EXPECT_THAT(report.failures, SizeIs(1));
        if (report.failures.size() != 1) {
            return "";
        }
        EXPECT_EQ(report.failures[0].category, category);
        return base::to_text(report.failures[0].evidence);
    }

    test::MemoryStore store_;
    test::SandboxedScanners processes_{{.component = "repair",
                                        .memory_bytes = 512ull << 20,
                                        .call_cpu_ms = 400,
                                        .max_reply_bytes = kMaxReplyBytes}};
    RepairService service_{{store_, processes_}, {.content_key = kKey}};
    Machine machine_ = damaged_machine();
};

TEST_F(RepairServiceTest, MendsWhatAnUncleanShutdownDid) {
    install_well("1", shipped_kit());
    machine_ = sound_machine();
    const base::RandomStream draws(1, base::Stream::kTrigger);
    const auto damaged = host::shut_down_uncleanly(machine_, product_2026(), draws, 0);
    ASSERT_NE(machine_, sound_machine());
    const RepairReport report = run();
    EXPECT_EQ(report.by, By::kKit);
    EXPECT_EQ(machine_, sound_machine());
    EXPECT_THAT(report.failures, IsEmpty());
    EXPECT_GE(report.count(What::kChanged), damaged.size());
    EXPECT_GE(report.count(What::kNote), damaged.size());
    EXPECT_EQ(report.count(What::kFailed), 0u);
    EXPECT_THAT(run().audit, IsEmpty()) << "nothing is left to be done";
}

// Rules may write, and what they write has a digest, too.
TEST_F(RepairServiceTest, LetsRulesWriteFiles) {
    install_well("1", {{"a.lua", rule_on_product("a", "files.write('C:\\\\a.txt', 'new')")}});
    EXPECT_EQ(run().by, By::kKit);
    ASSERT_NE(machine_.file("C:\\a.txt"), nullptr);
    EXPECT_EQ(machine_.file("C:\\a.txt")->sha384, base::sha384(base::view_of("new")));
}

TEST_F(RepairServiceTest, HasItsLastResortUntilAKitComes) {
    const RepairReport first = run();
    EXPECT_THAT(first.failures, IsEmpty());
    EXPECT_THAT(first.audit.back().text, HasSubstr("so that the next kit can come"));
    expect_last_resort(first);
    install_well("1", shipped_kit());
    EXPECT_EQ(run().by, By::kKit);
    EXPECT_EQ(machine_, sound_machine());
}

// A rule that fails on a damaged machine alone would keep the updater from mending it for ever.
TEST_F(RepairServiceTest, HasItsLastResortWhereARuleFails) {
    install_well("1", {{"a.lua", rule_on_product("a", "services.find('none').start()")},
                       {"b.lua", rule_on_product("b", "files.write('C:\\\\b', '')")}});
    const RepairReport report = run();
    EXPECT_EQ(report.by, By::kKit);
    ASSERT_THAT(report.audit, SizeIs(4));
    EXPECT_EQ(report.audit[0].what, What::kFailed);
    EXPECT_EQ(report.audit[1].text, "wrote 0 bytes to C:\\b");
    EXPECT_EQ(report.audit[2].text, "restored " + kUpdater);
    EXPECT_EQ(report.audit[2].file, "last_resort.lua");
    EXPECT_NE(machine_.file("C:\\b"), nullptr);
    const auto digest = [](const std::string& path) {
        return host::find_file(product_2026(), path)->sha384;
    };
    EXPECT_EQ(machine_.file(kUpdater)->sha384, digest(kUpdater));
    EXPECT_NE(machine_.file(kScanner)->sha384, digest(kScanner)) << "that is the next kit's affair";
}

TEST_F(RepairServiceTest, RunsOnWithWhatRanWhenAKitIsRefused) {
    install_well("1", noting_kit("first"));
    const int started = processes_.started;
    const base::Outcome locked = install("2", noting_kit("locked"), kWrongKey);
    EXPECT_EQ(locked.category, Category::kCorrupt);
    EXPECT_EQ(locked.stage, base::Stage::kLoad);
    EXPECT_EQ(processes_.started, started) << "no process has seen any of it";
    const base::Outcome torn = install("3", {{"a.lua", "repair {id = 'a'}\nif"}});
    EXPECT_EQ(torn.code, Code::kRulesDoNotCompile);
    EXPECT_THAT(base::to_text(torn.evidence), HasSubstr("a.lua"));
    const base::Outcome eager = install("4", {{"a.lua", rule_that("a", "services.find('x').a()")}});
    EXPECT_EQ(eager.code, Code::kRuleSelfTest);
    EXPECT_THAT(base::to_text(eager.evidence), HasSubstr("on an empty machine"));
    expect_note(run(), "first");
}

TEST_F(RepairServiceTest, SaysThatItHasNoKey) {
    RepairService keyless({store_, processes_}, {});
    const test::Stored content = stored(store_, "1", noting_kit("1"));
    EXPECT_ERROR(keyless.installer().install(content.manifest, content.digest),
                 "no content key of RepairKit");
}

TEST_F(RepairServiceTest, GoesBackAndQuarantinesWhatKillsItsProcess) {
    install_well("1", noting_kit("first"));
    install_well("2", deadly_kit());
    const RepairReport first = run();
    EXPECT_THAT(evidence(first, Category::kCpuLimit), HasSubstr("has failed 1 of 2 times"));
    expect_last_resort(first);
    const RepairReport second = run();
    EXPECT_THAT(evidence(second, Category::kCpuLimit), HasSubstr("goes back to last-known-good"));
    expect_note(second, "first");
    EXPECT_EQ(install("2", deadly_kit()).code, Code::kQuarantined);
    const RepairReport third = run();
    EXPECT_THAT(third.failures, IsEmpty());
    expect_note(third, "first");
    install_well("3", shipped_kit());
    EXPECT_EQ(run().by, By::kKit);
    EXPECT_EQ(machine_, sound_machine());
}

TEST_F(RepairServiceTest, HasItsLastResortWhereThereIsNothingToGoBackTo) {
    install_well("1", deadly_kit());
    expect_last_resort(run());
    const RepairReport second = run();
    EXPECT_THAT(evidence(second, Category::kCpuLimit), HasSubstr("down: no last-known-good"));
    expect_last_resort(second);
    EXPECT_THAT(run().failures, IsEmpty()) << "it is not tried any more";
    EXPECT_EQ(install("1", deadly_kit()).code, Code::kQuarantined);
}

TEST_F(RepairServiceTest, CountsKillsOverARestart) {
    install_well("1", noting_kit("first"));
    install_well("2", deadly_kit());
    run();
    RepairService again({store_, processes_}, {.content_key = kKey});
    expect_note(run(again), "first");
}

TEST_F(RepairServiceTest, KnowsItsKitAfterARestart) {
    const test::Stored kit = stored(store_, "1", shipped_kit());
    ASSERT_EQ(install(kit).category, Category::kInstalled);
    RepairService again({store_, processes_}, {.content_key = kKey});
    ASSERT_OK_AND(const bool keeps, again.installer().keeps(kit.digest));
    EXPECT_TRUE(keeps);
    EXPECT_EQ(run(again).by, By::kKit);
    EXPECT_EQ(machine_, sound_machine());
}

// An unclean shutdown damages the program's own store, too. That is no fault of the kit's.
TEST_F(RepairServiceTest, HasItsLastResortWhereItsStoreIsDamaged) {
    const test::Stored kit = stored(store_, "1", noting_kit("first"));
    ASSERT_EQ(install(kit).category, Category::kInstalled);
    const auto sound = std::pair(store_.entries, store_.blobs);
    const std::string manifest = ports::package_key(content::Feed::kRepairKit, kit.digest.hex());
    const std::vector<std::function<void()>> damages = {
        [&] { store_.entries[manifest].resize(10); }, [&] { store_.entries.erase(manifest); },
        [&] { store_.blobs.clear(); }, [&] { store_.blobs.begin()->second.back() ^= 1; }};
    for (const auto& damage : damages) {
        damage();
        machine_ = damaged_machine();
        const int commits = store_.commits;
        const RepairReport report = run();
        EXPECT_THAT(evidence(report, Category::kCorrupt), Not(IsEmpty()));
        expect_last_resort(report);
        EXPECT_EQ(store_.commits, commits) << "the kit is as good as before";
        std::tie(store_.entries, store_.blobs) = sound;
        expect_note(run(), "first");
    }
}

TEST_F(RepairServiceTest, SaysIfItCannotKeepWhatItKnows) {
    install_well("1", deadly_kit());
    store_.broken = true;
    EXPECT_ERROR(service_.run(machine_, product_2026()), "the disk is full");
    EXPECT_EQ(machine_, damaged_machine());
}

// --- a process that has gone bad

TEST_F(RepairServiceTest, TouchesNothingByAJournalThatDoesNotHold) {
    LyingProcesses liars;
    RepairService deceived({store_, liars}, {.content_key = kKey});
    install_well("1", noting_kit("first"));
    install_well("2", noting_kit("second"));
    for (const std::vector<Entry>& journal : std::vector<std::vector<Entry>>{
             {Restore{kScanner}, host::DeleteFile{"C:\\none"}},
             {host::DeleteFile{kScanner}, Restore{"C:\\Windows\\System32\\ntoskrnl.exe"}}}) {
        liars.reply = encode(MendReply{{{RuleReport::End::kDone, "notes", "", journal}}});
        const RepairReport report = run(deceived);
        EXPECT_EQ(report.by, By::kNobody);
        EXPECT_EQ(machine_, damaged_machine());
        EXPECT_THAT(report.audit, IsEmpty());
        ASSERT_GE(report.failures.size(), 2u)
            << "the last resort is the word of such a process too";
        EXPECT_EQ(report.failures.front().code, Code::kReplyInvalid);
    }
    expect_note(run(), "first");
    EXPECT_EQ(install("2", noting_kit("second")).code, Code::kQuarantined);
}

// --- the last resort

const std::string kUpdaterService = "EndpointGuardUpdater";
const std::string kUpdaterSettings = std::string(host::kProductKey) + "\\Updater";

// To parts of the product, and now and then of Windows.
host::Change any_damage() {
    const host::File file = *rc::gen::elementOf(product_2026().files);
    const std::string service =
        *rc::gen::element<std::string>("EndpointGuardUpdater", "EventLog", "EndpointGuardScanner");
    const std::string key = *rc::gen::elementOf(
        std::vector{std::string(host::kProductKey), kUpdaterSettings, host::service_key(service)});
    const std::string name = *rc::gen::element<std::string>("ImagePath", "IntervalSeconds", "Start",
                                                            "Staging", "Version");
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
            return host::WriteFile{file.path, *rc::gen::arbitrary<base::Bytes>()};
        case 1:
            return host::DeleteFile{file.path};
        case 2:
            return host::DeleteValue{key, name};
        case 3:
            return host::SetValue{key,
                                  {name, host::RegistryType::kDword,
                                   *rc::gen::element<uint64_t>(0, 3, 4, 900, 1 << 30)}};
        case 4:
            return host::DeleteKey{key};
        default:
            return host::ConfigureService{service, host::ServiceStart::kDisabled, false};
    }
}

Machine any_damaged_machine() {
    Machine machine = sound_machine();
    for (int n = *rc::gen::inRange(0, 9); n > 0; --n) {
        (void)host::apply(machine, any_damage());  // some hit what has gone already
    }
    return machine;
}

// What is not the updater's.
struct Others {
    explicit Others(const Machine& machine) : files(machine.files()), services(machine.services()) {
        const std::string folder =
            host::case_folded(std::string(host::kProductFolder) + "\\Updater\\");
        std::erase_if(files, [&](const auto& one) { return one.first.starts_with(folder); });
        std::erase_if(services, [](const auto& one) { return one.name == kUpdaterService; });
        for (const auto& [place, key] : machine.registry().keys()) {
            if (key.path != host::service_key(kUpdaterService) && key.path != kUpdaterSettings) {
                keys.push_back(key);
            }
        }
    }
    bool operator==(const Others&) const = default;

    std::map<std::string, host::MachineFile> files;
    std::vector<host::Service> services;
    std::vector<host::RegistryKey> keys;
};

// As it must be, where it is there at all.
void check_updater(const Machine& machine) {
    const Machine sound = sound_machine();
    for (const host::File& file : product_2026().files) {
        if (file.path.find("\\Updater\\") != std::string::npos) {
            const host::MachineFile* found = machine.file(file.path);
            RC_ASSERT(found != nullptr && *found->content == *file.content);
        }
    }
    const std::string key = host::service_key(kUpdaterService);
    if (const host::Service* service = machine.service(kUpdaterService)) {
        RC_ASSERT(*service == *sound.service(kUpdaterService));
        RC_ASSERT(*machine.registry().find(key, "ImagePath") ==
                  *sound.registry().find(key, "ImagePath"));
    }
    if (machine.registry().find(kUpdaterSettings) != nullptr) {
        const auto* every = machine.registry().find(kUpdaterSettings, "IntervalSeconds");
        RC_ASSERT(every != nullptr && std::get<uint64_t>(every->data) <= 86'400);
        RC_ASSERT(*machine.registry().find(kUpdaterSettings, "Staging") ==
                  *sound.registry().find(kUpdaterSettings, "Staging"));
    }
}

TEST_F(RepairServiceTest, TouchesNothingButTheUpdaterAsALastResort) {
    EXPECT_TRUE(rc::check([&] {
        machine_ = any_damaged_machine();
        const Machine before = machine_;
        const RepairReport report = run();
        RC_ASSERT(report.by == By::kLastResort);
        RC_ASSERT(report.count(What::kFailed) == 0u);
        RC_ASSERT(Others(machine_) == Others(before));
        RC_ASSERT((machine_.service(kUpdaterService) == nullptr) ==
                  (before.service(kUpdaterService) == nullptr));
        check_updater(machine_);
        RC_ASSERT(run().audit.empty());
    }));
}

}  // namespace
}  // namespace firebreak::endpoint::repair
