// The server as strangers see it: requests and answers byte by byte. How it gets on with a real
// client is tested in endpoint/http.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <zlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "cloud/edge.h"
#include "cloud/folder_origin.h"
#include "cloud/http_server.h"
#include "support/loopback.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

using test::Socket;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace fs = std::filesystem;

constexpr const char* kServedHead = "heads/public-1/DatasetA.json";

// A folder "site" beside a file "secret.txt", which nobody may see, served.
class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override {
        write("secret.txt", "secret");
        write(std::string("site/") + kServedHead, "{\"head\":1}");
        write("site/payloads/digits", "0123456789");
        write("site/payloads/empty", "");
        write("site/payloads/text", std::string(300'000, 'x') + "end");
        write("site/.hidden", "secret");
        serve({});
    }

    void write(const std::string& path, const std::string& text) const {
        const fs::path file = folder_.path() / path;
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }

    void serve(const HttpServerSettings& settings) {
        server_.reset();
        ASSERT_OK_AND(origin_, FolderOrigin::of(folder_.path() / "site"));
        ASSERT_OK_AND(server_, HttpServer::start(*origin_, settings));
    }

    Socket connect() const { return test::connect_to(server_->port()); }

    // The whole answer to one request on a connection of its own.
    std::string ask(const std::string& request_line, const std::string& headers = "") const {
        const Socket socket = connect();
        socket.send(request_line + "\r\nHost: a\r\nConnection: close\r\n" + headers + "\r\n");
        return socket.receive_all();
    }
    std::string get(const std::string& path, const std::string& headers = "") const {
        return ask("GET /" + path + " HTTP/1.1", headers);
    }

    const test::TemporaryFolder folder_;
    std::unique_ptr<FolderOrigin> origin_;
    std::unique_ptr<HttpServer> server_;
};

std::string body_of(const std::string& answer) {
    const size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "no answer" : answer.substr(end + 4);
}

TEST_F(HttpServerTest, ServesWholeFiles) {
    const std::string answer = get("payloads/digits");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 10\r\n"));
    EXPECT_EQ(body_of(answer), "0123456789");
    EXPECT_EQ(body_of(get("payloads/text")), std::string(300'000, 'x') + "end");
    EXPECT_THAT(get("payloads/empty"),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 0\r\n")));
}

TEST_F(HttpServerTest, TellsHeadersAloneToHead) {
    const std::string answer = ask("HEAD /payloads/digits HTTP/1.1");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 10\r\n"));
    EXPECT_EQ(body_of(answer), "");
}

TEST_F(HttpServerTest, ServesOneRange) {
    const std::string answer = get("payloads/digits", "Range: bytes=7-\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 206 "));
    EXPECT_THAT(answer, HasSubstr("Content-Range: bytes 7-9/10\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
    EXPECT_EQ(body_of(answer), "789");
    EXPECT_EQ(body_of(get("payloads/digits", "Range: bytes=2-3\r\n")), "23");
    EXPECT_EQ(body_of(get("payloads/digits", "Range: bytes=8-4000\r\n")), "89");
    EXPECT_EQ(body_of(get("payloads/digits", "Range: bytes=-1\r\n")), "9");
}

TEST_F(HttpServerTest, RefusesARangeBeyondTheFile) {
    const std::string answer = get("payloads/digits", "Range: bytes=5000-\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 416 "));
    EXPECT_THAT(answer, HasSubstr("Content-Range: bytes */10\r\n"));
    EXPECT_EQ(body_of(answer), "");
}

// "bytes=0-,0-,0-…" would cost us a thousand files for one short request.
TEST_F(HttpServerTest, AnswersManyRangesWithOneFile) {
    std::string ranges = "bytes=0-";
    for (int i = 0; i < 1000; ++i) {
        ranges += ",0-";
    }
    const std::string answer = get("payloads/digits", "Range: " + ranges + "\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(body_of(answer), "0123456789");
}

TEST_F(HttpServerTest, SaysHowLongAnAnswerLives) {
    HttpServerSettings settings;
    settings.time_to_live = base::minutes(2);
    serve(settings);
    EXPECT_THAT(get(kServedHead), HasSubstr("Cache-Control: max-age=120\r\n"));
    EXPECT_THAT(get("heads/nobody/ESH.json"),
                AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("Cache-Control: max-age=120\r\n")));
    EXPECT_THAT(get("payloads/digits"), HasSubstr("immutable\r\n"));
    EXPECT_THAT(get("payloads/none"), Not(HasSubstr("immutable")));
}

TEST_F(HttpServerTest, HasNothingOutsideTheLayout) {
    for (const char* path :
         {"../secret.txt", "heads/../../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt",
          "heads/%2e%2e/%2e%2e/secret.txt", "..\\secret.txt", "%252e%252e/secret.txt",
          "./payloads/digits", "payloads//digits", "/payloads/digits", ".hidden", "", "heads",
          "heads/", "payloads/digits/", "payloads/digits%00", "payloads/digits?x=1",
          "..;/secret.txt", "payloads/%64igits"}) {
        const std::string answer = get(path);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 ")) << path;
        EXPECT_THAT(answer, Not(HasSubstr("secret"))) << path;
    }
    for (const char* line : {"GET ../secret.txt HTTP/1.1", "GET http://a/payloads/digits HTTP/1.1",
                             "GET \\..\\secret.txt HTTP/1.1"}) {
        EXPECT_THAT(ask(line), AnyOf(StartsWith("HTTP/1.1 404 "), StartsWith("HTTP/1.1 400 ")))
            << line;
    }
}

TEST_F(HttpServerTest, FollowsNoLinkAndOpensPlainFilesOnly) {
    const fs::path site = folder_.path() / "site";
    fs::create_symlink("../../secret.txt", site / "payloads/link");
    fs::create_directory_symlink("..", site / "up");
    fs::create_symlink("digits", site / "payloads/within");
    ASSERT_EQ(::mkfifo((site / "payloads/pipe").c_str(), 0600), 0);
    for (const char* path : {"payloads/link", "up/secret.txt", "up/site/payloads/digits",
                             "payloads/within", "payloads/pipe", "payloads"}) {
        EXPECT_THAT(get(path), StartsWith("HTTP/1.1 404 ")) << path;
    }
}

TEST_F(HttpServerTest, HasTwoMethods) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
        const std::string answer = ask(std::string(method) + " /payloads/digits HTTP/1.1");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
        EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n")) << method;
    }
    const Socket socket = connect();
    socket.send("BREW /payloads/digits HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(socket.receive_all(), StartsWith("HTTP/1.1 400 ")) << "and the end";
}

TEST_F(HttpServerTest, TakesNoBody) {
    const std::string answer = get("payloads/digits", "Content-Length: 5\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(get("payloads/digits", "Transfer-Encoding: chunked\r\n"),
                StartsWith("HTTP/1.1 400 "));
    // What was the body must not be taken for a request.
    const Socket socket = connect();
    socket.send(
        "GET /payloads/digits HTTP/1.1\r\nHost: a\r\nContent-Length: 42\r\n\r\n"
        "GET /payloads/digits HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(socket.receive_all(), Not(HasSubstr("0123456789")));
}

TEST_F(HttpServerTest, HangsUpOnARequestThatIsTooLong) {
    const std::string long_text(1024 * 1024, 'a');
    for (const std::string& request :
         {long_text, "GET /" + long_text + " HTTP/1.1\r\n\r\n",
          "GET /payloads/digits HTTP/1.1\r\nX: " + long_text + "\r\n\r\n"}) {
        const Socket socket = connect();
        socket.send(request);
        EXPECT_THAT(socket.receive_all(), Not(HasSubstr("0123456789")));
    }
    std::string many = "GET /payloads/digits HTTP/1.1\r\n";
    for (int i = 0; i < 20'000; ++i) {
        many += "A: b\r\n";
    }
    const Socket socket = connect();
    socket.send(many + "\r\n");
    EXPECT_THAT(socket.receive_all(), Not(HasSubstr("0123456789")));
    EXPECT_EQ(body_of(get("payloads/digits")), "0123456789") << "the others go on";
}

TEST_F(HttpServerTest, OutlivesWhatIsNoHttp) {
    for (const std::string& request :
         {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("\0\0\0\0\r\n\r\n", 8),
          std::string("GET /payloads/digits HTTP/9.9\r\n\r\n"),
          std::string(
              "GET /payloads/digits HTTP/1.1\r\nRange: bytes=99999999999999999999-\r\n\r\n"),
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 13)}) {
        const Socket socket = connect();
        socket.send(request);
    }
    EXPECT_EQ(body_of(get("payloads/digits")), "0123456789");
}

TEST_F(HttpServerTest, KeepsAConnectionForMoreRequests) {
    const Socket socket = connect();
    for (int i = 0; i < 20; ++i) {
        socket.send("GET /payloads/digits HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_THAT(socket.receive_until("0123456789"), HasSubstr("200")) << i;
    }
    const std::string two = "GET /payloads/digits HTTP/1.1\r\nHost: a\r\n\r\n";
    socket.send(two + two);
    EXPECT_THAT(socket.receive_until("0123456789"), HasSubstr("200"));
    EXPECT_THAT(socket.receive_until("0123456789"), HasSubstr("200"));
}

TEST_F(HttpServerTest, ServesOnWhileOthersSitThere) {
    std::vector<Socket> idle;
    for (int i = 0; i < 12; ++i) {
        idle.push_back(connect());
        idle.back().send("GET /payl");
    }
    EXPECT_EQ(body_of(get("payloads/digits")), "0123456789");
}

std::string inflated(const std::string& packed) {
    std::string out(1'000'000, '\0');
    uLongf size = out.size();
    EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                         reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
              Z_OK);
    out.resize(size);
    return out;
}

std::string without_chunks(std::string chunked) {
    std::string out;
    for (;;) {
        const size_t end = chunked.find("\r\n");
        const size_t size = std::stoul(chunked, nullptr, 16);
        if (size == 0) {
            return out;
        }
        out += chunked.substr(end + 2, size);
        chunked.erase(0, end + 2 + size + 2);
    }
}

TEST_F(HttpServerTest, DeflatesWhereBothSidesWantIt) {
    HttpServerSettings settings;
    settings.deflate = true;
    serve(settings);
    const std::string packed = get("payloads/text", "Accept-Encoding: gzip, Deflate;q=0.5\r\n");
    EXPECT_THAT(packed, HasSubstr("Content-Encoding: deflate\r\n"));
    EXPECT_LT(packed.size(), 10'000u);
    EXPECT_EQ(inflated(without_chunks(body_of(packed))), std::string(300'000, 'x') + "end");
    for (const char* accepted :
         {"", "Accept-Encoding: gzip, br\r\n", "Accept-Encoding: deflate;q=0\r\n",
          "Accept-Encoding: x-deflate\r\n"}) {
        const std::string plain = get("payloads/text", accepted);
        EXPECT_THAT(plain, Not(HasSubstr("Content-Encoding"))) << accepted;
        EXPECT_EQ(body_of(plain).size(), 300'003u) << accepted;
    }
    EXPECT_EQ(body_of(get("payloads/text", "Accept-Encoding: deflate\r\nRange: bytes=-3\r\n")),
              "end")
        << "a range is one of the file itself";
    EXPECT_EQ(body_of(get("payloads/digits", "Accept-Encoding: deflate\r\n")), "0123456789")
        << "too short to be worth it";
}

TEST_F(HttpServerTest, SaysWhenItCannotListenThere) {
    HttpServerSettings same;
    same.port = server_->port();
    EXPECT_ERROR(HttpServer::start(*origin_, same), std::to_string(same.port));
    HttpServerSettings elsewhere;
    elsewhere.host = "203.0.113.1";  // set aside for examples (RFC 5737)
    EXPECT_ERROR(HttpServer::start(*origin_, elsewhere), "203.0.113.1");
    EXPECT_EQ(body_of(get("payloads/digits")), "0123456789");
}

TEST_F(HttpServerTest, LeavesSignalsOfTheProcessAlone) {
    struct sigaction action {};
    ASSERT_EQ(::sigaction(SIGPIPE, nullptr, &action), 0);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST_F(HttpServerTest, EndsWhileConnectionsAreOpen) {
    const Socket idle = connect();
    const Socket half = connect();
    half.send("GET /payl");
    const Socket stalled = connect();
    write("site/payloads/large", std::string(50'000'000, 'x'));
    stalled.send("GET /payloads/large HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(stalled.receive(100), StartsWith("HTTP/1.1 200 "));
    const auto before = std::chrono::steady_clock::now();
    server_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4))
        << "an idle connection has 5 s, a stalled one 30 s";
    EXPECT_EQ(idle.receive(), "");
}

TEST_F(HttpServerTest, ServesAnEdgeThatGrowsOlder) {
    Edge edge(*origin_, base::minutes(5));
    ASSERT_OK_AND(const auto server, HttpServer::start(edge));
    server_.reset();
    const auto ask_edge = [&] {
        const Socket socket = test::connect_to(server->port());
        socket.send("GET /" + std::string(kServedHead) + " HTTP/1.0\r\n\r\n");
        return body_of(socket.receive_all());
    };
    EXPECT_EQ(ask_edge(), "{\"head\":1}");
    fs::remove(folder_.path() / "site" / kServedHead);
    edge.advance({299});
    EXPECT_EQ(ask_edge(), "{\"head\":1}");
    edge.advance({300});
    EXPECT_EQ(ask_edge(), "");
}

TEST(FolderOrigin, IsAFolder) {
    const test::TemporaryFolder folder;
    EXPECT_ERROR(FolderOrigin::of(folder.path() / "none"), "none");
    std::ofstream(folder.path() / "file") << "text";
    EXPECT_ERROR(FolderOrigin::of(folder.path() / "file"), "file");
}

TEST(FolderOrigin, GoesOnReadingWhatItOpened) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "a") << "first";
    ASSERT_OK_AND(const auto origin, FolderOrigin::of(folder.path()));
    ASSERT_OK_AND(const auto file, origin->open("a"));
    std::ofstream(folder.path() / "b") << "second";
    fs::rename(folder.path() / "b", folder.path() / "a");
    base::Bytes bytes(10);
    ASSERT_OK_AND(const size_t count, file->read(1, bytes));
    EXPECT_EQ(base::text_of(base::ByteView(bytes).first(count)), "irst");
    ASSERT_OK_AND(const size_t none, file->read(5, bytes));
    EXPECT_EQ(none, 0u);
}

TEST(FolderOrigin, SaysSoWhenAFileIsCutWhileItIsServed) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "a") << "0123456789";
    ASSERT_OK_AND(const auto origin, FolderOrigin::of(folder.path()));
    ASSERT_OK_AND(const auto file, origin->open("a"));
    fs::resize_file(folder.path() / "a", 4);
    base::Bytes bytes(10);
    EXPECT_ERROR(file->read(0, bytes), "shorter");
}

}  // namespace
}  // namespace firebreak::cloud
