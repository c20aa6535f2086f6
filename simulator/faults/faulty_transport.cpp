#include "faults/faulty_transport.h"

#include <algorithm>

#include "content/manifest.h"
#include "faults/mutation.h"
#include "faults/packing.h"
#include "faults/plain_transfer.h"

namespace firebreak::faults {

namespace {

using base::ByteView;
using ports::Elapsed;
using ports::Encoding;
using ports::FetchStatus;

constexpr uint64_t kPiece = 1024 * 1024;
// More than any package, head or set may have.
constexpr uint64_t kMostToJudge = 16 * 1024 * 1024;

std::string_view folder_of(FaultTarget target) {
    switch (target) {
        case FaultTarget::kPayload:
            return "payloads/";
        case FaultTarget::kPackage:
        case FaultTarget::kSignature:
        case FaultTarget::kChain:
        case FaultTarget::kManifest:
        case FaultTarget::kLength:
        case FaultTarget::kEncoding:
            return "packages/";
        case FaultTarget::kHead:
            return "heads/";
        case FaultTarget::kSet:
            return "sets/";
    }
    return "";
}

const base::Bytes& zeros() {
    static const base::Bytes bytes(kPiece);
    return bytes;
}

Elapsed nominal_time(uint64_t bytes) {
    return Elapsed(static_cast<int64_t>(bytes * 1000 / kNominalBytesPerSecond));
}

// How far to go at once, having come so far: precisely at first, then by a sixteenth more, so that
// the longest wait passes in some hundred steps.
uint64_t step_after(uint64_t so_far) {
    return std::max<uint64_t>(1, so_far / 16);
}

// Waits until nobody waits any longer.
FetchStatus wait_for_nothing(ports::Receiver& receiver) {
    const auto longest = static_cast<uint64_t>(ports::kLongestWait / std::chrono::seconds(1));
    for (uint64_t seconds = 0; seconds < longest;) {
        seconds = std::min(longest, seconds + step_after(seconds));
        if (!receiver.wait(std::chrono::seconds(seconds))) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kUnfinished;
}

FetchStatus serve(const base::Bytes& file, const ports::Request& request,
                  ports::Receiver& receiver) {
    if (request.offset > file.size()) {
        return FetchStatus::kUnreachable;  // no such range: an error, and no answer
    }
    if (!receiver.begin(Encoding::kIdentity, request.offset)) {
        return FetchStatus::kStopped;
    }
    for (uint64_t at = request.offset; at < file.size();) {
        const uint64_t size = std::min<uint64_t>(kPiece, file.size() - at);
        const ByteView piece = ByteView(file).subspan(at, size);
        at += size;
        if (!receiver.receive(piece, nominal_time(at - request.offset))) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kOk;
}

// Takes a whole file, to learn its size, and its bytes if they are wanted.
class Collector final : public ports::Receiver {
  public:
    explicit Collector(bool keeps_bytes) : keeps_bytes_(keeps_bytes) {}
    bool begin(Encoding, uint64_t) override { return true; }
    bool receive(ByteView bytes, Elapsed) override {
        size_ += bytes.size();
        if (keeps_bytes_) {
            bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        }
        return size_ <= (keeps_bytes_ ? kMostToJudge : content::kMaxPayloadBytes);
    }
    bool wait(Elapsed) override { return true; }

    uint64_t size() const { return size_; }
    const base::Bytes& bytes() const { return bytes_; }

  private:
    bool keeps_bytes_;
    uint64_t size_ = 0;
    base::Bytes bytes_;
};

// Passes a file on, damaged.
class Damager final : public ports::Receiver {
  public:
    Damager(ports::Receiver& outer, Damage damage) : outer_(outer), damage_(damage) {}

    bool begin(Encoding encoding, uint64_t offset) override {
        position_ = offset;
        return outer_.begin(encoding, offset);
    }
    bool receive(ByteView bytes, Elapsed at) override {
        const uint64_t begin = position_;
        position_ += bytes.size();
        if (position_ <= damage_.offset || (begin > damage_.offset && damage_.flipped != 0)) {
            return outer_.receive(bytes, at);
        }
        const uint64_t before = damage_.offset - std::min(begin, damage_.offset);
        if (damage_.flipped == 0) {
            ended_ = before == 0 || outer_.receive(bytes.first(before), at);
            return false;
        }
        base::Bytes changed(bytes.begin(), bytes.end());
        changed[before] ^= damage_.flipped;
        return outer_.receive(changed, at);
    }
    bool wait(Elapsed at) override { return outer_.wait(at); }

    // The file ended early, and that was its end as far as the receiver can tell.
    bool ended() const { return ended_; }

  private:
    ports::Receiver& outer_;
    Damage damage_;
    uint64_t position_ = 0;
    bool ended_ = false;
};

// Passes a file on and remembers when its last byte came.
class Endless final : public ports::Receiver {
  public:
    explicit Endless(ports::Receiver& outer) : outer_(outer) {}

    bool begin(Encoding encoding, uint64_t offset) override {
        return outer_.begin(encoding, offset);
    }
    bool receive(ByteView bytes, Elapsed at) override {
        at_ = at;
        return outer_.receive(bytes, at);
    }
    bool wait(Elapsed at) override { return outer_.wait(at); }

    FetchStatus go_on() {
        for (uint64_t sent = kPiece;; sent += kPiece) {
            const Elapsed at = at_ + nominal_time(sent);
            if (at > ports::kLongestWait) {
                return FetchStatus::kUnfinished;
            }
            if (!outer_.receive(zeros(), at)) {
                return FetchStatus::kStopped;
            }
        }
    }

  private:
    ports::Receiver& outer_;
    Elapsed at_{0};
};

// Passes a file on packed.
class Inflating final : public ports::Receiver {
  public:
    explicit Inflating(ports::Receiver& outer) : outer_(outer) {}

    bool begin(Encoding, uint64_t offset) override {
        return outer_.begin(Encoding::kDeflate, offset) &&
               outer_.receive(packed_header(), Elapsed(0));
    }
    bool receive(ByteView bytes, Elapsed at) override {
        at_ = at;
        checksum_ = checksum(checksum_, bytes);
        return outer_.receive(packed(bytes), at);
    }
    bool wait(Elapsed at) override { return outer_.wait(at); }

    FetchStatus go_on() {
        const base::Bytes piece = packed(zeros());
        const uint32_t checksum_of_piece = checksum(kNoBytes, zeros());
        uint64_t sent = 0;
        for (uint64_t unpacked = 0; unpacked < kInflatedZeros; unpacked += kPiece) {
            sent += piece.size();
            checksum_ = checksum_of_both(checksum_, checksum_of_piece, kPiece);
            if (!outer_.receive(piece, at_ + nominal_time(sent))) {
                return FetchStatus::kStopped;
            }
        }
        return outer_.receive(packed_trailer(checksum_), at_ + nominal_time(sent))
                   ? FetchStatus::kOk
                   : FetchStatus::kStopped;
    }

  private:
    ports::Receiver& outer_;
    Elapsed at_{0};
    uint32_t checksum_ = kNoBytes;
};

// Passes a file on byte by byte. Bytes that nobody can yet complain of come several at a time, at
// the moment of the last.
class Slow final : public ports::Receiver {
  public:
    explicit Slow(ports::Receiver& outer) : outer_(outer) {}

    bool begin(Encoding encoding, uint64_t offset) override {
        return outer_.begin(encoding, offset);
    }
    bool receive(ByteView bytes, Elapsed) override {
        while (!bytes.empty()) {
            const uint64_t in_time = kMostInTime - sent_;
            const uint64_t size = std::min({bytes.size(), step_after(sent_), in_time});
            if (size == 0) {
                unfinished_ = outer_.wait(ports::kLongestWait);
                return false;
            }
            sent_ += size;
            if (!outer_.receive(bytes.first(size), so_far())) {
                return false;
            }
            bytes = bytes.subspan(size);
        }
        return true;
    }
    bool wait(Elapsed at) override { return outer_.wait(std::max(at, so_far())); }

    bool unfinished() const { return unfinished_; }

  private:
    static constexpr uint64_t kMostInTime = ports::kLongestWait / kTimePerSlowByte;
    Elapsed so_far() const { return kTimePerSlowByte * static_cast<int64_t>(sent_); }

    ports::Receiver& outer_;
    uint64_t sent_ = 0;
    bool unfinished_ = false;
};

}  // namespace

FaultyTransport::FaultyTransport(ports::Transport& inner, const Fault& fault,
                                 std::set<std::string> paths)
    : inner_(inner), fault_(fault), paths_(std::move(paths)) {}

unsigned FaultyTransport::edges() const {
    return inner_.edges();
}

bool FaultyTransport::strikes(const ports::Request& request) const {
    if (fault_.own_edge && request.edge != 0) {
        return false;
    }
    if (fault_.kind == FaultKind::kServe) {
        return fault_.files.contains(request.path);
    }
    if (!paths_.empty() && !paths_.contains(request.path)) {
        return false;
    }
    return fault_.kind == FaultKind::kBlackHole ||
           request.path.starts_with(folder_of(fault_.target));
}

FetchStatus FaultyTransport::get(const ports::Request& request, ports::Receiver& receiver) {
    if (!strikes(request)) {
        return inner_.get(request, receiver);
    }
    switch (fault_.kind) {
        case FaultKind::kBitFlip:
        case FaultKind::kTruncate:
            return damaged(request, receiver);
        case FaultKind::kServe:
            return serve(fault_.files.at(request.path), request, receiver);
        case FaultKind::kMissing:
            return FetchStatus::kMissing;
        case FaultKind::kBlackHole:
            return wait_for_nothing(receiver);
        case FaultKind::kEndless:
            return endless(request, receiver);
        case FaultKind::kInflate:
            return inflating(request, receiver);
        case FaultKind::kSlow:
            return slow(request, receiver);
        case FaultKind::kWrongClock:
        case FaultKind::kStateLost:
        case FaultKind::kStoreFull:
        case FaultKind::kStoreReadOnly:
            break;
    }
    return inner_.get(request, receiver);
}

FetchStatus FaultyTransport::damaged(const ports::Request& request, ports::Receiver& receiver) {
    const bool is_payload = fault_.target == FaultTarget::kPayload;
    Collector file(!is_payload);
    const FetchStatus known = get_plain(inner_, {request.path, request.edge, 0}, file);
    if (known != FetchStatus::kOk || file.size() == 0) {
        return inner_.get(request, receiver);
    }
    const std::vector<Range> ranges =
        is_payload ? std::vector<Range>{{0, file.size()}} : ranges_of(file.bytes(), fault_.target);
    const auto damage = damage_of(ranges, fault_);
    if (!damage) {
        return inner_.get(request, receiver);
    }
    if (damage->flipped == 0 && request.offset > damage->offset) {
        return FetchStatus::kUnreachable;  // no such range: an error, and no answer
    }
    Damager damager(receiver, *damage);
    const FetchStatus status = get_plain(inner_, request, damager);
    return damager.ended() ? FetchStatus::kOk : status;
}

FetchStatus FaultyTransport::endless(const ports::Request& request, ports::Receiver& receiver) {
    Endless body(receiver);
    const FetchStatus status = get_plain(inner_, request, body);
    return status == FetchStatus::kOk ? body.go_on() : status;
}

FetchStatus FaultyTransport::inflating(const ports::Request& request, ports::Receiver& receiver) {
    Inflating body(receiver);
    const FetchStatus status = get_plain(inner_, {request.path, request.edge, 0}, body);
    return status == FetchStatus::kOk ? body.go_on() : status;
}

FetchStatus FaultyTransport::slow(const ports::Request& request, ports::Receiver& receiver) {
    Slow body(receiver);
    const FetchStatus status = get_plain(inner_, request, body);
    return body.unfinished() ? FetchStatus::kUnfinished : status;
}

}  // namespace firebreak::faults
