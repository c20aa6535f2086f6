#include "endpoint/update/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "endpoint/update/scripted_cdn.h"

namespace firebreak::endpoint::update::test {
namespace {

using base::Category;
using base::Code;
using testing::ElementsAre;
using Kind = Misdeed::Kind;

constexpr char kPath[] = "payloads/some";
constexpr uint64_t kRoom = 8 << 20;

// Bytes that hardly compress, and of which no two pieces are alike.
base::Bytes noise(size_t size) {
    base::Bytes bytes(size);
    uint32_t state = 1;
    for (uint8_t& byte : bytes) {
        state = state * 1'664'525 + 1'013'904'223;
        byte = static_cast<uint8_t>(state >> 24);
    }
    return bytes;
}

class DownloadTest : public testing::Test {
  protected:
    Downloader::InMemory fetch(const Profile& profile) {
        Downloader downloader(cdn_, profile, 0.5);
        return downloader.fetch(
            kPath, Code::kPayloadMissing, file_.size(), kRoom,
            [&](base::ByteView bytes) -> std::optional<base::Outcome> {
                if (base::sha384(bytes) == base::sha384(file_)) {
                    return std::nullopt;
                }
                return base::Outcome{
                    base::Stage::kVerify, Category::kCorrupt, Code::kPayloadDigestWrong, {}};
            });
    }
    void expect_whole(const Profile& profile) {
        const auto fetched = fetch(profile);
        EXPECT_FALSE(fetched.failure) << base::to_text(fetched.failure->code);
        EXPECT_EQ(fetched.bytes, file_);
        EXPECT_TRUE(fetched.delivered);
    }
    void expect_failure(const Profile& profile, Category category, Code code) {
        const auto fetched = fetch(profile);
        ASSERT_TRUE(fetched.failure);
        EXPECT_EQ(base::to_text(fetched.failure->category), base::to_text(category));
        EXPECT_EQ(base::to_text(fetched.failure->code), base::to_text(code));
    }
    void spoil(Kind kind, uint64_t amount = 0, unsigned edge = 0) {
        cdn_.spoil(kPath, {kind, amount}, edge);
    }
    void spoil_everywhere(Kind kind, uint64_t amount = 0) {
        for (unsigned edge = 0; edge < cdn_.edges(); ++edge) {
            spoil(kind, amount, edge);
        }
    }
    std::vector<uint64_t> offsets() const {
        std::vector<uint64_t> out;
        for (const ports::Request& request : cdn_.requests) {
            out.push_back(request.offset);
        }
        return out;
    }
    void resize_file(size_t size) { cdn_.files[kPath] = file_ = noise(size); }

    ScriptedCdn cdn_{3};
    base::Bytes file_ = cdn_.files[kPath] = noise(200'000);
    Profile hardened_ = hardened();
    Profile published_ = published();
};

TEST_F(DownloadTest, FetchesAFileFromItsOwnEdgeInOneRequest) {
    expect_whole(hardened_);
    ASSERT_EQ(cdn_.requests.size(), 1u);
    EXPECT_EQ(cdn_.requests[0].edge, 0u);
}

TEST_F(DownloadTest, FetchesAnEmptyFile) {
    resize_file(0);
    const auto fetched = fetch(hardened_);
    EXPECT_FALSE(fetched.failure);
    EXPECT_TRUE(fetched.bytes.empty());
}

TEST_F(DownloadTest, UnpacksAPackedFile) {
    spoil(Kind::kPacked);
    expect_whole(hardened_);
    expect_whole(published_);
}

TEST_F(DownloadTest, UnpacksAFileThatPacksToNextToNothing) {
    cdn_.files[kPath] = file_ = base::Bytes(1'000'003, 'a');
    spoil(Kind::kPacked);
    expect_whole(hardened_);
}

TEST_F(DownloadTest, RefusesAPackedBodyThatDoesNotUnpack) {
    class Garbled final : public ports::Transport {
        unsigned edges() const override { return 1; }
        ports::FetchStatus get(const ports::Request&, ports::Receiver& receiver) override {
            const base::Bytes body = base::bytes_of("this was never deflated");
            receiver.begin(ports::Encoding::kDeflate, 0);
            return receiver.receive(body, ports::Elapsed(1)) ? ports::FetchStatus::kOk
                                                             : ports::FetchStatus::kStopped;
        }
    } garbled;
    Downloader downloader(garbled, hardened_, 0.5);
    const auto fetched = downloader.fetch(kPath, Code::kPayloadMissing, 100, kRoom,
                                          [](auto) { return std::nullopt; });
    ASSERT_TRUE(fetched.failure);
    EXPECT_EQ(fetched.failure->category, Category::kCorrupt);
}

TEST_F(DownloadTest, GoesOnAtTheNextEdgeWhereTheConnectionBroke) {
    spoil(Kind::kBreaksOff, 70'000);
    spoil(Kind::kBreaksOff, 50'000, 1);
    expect_whole(hardened_);
    EXPECT_THAT(offsets(), ElementsAre(0, 70'000, 120'000));
}

TEST_F(DownloadTest, BeginsAnewAtAnEdgeThatKnowsNoRanges) {
    spoil(Kind::kBreaksOff, 70'000);
    spoil(Kind::kNoRanges, 0, 1);
    expect_whole(hardened_);
    EXPECT_THAT(offsets(), ElementsAre(0, 70'000));
}

TEST_F(DownloadTest, BeginsAnewAfterAPackedBody) {
    spoil(Kind::kBreaksOff, 70'000);
    spoil(Kind::kPacked, 0, 1);
    expect_whole(hardened_);
}

TEST_F(DownloadTest, BeginsAnewAfterALieSinceTheRestOfALieIsALie) {
    spoil(Kind::kDamaged, 100);
    expect_whole(hardened_);
    EXPECT_THAT(offsets(), ElementsAre(0, 0));
}

TEST_F(DownloadTest, TellsADamagedStartFromAGoodEndOfAResumedFile) {
    spoil(Kind::kBreaksOff, 70'000);
    spoil(Kind::kDamaged, 150'000, 1);
    expect_whole(hardened_);
    EXPECT_THAT(offsets(), ElementsAre(0, 70'000, 0));
}

TEST_F(DownloadTest, AsksEveryEdgeOnceAndReportsTheLast) {
    spoil(Kind::kMissing);
    spoil(Kind::kDamaged, 7, 1);
    spoil(Kind::kUnreachable, 0, 2);
    expect_failure(hardened_, Category::kBlocked, Code::kUnreachable);
    std::vector<unsigned> edges;
    for (const ports::Request& request : cdn_.requests) {
        edges.push_back(request.edge);
    }
    EXPECT_THAT(edges, ElementsAre(0u, 1u, 2u));
}

TEST_F(DownloadTest, AsksOneEdgeAloneAsPublished) {
    spoil(Kind::kBreaksOff, 70'000);
    expect_failure(published_, Category::kBlocked, Code::kUnreachable);
    EXPECT_EQ(cdn_.requests.size(), 1u);
}

TEST_F(DownloadTest, CallsAMissingFileMissing) {
    cdn_.files.clear();
    expect_failure(hardened_, Category::kMissing, Code::kPayloadMissing);
}

TEST_F(DownloadTest, FindsAGoodEdgeBehindEveryKindOfBadOne) {
    for (const Misdeed& misdeed : {Misdeed{Kind::kMissing},
                                   {Kind::kUnreachable},
                                   {Kind::kBreaksOff, 1},
                                   {Kind::kSilent},
                                   {Kind::kDamaged},
                                   {Kind::kEndless},
                                   {Kind::kInflating, 4 << 20},
                                   {Kind::kTrickling}}) {
        SCOPED_TRACE(static_cast<int>(misdeed.kind));
        cdn_.requests.clear();
        cdn_.spoil(kPath, misdeed);
        expect_whole(hardened_);
        EXPECT_EQ(cdn_.requests.size(), 2u);
    }
}

TEST_F(DownloadTest, TakesNoMoreThanTheCap) {
    spoil_everywhere(Kind::kEndless);
    const auto fetched = fetch(hardened_);
    ASSERT_TRUE(fetched.failure);
    EXPECT_EQ(fetched.failure->code, Code::kOverCap);
    EXPECT_LE(fetched.bytes.size(), file_.size());
}

TEST_F(DownloadTest, TakesAsMuchAsTheMachineHasAsPublished) {
    spoil(Kind::kEndless);
    expect_failure(published_, Category::kExhausted, Code::kMachineFull);
}

TEST_F(DownloadTest, CapsWhatAFileUnpacksTo) {
    spoil_everywhere(Kind::kInflating, file_.size() + 1);
    expect_failure(hardened_, Category::kTooLarge, Code::kInflatesTooFar);
    spoil(Kind::kInflating, kRoom + 1);
    expect_failure(published_, Category::kExhausted, Code::kMachineFull);
}

TEST_F(DownloadTest, GivesUpOnSilenceAndOnATrickleAfterAMinute) {
    spoil_everywhere(Kind::kSilent);
    expect_failure(hardened_, Category::kBlocked, Code::kTooSlow);
    spoil_everywhere(Kind::kTrickling);
    expect_failure(hardened_, Category::kBlocked, Code::kTooSlow);
}

TEST_F(DownloadTest, WaitsForTwoWeeksAsPublished) {
    spoil(Kind::kSilent);
    expect_failure(published_, Category::kBlocked, Code::kStillWaiting);
    spoil(Kind::kTrickling);
    resize_file(500'000);
    expect_failure(published_, Category::kBlocked, Code::kStillWaiting);
}

TEST_F(DownloadTest, PutsUpWithASlowConnectionUntilTheDeadline) {
    const uint64_t slow = hardened_.least_bytes_per_s + 1;
    const uint64_t most = slow * 30 * 60;
    spoil_everywhere(Kind::kPaced, slow);
    resize_file(most);
    expect_whole(hardened_);
    resize_file(most + slow);
    expect_failure(hardened_, Category::kBlocked, Code::kPastDeadline);
}

TEST_F(DownloadTest, CountsTheTriesAndThePausesBetweenThemAgainstOneDeadline) {
    const uint64_t slow = hardened_.least_bytes_per_s + 1;
    const uint64_t most = slow * 30 * 60;
    resize_file(most);
    spoil_everywhere(Kind::kPaced, slow);
    spoil(Kind::kBreaksOff, 0);  // costs nothing but the pause of five seconds
    expect_failure(hardened_, Category::kBlocked, Code::kPastDeadline);
    resize_file(most - 5 * slow);
    expect_whole(hardened_);
    resize_file(most - 4 * slow);
    expect_failure(hardened_, Category::kBlocked, Code::kPastDeadline);
}

TEST_F(DownloadTest, KeepsARateThatIsJustEnough) {
    resize_file(hardened_.least_bytes_per_s * 120);
    spoil_everywhere(Kind::kPaced, hardened_.least_bytes_per_s);
    expect_whole(hardened_);
    spoil_everywhere(Kind::kPaced, hardened_.least_bytes_per_s - 1);
    expect_failure(hardened_, Category::kBlocked, Code::kTooSlow);
}

}  // namespace
}  // namespace firebreak::endpoint::update::test
