// Sockets on this machine's loopback, for tests that speak HTTP byte by byte.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace firebreak::test {

// A connected socket that gives up after ten seconds of silence.
class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {
        const timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Socket() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    // False: the peer takes no more.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<size_t>(n));
        }
        return true;
    }
    // Empty: the peer has hung up, or says nothing.
    std::string receive(size_t at_most = 65536) const {
        std::string bytes(at_most, '\0');
        const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
        bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
        return bytes;
    }
    // All until the peer hangs up.
    std::string receive_all() const {
        std::string all;
        for (std::string part = receive(); !part.empty(); part = receive()) {
            all += part;
        }
        return all;
    }
    // Up to and with this text, or until the peer hangs up.
    std::string receive_until(std::string_view text) const {
        std::string all;
        while (all.find(text) == std::string::npos) {
            const std::string part = receive(1);
            if (part.empty()) {
                break;
            }
            all += part;
        }
        return all;
    }

  private:
    int fd_;
};

inline sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

inline Socket connect_to(uint16_t port) {
    const sockaddr_in address = loopback(port);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return Socket(fd);
}

// Answers one connection after another as it is told to, and then hangs up.
class RawServer {
  public:
    explicit RawServer(std::function<void(const Socket&)> serve)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), serve_(std::move(serve)) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        ::bind(listener_, generic, size);
        ::listen(listener_, 16);
        ::getsockname(listener_, generic, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    uint16_t port() const { return port_; }
    unsigned connections() const { return connections_; }

  private:
    void run() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            ++connections_;
            serve_(Socket(fd));
        }
    }

    int listener_;
    std::function<void(const Socket&)> serve_;
    uint16_t port_ = 0;
    std::atomic<unsigned> connections_ = 0;
    std::thread thread_;
};

}  // namespace firebreak::test
