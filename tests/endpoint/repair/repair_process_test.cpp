// What the service takes of a process that nobody vouches for.
#include "endpoint/repair/repair_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "endpoint/repair/lying_process.h"
#include "endpoint/repair/repair_fixture.h"
#include "support/any_machine.h"

namespace firebreak::endpoint::repair {
namespace {

using base::Category;
using base::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;
using Mended = RepairProcess::Mended;
using End = RuleReport::End;

// With two rules, of which the reply may say what it likes.
std::variant<Mended, Outcome> result_of(const base::Bytes& reply, const host::Machine& machine) {
    LyingProcesses liars;
    liars.reply = reply;
    auto loaded = RepairProcess::start(liars, {{"a.lua", {}}, {"b.lua", {}}});
    EXPECT_TRUE(loaded.ok() && loaded->process != nullptr);
    auto result = loaded->process->mend(machine, product_2026());
    EXPECT_TRUE(result.ok());
    return std::move(result).value();
}

MendReply reply_of(std::vector<Entry> first, std::vector<Entry> second) {
    return {{{End::kDone, "a", "", std::move(first)}, {End::kDone, "b", "", std::move(second)}}};
}

void expect_refused(const base::Bytes& reply, const std::string& part) {
    const auto result = result_of(reply, damaged_machine());
    const auto* refused = std::get_if<Outcome>(&result);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->stage, base::Stage::kRun);
    EXPECT_EQ(refused->category, Category::kProtocol);
    EXPECT_THAT(base::to_text(refused->evidence), HasSubstr(part));
}

TEST(RepairProcess, TellsWhatWasDoneByWhichRuleAndWhy) {
    MendReply reply =
        reply_of({Note{"it was torn"}, Restore{kUpdater}}, {host::DeleteFile{kScanner}});
    const auto result = result_of(encode(reply), damaged_machine());
    const Mended& mended = std::get<Mended>(result);
    using What = AuditLine::What;
    EXPECT_THAT(mended.audit,
                ElementsAre(AuditLine{What::kNote, "a.lua", "a", "it was torn"},
                            AuditLine{What::kChanged, "a.lua", "a", "restored " + kUpdater},
                            AuditLine{What::kChanged, "b.lua", "b", "deleted " + kScanner}));
    EXPECT_EQ(mended.machine.file(kUpdater)->content,
              host::find_file(product_2026(), kUpdater)->content);
    EXPECT_EQ(mended.machine.file(kScanner), nullptr);
    reply.rules[0] = {End::kDeadline, "a", "too long", {}};
    const auto second = result_of(encode(reply), damaged_machine());
    EXPECT_EQ(std::get<Mended>(second).audit.at(0),
              (AuditLine{What::kFailed, "a.lua", "a", "deadline: too long"}));
}

TEST(RepairProcess, TakesNothingForAJournalThatIsNone) {
    expect_refused({}, "malformed");
    expect_refused(base::bytes_of("nonsense"), "malformed");
    expect_refused(rules::encode({}), "malformed");
    expect_refused(encode(MendReply{}), "it tells of 0 rules, where 2 were loaded");
    MendReply three = reply_of({}, {});
    three.rules.emplace_back();
    expect_refused(encode(three), "it tells of 3 rules");
}

TEST(RepairProcess, RefusesAllOfAJournalThatDoesNotHold) {
    const Entry good = Restore{kUpdater};
    const std::vector<std::pair<Entry, std::string>> bad = {
        {host::WriteFile{R"(\\server\share\a)", {}}, "does not begin with a drive"},
        {host::WriteFile{R"(\\.\PhysicalDrive0)", {}}, "does not begin with a drive"},
        {host::DeleteFile{R"(C:\none)"}, "there is no file"},
        {Restore{R"(C:\Windows\System32\ntoskrnl.exe)"}, "is not in the package"},
        {host::SetValue{"HKLM", {}}, "does not begin with"},
        {host::DeleteKey{R"(HKLM\none)"}, "there is no key"},
        {host::ConfigureService{"none", host::ServiceStart::kManual, false}, "no service"},
        {host::ConfigureService{"EventLog", host::ServiceStart::kDisabled, true}, "disabled"}};
    for (const auto& [entry, part] : bad) {
        expect_refused(encode(reply_of({good}, {entry})), part);
        expect_refused(encode(reply_of({entry}, {good})), part);
    }
    expect_refused(encode(reply_of({host::DeleteFile{kUpdater}}, {host::DeleteFile{kUpdater}})),
                   "there is no file");
}

// Whatever a process says, the machine is what the journal makes of it, or as it was.
RC_GTEST_PROP(RepairProcess, AppliesAJournalAsAWholeOrNotAtAll, ()) {
    const host::Machine before = test::any_machine();
    std::vector<Entry> journal;
    host::Machine after = before;
    bool holds = true;
    for (int n = *rc::gen::inRange(0, 5); n > 0; --n) {
        const host::Change change = test::any_change();
        const auto* set = std::get_if<host::SetValue>(&change);
        if (set == nullptr || host::value_problem(set->value).empty()) {
            journal.push_back(change);
            holds = holds && host::apply(after, change).ok();
        }
    }
    const auto result = result_of(encode(reply_of(journal, {})), before);
    RC_ASSERT(std::holds_alternative<Mended>(result) == holds);
    if (holds) {
        RC_ASSERT(std::get<Mended>(result).machine == after);
        RC_ASSERT(std::get<Mended>(result).audit.size() == journal.size());
    }
}

}  // namespace
}  // namespace firebreak::endpoint::repair
