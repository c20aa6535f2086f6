// What a transport answers, taken down whole.
#pragma once

#include <string>

#include "ports/transport.h"

namespace firebreak::test {

struct Received {
    ports::FetchStatus status = ports::FetchStatus::kUnreachable;
    uint64_t offset = 0;  // where in the file the body begins
    base::Bytes body;     // as it came, packed or not
};

class Taking final : public ports::Receiver {
  public:
    explicit Taking(Received& into) : into_(into) {}
    bool begin(ports::Encoding, uint64_t offset) override {
        into_.offset = offset;
        return true;
    }
    bool receive(base::ByteView bytes, ports::Elapsed) override {
        into_.body.insert(into_.body.end(), bytes.begin(), bytes.end());
        return true;
    }
    bool wait(ports::Elapsed) override { return true; }

  private:
    Received& into_;
};

inline Received get(ports::Transport& transport, const ports::Request& request) {
    Received received;
    Taking taking(received);
    received.status = transport.get(request, taking);
    return received;
}
inline Received get(ports::Transport& transport, const std::string& path) {
    return get(transport, ports::Request{path});
}

}  // namespace firebreak::test
