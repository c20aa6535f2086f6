// Against a server that answers whatever the test tells it to.
#include "endpoint/http/http_transport.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>

#include "endpoint/http/taker.h"
#include "support/loopback.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::http {
namespace {

using ports::Encoding;
using ports::FetchStatus;
using test::RawServer;
using test::Socket;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string address(uint16_t port) {
    return fmt::format("http://127.0.0.1:{}", port);
}

std::unique_ptr<HttpTransport> transport_to(HttpSettings settings) {
    auto made = HttpTransport::to(std::move(settings));
    EXPECT_TRUE(made.ok()) << made.error().text();
    return made.ok() ? *std::move(made) : nullptr;
}

// A server that answers each request with the same bytes, and one transport to it.
class Stranger {
  public:
    explicit Stranger(std::string answer, HttpSettings settings = {})
        : server_([this, answer](const Socket& socket) {
              const std::string request = socket.receive_until("\r\n\r\n");
              const std::lock_guard lock(mutex_);
              requests_ += request;
              socket.send(answer);
          }) {
        settings.edges = {address(server_.port())};
        transport_ = transport_to(std::move(settings));
    }

    FetchStatus get(Taker& taker, uint64_t offset = 0, const std::string& path = "payloads/a") {
        return transport_->get({path, 0, offset}, taker);
    }
    std::string requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    mutable std::mutex mutex_;
    std::string requests_;
    RawServer server_;
    std::unique_ptr<HttpTransport> transport_;
};

// What comes of an answer, with what was delivered of it: "ok: text", "unreachable".
std::string outcome(const std::string& answer, uint64_t offset = 0) {
    Taker taker;
    const FetchStatus status = Stranger(answer).get(taker, offset);
    const char* const names[] = {"ok", "missing", "unreachable", "stopped", "unfinished"};
    std::string text = names[static_cast<int>(status)];
    if (taker.begun > 0) {
        text += fmt::format(": {} from {}{}", taker.body, taker.offset,
                            taker.encoding == Encoding::kDeflate ? ", deflated" : "");
    }
    return text;
}

std::string ok_with(const std::string& headers, const std::string& body) {
    return "HTTP/1.1 200 OK\r\n" + headers + "\r\n" + body;
}

TEST(HttpTransport, TakesAWholeFile) {
    EXPECT_EQ(outcome(ok_with("Content-Length: 4\r\n", "text")), "ok: text from 0");
    EXPECT_EQ(outcome(ok_with("Content-Length: 0\r\n", "")), "ok:  from 0");
    EXPECT_EQ(outcome(ok_with("Transfer-Encoding: chunked\r\n", "2\r\nte\r\n2\r\nxt\r\n0\r\n\r\n")),
              "ok: text from 0");
    EXPECT_EQ(outcome("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ntext"), "ok: text from 0");
}

TEST(HttpTransport, AsksForPlainHttpAndNothingElse) {
    ::setenv("http_proxy", "http://127.0.0.1:9", 1);
    ::setenv("all_proxy", "http://127.0.0.1:9", 1);
    Stranger stranger(ok_with("Set-Cookie: a=b\r\nContent-Length: 4\r\n", "text"));
    Taker first;
    Taker second;
    EXPECT_EQ(stranger.get(first), FetchStatus::kOk);
    EXPECT_EQ(stranger.get(second), FetchStatus::kOk);
    ::unsetenv("http_proxy");
    ::unsetenv("all_proxy");
    EXPECT_THAT(stranger.requests(), StartsWith("GET /payloads/a HTTP/1.1\r\n"));
    EXPECT_THAT(stranger.requests(), HasSubstr("Accept-Encoding: deflate\r\n"));
    EXPECT_THAT(stranger.requests(), Not(HasSubstr("Cookie")));
    EXPECT_THAT(stranger.requests(), Not(HasSubstr("Range")));
    EXPECT_THAT(stranger.requests(), Not(HasSubstr("Upgrade")));
}

TEST(HttpTransport, WritesAnyPathAsOnePath) {
    Stranger stranger("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n");
    Taker taker;
    stranger.get(taker, 0, "../a?b#c%2f\r\nX: y\xc3\xa4");
    EXPECT_THAT(stranger.requests(),
                StartsWith("GET /../a%3Fb%23c%252f%0D%0AX%3A%20y%C3%A4 HTTP/1.1\r\n"));
}

TEST(HttpTransport, KnowsMissingFromUnreachable) {
    EXPECT_EQ(outcome("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"), "missing");
    EXPECT_EQ(outcome("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"), "missing");
    EXPECT_EQ(outcome("HTTP/1.1 404 Not Found\r\nContent-Length: 100000000\r\n\r\n" +
                      std::string(200'000, 'x')),
              "missing")
        << "a page that nobody wants to read to its end";
    for (const int status :
         {201, 203, 204, 205, 300, 304, 400, 401, 403, 407, 416, 429, 500, 502, 503, 504, 999}) {
        EXPECT_EQ(outcome(fmt::format("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", status)),
                  "unreachable")
            << status;
    }
}

TEST(HttpTransport, FollowsNoRedirect) {
    const RawServer elsewhere([](const Socket& socket) {
        socket.receive_until("\r\n\r\n");
        socket.send(ok_with("Content-Length: 4\r\n", "text"));
    });
    for (const int status : {301, 302, 303, 307, 308}) {
        EXPECT_EQ(outcome(fmt::format("HTTP/1.1 {} X\r\nLocation: {}/payloads/a\r\n"
                                      "Content-Length: 0\r\n\r\n",
                                      status, address(elsewhere.port()))),
                  "unreachable")
            << status;
    }
    EXPECT_EQ(elsewhere.connections(), 0u);
}

TEST(HttpTransport, GoesOnWhereItIsToldTo) {
    const std::string part = "HTTP/1.1 206 X\r\nContent-Length: 3\r\nContent-Range: ";
    EXPECT_EQ(outcome(part + "bytes 5-7/8\r\n\r\nabc", 5), "ok: abc from 5");
    EXPECT_EQ(outcome(ok_with("Content-Length: 4\r\n", "text"), 5), "ok: text from 0");
    Stranger stranger(part + "bytes 5-7/8\r\n\r\nabc");
    Taker taker;
    stranger.get(taker, 5);
    EXPECT_THAT(stranger.requests(), HasSubstr("Range: bytes=5-\r\n"));
    EXPECT_THAT(stranger.requests(), HasSubstr("Accept-Encoding: identity\r\n"));
}

TEST(HttpTransport, TakesNoOtherPartThanTheRestOfTheFile) {
    const std::string part = "HTTP/1.1 206 X\r\nContent-Length: 3\r\n";
    EXPECT_EQ(outcome(part + "Content-Range: bytes 0-2/3\r\n\r\nabc"), "unreachable")
        << "none was asked for";
    for (const char* range :
         {"bytes 4-6/7", "bytes 6-8/9", "bytes 5-7/9", "bytes 5-7/*", "bytes 5-7", "bytes */8",
          "items 5-7/8", "bytes 5-4/5", "bytes 5-18446744073709551615/0", "5-7/8", "bytes 5-7/8x",
          "bytes  5-7/8", "bytes 99999999999999999999-7/8", ""}) {
        EXPECT_EQ(outcome(part + "Content-Range: " + range + "\r\n\r\nabc", 5), "unreachable")
            << range;
    }
    EXPECT_EQ(outcome(part + "\r\nabc", 5), "unreachable");
    EXPECT_EQ(
        outcome(part + "Content-Range: bytes 5-7/8\r\nContent-Range: bytes 5-7/8\r\n\r\nabc", 5),
        "unreachable");
    EXPECT_EQ(
        outcome(part + "Content-Encoding: deflate\r\nContent-Range: bytes 5-7/8\r\n\r\nabc", 5),
        "unreachable");
}

TEST(HttpTransport, HandsADeflatedBodyOnAsItIs) {
    const std::string body = "Content-Length: 4\r\n\r\ntext";
    const std::string good = "HTTP/1.1 200 OK\r\nContent-Encoding: ";
    EXPECT_EQ(outcome(good + "deflate\r\n" + body), "ok: text from 0, deflated");
    EXPECT_EQ(outcome(good + "Deflate\r\n" + body), "ok: text from 0, deflated");
    EXPECT_EQ(outcome(good + "identity\r\n" + body), "ok: text from 0");
}

TEST(HttpTransport, DeliversNothingOfABodyThatItCannotName) {
    const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n";
    for (const char* header :
         {"Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: deflate, deflate",
          "Content-Encoding: deflate\r\nContent-Encoding: deflate", "Content-Encoding: x"}) {
        EXPECT_EQ(outcome(good + header + "\r\n\r\ntext"), "unreachable") << header;
    }
    EXPECT_EQ(outcome(ok_with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")), "unreachable");
    EXPECT_EQ(outcome(ok_with("Transfer-Encoding: gzip\r\n", "text")), "unreachable");
}

// Where such a body ends, and whether it broke off, nobody can tell.
TEST(HttpTransport, DeliversNothingOfABodyWithoutALength) {
    EXPECT_EQ(outcome(ok_with("", "text")), "unreachable");
    EXPECT_EQ(outcome(ok_with("Connection: close\r\n", "")), "unreachable");
}

TEST(HttpTransport, DeliversWhatCameOfABodyThatBreaksOff) {
    EXPECT_EQ(outcome(ok_with("Content-Length: 10\r\n", "text")), "unreachable: text from 0");
    EXPECT_EQ(outcome(ok_with("Content-Length: 10\r\n", "")), "unreachable");
    EXPECT_EQ(outcome(ok_with("Transfer-Encoding: chunked\r\n", "4\r\ntext\r\n")),
              "unreachable: text from 0");
    EXPECT_EQ(outcome(ok_with("Transfer-Encoding: chunked\r\n", "4\r\ntext\r\nxyz\r\n")),
              "unreachable: text from 0");
    EXPECT_EQ(
        outcome("HTTP/1.1 206 X\r\nContent-Length: 3\r\nContent-Range: bytes 5-7/8\r\n\r\na", 5),
        "unreachable: a from 5");
}

TEST(HttpTransport, TakesNoMoreThanTheLengthPromised) {
    EXPECT_EQ(outcome(ok_with("Content-Length: 4\r\n", "text and more")), "ok: text from 0");
}

TEST(HttpTransport, TakesOnlyHttpForHttp) {
    for (const std::string& answer :
         {std::string(""), std::string("\r\n\r\n"), std::string("rule a { condition: true }"),
          std::string("HTTP/1.1 OK\r\n\r\ntext"), std::string("HTTP/1.1 -1 OK\r\n\r\ntext"),
          std::string("HTTP/9.9 200 OK\r\nContent-Length: 4\r\n\r\ntext"),
          std::string("\0\0\0\0\0\0\0\0", 8), std::string(100'000, 'x'),
          ok_with("Content-Length: -4\r\n", "text"), ok_with("Content-Length: x\r\n", "text"),
          ok_with("Content-Length: 99999999999999999999999\r\n", "text"),
          ok_with("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\ntext"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n")}) {
        EXPECT_THAT(outcome(answer), StartsWith("unreachable")) << answer.substr(0, 60);
    }
}

TEST(HttpTransport, TakesNoMoreThanSoManyHeaders) {
    std::string many;
    for (int i = 0; i < 5000; ++i) {
        many += fmt::format("X-{}: y\r\n", i);
    }
    EXPECT_EQ(outcome(ok_with(many + "Content-Length: 4\r\n", "text")), "unreachable");
    EXPECT_EQ(
        outcome(ok_with("X: " + std::string(40'000, 'y') + "\r\nContent-Length: 4\r\n", "text")),
        "unreachable");
    std::string interim;
    for (int i = 0; i < 5000; ++i) {
        interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
    }
    EXPECT_EQ(outcome(interim + ok_with("Content-Length: 4\r\n", "text")), "unreachable");
    EXPECT_EQ(outcome("HTTP/1.1 100 Continue\r\nContent-Encoding: gzip\r\n\r\n" +
                      ok_with("Content-Length: 4\r\n", "text")),
              "ok: text from 0")
        << "only the last answer counts";
}

// Sends the headers, then this again and again until nobody listens any more.
RawServer endless(std::string headers, std::string again) {
    return RawServer([headers = std::move(headers), again = std::move(again)](const Socket& out) {
        out.receive_until("\r\n\r\n");
        out.send(headers);
        while (out.send(again)) {
        }
    });
}

TEST(HttpTransport, StopsAnEndlessBodyWhenTheReceiverHasHadEnough) {
    const std::string piece(100'000, 'x');
    for (const auto& [headers, again] :
         {std::pair(std::string("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"), piece),
          std::pair(std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                    "186a0\r\n" + piece + "\r\n")}) {
        const RawServer server = endless(headers, again);
        const auto transport = transport_to({.edges = {address(server.port())}});
        Taker taker;
        taker.keep = false;
        taker.stop_after = 3'000'000;
        EXPECT_EQ(transport->get({"payloads/a", 0, 0}, taker), FetchStatus::kStopped);
        EXPECT_LT(taker.size, 3'000'000 + kPieceBytes);
    }
}

TEST(HttpTransport, LeavesEndlessHeadersAndEndlessErrorPages) {
    const RawServer headers = endless("HTTP/1.1 200 OK\r\n", "X: y\r\n");
    const RawServer page = endless("HTTP/1.1 503 X\r\nContent-Length: 9999999999\r\n\r\n", "x");
    const RawServer missing = endless("HTTP/1.1 404 X\r\nContent-Length: 9999999999\r\n\r\n", "x");
    const auto transport = transport_to(
        {.edges = {address(headers.port()), address(page.port()), address(missing.port())}});
    Taker taker;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, taker), FetchStatus::kUnreachable);
    EXPECT_EQ(transport->get({"payloads/a", 1, 0}, taker), FetchStatus::kUnreachable);
    EXPECT_EQ(transport->get({"payloads/a", 2, 0}, taker), FetchStatus::kMissing);
    EXPECT_EQ(taker.begun, 0);
}

TEST(HttpTransport, BeginsOnlyIfTheReceiverWillHaveIt) {
    for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext",
                               "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
        Taker taker;
        taker.will_begin = false;
        EXPECT_EQ(Stranger(answer).get(taker), FetchStatus::kStopped);
        EXPECT_EQ(taker.begun, 1);
        EXPECT_EQ(taker.size, 0u);
    }
}

TEST(HttpTransport, PutsTogetherWhatComesByteByByte) {
    const RawServer server([](const Socket& socket) {
        socket.receive_until("\r\n\r\n");
        for (const char c : ok_with("Content-Length: 4\r\n", "text")) {
            socket.send({&c, 1});
        }
    });
    const auto transport = transport_to({.edges = {address(server.port())}});
    Taker taker;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, taker), FetchStatus::kOk);
    EXPECT_EQ(taker.body, "text");
    EXPECT_EQ(taker.pieces, 1u);
}

TEST(HttpTransport, CutsEveryBodyInTheSameWay) {
    const std::string body = std::string(3 * kPieceBytes, 'x') + "end";
    Taker taker;
    Stranger stranger(ok_with(fmt::format("Content-Length: {}\r\n", body.size()), body));
    EXPECT_EQ(stranger.get(taker), FetchStatus::kOk);
    EXPECT_EQ(taker.body, body);
    EXPECT_EQ(taker.pieces, 4u);
    EXPECT_EQ(taker.largest, kPieceBytes);
}

TEST(HttpTransport, CountsSimulatedTimeByTheBytesAlone) {
    HttpSettings settings;
    settings.bytes_per_second = 1000;
    Stranger stranger(ok_with("Content-Length: 20000\r\n", std::string(20000, 'x')), settings);
    Taker taker;
    EXPECT_EQ(stranger.get(taker), FetchStatus::kOk);
    EXPECT_EQ(taker.last, std::chrono::seconds(20));
    Taker usual;
    EXPECT_EQ(Stranger(ok_with("Content-Length: 20000\r\n", std::string(20000, 'x'))).get(usual),
              FetchStatus::kOk);
    EXPECT_EQ(usual.last, std::chrono::milliseconds(3)) << "20,000 bytes at 50 Mbit/s";
}

TEST(HttpTransport, LeavesABodyUnfinishedThatTakesLongerThanAnybodyWaits) {
    HttpSettings settings;
    settings.bytes_per_second = 100;  // an hour is 360,000 bytes
    const std::string body(2'000'000, 'x');
    Stranger stranger(ok_with("Content-Length: 2000000\r\n", body), settings);
    Taker taker;
    EXPECT_EQ(stranger.get(taker), FetchStatus::kUnfinished);
    EXPECT_LE(taker.last, ports::kLongestWait);
    EXPECT_GT(taker.last, ports::kLongestWait - std::chrono::minutes(3));
}

TEST(HttpTransport, GivesUpAServerThatSaysNothing) {
    HttpSettings settings;
    settings.silence = std::chrono::milliseconds(200);
    for (const char* said : {"", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\ntext"}) {
        const RawServer server([said](const Socket& socket) {
            socket.receive_until("\r\n\r\n");
            socket.send(said);
            socket.receive_all();  // until the client hangs up
        });
        settings.edges = {address(server.port())};
        Taker taker;
        const auto before = std::chrono::steady_clock::now();
        EXPECT_EQ(transport_to(settings)->get({"payloads/a", 0, 0}, taker),
                  FetchStatus::kUnreachable);
        EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8))
            << "the server itself hangs up after ten";
        EXPECT_EQ(taker.body, *said == '\0' ? "" : "text");
    }
}

TEST(HttpTransport, FindsAnEdgeThatIsNotThereUnreachable) {
    uint16_t closed_port = 0;
    {
        const RawServer server([](const Socket&) {});
        closed_port = server.port();
    }
    const auto transport = transport_to({.edges = {address(closed_port)}});
    Taker taker;
    EXPECT_EQ(transport->edges(), 1u);
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, taker), FetchStatus::kUnreachable);
    EXPECT_EQ(transport->get({"payloads/a", 1, 0}, taker), FetchStatus::kUnreachable);
    EXPECT_EQ(taker.begun, 0);
}

TEST(HttpTransport, AsksTheEdgeThatIsMeant) {
    const auto serve = [](const char* body) {
        return [body](const Socket& socket) {
            socket.receive_until("\r\n\r\n");
            socket.send(ok_with("Content-Length: 3\r\n", body));
        };
    };
    const RawServer first(serve("one"));
    const RawServer second(serve("two"));
    const auto transport = transport_to({.edges = {address(first.port()), address(second.port())}});
    Taker own;
    Taker other;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, own), FetchStatus::kOk);
    EXPECT_EQ(transport->get({"payloads/a", 1, 0}, other), FetchStatus::kOk);
    EXPECT_EQ(own.body, "one");
    EXPECT_EQ(other.body, "two");
    EXPECT_EQ(transport->edges(), 2u);
}

TEST(HttpTransport, IsGivenHostsAndNothingElse) {
    for (const char* good : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"}) {
        EXPECT_TRUE(HttpTransport::to({.edges = {good}}).ok()) << good;
    }
    for (const char* bad :
         {"", "127.0.0.1:8080", "https://localhost", "file:///etc/passwd", "http://", "http://a/",
          "http://a/b", "http://a?b", "http://a#b", "http://u:p@a", "ftp://a", "http://a:99999",
          "http://a:x", "http://a b", "gopher://a"}) {
        EXPECT_ERROR(HttpTransport::to({.edges = {bad}}), "address");
    }
    EXPECT_ERROR(HttpTransport::to({}), "edge");
    EXPECT_ERROR(HttpTransport::to({.edges = {"http://a"}, .bytes_per_second = 0}), "rate");
}

}  // namespace
}  // namespace firebreak::endpoint::http
