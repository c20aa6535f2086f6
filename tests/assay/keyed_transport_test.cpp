#include "assay/keyed_transport.h"

#include <gtest/gtest.h>

#include "content/head.h"
#include "content/manifest.h"
#include "ports/whole_file.h"
#include "support/received.h"

namespace firebreak::assay {
namespace {

using ports::FetchStatus;

// Has every file there can be: its path is what is in it.
class Everything final : public ports::Transport {
  public:
    unsigned edges() const override { return 3; }
    FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override {
        requests.push_back(request);
        return ports::deliver(base::bytes_of(request.path), request.offset, receiver);
    }
    std::vector<ports::Request> requests;
};

class KeyedTransportTest : public testing::Test {
  protected:
    Everything cdn_;
    std::map<std::string, ServedFile> files_{
        {"heads/g/DatasetA.json",
         {std::make_shared<const base::Bytes>(base::bytes_of("head")), "head"}}};
    KeyedTransport keyed_{cdn_, files_};
};

TEST_F(KeyedTransportTest, LetsFilesOfTheStimulusThroughAndThoseNamedByTheirDigest) {
    const base::Digest digest = base::sha384(base::bytes_of("x"));
    for (const std::string& path :
         {std::string("heads/g/DatasetA.json"), content::package_path(digest),
          content::payload_path(digest), content::set_path(digest)}) {
        const test::Received received = test::get(keyed_, path);
        EXPECT_EQ(received.status, FetchStatus::kOk) << path;
        EXPECT_EQ(received.body, base::bytes_of(path)) << "as whoever is behind it says";
    }
    EXPECT_TRUE(keyed_.reads_outside_the_key().empty());
}

TEST_F(KeyedTransportTest, PassesOnWhichEdgeIsAskedAndFromWhereOn) {
    const test::Received received = test::get(keyed_, ports::Request{"payloads/abc", 2, 4});
    EXPECT_EQ(received.offset, 4u);
    EXPECT_EQ(received.body, base::bytes_of("oads/abc"));
    ASSERT_EQ(cdn_.requests.size(), 1u);
    EXPECT_EQ(cdn_.requests[0].edge, 2u);
    EXPECT_EQ(cdn_.requests[0].offset, 4u);
    EXPECT_EQ(keyed_.edges(), 3u);
}

// Heads and root statements are all in the stimulus: no other exists for this assay, whatever the
// CDN has, and that they do not is something the memo table knows.
TEST_F(KeyedTransportTest, SaysOfHeadsAndRootStatementsOutsideTheStimulusThatThereAreNone) {
    for (const char* path :
         {"heads/other/DatasetA.json", "heads/g/DatasetA.signed", "trust/latest.p7m"}) {
        EXPECT_EQ(test::get(keyed_, path).status, FetchStatus::kMissing) << path;
    }
    EXPECT_TRUE(cdn_.requests.empty());
    EXPECT_TRUE(keyed_.reads_outside_the_key().empty());
}

TEST_F(KeyedTransportTest, RemembersAReadOutsideTheKeyAndAnswersItWithNothing) {
    for (const char* path : {"packages.json", "status/today"}) {
        const test::Received received = test::get(keyed_, path);
        EXPECT_EQ(received.status, FetchStatus::kMissing) << path;
        EXPECT_TRUE(received.body.empty()) << path;
    }
    EXPECT_TRUE(cdn_.requests.empty());
    EXPECT_EQ(keyed_.reads_outside_the_key(),
              (std::vector<std::string>{"packages.json", "status/today"}));
}

}  // namespace
}  // namespace firebreak::assay
