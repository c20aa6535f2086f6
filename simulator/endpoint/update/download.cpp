#include "endpoint/update/download.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace firebreak::endpoint::update {

namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

constexpr ports::Elapsed kGrace = std::chrono::minutes(1);  // before a rate is asked for
constexpr ports::Elapsed kFirstPause = std::chrono::seconds(5);
constexpr unsigned kMostTries = 8;

std::string seconds(ports::Elapsed time) {
    return fmt::format("{:.0f} s", std::chrono::duration<double>(time).count());
}

// Unpacks zlib streams (RFC 1950) piece by piece.
class Inflater {
  public:
    Inflater() { inflateInit(&stream_); }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // Calls `consume` until all of `packed` is used up, or it answers something.
    std::optional<Outcome> unpack(base::ByteView packed, const std::string& path,
                                  const Consumer& consume) {
        std::array<uint8_t, 64 * 1024> out;
        stream_.next_in = const_cast<uint8_t*>(packed.data());
        stream_.avail_in = static_cast<uInt>(packed.size());
        while (stream_.avail_in > 0 && !ended_) {
            stream_.next_out = out.data();
            stream_.avail_out = static_cast<uInt>(out.size());
            const int result = inflate(&stream_, Z_NO_FLUSH);
            const size_t produced = out.size() - stream_.avail_out;
            if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
                return refuse(Category::kCorrupt, Code::kPayloadDigestWrong,
                              {{"path", path}, {"found", "a body that does not unpack"}});
            }
            ended_ = result == Z_STREAM_END;
            if (auto failure = consume(base::ByteView(out.data(), produced))) {
                return failure;
            }
        }
        return std::nullopt;
    }

  private:
    z_stream stream_{};
    bool ended_ = false;
};

// One try at one edge. Stops the transport as soon as something is wrong.
class Attempt final : public ports::Receiver {
  public:
    // `taken`: bytes that earlier tries left; `since`: simulated time used up by them.
    Attempt(const Wanted& wanted, const Profile& profile, uint64_t taken, ports::Elapsed since)
        : wanted_(wanted), profile_(profile), taken_(taken), since_(since) {}

    bool begin(ports::Encoding encoding, uint64_t offset) override {
        packed_ = encoding == ports::Encoding::kDeflate;
        if (packed_) {
            inflater_ = std::make_unique<Inflater>();
        }
        // A server that knows no ranges, or a packed body, begins with the beginning.
        if (offset != taken_) {
            failure_ = wanted_.restart();
            taken_ = 0;
        }
        return !failure_;
    }

    bool receive(base::ByteView bytes, ports::Elapsed at) override {
        received_ += bytes.size();
        if (packed_ && over_packed_cap()) {
            return false;
        }
        const Consumer consume = [this](base::ByteView piece) { return take(piece); };
        failure_ = packed_ ? inflater_->unpack(bytes, wanted_.path, consume) : take(bytes);
        return !failure_ && in_time(at);
    }

    bool wait(ports::Elapsed at) override { return in_time(at); }

    const std::optional<Outcome>& failure() const { return failure_; }
    uint64_t taken() const { return packed_ ? 0 : taken_; }
    bool packed() const { return packed_; }
    ports::Elapsed elapsed() const { return elapsed_; }

  private:
    Outcome over(Code code) const {
        return refuse(Category::kTooLarge, code,
                      {{"path", wanted_.path}, {"allowed", fmt::format("{} bytes", *wanted_.cap)}});
    }

    // Packed, nothing is longer than it was, but for zlib's few bytes of frame.
    bool over_packed_cap() {
        if (profile_.byte_caps && wanted_.cap &&
            received_ > *wanted_.cap + *wanted_.cap / 1000 + 64) {
            failure_ = over(Code::kOverCap);
        }
        return failure_.has_value();
    }

    std::optional<Outcome> take(base::ByteView bytes) {
        taken_ += bytes.size();
        if (profile_.byte_caps && wanted_.cap && taken_ > *wanted_.cap) {
            return over(packed_ ? Code::kInflatesTooFar : Code::kOverCap);
        }
        return wanted_.consume(bytes);
    }

    // The socket's own time-out is no help: a byte now and then resets it.
    bool in_time(ports::Elapsed at) {
        elapsed_ = at;
        const ports::Elapsed total = since_ + at;
        if (profile_.deadline && total > *profile_.deadline) {
            failure_ = refuse(Category::kBlocked, Code::kPastDeadline,
                              {{"path", wanted_.path}, {"deadline", seconds(*profile_.deadline)}});
            return false;
        }
        const double rate =
            at > kGrace ? static_cast<double>(received_) / std::chrono::duration<double>(at).count()
                        : static_cast<double>(profile_.least_bytes_per_s);
        if (rate < static_cast<double>(profile_.least_bytes_per_s)) {
            failure_ = refuse(Category::kBlocked, Code::kTooSlow,
                              {{"path", wanted_.path},
                               {"received", fmt::format("{} bytes in {}", received_, seconds(at))},
                               {"expected", fmt::format("{} bytes a second at least",
                                                        profile_.least_bytes_per_s)}});
            return false;
        }
        return true;
    }

    const Wanted& wanted_;
    const Profile& profile_;
    uint64_t taken_;
    ports::Elapsed since_;
    ports::Elapsed elapsed_{0};
    uint64_t received_ = 0;
    bool packed_ = false;
    std::unique_ptr<Inflater> inflater_;
    std::optional<Outcome> failure_;
};

std::optional<Outcome> outcome_of(ports::FetchStatus status, const Attempt& attempt,
                                  const Wanted& wanted) {
    switch (status) {
        case ports::FetchStatus::kOk:
            return wanted.judge();
        case ports::FetchStatus::kMissing:
            return refuse(Category::kMissing, wanted.missing, {{"path", wanted.path}});
        case ports::FetchStatus::kUnreachable:
            return refuse(Category::kBlocked, Code::kUnreachable, {{"path", wanted.path}});
        case ports::FetchStatus::kUnfinished:
            return refuse(Category::kBlocked, Code::kStillWaiting,
                          {{"path", wanted.path},
                           {"waiting", "longer than " + seconds(ports::kLongestWait)}});
        case ports::FetchStatus::kStopped:
            break;
    }
    return attempt.failure();
}

}  // namespace

std::optional<Outcome> Downloader::fetch(const Wanted& wanted) {
    const unsigned tries =
        profile_.other_edges ? std::clamp(transport_.edges(), 1u, kMostTries) : 1;
    uint64_t taken = 0;
    ports::Elapsed used{0};
    std::optional<Outcome> outcome;
    for (unsigned edge = 0; edge < tries; ++edge) {
        Attempt attempt(wanted, profile_, taken, used);
        const ports::FetchStatus status = transport_.get({wanted.path, edge, taken}, attempt);
        outcome = outcome_of(status, attempt, wanted);
        if (!outcome || outcome->category == Category::kExhausted) {
            return outcome;
        }
        used += attempt.elapsed();
        used += ports::Elapsed(static_cast<int64_t>(
            static_cast<double>((kFirstPause * (1 << edge)).count()) * (0.5 + jitter_)));
        taken = attempt.taken();
        // Only what broke off may be gone on with: the rest of a lie is a lie.
        if (status != ports::FetchStatus::kUnreachable || attempt.packed()) {
            taken = 0;
        }
        if (taken == 0 && edge + 1 < tries) {
            if (auto failure = wanted.restart()) {
                return failure;
            }
        }
    }
    return outcome;
}

Downloader::InMemory Downloader::fetch(
    const std::string& path, Code missing, uint64_t cap, uint64_t room,
    std::function<std::optional<Outcome>(base::ByteView)> judge) {
    InMemory out;
    Wanted wanted;
    wanted.path = path;
    wanted.missing = missing;
    wanted.cap = cap;
    wanted.judge = [&] { return judge(out.bytes); };
    wanted.restart = [&]() -> std::optional<Outcome> {
        out.bytes.clear();
        return std::nullopt;
    };
    wanted.consume = [&](base::ByteView bytes) -> std::optional<Outcome> {
        out.delivered = true;
        if (out.bytes.size() + bytes.size() > room) {
            return refuse(Category::kExhausted, Code::kMachineFull,
                          {{"path", path}, {"memory", fmt::format("{} bytes, all used", room)}});
        }
        out.bytes.insert(out.bytes.end(), bytes.begin(), bytes.end());
        return std::nullopt;
    };
    out.failure = fetch(wanted);
    return out;
}

}  // namespace firebreak::endpoint::update
