#include "endpoint/repair/messages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/any_machine.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::repair {
namespace {

using End = RuleReport::End;

Entry any_entry() {
    switch (*rc::gen::inRange(0, 3)) {
        case 0: {
            host::Change change = test::any_change();
            const auto* set = std::get_if<host::SetValue>(&change);
            return set != nullptr && !host::value_problem(set->value).empty()
                       ? Entry(Note{"no such value"})
                       : Entry(std::move(change));
        }
        case 1:
            return Restore{test::any_machine_path()};
        default:
            return Note{*rc::gen::element<std::string>("", "it is gone")};
    }
}

MendReply any_reply() {
    MendReply reply;
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
        RuleReport& report = reply.rules.emplace_back();
        report.rule = *rc::gen::element<std::string>("a", "b");
        report.end = static_cast<End>(*rc::gen::inRange(0, 4));
        if (report.end != End::kDone) {
            report.message = "it failed";
            continue;
        }
        for (int m = *rc::gen::inRange(0, 5); m > 0; --m) {
            report.journal.push_back(any_entry());
        }
    }
    return reply;
}

// How many kinds of messages these bytes are; each is what is sent of what it says.
int kinds_of(const base::Bytes& bytes) {
    int kinds = 0;
    if (const auto request = parse_request(bytes); request.ok()) {
        ++kinds;
        RC_ASSERT(std::visit([](const auto& one) { return encode(one).joined(); }, *request) ==
                  bytes);
    }
    if (const auto reply = parse_mend_reply(bytes); reply.ok()) {
        ++kinds;
        RC_ASSERT(encode(*reply) == bytes);
    }
    if (const auto reply = rules::parse_load_reply(bytes); reply.ok()) {
        ++kinds;
        RC_ASSERT(rules::encode(*reply) == bytes);
    }
    return kinds;
}

RC_GTEST_PROP(RepairMessages, ComeBackAsTheyWereSent, ()) {
    const MendReply reply = any_reply();
    const auto again = parse_mend_reply(encode(reply));
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == reply);
    RC_ASSERT(kinds_of(encode(reply)) == 1);
}

TEST(RepairMessages, AskForOneThingEach) {
    const base::Bytes image = base::bytes_of("image"), source = base::bytes_of("repair {}");
    const std::vector<PackageFile> package = {{"C:\\a", 7, base::sha384(image)}};
    const base::Bytes load = encode(LoadRules{{{"a.lua", source}}}).joined();
    const base::Bytes mend = encode(Mend{image, package}).joined();
    ASSERT_OK_AND(const Request first, parse_request(load));
    EXPECT_EQ(std::get<LoadRules>(first).files.at(0).name, "a.lua");
    EXPECT_EQ(base::text_of(std::get<LoadRules>(first).files.at(0).source), "repair {}");
    ASSERT_OK_AND(const Request second, parse_request(mend));
    EXPECT_EQ(base::text_of(std::get<Mend>(second).machine), "image");
    EXPECT_EQ(std::get<Mend>(second).package, package);
    for (const base::Bytes& message : {load, mend}) {
        EXPECT_EQ(kinds_of(message), 1);
        for (size_t size = 0; size < message.size(); ++size) {
            EXPECT_EQ(kinds_of({message.begin(), message.begin() + static_cast<ptrdiff_t>(size)}),
                      0);
        }
    }
}

RC_GTEST_PROP(RepairMessages, AreOneMessageOrNoneWhateverTheBytes, ()) {
    base::Bytes bytes = encode(any_reply());
    const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<uint8_t>();
    RC_ASSERT(kinds_of(bytes) <= 1);
    bytes.resize(at);
    RC_ASSERT(kinds_of(bytes) == 0);
    RC_ASSERT(kinds_of(*rc::gen::arbitrary<base::Bytes>()) <= 1);
}

bool is_taken(const MendReply& reply) {
    return parse_mend_reply(encode(reply)).ok();
}

TEST(RepairMessages, AreRefusedBeyondTheirLimits) {
    const auto reply_of = [](std::vector<Entry> journal, End end = End::kDone,
                             const std::string& message = "") {
        return MendReply{{{end, "a", message, std::move(journal)}}};
    };
    EXPECT_TRUE(is_taken({std::vector<RuleReport>(kMaxRules)}));
    EXPECT_FALSE(is_taken({std::vector<RuleReport>(kMaxRules + 1)}));
    EXPECT_TRUE(is_taken(reply_of(std::vector<Entry>(kMaxEntries, Note{}))));
    EXPECT_FALSE(is_taken(reply_of(std::vector<Entry>(kMaxEntries + 1, Note{}))));
    EXPECT_TRUE(is_taken(reply_of({Note{std::string(kMaxNoteBytes, 'a')}})));
    EXPECT_FALSE(is_taken(reply_of({Note{std::string(kMaxNoteBytes + 1, 'a')}})));
    const Entry half = host::WriteFile{"C:\\a", base::Bytes(kMaxJournalBytes / 2 - 100)};
    EXPECT_TRUE(is_taken(reply_of({half, half})));
    EXPECT_FALSE(is_taken(reply_of({half, half, half})));
    EXPECT_TRUE(is_taken(reply_of({}, End::kError, "why")));
    EXPECT_FALSE(is_taken(reply_of({Note{"done"}}, End::kError, "why")));
    EXPECT_FALSE(is_taken(reply_of({}, End::kDone, "why")));
    Mend request{{}, {{"C:\\a", host::kMostFileBytes, {}}}};
    EXPECT_TRUE(parse_request(encode(request).joined()).ok());
    request.package[0].size += 1;
    EXPECT_FALSE(parse_request(encode(request).joined()).ok());
}

// All rules at their limits: that is what kMaxReplyBytes is for.
TEST(RepairMessages, FitIntoAReplyWhateverRulesSay) {
    MendReply reply;
    for (size_t rule = 0; rule < kMaxRules; ++rule) {
        RuleReport& report = reply.rules.emplace_back();
        report.rule = std::string(rules::kMaxNameBytes, 'a');
        size_t bytes = 0;
        const Entry note = Note{std::string(kMaxNoteBytes, 'a')};
        while (bytes + size_of(note) <= kMaxJournalBytes) {
            bytes += size_of(note);
            report.journal.push_back(note);
        }
    }
    EXPECT_TRUE(is_taken(reply));
    EXPECT_LE(encode(reply).size(), kMaxReplyBytes);
}

}  // namespace
}  // namespace firebreak::endpoint::repair
