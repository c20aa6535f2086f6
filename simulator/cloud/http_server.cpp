#include "cloud/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "cloud/byte_range.h"

namespace firebreak::cloud {

namespace {

using base::Error;
using base::Result;

constexpr size_t kMostRequestBytes = 16 * 1024;
constexpr size_t kSendBytes = 64 * 1024;
constexpr uint64_t kLeastToDeflate = 1024;
constexpr size_t kThreads = 16;           // as many connections are served at a time
constexpr size_t kMostRequests = 10'000;  // over one connection
constexpr int kSliceMs = 100;
constexpr int kIdleSlices = 50;      // 5 s until the next request
constexpr int kStalledSlices = 300;  // 30 s without a byte within one

// What cpp-httplib reads requests from and writes responses to: a socket with limits, which its own
// stream does not have (version 0.11 holds a request line of any length).
class Connection final : public httplib::Stream {
  public:
    Connection(int socket, const std::atomic<bool>& stopping)
        : socket_(socket), stopping_(stopping), buffer_(4096) {}

    // Whether one comes, before the peer hangs up or has been idle for too long.
    bool await_request() {
        request_bytes_ = 0;
        return next_ < end_ || wait_for(POLLIN, kIdleSlices);
    }

    bool is_readable() const override { return true; }
    bool is_writable() const override { return wait_for(POLLOUT, kStalledSlices); }

    ssize_t read(char* out, size_t size) override {
        if (next_ == end_ && !fill()) {
            return -1;
        }
        const size_t count = std::min(size, end_ - next_);
        request_bytes_ += count;
        if (request_bytes_ > kMostRequestBytes) {
            return -1;
        }
        std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(next_), count, out);
        next_ += count;
        return static_cast<ssize_t>(count);
    }

    ssize_t write(const char* bytes, size_t size) override {
        while (wait_for(POLLOUT, kStalledSlices)) {
            const ssize_t sent = ::send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent >= 0 || (errno != EINTR && errno != EAGAIN)) {
                return sent;
            }
        }
        return -1;
    }

    // Nobody here asks who the peer is.
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return socket_; }

  private:
    bool wait_for(short events, int slices) const {
        for (; slices > 0 && !stopping_; --slices) {
            pollfd polled{socket_, events, 0};
            const int ready = ::poll(&polled, 1, kSliceMs);
            if (ready != 0 && !(ready < 0 && errno == EINTR)) {
                return ready > 0;
            }
        }
        return false;
    }

    bool fill() {
        while (wait_for(POLLIN, kStalledSlices)) {
            const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
                continue;
            }
            next_ = 0;
            end_ = got > 0 ? static_cast<size_t>(got) : 0;
            return got > 0;
        }
        return false;
    }

    int socket_;
    const std::atomic<bool>& stopping_;
    std::vector<char> buffer_;
    size_t next_ = 0;  // in the buffer: what has arrived and is not read yet
    size_t end_ = 0;
    size_t request_bytes_ = 0;
};

// Packs a file on its way out.
class Deflater {
  public:
    explicit Deflater(std::shared_ptr<const StaticFile> file)
        : file_(std::move(file)), in_(kSendBytes), out_(kSendBytes) {
        ready_ = deflateInit(&stream_, Z_DEFAULT_COMPRESSION) == Z_OK;
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { deflateEnd(&stream_); }

    // Hands the next piece of the file to the sink. False: it broke off.
    bool next_piece(httplib::DataSink& sink) {
        const auto got = ready_ ? file_->read(read_, in_) : Result<size_t>(size_t{0});
        if (!ready_ || !got.ok()) {
            return false;
        }
        read_ += *got;
        stream_.next_in = in_.data();
        stream_.avail_in = static_cast<uInt>(*got);
        const bool is_last = read_ == file_->size();
        do {
            stream_.next_out = out_.data();
            stream_.avail_out = static_cast<uInt>(out_.size());
            deflate(&stream_, is_last ? Z_FINISH : Z_NO_FLUSH);
            const size_t count = out_.size() - stream_.avail_out;
            // Writing nothing would end the body.
            if (count > 0 && !sink.write(reinterpret_cast<const char*>(out_.data()), count)) {
                return false;
            }
        } while (stream_.avail_out == 0);
        if (is_last) {
            sink.done();
        }
        return true;
    }

  private:
    std::shared_ptr<const StaticFile> file_;
    std::vector<uint8_t> in_, out_;
    z_stream stream_{};
    bool ready_ = false;
    uint64_t read_ = 0;
};

// Whether a list of content codings has "deflate" in it, not refused by "q=0".
bool accepts_deflate(std::string_view header) {
    while (!header.empty()) {
        const size_t end = std::min(header.find(','), header.size());
        std::string coding;
        for (const char c : header.substr(0, end)) {
            if (c != ' ' && c != '\t') {
                coding += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            }
        }
        if (coding == "deflate" || (coding.starts_with("deflate;q=") &&
                                    coding.find_first_of("123456789") != std::string::npos)) {
            return true;
        }
        header.remove_prefix(std::min(end + 1, header.size()));
    }
    return false;
}

// Octets and nothing else: cpp-httplib packs what it takes for text in its own way.
constexpr const char* kContentType = "application/octet-stream";

void send_part(const std::shared_ptr<const StaticFile>& file, uint64_t first, uint64_t length,
               httplib::Response& response) {
    if (length == 0) {
        response.set_header("Content-Type", kContentType);
        return;
    }
    const auto buffer = std::make_shared<std::vector<uint8_t>>(std::min(length, kSendBytes));
    response.set_content_provider(
        length, kContentType,
        [file, first, buffer](size_t offset, size_t left, httplib::DataSink& sink) {
            const std::span<uint8_t> piece(buffer->data(), std::min(left, buffer->size()));
            const auto got = file->read(first + offset, piece);
            return got.ok() && *got > 0 &&
                   sink.write(reinterpret_cast<const char*>(buffer->data()), *got);
        });
}

void send_deflated(const std::shared_ptr<const StaticFile>& file, httplib::Response& response) {
    response.set_header("Content-Encoding", "deflate");
    response.set_chunked_content_provider(
        kContentType, [deflater = std::make_shared<Deflater>(file)](
                          size_t, httplib::DataSink& sink) { return deflater->next_piece(sink); });
}

}  // namespace

class HttpServer::Listener final : public httplib::Server {
  public:
    Listener(Origin& origin, const HttpServerSettings& settings)
        : origin_(origin), settings_(settings) {
        new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
        set_keep_alive_max_count(kMostRequests);  // this and the next one are only what it says
        set_keep_alive_timeout(kIdleSlices * kSliceMs / 1000);
        // In place of cpp-httplib's routing, which is by regular expressions.
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& out) {
            answer(request, out);
            return HandlerResponse::Handled;
        });
        // Not its SO_REUSEPORT, by which two servers share a port and neither says so.
        set_socket_options([](socket_t socket) {
            const int yes = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        });
    }

    ~Listener() override {
        stopping_ = true;
        stop();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    // Binds, and listens from a thread of its own. The port, or 0 where that cannot be done.
    uint16_t run() {
        const int port = settings_.port == 0 ? bind_to_any_port(settings_.host)
                         : bind_to_port(settings_.host, settings_.port) ? settings_.port
                                                                        : -1;
        // Once more, for a longer queue than cpp-httplib's five.
        if (port <= 0 || ::listen(svr_sock_, SOMAXCONN) != 0) {
            return 0;
        }
        thread_ = std::thread([this] {
            listen_after_bind();
            ended_ = true;
        });
        while (!is_running() && !ended_) {  // stop() does nothing before it runs
            std::this_thread::yield();
        }
        return static_cast<uint16_t>(port);
    }

  private:
    bool process_and_close_socket(socket_t socket) override {
        ::fcntl(socket, F_SETFD, FD_CLOEXEC);
        const int yes = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        Connection connection(socket, stopping_);
        bool go_on = true;
        for (size_t left = kMostRequests; left > 0 && go_on && connection.await_request(); --left) {
            bool understood = false;  // who cannot make himself understood is not heard further
            bool closing = false;
            const auto set_up = [&](httplib::Request& request) {
                // Its own ranges reach beyond the file's end; answer() reads the header itself.
                request.ranges.clear();
                understood = !has_body(request);
            };
            go_on =
                process_request(connection, left == 1, closing, set_up) && understood && !closing;
        }
        ::shutdown(socket, SHUT_RDWR);
        ::close(socket);
        return go_on;
    }

    static bool has_body(const httplib::Request& request) {
        return request.has_header("Transfer-Encoding") ||
               (request.has_header("Content-Length") &&
                request.get_header_value("Content-Length") != "0");
    }

    void answer(const httplib::Request& request, httplib::Response& out) {
        if (request.method != "GET" && request.method != "HEAD") {
            out.status = 405;
            out.set_header("Allow", "GET, HEAD");
            return;
        }
        if (has_body(request)) {
            out.status = 400;
            out.set_header("Connection", "close");
            return;
        }
        // The target as it was sent: a path of the layout has nothing that needs to be escaped.
        const std::string path = request.target.empty() ? "" : request.target.substr(1);
        const auto file =
            is_layout_path(path) && request.target[0] == '/'
                ? origin_.open(path)
                : Result<std::shared_ptr<const StaticFile>>(std::shared_ptr<const StaticFile>());
        if (!file.ok()) {
            out.status = 500;
            return;
        }
        const bool for_ever = *file != nullptr && !is_replaced_in_place(path);
        out.set_header("Cache-Control",
                       for_ever ? std::string("public, max-age=31536000, immutable")
                                : fmt::format("max-age={}", settings_.time_to_live.seconds));
        if (*file == nullptr) {
            out.status = 404;
        } else {
            answer_with(*file, request, out);
        }
    }

    void answer_with(const std::shared_ptr<const StaticFile>& file, const httplib::Request& request,
                     httplib::Response& out) const {
        const uint64_t size = file->size();
        const ByteRange range = parse_byte_range(request.get_header_value("Range"), size);
        out.set_header("Accept-Ranges", "bytes");
        if (range.kind == ByteRange::Kind::kOutsideFile) {
            out.status = 416;
            out.set_header("Content-Range", fmt::format("bytes */{}", size));
        } else if (range.kind == ByteRange::Kind::kPart) {
            out.status = 206;
            out.set_header("Content-Range", fmt::format("bytes {}-{}/{}", range.first,
                                                        range.first + range.length - 1, size));
            send_part(file, range.first, range.length, out);
        } else {
            out.status = 200;
            if (is_to_be_deflated(request, size)) {
                send_deflated(file, out);
            } else {
                send_part(file, 0, size, out);
            }
        }
    }

    bool is_to_be_deflated(const httplib::Request& request, uint64_t size) const {
        return settings_.deflate && size >= kLeastToDeflate && request.method == "GET" &&
               request.version == "HTTP/1.1" &&  // an older client knows no chunks
               accepts_deflate(request.get_header_value("Accept-Encoding"));
    }

    Origin& origin_;
    const HttpServerSettings settings_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> ended_ = false;
    std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Listener> listener, std::string host, uint16_t port)
    : listener_(std::move(listener)), host_(std::move(host)), port_(port) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(Origin& origin,
                                                      const HttpServerSettings& settings) {
    // cpp-httplib ignores SIGPIPE for the whole process, and so for all that it starts later.
    struct sigaction before {};
    ::sigaction(SIGPIPE, nullptr, &before);
    auto listener = std::make_unique<Listener>(origin, settings);
    ::sigaction(SIGPIPE, &before, nullptr);
    const uint16_t port = listener->run();
    if (port == 0) {
        return Error{"cannot listen there", fmt::format("{}:{}", settings.host, settings.port),
                     "the port may be taken, or the address another machine's"};
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener), settings.host, port));
}

std::string HttpServer::url() const {
    const bool is_ipv6 = host_.find(':') != std::string::npos;
    return fmt::format("http://{}:{}", is_ipv6 ? "[" + host_ + "]" : host_, port_);
}

}  // namespace firebreak::cloud
