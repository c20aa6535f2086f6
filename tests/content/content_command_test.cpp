// `firebreak content`, run as a user runs it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::headless {
namespace {

using firebreak::test::TemporaryFolder;
using testing::HasSubstr;
namespace fs = std::filesystem;

struct Finished {
    int exit_code = -1;
    std::string output;  // stdout and stderr
};

Finished run(std::vector<std::string> arguments, const fs::path& where = ".") {
    const TemporaryFolder folder;
    const std::string output = (folder.path() / "output").string();
    arguments.insert(arguments.begin(), firebreak::test::command_line_binary().string());
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, where.c_str());
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t child = -1;
    const int failure = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failure != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return {};
    }
    return {WEXITSTATUS(status),
            std::string(base::text_of(base::read_file(output, 1 << 20).value()))};
}

void write(const fs::path& path, const std::string& text) {
    ASSERT_OK(base::write_file(path, base::view_of(text)));
}

// A signed package of DatasetA.
class ContentCommand : public testing::Test {
  protected:
    void SetUp() override {
        write(source / "rules.yar", "rule a { condition: false }");
        const Finished built = build("DatasetA");
        ASSERT_EQ(built.exit_code, 0) << built.output;
        const Finished is_signed = sign("2026-03-02T08:00:00Z");
        ASSERT_EQ(is_signed.exit_code, 0) << is_signed.output;
    }
    Finished build(const std::string& feed) const {
        return run({"content", "build", source.string(), "--feed", feed, "--version", "2026.3",
                    "-o", package.string()});
    }
    Finished sign(const std::string& at) const {
        return run({"content", "sign", package.string(), "--at", at, "--keys", keys.string()});
    }
    Finished verify() const {
        return run({"content", "verify", package.string(), "--root", (keys / "root.pem").string()});
    }

    TemporaryFolder temporary;
    fs::path keys = firebreak::test::fixtures_dir() / "keys";
    fs::path source = temporary.path() / "source";
    fs::path package = temporary.path() / "package";
};

TEST_F(ContentCommand, VerifiesWhatItSignedAndSaysWhatThatProves) {
    const Finished good = verify();
    EXPECT_EQ(good.exit_code, 0) << good.output;
    for (const char* part : {"Firebreak test signer DatasetA", "2026-03-02T08:00:00Z", "rules.yar",
                             "Proved:", "-purpose any -attime 1772438400 -inform DER"}) {
        EXPECT_THAT(good.output, HasSubstr(part));
    }
}

TEST_F(ContentCommand, FindsTheTestKeysAboveTheCurrentFolder) {
    const Finished found = run({"content", "verify", package.string()},
                               firebreak::test::source_dir() / "tests/content");
    EXPECT_EQ(found.exit_code, 0) << found.output;
    EXPECT_THAT(found.output, HasSubstr((keys / "root.pem").string()));
}

TEST_F(ContentCommand, RefusesAChangedPayloadWithBothDigests) {
    write(package / "payload/rules.yar", "rule b { condition: false }");
    const Finished refused = verify();
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("payload digest is wrong"));
    EXPECT_THAT(refused.output, HasSubstr("found SHA-384"));
}

TEST_F(ContentCommand, RefusesAChangedEnvelopeWithItsEvidence) {
    auto envelope = base::read_file(package / "package.p7m", 1 << 20).value();
    envelope.push_back(0);
    ASSERT_OK(base::write_file(package / "package.p7m", envelope));
    const Finished refused = verify();
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("not in canonical encoding"));
    EXPECT_THAT(refused.output, HasSubstr("offset"));
    EXPECT_THAT(refused.output, HasSubstr("openssl cms -verify"));
}

TEST_F(ContentCommand, RefusesAManifestFileThatIsNotTheSignedOne) {
    const auto manifest = base::read_file(package / "manifest.json", 1 << 20).value();
    std::string text(base::text_of(manifest));
    text.replace(text.find("2026.3"), 6, "2026.4");
    write(package / "manifest.json", text);
    const Finished refused = verify();
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("not the manifest that was signed"));
}

TEST_F(ContentCommand, RefusesAnotherRoot) {
    const fs::path other = temporary.path() / "keys";
    ASSERT_EQ(run({"content", "keys", "new", other.string()}).exit_code, 0);
    const Finished refused =
        run({"content", "verify", package.string(), "--root", (other / "root.pem").string()});
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("(untrusted)"));
    EXPECT_EQ(run({"content", "keys", "new", other.string()}).exit_code, 4);
}

TEST_F(ContentCommand, ShowsWhatAPackageClaims) {
    for (const fs::path& path : {package, package / "package.p7m"}) {
        const Finished shown = run({"content", "inspect", path.string()});
        EXPECT_EQ(shown.exit_code, 0) << shown.output;
        for (const char* part : {"DatasetA", "2026.3", "rules.yar", "2026-03-02T08:00:00Z",
                                 "CN=Firebreak test issuing", "Nothing was verified"}) {
            EXPECT_THAT(shown.output, HasSubstr(part));
        }
    }
    fs::remove(package / "package.p7m");
    const Finished unsigned_one = run({"content", "inspect", package.string()});
    EXPECT_EQ(unsigned_one.exit_code, 0);
    EXPECT_THAT(unsigned_one.output, HasSubstr("not signed"));
}

TEST_F(ContentCommand, ExplainsInvalidInput) {
    const Finished feed = build("DatasetB");
    EXPECT_EQ(feed.exit_code, 4);
    EXPECT_THAT(feed.output, HasSubstr("did you mean `DatasetA`?"));
    EXPECT_EQ(sign("yesterday").exit_code, 4);
    const Finished nowhere = run({"content", "inspect", (package / "nowhere").string()});
    EXPECT_EQ(nowhere.exit_code, 4);
    EXPECT_THAT(nowhere.output, HasSubstr("nowhere"));
    const Finished garbage = run({"content", "inspect", (package / "manifest.json").string()});
    EXPECT_EQ(garbage.exit_code, 4);
    EXPECT_THAT(garbage.output, HasSubstr("not an envelope"));
    EXPECT_EQ(run({"content", "verify"}).exit_code, 4);
    EXPECT_EQ(run({"content", "forge"}).exit_code, 4);
}

TEST_F(ContentCommand, ShowsNoControlCharactersOfAHostileManifest) {
    write(package / "manifest.json", "\x1b[2J\x1b]0;owned\x07");
    fs::remove(package / "package.p7m");
    const Finished shown = run({"content", "inspect", package.string()});
    EXPECT_EQ(shown.output.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace firebreak::headless
