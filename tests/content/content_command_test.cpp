// `firebreak content`, run as a user runs it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>
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

TEST_F(ContentCommand, NamesTheRootThatItJudgesBy) {
    const std::string root = (keys / "root.pem").string();
    EXPECT_THAT(verify().output, HasSubstr("judged by       the root " + root));
    write(package / "package.p7m", "garbage");
    const Finished refused = verify();
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("judged by the root       " + root));
}

TEST_F(ContentCommand, SaysWhatStandsInPlaceOfASignedPackage) {
    const auto complaint = [&](const fs::path& named) {
        const Finished done = run({"content", "verify", named.string()});
        EXPECT_EQ(done.exit_code, 4) << done.output;
        return done.output;
    };
    EXPECT_THAT(complaint(package / "package.p7m"),
                HasSubstr("a file, where a package folder is wanted; name the folder that it is "
                          "in"));
    EXPECT_THAT(complaint(temporary.path() / "nowhere"), HasSubstr("there is no such package"));
    EXPECT_THAT(complaint(source), HasSubstr("neither manifest.json nor package.p7m is in it"));
    fs::remove(package / "package.p7m");
    EXPECT_THAT(complaint(package), HasSubstr("not signed: package.p7m is not in it; sign it: "
                                              "firebreak content sign '" +
                                              package.string() + "' --at"));
}

TEST_F(ContentCommand, ShowsUnsignedDocumentsAndSaysThatTheyAre) {
    const fs::path site = temporary.path() / "site";
    ASSERT_EQ(
        run({"content", "publish", package.string(), "-o", site.string(), "--group", "public"})
            .exit_code,
        0);
    const Finished head =
        run({"content", "inspect", (site / "heads/public/DatasetA.json").string()});
    EXPECT_EQ(head.exit_code, 0) << head.output;
    EXPECT_THAT(head.output, HasSubstr("Head\n  feed            DatasetA\n  package         "));
    EXPECT_THAT(head.output, HasSubstr("It is not signed"));
    const Finished manifest = run({"content", "inspect", (package / "manifest.json").string()});
    EXPECT_EQ(manifest.exit_code, 0) << manifest.output;
    EXPECT_THAT(manifest.output, HasSubstr("Manifest\n  feed            DatasetA"));
    EXPECT_THAT(manifest.output, HasSubstr("It is not signed"));
}

TEST_F(ContentCommand, HasAnExampleOfItsOwnInTheHelpOfEachSubcommand) {
    for (const char* words : {"build", "sign", "verify", "inspect", "decrypt", "publish", "serve",
                              "mutate", "make-executable", "keys new", "keys rotate", "keys revoke",
                              "keys epoch-reset", "keys inspect"}) {
        std::vector<std::string> command = {"content"};
        std::istringstream in(words);
        std::copy(std::istream_iterator<std::string>(in), {}, std::back_inserter(command));
        command.push_back("--help");
        const Finished help = run(command);
        EXPECT_EQ(help.exit_code, 0);
        EXPECT_THAT(help.output, HasSubstr("Example:\n  firebreak content " + std::string(words)));
    }
}

TEST_F(ContentCommand, WritesIntoTheManifestForWhomThePackageIs) {
    const Finished built = run({"content", "build", source.string(), "--feed", "DatasetA",
                                "--version", "1", "--platform", "windows-x64", "--group",
                                "internal", "--group", "early", "-o", package.string()});
    EXPECT_EQ(built.exit_code, 0) << built.output;
    EXPECT_THAT(built.output, HasSubstr("windows-x64"));
    EXPECT_THAT(built.output, HasSubstr("early, internal"));
}

TEST_F(ContentCommand, ReadsNoPayloadFartherThanItsManifestSays) {
    fs::resize_file(package / "payload/rules.yar", 1ull << 30);
    const Finished refused = verify();
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("payload size is wrong"));
    EXPECT_THAT(refused.output, HasSubstr("1073741824"));
}

TEST_F(ContentCommand, ExplainsInvalidInput) {
    const Finished feed = build("DatasetB");
    EXPECT_EQ(feed.exit_code, 4);
    EXPECT_THAT(feed.output, HasSubstr("did you mean `DatasetA`?"));
    EXPECT_EQ(sign("yesterday").exit_code, 4);
    const Finished nowhere = run({"content", "inspect", (package / "nowhere").string()});
    EXPECT_EQ(nowhere.exit_code, 4);
    EXPECT_THAT(nowhere.output, HasSubstr("nowhere"));
    const Finished garbage = run({"content", "inspect", (package / "payload/rules.yar").string()});
    EXPECT_EQ(garbage.exit_code, 4);
    EXPECT_THAT(garbage.output, HasSubstr("not an envelope"));
    EXPECT_THAT(garbage.output, HasSubstr("name a package folder, its package.p7m, a head"));
    EXPECT_EQ(run({"content", "verify"}).exit_code, 4);
    EXPECT_EQ(run({"content", "forge"}).exit_code, 4);
}

TEST_F(ContentCommand, ShowsNoControlCharactersOfAHostileManifest) {
    write(package / "manifest.json", "\x1b[2J\x1b]0;owned\x07");
    fs::remove(package / "package.p7m");
    const Finished shown = run({"content", "inspect", package.string()});
    EXPECT_EQ(shown.output.find('\x1b'), std::string::npos);
}

// --- encrypted feeds ---------------------------------------------------------------------------

TEST_F(ContentCommand, EncryptsPayloadsOfEncryptedFeedsAndDecryptsThem) {
    const std::vector<std::string> build_behavior = {
        "content", "build",  source.string(), "--feed", "Behavior",      "--version",
        "1",       "--keys", keys.string(),   "-o",     package.string()};
    const Finished built = run(build_behavior);
    EXPECT_EQ(built.exit_code, 0) << built.output;
    EXPECT_THAT(built.output, HasSubstr("the payloads are encrypted"));
    const fs::path payload = package / "payload/rules.yar";
    const fs::path plain = temporary.path() / "plain";
    const auto decrypt = [&](const char* feed) {
        return run({"content", "decrypt", payload.string(), "--feed", feed, "--keys", keys.string(),
                    "-o", plain.string()});
    };
    const Finished other = decrypt("RepairKit");
    EXPECT_EQ(other.exit_code, 1) << other.output;
    EXPECT_THAT(other.output, HasSubstr("does not decrypt"));
    EXPECT_FALSE(fs::exists(plain));
    const Finished right = decrypt("Behavior");
    EXPECT_EQ(right.exit_code, 0) << right.output;
    EXPECT_THAT(right.output, HasSubstr("openssl cms -decrypt"));
    EXPECT_EQ(base::read_file(plain, 1000).value(),
              base::read_file(source / "rules.yar", 1000).value());
    EXPECT_EQ(decrypt("DatasetA").exit_code, 4);

    std::vector<std::string> clear = build_behavior;
    clear.push_back("--clear");
    EXPECT_EQ(run(clear).exit_code, 0);
    EXPECT_EQ(base::read_file(payload, 1000).value(),
              base::read_file(source / "rules.yar", 1000).value());

    std::vector<std::string> without_key = build_behavior;
    without_key[8] = source.string();
    const Finished refused = run(without_key);
    EXPECT_EQ(refused.exit_code, 4) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("--clear"));
}

// --- keys --------------------------------------------------------------------------------------

// A folder of keys of our own, and a package of DatasetA signed by them.
class KeysCommand : public ContentCommand {
  protected:
    void SetUp() override {
        const Finished made = run({"content", "keys", "new", own.string()});
        ASSERT_EQ(made.exit_code, 0) << made.output;
        EXPECT_THAT(made.output, HasSubstr("are for tests"));
        keys = own;
        ContentCommand::SetUp();
    }
    Finished rotate(const std::vector<std::string>& which) const {
        std::vector<std::string> words = {"content", "keys",
                                          "rotate",  own.string(),
                                          "--from",  "2026-01-01T00:00:00Z",
                                          "--until", "2028-01-01T00:00:00Z"};
        words.insert(words.end(), which.begin(), which.end());
        return run(words);
    }
    Finished revoke(const std::string& file, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = {"content",
                                          "keys",
                                          "revoke",
                                          own.string(),
                                          "--certificate",
                                          (own / file).string(),
                                          "-o",
                                          trust.string(),
                                          "--at",
                                          "2026-03-02T08:00:00Z"};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }
    Finished verify_under_trust() const {
        return run({"content", "verify", package.string(), "--root", (own / "root.pem").string(),
                    "--trust", trust.string()});
    }

    fs::path own = temporary.path() / "keys";
    fs::path trust = temporary.path() / "trust.p7m";
};

TEST_F(KeysCommand, RotatesASignerAndKeepsWhatTheOldOneSigned) {
    const Finished rotated = rotate({"--feed", "DatasetA"});
    EXPECT_EQ(rotated.exit_code, 0) << rotated.output;
    EXPECT_THAT(rotated.output, HasSubstr("DatasetA.1.old.pem"));
    EXPECT_EQ(verify().exit_code, 0);
    ASSERT_EQ(revoke("DatasetA.1.old.pem", {"--number", "1"}).exit_code, 0);
    const Finished old = verify_under_trust();
    EXPECT_EQ(old.exit_code, 1) << old.output;
    EXPECT_THAT(old.output, HasSubstr("a certificate is revoked"));
    ASSERT_EQ(sign("2026-03-02T08:00:00Z").exit_code, 0);
    EXPECT_EQ(verify_under_trust().exit_code, 0);
    // The new one is valid from 2026 on alone.
    ASSERT_EQ(sign("2025-12-31T23:59:59Z").exit_code, 0);
    EXPECT_THAT(verify().output, HasSubstr("not valid at signing time"));
}

TEST_F(KeysCommand, RotatesTheIssuingCertificateUnderItsSigners) {
    EXPECT_EQ(rotate({"--issuing"}).exit_code, 0);
    ASSERT_EQ(sign("2026-03-02T08:00:00Z").exit_code, 0);
    EXPECT_EQ(verify().exit_code, 0);
    EXPECT_EQ(rotate({"--feed", "DatasetA"}).exit_code, 0);
    EXPECT_EQ(rotate({"--head", "2"}).exit_code, 0);
    ASSERT_EQ(sign("2026-03-02T08:00:00Z").exit_code, 0);
    ASSERT_EQ(revoke("issuing.1.old.pem", {"--number", "1"}).exit_code, 0);
    EXPECT_EQ(verify_under_trust().exit_code, 0);
}

TEST_F(KeysCommand, RotatesOneKeyAtATime) {
    EXPECT_EQ(rotate({}).exit_code, 4);
    EXPECT_EQ(rotate({"--head", "1", "--issuing"}).exit_code, 4);
    EXPECT_EQ(rotate({"--head", "4"}).exit_code, 4);
    const Finished feed = rotate({"--feed", "DatasetB"});
    EXPECT_EQ(feed.exit_code, 4);
    EXPECT_THAT(feed.output, HasSubstr("did you mean `DatasetA`?"));
    const Finished backwards =
        run({"content", "keys", "rotate", own.string(), "--issuing", "--from",
             "2028-01-01T00:00:00Z", "--until", "2028-01-01T00:00:00Z"});
    EXPECT_EQ(backwards.exit_code, 4);
    EXPECT_THAT(backwards.output, HasSubstr("--until: not after --from"));
}

TEST_F(KeysCommand, KeepsWhatEarlierStatementsRevoked) {
    ASSERT_EQ(revoke("DatasetA.pem", {"--number", "1"}).exit_code, 0);
    const std::string first = trust.string();
    const Finished second = revoke("ESH.pem", {"--number", "2", "--previous", first});
    EXPECT_EQ(second.exit_code, 0) << second.output;
    EXPECT_EQ(verify_under_trust().exit_code, 1);
    const Finished reset =
        run({"content", "keys", "epoch-reset", own.string(), "--feed", "DatasetA", "--to",
             "2026-03-02T08:00:00Z", "--number", "3", "--previous", first, "--at",
             "2026-03-03T08:00:00Z", "-o", trust.string()});
    EXPECT_EQ(reset.exit_code, 0) << reset.output;
    EXPECT_THAT(reset.output, HasSubstr("nothing signed before 2026-03-02T08:00:00Z"));
    EXPECT_EQ(verify_under_trust().exit_code, 1);
    const auto reset_heads = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words = {"content",     "keys",
                                          "epoch-reset", own.string(),
                                          "--number",    "4",
                                          "--at",        "2026-03-03T08:00:00Z",
                                          "-o",          (temporary.path() / "heads.p7m").string()};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    };
    EXPECT_THAT(reset_heads({"--sequence", "0"}).output, HasSubstr("heads: numbers from 0 on"));
    EXPECT_THAT(reset_heads({}).output, HasSubstr("nothing to reset"));
    EXPECT_EQ(reset_heads({"--feed", "DatasetA"}).exit_code, 4);
    const Finished shown = run({"content", "inspect", trust.string()});
    EXPECT_EQ(shown.exit_code, 0);
    for (const char* part : {"Statement of the root", "number          3", "revoked", "DatasetA"}) {
        EXPECT_THAT(shown.output, HasSubstr(part));
    }
    EXPECT_THAT(revoke("CRT.pem", {"--number", "3", "--previous", first}).output,
                HasSubstr("not above 3"));
}

TEST_F(KeysCommand, ExplainsWhatCannotBeRevoked) {
    EXPECT_THAT(revoke("root.pem", {"--number", "1"}).output,
                HasSubstr("the root cannot revoke itself"));
    EXPECT_THAT(revoke("nobody.pem", {"--number", "1"}).output, HasSubstr("nobody.pem"));
    EXPECT_THAT(revoke("ESH.pem", {"--number", "0"}).output, HasSubstr("number"));
    EXPECT_EQ(revoke("ESH.pem").exit_code, 4);
    EXPECT_FALSE(fs::exists(trust));
    // A statement of somebody else's root.
    ASSERT_EQ(revoke("ESH.pem", {"--number", "1"}).exit_code, 0);
    const fs::path others = temporary.path() / "others";
    ASSERT_EQ(run({"content", "keys", "new", others.string()}).exit_code, 0);
    const Finished foreign = run({"content", "verify", package.string(), "--root",
                                  (others / "root.pem").string(), "--trust", trust.string()});
    EXPECT_EQ(foreign.exit_code, 1) << foreign.output;
    EXPECT_THAT(foreign.output, HasSubstr("trust.p7m: certificate chain is untrusted"));
}

TEST_F(KeysCommand, ListsWhatEachKeyIsForAndHowLongItLasts) {
    ASSERT_EQ(rotate({"--feed", "DatasetA"}).exit_code, 0);
    const auto inspect = [this](const char* at) {
        return run({"content", "keys", "inspect", own.string(), "--at", at});
    };
    const Finished now = inspect("2026-03-02T08:00:00Z");
    EXPECT_EQ(now.exit_code, 0) << now.output;
    for (const char* part : {"DatasetA.1.old.pem", "signs heads", "issues", "root", "669 d",
                             "CN=Firebreak test signer DatasetA", "SHA-384", "are for tests"}) {
        EXPECT_THAT(now.output, HasSubstr(part));
    }
    EXPECT_THAT(inspect("2027-12-31T23:59:59Z").output, HasSubstr(" 0 d"));
    EXPECT_THAT(inspect("2028-01-01T00:00:00Z").output, HasSubstr("expired"));
    EXPECT_THAT(inspect("2025-12-31T23:59:59Z").output, HasSubstr("not yet valid"));
    EXPECT_EQ(inspect("today").exit_code, 4);
    EXPECT_THAT(
        run({"content", "keys", "inspect", source.string(), "--at", "2026-03-02T08:00:00Z"}).output,
        HasSubstr("no PEM file in it"));
}

}  // namespace
}  // namespace firebreak::headless
