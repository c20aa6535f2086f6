#include "endpoint/update/scripted_cdn.h"

#include <zlib.h>

#include <algorithm>
#include <chrono>

namespace firebreak::endpoint::update::test {

namespace {

using ports::Elapsed;
using ports::Encoding;
using ports::FetchStatus;
using ports::Receiver;

constexpr size_t kPiece = 64 << 10;
constexpr Elapsed kMillisecond{1};

base::Bytes deflated(base::ByteView bytes) {
    base::Bytes packed(compressBound(bytes.size()));
    uLongf size = packed.size();
    compress(packed.data(), &size, bytes.data(), bytes.size());
    packed.resize(size);
    return packed;
}

FetchStatus send(base::ByteView body, Receiver& receiver, Encoding encoding = Encoding::kIdentity,
                 uint64_t offset = 0) {
    if (!receiver.begin(encoding, offset)) {
        return FetchStatus::kStopped;
    }
    Elapsed at{0};
    for (size_t from = 0; from < body.size(); from += kPiece) {
        at += kMillisecond;
        if (!receiver.receive(body.subspan(from, std::min(kPiece, body.size() - from)), at)) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kOk;
}

FetchStatus be_silent(Receiver& receiver) {
    for (Elapsed at{0}; at <= ports::kLongestWait; at += std::chrono::seconds(10)) {
        if (!receiver.wait(at)) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kUnfinished;
}

FetchStatus send_for_ever(Receiver& receiver) {
    const base::Bytes piece(kPiece, 'x');
    for (Elapsed at{0}; at <= ports::kLongestWait; at += Elapsed(10)) {
        if (!receiver.receive(piece, at)) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kUnfinished;
}

// A piece of this size, and a pause of this length, again and again; past the body's end as well if
// it never ends.
FetchStatus send_slowly(base::ByteView body, size_t piece, Elapsed pause, bool ends,
                        Receiver& receiver) {
    const base::Bytes filler(piece, 'x');
    size_t from = 0;
    for (Elapsed at = pause; at <= ports::kLongestWait; at += pause) {
        const bool over = from >= body.size();
        if (over && ends) {
            return FetchStatus::kOk;
        }
        const base::ByteView next =
            over ? base::ByteView(filler) : body.subspan(from, std::min(piece, body.size() - from));
        from += next.size();
        if (!receiver.receive(next, at)) {
            return FetchStatus::kStopped;
        }
    }
    return FetchStatus::kUnfinished;
}

FetchStatus misbehave(const Misdeed& misdeed, const base::Bytes& file, uint64_t offset,
                      Receiver& receiver) {
    using enum Misdeed::Kind;
    const base::ByteView rest = base::ByteView(file).subspan(std::min<size_t>(offset, file.size()));
    const auto begun = [&] { return receiver.begin(Encoding::kIdentity, offset); };
    switch (misdeed.kind) {
        case kMissing:
            return FetchStatus::kMissing;
        case kUnreachable:
            return FetchStatus::kUnreachable;
        case kBreaksOff: {
            const size_t size = std::min<size_t>(misdeed.amount, rest.size());
            const FetchStatus sent = send(rest.first(size), receiver, Encoding::kIdentity, offset);
            return sent == FetchStatus::kOk ? FetchStatus::kUnreachable : sent;
        }
        case kSilent:
            return be_silent(receiver);
        case kDamaged: {
            base::Bytes wrong = file;
            wrong.at(misdeed.amount) ^= 1;
            return send(base::ByteView(wrong).subspan(offset), receiver, Encoding::kIdentity,
                        offset);
        }
        case kEndless: {
            const FetchStatus sent = send(rest, receiver, Encoding::kIdentity, offset);
            return sent == FetchStatus::kOk ? send_for_ever(receiver) : sent;
        }
        case kPacked:
            return send(deflated(file), receiver, Encoding::kDeflate);
        case kInflating:
            return send(deflated(base::Bytes(misdeed.amount)), receiver, Encoding::kDeflate);
        case kPaced:
            return begun()
                       ? send_slowly(rest, misdeed.amount, std::chrono::seconds(1), true, receiver)
                       : FetchStatus::kStopped;
        case kTrickling:
            return begun() ? send_slowly(rest, 1, std::chrono::seconds(3), false, receiver)
                           : FetchStatus::kStopped;
        case kNoRanges:
            return send(file, receiver);
    }
    return FetchStatus::kUnreachable;
}

}  // namespace

FetchStatus ScriptedCdn::get(const ports::Request& request, Receiver& receiver) {
    requests.push_back(request);
    const auto file = files.find(request.path);
    if (unreachable || file == files.end()) {
        return unreachable ? FetchStatus::kUnreachable : FetchStatus::kMissing;
    }
    const auto misdeed = misdeeds_.find({request.path, request.edge});
    if (misdeed != misdeeds_.end()) {
        return misbehave(misdeed->second, file->second, request.offset, receiver);
    }
    const size_t offset = std::min<size_t>(request.offset, file->second.size());
    return send(base::ByteView(file->second).subspan(offset), receiver, Encoding::kIdentity,
                offset);
}

size_t ScriptedCdn::asked_for(const std::string& path) const {
    return std::count_if(requests.begin(), requests.end(),
                         [&](const ports::Request& request) { return request.path == path; });
}

}  // namespace firebreak::endpoint::update::test
