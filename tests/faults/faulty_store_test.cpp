#include "faults/faulty_store.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/result_matchers.h"

namespace firebreak::faults {
namespace {

const base::Bytes kPayload = base::bytes_of("a payload");
const base::Digest kDigest = base::sha384(kPayload);

// A sound store that remembers what it was asked.
class SoundStore final : public ports::Store {
  public:
    base::Result<std::optional<std::string>> get(const std::string& key) override {
        asked.push_back(key);
        const auto found = entries.find(key);
        return found == entries.end() ? std::optional<std::string>{} : found->second;
    }
    base::Result<std::vector<std::string>> values(const std::string& prefix) override {
        std::vector<std::string> found;
        for (const auto& [key, value] : entries) {
            if (key.starts_with(prefix)) {
                found.push_back(value);
            }
        }
        return found;
    }
    base::Status commit(const ports::Changes& changes) override {
        for (const auto& [key, value] : changes) {
            if (value) {
                entries[key] = *value;
            } else {
                entries.erase(key);
            }
        }
        return {};
    }
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override {
        return std::unique_ptr<ports::BlobWriter>(std::make_unique<Writer>(*this, digest));
    }
    base::Result<bool> has_blob(const base::Digest& digest) override {
        return blobs.contains(digest);
    }
    base::Result<base::Bytes> blob(const base::Digest& digest) override { return blobs.at(digest); }
    base::Status keep_only(const std::set<base::Digest>& digests) override {
        std::erase_if(blobs, [&](const auto& blob) { return !digests.contains(blob.first); });
        return {};
    }

    std::map<std::string, std::string> entries{{"update/DatasetA/floor", "7"},
                                               {"update/DatasetA/installed", "v1"},
                                               {"scanner/DatasetA/running", "v1"}};
    std::map<base::Digest, base::Bytes> blobs{{kDigest, kPayload}};
    std::vector<std::string> asked;

  private:
    class Writer final : public ports::BlobWriter {
      public:
        Writer(SoundStore& store, base::Digest digest) : store_(store), digest_(digest) {}
        base::Status write(base::ByteView bytes) override {
            bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
            return {};
        }
        base::Status finish() override {
            store_.blobs[digest_] = bytes_;
            return {};
        }

      private:
        SoundStore& store_;
        base::Digest digest_;
        base::Bytes bytes_;
    };
};

Fault store_fault(FaultKind kind) {
    Fault fault;
    fault.kind = kind;
    return fault;
}

base::Status write_blob(ports::Store& store, const std::string& text) {
    FB_TRY(const auto writer, store.new_blob(base::sha384(base::view_of(text))));
    FB_CHECK(writer->write(base::view_of(text)));
    return writer->finish();
}

std::optional<std::string> value_of(ports::Store& store, const std::string& key) {
    const auto value = store.get(key);
    EXPECT_TRUE(value.ok());
    return value.ok() ? *value : std::nullopt;
}

TEST(FaultyStore, LosesWhatTheUpdateClientKnewAndNothingElse) {
    SoundStore inner;
    FaultyStore store(inner, store_fault(FaultKind::kStateLost));
    EXPECT_EQ(value_of(store, "update/DatasetA/floor"), std::nullopt);
    EXPECT_EQ(value_of(store, "scanner/DatasetA/running"), "v1");
    ASSERT_OK_AND(const base::Bytes payload, store.blob(kDigest));
    EXPECT_EQ(payload, kPayload);
}

TEST(FaultyStore, LosesEachEntryOnceAndForGood) {
    SoundStore inner;
    FaultyStore store(inner, store_fault(FaultKind::kStateLost));
    EXPECT_EQ(value_of(store, "update/DatasetA/floor"), std::nullopt);
    EXPECT_FALSE(inner.entries.contains("update/DatasetA/floor"));
    ASSERT_OK(store.commit({{"update/DatasetA/floor", "9"}}));
    EXPECT_EQ(value_of(store, "update/DatasetA/floor"), "9");
    EXPECT_EQ(inner.entries.at("update/DatasetA/floor"), "9");
}

TEST(FaultyStore, KeepsWhatWasWrittenAfterTheLossThoughItWasNeverAskedForBefore) {
    SoundStore inner;
    FaultyStore store(inner, store_fault(FaultKind::kStateLost));
    ASSERT_OK(store.commit({{"update/DatasetA/installed", "v2"}}));
    EXPECT_EQ(value_of(store, "update/DatasetA/installed"), "v2");
}

// What an assay read is part of its key. The loss changes what is lost, so it must be in there.
TEST(FaultyStore, AsksTheStoreBelowForWhatItLoses) {
    SoundStore inner;
    FaultyStore store(inner, store_fault(FaultKind::kStateLost));
    value_of(store, "update/DatasetA/floor");
    EXPECT_EQ(inner.asked, std::vector<std::string>{"update/DatasetA/floor"});
}

TEST(FaultyStore, TakesNothingMoreWhenFull) {
    SoundStore inner;
    const auto entries = inner.entries;
    FaultyStore store(inner, store_fault(FaultKind::kStoreFull));
    EXPECT_ERROR(store.commit({{"update/DatasetA/floor", "9"}}), "no room left");
    EXPECT_ERROR(store.commit({{"update/DatasetA/floor", std::nullopt}}), "no room left");
    ASSERT_OK_AND(const auto writer, store.new_blob(base::sha384(base::view_of("new"))));
    EXPECT_ERROR(writer->write(base::view_of("new")), "no room left");
    EXPECT_ERROR(writer->finish(), "no room left");
    EXPECT_EQ(inner.entries, entries);
    EXPECT_EQ(inner.blobs.size(), 1u);

    EXPECT_EQ(value_of(store, "update/DatasetA/floor"), "7");
    ASSERT_OK_AND(const bool has, store.has_blob(kDigest));
    EXPECT_TRUE(has);
    ASSERT_OK(store.keep_only({}));
    EXPECT_TRUE(inner.blobs.empty());
}

TEST(FaultyStore, ChangesNothingWhenReadOnly) {
    SoundStore inner;
    const auto entries = inner.entries;
    FaultyStore store(inner, store_fault(FaultKind::kStoreReadOnly));
    EXPECT_ERROR(store.commit({{"update/DatasetA/floor", "9"}}), "read-only");
    EXPECT_ERROR(write_blob(store, "new"), "read-only");
    EXPECT_ERROR(store.keep_only({}), "read-only");
    EXPECT_EQ(inner.entries, entries);
    EXPECT_EQ(inner.blobs.size(), 1u);
    EXPECT_EQ(value_of(store, "update/DatasetA/installed"), "v1");
    ASSERT_OK(store.blob(kDigest));
    ASSERT_OK_AND(const auto values, store.values("update/DatasetA/"));
    EXPECT_EQ(values, (std::vector<std::string>{"7", "v1"}));
}

TEST(FaultyStore, IsSoundWhereTheFaultIsAnother) {
    SoundStore inner;
    FaultyStore store(inner, store_fault(FaultKind::kBitFlip));
    EXPECT_EQ(value_of(store, "update/DatasetA/floor"), "7");
    ASSERT_OK(store.commit({{"update/DatasetA/floor", "9"}}));
    EXPECT_EQ(inner.entries.at("update/DatasetA/floor"), "9");
    ASSERT_OK(write_blob(store, "new"));
    EXPECT_EQ(inner.blobs.size(), 2u);
    ASSERT_OK(store.keep_only({kDigest}));
    EXPECT_EQ(inner.blobs.size(), 1u);
}

}  // namespace
}  // namespace firebreak::faults
