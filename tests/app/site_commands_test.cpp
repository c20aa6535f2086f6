// `firebreak content publish` and `firebreak content serve`, from outside.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "app/command_line.h"
#include "support/loopback.h"

namespace firebreak::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class SiteCommands : public CommandLine {
  protected:
    // A signed package of DatasetA in the folder `name`.
    void make_package(const std::string& name, const std::string& version) {
        write("rules-" + version + "/a.yar", "rule a { condition: false } // " + version);
        const Finished built = firebreak({"content", "build", "rules-" + version, "--feed",
                                          "DatasetA", "--version", version, "-o", name});
        ASSERT_EQ(built.code, 0) << built.err;
        const Finished done =
            firebreak({"content", "sign", name, "--keys", keys(), "--at", "2026-03-02T08:00:00Z"});
        ASSERT_EQ(done.code, 0) << done.err;
    }
    Finished publish(std::vector<std::string> words) {
        words.insert(words.begin(), {"content", "publish", "-o", "site"});
        return firebreak(words);
    }
    bool is_there(const std::string& path) const { return fs::exists(folder_.path() / path); }
    static std::string keys() { return (fixtures_dir() / "keys").string(); }
};

TEST_F(SiteCommands, PublishesPackagesAndOffersThem) {
    make_package("one", "1");
    const Finished done = publish({"one", "--group", "public-1", "--group", "internal"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("published DatasetA 1"));
    EXPECT_TRUE(is_there("site/heads/public-1/DatasetA.json"));
    EXPECT_TRUE(is_there("site/heads/internal/DatasetA.json"));
    EXPECT_FALSE(is_there("site/heads/public-1/DatasetA.signed"));
    EXPECT_TRUE(is_there("site/packages"));
    EXPECT_TRUE(is_there("site/payloads"));
}

TEST_F(SiteCommands, SignsHeadsWhenItIsGivenKeysTimeAndNumber) {
    make_package("one", "1");
    const std::vector<std::string> all = {
        "one",        "--group", "public-1", "--keys", keys(), "--at", "2026-03-02T09:00:00Z",
        "--sequence", "1"};
    const Finished done = publish(all);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("good until 2026-03-02T15:00:00Z"));
    EXPECT_TRUE(is_there("site/heads/public-1/DatasetA.signed"));
    EXPECT_TRUE(is_there("site/sets"));
    for (const size_t left_out : {1u, 5u, 7u}) {  // --group, --at, --sequence
        std::vector<std::string> some = all;
        const auto at = some.begin() + static_cast<std::ptrdiff_t>(left_out);
        some.erase(at, at + 2);
        EXPECT_EQ(publish(some).code, 4) << all[left_out];
    }
}

// Heads are short-lived: they are signed again and again over what is there.
TEST_F(SiteCommands, SignsHeadsAgainWithoutAPackageAndPublishesStatementsOfTheRoot) {
    make_package("one", "1");
    ASSERT_EQ(publish({"one", "--group", "public-1"}).code, 0);
    const Finished reset =
        firebreak({"content", "keys", "epoch-reset", keys(), "--sequence", "3", "--number", "1",
                   "--at", "2026-03-02T08:00:00Z", "-o", "statement"});
    ASSERT_EQ(reset.code, 0) << reset.err;
    const Finished done = publish({"--trust", "statement", "--group", "public-1", "--keys", keys(),
                                   "--at", "2026-03-02T09:00:00Z", "--sequence", "3"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("published statement 1 of the root"));
    EXPECT_TRUE(is_there("site/trust/latest.p7m"));
    EXPECT_TRUE(is_there("site/heads/public-1/DatasetA.signed"));
    const Finished nothing = publish({});
    EXPECT_EQ(nothing.code, 4);
    EXPECT_THAT(nothing.err, HasSubstr("nothing to publish"));
}

TEST_F(SiteCommands, OffersNothingUnlessAllOfItCanBe) {
    make_package("one", "1");
    make_package("two", "2");
    const Finished both = publish({"one", "two", "--group", "public-1"});
    EXPECT_EQ(both.code, 4);
    EXPECT_THAT(both.err, HasSubstr("DatasetA"));
    EXPECT_EQ(publish({"one", "none", "--group", "public-1"}).code, 4);
    EXPECT_FALSE(is_there("site/heads"));
    fs::remove_all(folder_.path() / "site");
    const Finished wrong = publish({"one", "--group", "public-1", "--group", "G"});
    EXPECT_EQ(wrong.code, 4);
    EXPECT_THAT(wrong.err, HasSubstr("`G` is no valid name of a group"));
    EXPECT_EQ(publish({"one", "--group", "public-1", "--keys", "no-keys", "--at",
                       "2026-03-02T08:00:00Z", "--sequence", "1"})
                  .code,
              4);
    EXPECT_FALSE(is_there("site")) << "and nothing is written";
    EXPECT_EQ(publish({"one", "two"}).code, 0) << "side by side, without a head, they can be";
}

// What the program has said so far, once that is a whole line.
std::string first_line(const fs::path& file) {
    for (int tries = 0; tries < 1000; ++tries) {
        const std::string said = contents(file);
        if (const size_t end = said.find('\n'); end != std::string::npos) {
            return said.substr(0, end);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "";
}

TEST_F(SiteCommands, ServesAFolderUntilItIsInterrupted) {
    write("site/payloads/a", "text");
    Process server({command_line_binary().string(), "content", "serve", "site"}, folder_.path());
    const std::string said = first_line(folder_.path() / "stdout.txt");
    const std::string address = "http://127.0.0.1:";
    const size_t at = said.find(address);
    ASSERT_NE(at, std::string::npos) << said;
    const int port = std::stoi(said.substr(at + address.size()));
    const Socket socket = connect_to(static_cast<uint16_t>(port));
    socket.send("GET /payloads/a HTTP/1.0\r\n\r\n");
    const std::string answer = socket.receive_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_TRUE(answer.ends_with("\r\n\r\ntext")) << answer;
    server.kill(SIGINT);
    const Finished done = server.wait();
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("python3 -m http.server"));
}

TEST_F(SiteCommands, ServesNoFolderThatIsNotThere) {
    const Finished done = firebreak({"content", "serve", "none"});
    EXPECT_EQ(done.code, 4);
    EXPECT_THAT(done.err, HasSubstr("none"));
}

}  // namespace
}  // namespace firebreak::test
