#include "faults/faulty_transport.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace firebreak::faults {
namespace {

using ports::Elapsed;
using ports::Encoding;
using ports::FetchStatus;
using std::chrono::seconds;

// Not two bytes in a row alike, so that a shifted range shows.
base::Bytes counting(size_t size) {
    base::Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
    }
    return bytes;
}

base::Bytes deflated(base::ByteView bytes) {
    base::Bytes out(compressBound(bytes.size()));
    uLongf size = out.size();
    EXPECT_EQ(compress(out.data(), &size, bytes.data(), bytes.size()), Z_OK);
    out.resize(size);
    return out;
}

// A sound CDN with ranges, in pieces of 100 bytes that take 10 ms each. It can pack what is asked
// for as a whole, as HTTP servers do.
class Cdn final : public ports::Transport {
  public:
    unsigned edges() const override { return 3; }
    FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override {
        ++requests;
        const auto found = files.find(request.path);
        if (found == files.end()) {
            return FetchStatus::kMissing;
        }
        const bool packed = packs && request.offset == 0;
        if (!receiver.begin(packed ? Encoding::kDeflate : Encoding::kIdentity, request.offset)) {
            return FetchStatus::kStopped;
        }
        base::Bytes body = packed ? deflated(found->second) : found->second;
        change(body);
        Elapsed at{0};
        for (size_t i = request.offset; i < body.size(); i += 100) {
            at += Elapsed(10);
            const size_t size = std::min<size_t>(100, body.size() - i);
            if (!receiver.receive(base::ByteView(body).subspan(i, size), at)) {
                return FetchStatus::kStopped;
            }
        }
        return FetchStatus::kOk;
    }
    bool packs = false;
    std::function<void(base::Bytes&)> change = [](base::Bytes&) {};  // on the way
    std::map<std::string, base::Bytes> files{{"payloads/p", counting(1000)},
                                             {"payloads/other", counting(500)},
                                             {"packages/q.p7m", counting(1100)},
                                             {"heads/g/DatasetA.json", counting(120)},
                                             {"sets/s", counting(300)}};
    int requests = 0;
};

// Takes all that comes, unless a test says when it has had enough.
class Taker final : public ports::Receiver {
  public:
    bool begin(Encoding with, uint64_t from) override {
        began = true;
        encoding = with;
        offset = from;
        return goes_on(Elapsed(0));
    }
    bool receive(base::ByteView bytes, Elapsed at) override {
        EXPECT_TRUE(began);
        EXPECT_GE(at, last);
        received += bytes.size();
        ++calls;
        last = at;
        if (keeps) {
            body.insert(body.end(), bytes.begin(), bytes.end());
        }
        return goes_on(at);
    }
    bool wait(Elapsed at) override {
        EXPECT_GE(at, last);
        ++calls;
        last = at;
        return goes_on(at);
    }

    std::function<bool(Elapsed)> goes_on = [](Elapsed) { return true; };
    bool keeps = true;
    bool began = false;
    Encoding encoding = Encoding::kIdentity;
    uint64_t offset = 0;
    uint64_t received = 0;
    base::Bytes body;
    Elapsed last{0};
    int calls = 0;
};

Fault fault_of(FaultKind kind, FaultTarget target = FaultTarget::kPayload, uint64_t draw = 0) {
    Fault fault;
    fault.kind = kind;
    fault.target = target;
    fault.draw = draw;
    return fault;
}

struct Answer {
    FetchStatus status = FetchStatus::kUnreachable;
    Taker taker;
};

Answer ask(ports::Transport& transport, const std::string& path, uint64_t offset = 0,
           unsigned edge = 0) {
    Answer answer;
    answer.status = transport.get({path, edge, offset}, answer.taker);
    return answer;
}

base::Bytes body_of(ports::Transport& transport, const std::string& path, uint64_t offset = 0) {
    const Answer answer = ask(transport, path, offset);
    EXPECT_EQ(answer.status, FetchStatus::kOk);
    return answer.taker.body;
}

base::Bytes tail(const base::Bytes& bytes, size_t from) {
    return {bytes.begin() + static_cast<ptrdiff_t>(from), bytes.end()};
}

int differing_bits(const base::Bytes& a, const base::Bytes& b) {
    EXPECT_EQ(a.size(), b.size());
    int bits = 0;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        bits += std::popcount(static_cast<unsigned>(a[i] ^ b[i]));
    }
    return bits;
}

TEST(FaultyTransport, FlipsExactlyOneBitOfTheTargetAndLeavesTheRest) {
    Cdn cdn;
    std::set<base::Bytes> seen;
    for (uint64_t draw = 0; draw < 200; ++draw) {
        FaultyTransport bad(cdn, fault_of(FaultKind::kBitFlip, FaultTarget::kPayload, draw), {});
        const base::Bytes body = body_of(bad, "payloads/p");
        EXPECT_EQ(differing_bits(body, cdn.files["payloads/p"]), 1);
        seen.insert(body);
        for (const char* whole : {"packages/q.p7m", "heads/g/DatasetA.json", "sets/s"}) {
            EXPECT_EQ(body_of(bad, whole), cdn.files[whole]);
        }
    }
    EXPECT_GT(seen.size(), 150u) << "variants fall in different places";
}

TEST(FaultyTransport, TruncatesByAtLeastOneByteAndSaysThatThisWasAll) {
    Cdn cdn;
    std::set<size_t> sizes;
    for (uint64_t draw = 0; draw < 500; ++draw) {
        FaultyTransport bad(cdn, fault_of(FaultKind::kTruncate, FaultTarget::kPayload, draw), {});
        const base::Bytes body = body_of(bad, "payloads/p");
        ASSERT_LT(body.size(), 1000u);
        EXPECT_TRUE(std::equal(body.begin(), body.end(), cdn.files["payloads/p"].begin()));
        sizes.insert(body.size());
    }
    EXPECT_GT(sizes.size(), 300u);
    EXPECT_LT(*sizes.begin(), 20u);
    EXPECT_GT(*sizes.rbegin(), 980u);
}

// A client that resumes must not get a file that no server could have.
TEST(FaultyTransport, ServesRangesOfTheDamagedFile) {
    Cdn cdn;
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kTruncate, FaultKind::kServe}) {
        for (uint64_t draw = 0; draw < 10; ++draw) {
            Fault fault = fault_of(kind, FaultTarget::kPayload, draw);
            fault.files["payloads/p"] = counting(700);
            FaultyTransport bad(cdn, fault, {});
            const base::Bytes whole = body_of(bad, "payloads/p");
            for (size_t from = 0; from <= whole.size(); ++from) {
                const Answer answer = ask(bad, "payloads/p", from);
                ASSERT_EQ(answer.status, FetchStatus::kOk);
                ASSERT_EQ(answer.taker.offset, from);
                ASSERT_EQ(answer.taker.body, tail(whole, from)) << "from " << from;
            }
        }
    }
}

TEST(FaultyTransport, HasNoRangeBehindTheEndOfATruncatedFile) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kTruncate, FaultTarget::kPayload, 3), {});
    const size_t size = body_of(bad, "payloads/p").size();
    ASSERT_LT(size, 999u);
    const Answer answer = ask(bad, "payloads/p", size + 1);
    EXPECT_EQ(answer.status, FetchStatus::kUnreachable);
    EXPECT_FALSE(answer.taker.began);
}

TEST(FaultyTransport, DoesTheSameAtEveryTry) {
    Cdn cdn;
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kTruncate}) {
        FaultyTransport bad(cdn, fault_of(kind, FaultTarget::kHead, 77), {});
        EXPECT_EQ(body_of(bad, "heads/g/DatasetA.json"), body_of(bad, "heads/g/DatasetA.json"));
        EXPECT_NE(body_of(bad, "heads/g/DatasetA.json"), cdn.files["heads/g/DatasetA.json"]);
    }
}

TEST(FaultyTransport, StrikesEachTargetInItsOwnFolder) {
    const std::map<FaultTarget, std::string> homes{{FaultTarget::kPayload, "payloads/p"},
                                                   {FaultTarget::kPackage, "packages/q.p7m"},
                                                   {FaultTarget::kSignature, "packages/q.p7m"},
                                                   {FaultTarget::kChain, "packages/q.p7m"},
                                                   {FaultTarget::kManifest, "packages/q.p7m"},
                                                   {FaultTarget::kLength, "packages/q.p7m"},
                                                   {FaultTarget::kEncoding, "packages/q.p7m"},
                                                   {FaultTarget::kHead, "heads/g/DatasetA.json"},
                                                   {FaultTarget::kSet, "sets/s"}};
    Cdn cdn;
    for (const auto& [target, home] : homes) {
        FaultyTransport bad(cdn, fault_of(FaultKind::kMissing, target), {});
        for (const auto& [path, file] : cdn.files) {
            const bool struck = path == home || (home == "payloads/p" && path == "payloads/other");
            EXPECT_EQ(ask(bad, path).status, struck ? FetchStatus::kMissing : FetchStatus::kOk)
                << path << " under " << fault_of(FaultKind::kMissing, target).text();
        }
    }
}

TEST(FaultyTransport, StrikesOnlyTheFilesOfItsFeed) {
    Cdn cdn;
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kMissing, FaultKind::kBlackHole,
                                 FaultKind::kEndless, FaultKind::kInflate, FaultKind::kSlow}) {
        FaultyTransport bad(cdn, fault_of(kind), {"payloads/p", "heads/g/DatasetA.json"});
        EXPECT_EQ(body_of(bad, "payloads/other"), cdn.files["payloads/other"]);
        EXPECT_EQ(body_of(bad, "packages/q.p7m"), cdn.files["packages/q.p7m"]);
    }
}

TEST(FaultyTransport, LeavesTheOtherEdgesGoodIfOnlyTheOwnOneIsBad) {
    Cdn cdn;
    for (const FaultKind kind : {FaultKind::kMissing, FaultKind::kBlackHole, FaultKind::kServe}) {
        Fault fault = fault_of(kind);
        fault.files["payloads/p"] = counting(3);
        for (const bool own_edge : {false, true}) {
            fault.own_edge = own_edge;
            FaultyTransport bad(cdn, fault, {});
            EXPECT_EQ(bad.edges(), 3u);
            EXPECT_NE(ask(bad, "payloads/p", 0, 0).taker.body, cdn.files["payloads/p"]);
            EXPECT_EQ(ask(bad, "payloads/p", 0, 2).taker.body == cdn.files["payloads/p"], own_edge);
        }
    }
}

TEST(FaultyTransport, ServesItsOwnFilesInPlaceOfOthersAndBesideThem) {
    Cdn cdn;
    Fault fault = fault_of(FaultKind::kServe);
    fault.files = {{"heads/g/DatasetA.json", counting(77)},
                   {"packages/new.p7m", counting(9)},
                   {"packages/empty", {}}};
    FaultyTransport bad(cdn, fault, {"payloads/p"});
    EXPECT_EQ(body_of(bad, "heads/g/DatasetA.json"), counting(77));
    EXPECT_EQ(body_of(bad, "packages/new.p7m"), counting(9));
    EXPECT_TRUE(body_of(bad, "packages/empty").empty());
    EXPECT_EQ(body_of(bad, "payloads/p"), cdn.files["payloads/p"]);
    EXPECT_EQ(ask(bad, "packages/none").status, FetchStatus::kMissing);
}

TEST(FaultyTransport, LeavesAnEmptyAndAMissingFileAsTheyAre) {
    Cdn cdn;
    cdn.files["payloads/p"].clear();
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kTruncate}) {
        FaultyTransport bad(cdn, fault_of(kind), {});
        EXPECT_TRUE(body_of(bad, "payloads/p").empty());
        EXPECT_EQ(ask(bad, "payloads/none").status, FetchStatus::kMissing);
    }
}

TEST(FaultyTransport, AnswersNothingAtAllForAFortnight) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kBlackHole), {});
    for (const auto& [path, file] : cdn.files) {
        const Answer answer = ask(bad, path);
        EXPECT_EQ(answer.status, FetchStatus::kUnfinished);
        EXPECT_FALSE(answer.taker.began);
        EXPECT_EQ(answer.taker.last, ports::kLongestWait);
        EXPECT_LT(answer.taker.calls, 1000);
    }
    EXPECT_EQ(cdn.requests, 0);
}

TEST(FaultyTransport, LetsAReceiverGiveUpNearItsDeadline) {
    Cdn cdn;
    cdn.files["payloads/p"] = counting(100'000);
    for (const FaultKind kind : {FaultKind::kBlackHole, FaultKind::kSlow}) {
        for (const Elapsed deadline :
             {Elapsed(seconds(30)), Elapsed(seconds(600)), Elapsed(std::chrono::minutes(50))}) {
            FaultyTransport bad(cdn, fault_of(kind), {});
            Taker taker;
            taker.goes_on = [&](Elapsed at) { return at < deadline; };
            EXPECT_EQ(bad.get({"payloads/p", 0, 0}, taker), FetchStatus::kStopped);
            EXPECT_GE(taker.last, deadline);
            EXPECT_LE(taker.last, deadline + deadline / 8);
        }
    }
}

TEST(FaultyTransport, SendsOneByteInThreeSeconds) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kSlow), {});
    Taker taker;
    taker.goes_on = [&](Elapsed at) {
        EXPECT_EQ(at, seconds(3) * taker.received);
        return true;
    };
    EXPECT_EQ(bad.get({"payloads/p", 0, 0}, taker), FetchStatus::kOk);
    EXPECT_EQ(taker.body, cdn.files["payloads/p"]);
    EXPECT_EQ(taker.last, seconds(3000));
    EXPECT_EQ(body_of(bad, "payloads/p", 900), tail(cdn.files["payloads/p"], 900));
}

// 1,200 bytes are an hour's.
TEST(FaultyTransport, IsNotDoneWithALargeFileAfterTheLongestWait) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kSlow), {});
    cdn.files["payloads/p"] = counting(1'200);
    EXPECT_EQ(body_of(bad, "payloads/p").size(), 1'200u);
    for (const size_t size : {1'201u, 1'000'000u}) {
        cdn.files["payloads/p"] = counting(size);
        const Answer answer = ask(bad, "payloads/p");
        EXPECT_EQ(answer.status, FetchStatus::kUnfinished);
        EXPECT_EQ(answer.taker.received, 1'200u);
        EXPECT_EQ(answer.taker.last, ports::kLongestWait);
        EXPECT_LT(answer.taker.calls, 10'000);
    }
}

TEST(FaultyTransport, GoesOnWithZerosUntilTheReceiverStops) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kEndless), {});
    for (const size_t offset : {0u, 600u}) {
        Taker taker;
        taker.goes_on = [&](Elapsed) { return taker.received < 20'000'000; };
        EXPECT_EQ(bad.get({"payloads/p", 0, offset}, taker), FetchStatus::kStopped);
        EXPECT_GE(taker.received, 20'000'000u);
        base::Bytes expected = tail(cdn.files["payloads/p"], offset);
        expected.resize(taker.body.size(), 0);
        EXPECT_EQ(taker.body, expected);
        EXPECT_NEAR(static_cast<double>(taker.last.count()),
                    static_cast<double>(taker.received) / 6250.0, 200.0);
    }
}

TEST(FaultyTransport, IsNotDoneWithAnEndlessFileAfterAFortnight) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kEndless), {});
    Taker taker;
    taker.keeps = false;
    EXPECT_EQ(bad.get({"payloads/p", 0, 0}, taker), FetchStatus::kUnfinished);
    EXPECT_LE(taker.last, ports::kLongestWait);
    EXPECT_GT(taker.last, ports::kLongestWait - seconds(1));
}

// Unpacks what comes, and looks at it without keeping it.
class Unpacker final : public ports::Receiver {
  public:
    explicit Unpacker(base::Bytes expected) : expected_(std::move(expected)) {
        inflateInit(&stream_);
    }
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;
    ~Unpacker() override { inflateEnd(&stream_); }

    bool begin(Encoding encoding, uint64_t offset) override {
        EXPECT_EQ(encoding, Encoding::kDeflate);
        EXPECT_EQ(offset, 0u);
        return true;
    }
    bool receive(base::ByteView bytes, Elapsed) override {
        packed += bytes.size();
        base::Bytes in(bytes.begin(), bytes.end());
        stream_.next_in = in.data();
        stream_.avail_in = static_cast<uInt>(in.size());
        do {
            stream_.next_out = out_.data();
            stream_.avail_out = static_cast<uInt>(out_.size());
            last = inflate(&stream_, Z_NO_FLUSH);
            look_at(base::ByteView(out_).first(out_.size() - stream_.avail_out));
        } while (stream_.avail_out == 0);
        return unpacked <= enough && (last == Z_OK || last == Z_STREAM_END || last == Z_BUF_ERROR);
    }
    bool wait(Elapsed) override { return true; }

    uint64_t enough = 2ull << 30;
    uint64_t packed = 0;
    uint64_t unpacked = 0;
    uint64_t wrong = 0;
    int last = Z_OK;

  private:
    void look_at(base::ByteView bytes) {
        const uint64_t of_file = std::min<uint64_t>(
            bytes.size(), expected_.size() - std::min<uint64_t>(unpacked, expected_.size()));
        for (uint64_t i = 0; i < of_file; ++i) {
            wrong += bytes[i] != expected_[unpacked + i];
        }
        const base::ByteView beyond = bytes.subspan(of_file);
        wrong += std::memcmp(beyond.data(), zeros_.data(), beyond.size()) != 0;
        unpacked += bytes.size();
    }
    base::Bytes expected_;
    base::Bytes out_ = base::Bytes(1 << 20);
    base::Bytes zeros_ = base::Bytes(1 << 20);
    z_stream stream_{};
};

// From the file's beginning, whichever range was asked for.
TEST(FaultyTransport, InflatesToTheFileAndAGibibyteOfZeros) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kInflate), {});
    Unpacker unpacker(cdn.files["payloads/p"]);
    EXPECT_EQ(bad.get({"payloads/p", 0, 400}, unpacker), FetchStatus::kOk);
    EXPECT_EQ(unpacker.last, Z_STREAM_END) << "with the right checksum";
    EXPECT_EQ(unpacker.unpacked, 1000u + (1u << 30));
    EXPECT_EQ(unpacker.wrong, 0u);
    EXPECT_LT(unpacker.packed, 2u << 20);
}

TEST(FaultyTransport, StopsInflatingWhenTheReceiverHasEnough) {
    Cdn cdn;
    FaultyTransport bad(cdn, fault_of(FaultKind::kInflate), {});
    Taker taker;
    taker.goes_on = [&](Elapsed) { return taker.received < 10'000; };
    EXPECT_EQ(bad.get({"payloads/p", 0, 0}, taker), FetchStatus::kStopped);
    EXPECT_LT(taker.received, 20'000u);
}

// Packed bytes of a package differ at every signing: damage to those would not repeat, and a part
// of an envelope could not be found in them.
TEST(FaultyTransport, StrikesTheSameBytesWhereTheCdnPacksThem) {
    Cdn cdn;
    Cdn packing;
    packing.packs = true;
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kTruncate, FaultKind::kSlow}) {
        for (const FaultTarget target : {FaultTarget::kPayload, FaultTarget::kPackage}) {
            FaultyTransport bad(cdn, fault_of(kind, target, 6), {});
            FaultyTransport bad_too(packing, fault_of(kind, target, 6), {});
            for (const auto& [path, file] : cdn.files) {
                if (!path.starts_with(target == FaultTarget::kPayload ? "payl" : "pack")) {
                    continue;
                }
                EXPECT_EQ(body_of(bad_too, path), body_of(bad, path)) << path;
                EXPECT_EQ(ask(bad_too, path).taker.encoding, Encoding::kIdentity);
            }
        }
    }
    FaultyTransport bad(packing, fault_of(FaultKind::kEndless), {});
    Taker taker;
    taker.goes_on = [&](Elapsed) { return taker.received < 3000; };
    EXPECT_EQ(bad.get({"payloads/p", 0, 0}, taker), FetchStatus::kStopped);
    taker.body.resize(1000);
    EXPECT_EQ(taker.body, cdn.files["payloads/p"]);
}

TEST(FaultyTransport, InflatesWhatTheCdnHasPackedAlready) {
    Cdn cdn;
    cdn.packs = true;
    FaultyTransport bad(cdn, fault_of(FaultKind::kInflate), {});
    Unpacker unpacker(cdn.files["payloads/p"]);
    unpacker.enough = 10 << 20;
    EXPECT_EQ(bad.get({"payloads/p", 0, 0}, unpacker), FetchStatus::kStopped);
    EXPECT_GT(unpacker.unpacked, unpacker.enough);
    EXPECT_EQ(unpacker.wrong, 0u);
}

TEST(FaultyTransport, TakesADamagedPackingForAnAnswerThatBrokeOff) {
    Cdn cdn;
    cdn.packs = true;
    FaultyTransport bad(cdn, fault_of(FaultKind::kSlow), {});
    const std::function<void(base::Bytes&)> changes[] = {
        [](base::Bytes& body) { body[0] ^= 0xff; },
        [](base::Bytes& body) { body.back() ^= 1; },
        [](base::Bytes& body) { body.pop_back(); },
        [](base::Bytes& body) { body.resize(body.size() / 2); },
        [](base::Bytes& body) { body.push_back(0); },
        [](base::Bytes& body) { body.clear(); }};
    for (const auto& change : changes) {
        cdn.change = change;
        EXPECT_EQ(ask(bad, "payloads/p").status, FetchStatus::kUnreachable);
    }
}

TEST(FaultyTransport, PassesOnThatAReceiverStops) {
    Cdn cdn;
    cdn.files["payloads/p"] = counting(5000);
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kTruncate, FaultKind::kServe,
                                 FaultKind::kEndless, FaultKind::kInflate, FaultKind::kSlow}) {
        // Draw 4 leaves more than 200 bytes.
        Fault fault = fault_of(kind, FaultTarget::kPayload, 4);
        fault.files["payloads/p"] = counting(5000);
        FaultyTransport bad(cdn, fault, {});
        Taker at_once;
        at_once.goes_on = [](Elapsed) { return false; };
        EXPECT_EQ(bad.get({"payloads/p", 0, 0}, at_once), FetchStatus::kStopped) << fault.text();
        EXPECT_EQ(at_once.received, 0u);
        Taker soon;
        soon.goes_on = [&](Elapsed) { return soon.received == 0; };
        EXPECT_EQ(bad.get({"payloads/p", 0, 0}, soon), FetchStatus::kStopped) << fault.text();
        EXPECT_EQ(soon.calls, 1);
    }
}

TEST(FaultyTransport, IsSoundWhereTheFaultIsAnother) {
    Cdn cdn;
    for (const FaultKind kind : {FaultKind::kWrongClock, FaultKind::kStateLost,
                                 FaultKind::kStoreFull, FaultKind::kStoreReadOnly}) {
        FaultyTransport good(cdn, fault_of(kind), {});
        for (const auto& [path, file] : cdn.files) {
            EXPECT_EQ(body_of(good, path), file);
        }
    }
}

}  // namespace
}  // namespace firebreak::faults
