// The transport and real servers over loopback: our own, and one that is not ours.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "cloud/folder_origin.h"
#include "cloud/http_server.h"
#include "endpoint/http/http_transport.h"
#include "endpoint/http/taker.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::http {
namespace {

using ports::FetchStatus;
namespace fs = std::filesystem;

std::string text_of_length(size_t length) {
    std::string text;
    for (size_t i = 0; text.size() < length; ++i) {
        text += std::to_string(i * i) + ' ';
    }
    text.resize(length);
    return text;
}

class RealServer : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(site_ / "payloads");
        fs::create_directories(site_ / "heads/public-1");
        std::ofstream(site_ / "payloads/a") << text_;
        std::ofstream(site_ / "payloads/empty");
        std::ofstream(site_ / "heads/public-1/DatasetA.json") << "{}";
    }

    std::unique_ptr<HttpTransport> serve(cloud::HttpServerSettings settings = {}) {
        auto origin = cloud::FolderOrigin::of(site_);
        EXPECT_TRUE(origin.ok());
        origin_ = *std::move(origin);
        auto server = cloud::HttpServer::start(*origin_, settings);
        EXPECT_TRUE(server.ok());
        server_ = *std::move(server);
        auto transport = HttpTransport::to({.edges = {server_->url()}});
        EXPECT_TRUE(transport.ok());
        return *std::move(transport);
    }

    const std::string text_ = text_of_length(1'000'001);
    const test::TemporaryFolder folder_;
    const fs::path site_ = folder_.path() / "site";
    std::unique_ptr<cloud::FolderOrigin> origin_;
    std::unique_ptr<cloud::HttpServer> server_;
};

TEST_F(RealServer, DeliversFilesAndSaysWhichAreMissing) {
    const auto transport = serve();
    Taker whole;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, whole), FetchStatus::kOk);
    EXPECT_EQ(whole.body, text_);
    Taker head;
    EXPECT_EQ(transport->get({"heads/public-1/DatasetA.json", 0, 0}, head), FetchStatus::kOk);
    EXPECT_EQ(head.body, "{}");
    Taker empty;
    EXPECT_EQ(transport->get({"payloads/empty", 0, 0}, empty), FetchStatus::kOk);
    EXPECT_EQ(empty.begun, 1);
    Taker none;
    EXPECT_EQ(transport->get({"payloads/b", 0, 0}, none), FetchStatus::kMissing);
    EXPECT_EQ(transport->get({"../site/payloads/a", 0, 0}, none), FetchStatus::kMissing);
    EXPECT_EQ(none.begun, 0);
}

TEST_F(RealServer, GoesOnWhereADownloadBrokeOff) {
    const auto transport = serve();
    for (const uint64_t offset : {1u, 16384u, 500'000u, 1'000'000u}) {
        Taker rest;
        EXPECT_EQ(transport->get({"payloads/a", 0, offset}, rest), FetchStatus::kOk);
        EXPECT_EQ(rest.offset, offset);
        EXPECT_EQ(rest.body, text_.substr(offset)) << offset;
    }
    Taker beyond;
    EXPECT_EQ(transport->get({"payloads/a", 0, 1'000'001}, beyond), FetchStatus::kUnreachable);
    EXPECT_EQ(beyond.begun, 0);
}

TEST_F(RealServer, DeflatesWithoutUnpackingOnTheWay) {
    cloud::HttpServerSettings settings;
    settings.deflate = true;
    const auto transport = serve(settings);
    Taker packed;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, packed), FetchStatus::kOk);
    EXPECT_EQ(packed.encoding, ports::Encoding::kDeflate);
    EXPECT_LT(packed.size, text_.size() / 2);
    Taker rest;
    EXPECT_EQ(transport->get({"payloads/a", 0, 100}, rest), FetchStatus::kOk);
    EXPECT_EQ(rest.body, text_.substr(100));
}

TEST_F(RealServer, IsUnreachableOnceItIsGoneAndBackWhenItIsBack) {
    const auto transport = serve();
    Taker before;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, before), FetchStatus::kOk);
    cloud::HttpServerSettings same;
    same.port = server_->port();
    server_.reset();
    Taker gone;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, gone), FetchStatus::kUnreachable);
    ASSERT_OK_AND(server_, cloud::HttpServer::start(*origin_, same));
    Taker after;
    EXPECT_EQ(transport->get({"payloads/a", 0, 0}, after), FetchStatus::kOk);
    EXPECT_EQ(after.body, text_);
}

// The server, and this process's memory, in /proc/self/status.
uint64_t kilobytes(const std::string& key) {
    const std::string status = test::contents("/proc/self/status");
    const size_t at = status.find(key + ":");
    uint64_t value = 0;
    const size_t digits = status.find_first_of("0123456789", at);
    std::from_chars(status.data() + digits, status.data() + status.size(), value);
    return value;
}

TEST_F(RealServer, StreamsAQuarterOfAGigabyteThroughALittleMemory) {
    constexpr uint64_t kSize = 256ull * 1024 * 1024;
    fs::resize_file(site_ / "payloads/a", kSize);
    for (const bool deflate : {false, true}) {
        cloud::HttpServerSettings settings;
        settings.deflate = deflate;
        const auto transport = serve(settings);
        const uint64_t before = kilobytes("VmHWM");
        Taker taker;
        taker.keep = false;
        EXPECT_EQ(transport->get({"payloads/a", 0, 0}, taker), FetchStatus::kOk);
        EXPECT_EQ(taker.encoding == ports::Encoding::kDeflate, deflate);
        if (!deflate) {
            EXPECT_EQ(taker.size, kSize);
        }
        EXPECT_LT(kilobytes("VmHWM") - before, 32u * 1024) << "server and client together";
    }
}

// Any server of static files can stand in: Python's, which knows neither ranges nor deflate.
class StandIn : public RealServer {
  protected:
    void SetUp() override {
        RealServer::SetUp();
        const char* const python = "/usr/bin/python3";
        if (!fs::exists(python)) {
            GTEST_SKIP() << "no " << python;
        }
        process_.emplace(std::vector<std::string>{python, "-u", "-m", "http.server", "0", "--bind",
                                                  "127.0.0.1", "--directory", site_.string()},
                         folder_.path());
        // "Serving HTTP on 127.0.0.1 port 45678 (http://127.0.0.1:45678/) ..."
        std::string said;
        for (int tries = 0; tries < 1000 && said.find('/') == std::string::npos; ++tries) {
            ::usleep(10'000);
            said = test::contents(folder_.path() / "stdout.txt");
        }
        const size_t begin = said.find("http://");
        ASSERT_NE(begin, std::string::npos) << said;
        auto transport =
            HttpTransport::to({.edges = {said.substr(begin, said.find("/)") - begin)}});
        ASSERT_OK(transport);
        python_ = *std::move(transport);
    }

    std::optional<test::Process> process_;
    std::unique_ptr<HttpTransport> python_;
};

TEST_F(StandIn, GivesTheSameAnswersAsOurs) {
    const auto ours = serve();
    for (const char* path : {"payloads/a", "payloads/empty", "heads/public-1/DatasetA.json",
                             "payloads/b", "heads/public-2/DatasetA.json"}) {
        Taker theirs_taker;
        Taker ours_taker;
        EXPECT_EQ(python_->get({path, 0, 0}, theirs_taker), ours->get({path, 0, 0}, ours_taker))
            << path;
        EXPECT_EQ(theirs_taker.body, ours_taker.body) << path;
        EXPECT_EQ(theirs_taker.begun, ours_taker.begun) << path;
        EXPECT_EQ(theirs_taker.last, ours_taker.last) << path;
    }
}

TEST_F(StandIn, BeginsAnewForWantOfRanges) {
    Taker taker;
    EXPECT_EQ(python_->get({"payloads/a", 0, 1000}, taker), FetchStatus::kOk);
    EXPECT_EQ(taker.offset, 0u);
    EXPECT_EQ(taker.body, text_);
}

}  // namespace
}  // namespace firebreak::endpoint::http
