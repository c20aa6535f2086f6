#include "sandbox/message.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace firebreak::sandbox {

namespace {

constexpr size_t kControlBytes = CMSG_SPACE(kMostDescriptors * sizeof(int));

// What came along, ours to close whatever else is wrong with the message.
void take_descriptors(const msghdr& message, Received& received) {
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
        return;
    }
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count && i < kMostDescriptors; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
        received.descriptors[i] = Descriptor(descriptor);
        ++received.count;
    }
}

}  // namespace

base::Status send_message(int socket, std::span<const std::byte> bytes,
                          std::span<const int> descriptors) {
    iovec data{const_cast<std::byte*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[kControlBytes] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = -1;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != static_cast<ssize_t>(bytes.size())) {
        const int error = errno;
        base::Error why = system_error("sendmsg", error);
        errno = error;
        return why;
    }
    return {};
}

base::Result<Received> receive_message(int socket, std::span<std::byte> into) {
    iovec data{into.data(), into.size()};
    alignas(cmsghdr) char control[kControlBytes] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    // Not what alignment adds: the kernel would put one more there.
    message.msg_controllen = CMSG_LEN(kMostDescriptors * sizeof(int));
    ssize_t n = -1;
    do {
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    Received received;
    if (n < 0) {
        return system_error("recvmsg");
    }
    received.bytes = static_cast<size_t>(n);
    take_descriptors(message, received);
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        return base::Error{"recvmsg: a message that is too long", "", ""};
    }
    return received;
}

}  // namespace firebreak::sandbox
