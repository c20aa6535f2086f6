#include "endpoint/supervision/content_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ports/installer.h"
#include "support/memory_store.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::supervision {
namespace {

using content::Feed;
using testing::ElementsAre;
using testing::Key;
using testing::Pair;
using testing::UnorderedElementsAre;

class ContentRecordTest : public testing::Test {
  protected:
    // Installs it as an update client and a component do.
    std::string install(const std::string& version) {
        content::Manifest manifest;
        manifest.feed = Feed::kBehavior;
        manifest.version = version;
        manifest.payloads = {{"a.lua", 1, base::sha384(base::view_of(version))}};
        const base::Bytes json = content::canonical_json(manifest);
        const std::string digest = base::sha384(json).hex();
        store_.entries[ports::package_key(Feed::kBehavior, digest)] = base::text_of(json);
        note([&](const Contents& before, ports::Changes& changes) {
            record_.note_installed(before, digest, changes);
        });
        return digest;
    }
    template <class Note>
    void note(Note note) {
        const auto before = record_.contents();
        ASSERT_OK(before);
        ports::Changes changes;
        note(*before, changes);
        ASSERT_OK(store_.commit(changes));
    }
    void fall_back() {
        note([&](const Contents& before, ports::Changes& changes) {
            record_.note_fallen_back(before, before.last_known_good, changes);
        });
    }
    Contents contents() { return record_.contents().value(); }

    test::MemoryStore store_;
    ContentRecord record_{store_, "behavior", Feed::kBehavior};
};

TEST_F(ContentRecordTest, KeepsWhatRunsAndWhatRanBeforeAndNothingElse) {
    const std::string one = install("1"), two = install("2"), three = install("3");
    EXPECT_EQ(contents().running, three);
    EXPECT_EQ(contents().last_known_good, two);
    EXPECT_THAT(store_.entries,
                UnorderedElementsAre(Pair("behavior/Behavior/running", three),
                                     Pair("behavior/Behavior/last-known-good", two),
                                     Key(ports::package_key(Feed::kBehavior, two)),
                                     Key(ports::package_key(Feed::kBehavior, three))));
    ASSERT_OK_AND(const auto running, record_.running());
    EXPECT_EQ(running->version, "3");
    EXPECT_TRUE(*record_.keeps(two));
    EXPECT_FALSE(*record_.keeps(one));
}

TEST_F(ContentRecordTest, CountsKillsOfWhatRunsAlone) {
    install("1");
    for (int i = 0; i < 2; ++i) {
        note([&](const Contents& before, ports::Changes& changes) {
            record_.note_kill(before, changes);
        });
    }
    EXPECT_EQ(contents().kills, 2u);
    install("2");
    EXPECT_EQ(contents().kills, 0u);
}

TEST_F(ContentRecordTest, PutsWhatFellIntoQuarantine) {
    const std::string one = install("1"), two = install("2");
    fall_back();
    EXPECT_EQ(contents().running, one);
    EXPECT_EQ(contents().last_known_good, std::nullopt);
    EXPECT_THAT(contents().quarantine, ElementsAre(two));
    EXPECT_TRUE(contents().quarantined(two));
    EXPECT_ERROR(record_.manifest(two), "is missing");
    fall_back();
    EXPECT_EQ(contents().running, std::nullopt);
    EXPECT_THAT(contents().quarantine, ElementsAre(two, one));
    EXPECT_EQ(*record_.running(), std::nullopt);
}

// Of two feeds that share a process the one that has not changed is its own last-known-good.
TEST_F(ContentRecordTest, QuarantinesNothingThatGoesBackToItself) {
    const std::string one = install("1"), two = install("2");
    note([&](const Contents& before, ports::Changes& changes) {
        record_.note_proven(before, changes);
    });
    EXPECT_EQ(contents().last_known_good, two);
    EXPECT_ERROR(record_.manifest(one), "is missing");
    fall_back();
    EXPECT_EQ(contents().running, two);
    EXPECT_THAT(contents().quarantine, ElementsAre());
    ASSERT_OK(record_.manifest(two));
}

TEST_F(ContentRecordTest, RemembersTheLatestOfManyInQuarantine) {
    std::string list;
    for (size_t i = 0; i < kQuarantined + 3; ++i) {
        list = quarantined(list, "digest-" + std::to_string(i));
    }
    list = quarantined(list, "digest-5");
    EXPECT_TRUE(list.starts_with("digest-3 digest-4 digest-6 "));
    EXPECT_TRUE(list.ends_with(" digest-5"));
    EXPECT_EQ(std::count(list.begin(), list.end(), ' '), static_cast<long>(kQuarantined) - 1);
}

TEST_F(ContentRecordTest, SaysWhatIsWrongWithTheStore) {
    const std::string one = install("1");
    store_.entries[ports::package_key(Feed::kBehavior, one)] += " ";
    EXPECT_ERROR(record_.running(), "is not the manifest that it is stored as");
}

}  // namespace
}  // namespace firebreak::endpoint::supervision
