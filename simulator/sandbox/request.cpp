#include "sandbox/request.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <string>

#include "sandbox/channel.h"
#include "sandbox/message.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {

bool read_all(int socket, uint8_t* to, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t n = read(socket, to + done, size - done);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        done += n > 0 ? static_cast<size_t>(n) : 0;
    }
    return true;
}

Request::~Request() {
    if (mapped_ != nullptr) {
        munmap(mapped_, size_);
    }
}

base::Result<bool> Request::receive(int socket) {
    std::array<uint8_t, kFrameHeaderBytes> header;
    FB_TRY(Received received, receive_message(socket, std::as_writable_bytes(std::span(header))));
    if (received.bytes == 0) {
        return false;
    }
    if (received.bytes != header.size()) {
        return base::Error{"a request that breaks off in its length", "", ""};
    }
    size_ = base::ByteReader(header).u32();
    const bool in_file = received.count != 0;
    if (size_ > (in_file ? kMaxRequestBytes : kMostInline)) {
        return base::Error{"a request of " + std::to_string(size_) + " bytes", "", ""};
    }
    if (in_file) {
        return map(received.descriptors[0].get());
    }
    own_.resize(size_);
    return read_all(socket, own_.data(), size_);
}

base::ByteView Request::bytes() const {
    return mapped_ == nullptr ? base::ByteView(own_)
                              : base::ByteView(static_cast<const uint8_t*>(mapped_), size_);
}

base::Result<bool> Request::map(int file) {
    // All of it will be read: one call instead of a fault for every few pages.
    void* const mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (mapped == MAP_FAILED) {
        return system_error("mmap of a request");
    }
    mapped_ = mapped;
    return true;
}

}  // namespace firebreak::sandbox
