// What a worker is sent, whatever it is: it takes exactly the requests that are there, in order,
// and refuses what no parent of this build sends. The input's first byte says whether the first
// four of the rest come with a memory file that has all bytes behind them.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "sandbox/channel.h"
#include "sandbox/message.h"
#include "sandbox/process.h"
#include "sandbox/request.h"

namespace {

using namespace firebreak;
using sandbox::Descriptor;

constexpr size_t kFits = 64 * 1024;  // into the socket, with nobody reading yet

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_inline(int socket, base::ByteView rest) {
    for (;;) {
        sandbox::Request request;
        const auto received = request.receive(socket);
        const uint32_t length = base::ByteReader(rest).u32();
        if (rest.size() < 4 || length > sandbox::kMostInline) {
            check(rest.empty() ? received.ok() && !*received : !received.ok());
            return;
        }
        const base::ByteView body = rest.subspan(4);
        check(received.ok() && *received == (body.size() >= length));
        if (!*received) {
            return;
        }
        check(std::ranges::equal(request.bytes(), body.first(length)));
        rest = body.subspan(length);
    }
}

void check_file(int socket, base::ByteView header, base::ByteView file) {
    sandbox::Request request;
    const auto received = request.receive(socket);
    const uint32_t length = base::ByteReader(header).u32();
    check(received.ok() == (length > 0 && length <= sandbox::kMaxRequestBytes));
    if (received.ok() && length <= file.size()) {  // beyond its end there is nothing to read
        check(std::ranges::equal(request.bytes(), file.first(length)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const base::ByteView rest(data + 1, std::min(size - 1, kFits));
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return 0;  // no descriptor is left: no finding
    }
    Descriptor parent(pair[0]);
    const Descriptor worker(pair[1]);
    const bool in_file = (data[0] & 1) != 0 && rest.size() >= sandbox::kFrameHeaderBytes;
    const base::ByteView sent = in_file ? rest.first(sandbox::kFrameHeaderBytes) : rest;
    const base::ByteView behind = rest.subspan(in_file ? sent.size() : 0);
    const auto file = sandbox::sealed_file({&behind, 1});
    check(file.ok());
    const int descriptor = file->get();
    if (!sent.empty()) {
        check(sandbox::send_message(parent.get(), std::as_bytes(sent),
                                    std::span(&descriptor, in_file ? 1 : 0))
                  .ok());
    }
    parent = {};  // hangs up
    if (in_file) {
        check_file(worker.get(), sent, rest.subspan(sent.size()));
    } else {
        check_inline(worker.get(), sent);
    }
    return 0;
}
