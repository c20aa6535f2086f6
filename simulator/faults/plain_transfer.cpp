#include "faults/plain_transfer.h"

#define ZLIB_CONST  // what is unpacked is only read
#include <zlib.h>

#include <new>

namespace firebreak::faults {

namespace {

using base::ByteView;
using ports::Elapsed;
using ports::Encoding;
using ports::FetchStatus;

constexpr size_t kLargestPiece = 1024 * 1024;

class Unpacking final : public ports::Receiver {
  public:
    explicit Unpacking(ports::Receiver& outer) : outer_(outer) {}
    Unpacking(const Unpacking&) = delete;
    Unpacking& operator=(const Unpacking&) = delete;
    ~Unpacking() override {
        if (packed_) {
            inflateEnd(&stream_);
        }
    }

    bool begin(Encoding encoding, uint64_t offset) override {
        if (encoding == Encoding::kDeflate) {
            if (inflateInit(&stream_) != Z_OK) {
                throw std::bad_alloc();  // the one way in which it can fail
            }
            packed_ = true;
            piece_.resize(kLargestPiece);
        }
        return outer_.begin(Encoding::kIdentity, offset);
    }
    bool receive(ByteView bytes, Elapsed at) override {
        return packed_ ? unpack(bytes, at) : outer_.receive(bytes, at);
    }
    bool wait(Elapsed at) override { return outer_.wait(at); }

    // What the transfer came to, by what the transport says of it.
    FetchStatus status(FetchStatus said) const {
        const bool incomplete = said == FetchStatus::kOk && packed_ && last_ != Z_STREAM_END;
        return damaged_ || incomplete ? FetchStatus::kUnreachable : said;
    }

  private:
    bool unpack(ByteView bytes, Elapsed at) {
        stream_.next_in = bytes.data();
        stream_.avail_in = static_cast<uInt>(bytes.size());
        do {
            stream_.next_out = piece_.data();
            stream_.avail_out = static_cast<uInt>(piece_.size());
            last_ = inflate(&stream_, Z_NO_FLUSH);
            // Z_BUF_ERROR: there is nothing to do until more comes.
            damaged_ = last_ != Z_OK && last_ != Z_STREAM_END && last_ != Z_BUF_ERROR;
            const ByteView out = ByteView(piece_).first(piece_.size() - stream_.avail_out);
            if (damaged_ || (!out.empty() && !outer_.receive(out, at))) {
                return false;
            }
        } while (last_ != Z_STREAM_END && (stream_.avail_in > 0 || stream_.avail_out == 0));
        damaged_ = stream_.avail_in > 0;  // bytes behind the end
        return !damaged_;
    }

    ports::Receiver& outer_;
    bool packed_ = false;
    bool damaged_ = false;
    int last_ = Z_OK;
    z_stream stream_{};
    base::Bytes piece_;
};

}  // namespace

FetchStatus get_plain(ports::Transport& inner, const ports::Request& request,
                      ports::Receiver& receiver) {
    Unpacking plain(receiver);
    return plain.status(inner.get(request, plain));
}

}  // namespace firebreak::faults
