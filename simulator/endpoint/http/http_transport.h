// The CDN over real HTTP/1.1, by libcurl.
//
// What comes from the network is a stranger's: no redirect is followed; no proxy, cookie, password
// file or other protocol is used; headers are at most 32 KiB; nothing is unpacked here. Answers:
//
//   200               kOk from byte 0, whatever was asked for
//   206               kOk from the offset, if it says that it is all from there to the file's end
//   404, 410          kMissing
//   everything else   kUnreachable: no connection, one that broke off, another status, an answer
//                     that is no HTTP, a body with neither a length nor chunks (where that ends,
//                     nobody can tell), an encoding other than deflate, and deflate in a range
//
// Time is simulated: bytes of the body so far, divided by a fixed rate, so that no machine and no
// network decides what happens. One backstop is in real time, and is generous: a server that sends
// less than a piece in `silence` is given up as kUnreachable.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/transport.h"
#include "ports/whole_file.h"

namespace firebreak::endpoint::http {

struct HttpSettings {
    // "http://127.0.0.1:8080", one per edge, the endpoint's own first: no other host is asked.
    std::vector<std::string> edges;
    uint64_t bytes_per_second = ports::kUsualBytesPerSecond;  // of simulated time
    std::chrono::milliseconds silence{30'000};                // of real time
};

// A receiver gets the body in pieces of this size, however the network cut it; the last is shorter.
inline constexpr size_t kPieceBytes = 16 * 1024;

// Keeps connections open from one file to the next. Not safe from several threads at a time.
class HttpTransport final : public ports::Transport {
  public:
    // Asks nobody yet. Errors: no edge, or an address of another form; libcurl has no HTTP.
    static base::Result<std::unique_ptr<HttpTransport>> to(HttpSettings settings);

    unsigned edges() const override { return static_cast<unsigned>(settings_.edges.size()); }
    // An edge that is not there is unreachable.
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override;

  private:
    struct CurlDelete {
        void operator()(void* curl) const;
    };
    using Curl = std::unique_ptr<void, CurlDelete>;
    HttpTransport(HttpSettings settings, Curl curl);

    HttpSettings settings_;
    Curl curl_;
};

}  // namespace firebreak::endpoint::http
