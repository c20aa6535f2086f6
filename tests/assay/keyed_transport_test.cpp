#include "assay/keyed_transport.h"

#include <gtest/gtest.h>

#include "content/manifest.h"

namespace firebreak::assay {
namespace {

class Everything final : public ports::Transport {
  public:
    ports::Fetched get(const std::string& path, uint64_t) override {
        return {ports::FetchStatus::kOk, base::bytes_of(path)};
    }
};

content::Package package() {
    content::Package made;
    made.manifest_digest = base::sha384(base::bytes_of("manifest"));
    made.draft.manifest.payloads = {{"a.yar", 1, base::sha384(base::bytes_of("payload"))}};
    return made;
}

TEST(KeyedTransport, ServesTheStimulusHeadAndTheFilesOfItsPackages) {
    Everything cdn;
    const content::Package one = package();
    KeyedTransport keyed(cdn, "heads/g/DatasetA.json", base::bytes_of("head"), {&one});
    EXPECT_EQ(keyed.get("heads/g/DatasetA.json", 10).body, base::bytes_of("head"));
    EXPECT_EQ(keyed.get("heads/g/DatasetA.json", 3).status, ports::FetchStatus::kOverCap);
    const std::string path = content::package_path(one.manifest_digest);
    EXPECT_EQ(keyed.get(path, 1000).body, base::bytes_of(path));
    const std::string payload = content::payload_path(one.draft.manifest.payloads.front().sha384);
    EXPECT_EQ(keyed.get(payload, 1000).body, base::bytes_of(payload));
    EXPECT_TRUE(keyed.reads_outside_the_key().empty());
}

TEST(KeyedTransport, RemembersAReadOutsideTheKeyAndAnswersItWithNothing) {
    Everything cdn;
    const content::Package one = package();
    KeyedTransport keyed(cdn, "heads/g/DatasetA.json", {}, {&one});
    EXPECT_EQ(keyed.get("heads/other/DatasetA.json", 1000).status, ports::FetchStatus::kMissing);
    EXPECT_EQ(keyed.get("packages/other.p7m", 1000).status, ports::FetchStatus::kMissing);
    EXPECT_EQ(keyed.reads_outside_the_key(),
              (std::vector<std::string>{"heads/other/DatasetA.json", "packages/other.p7m"}));
}

}  // namespace
}  // namespace firebreak::assay
