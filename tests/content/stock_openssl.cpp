#include "content/stock_openssl.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "support/paths.h"

namespace firebreak::content::test {

namespace {

// The exit code of a program found on PATH; -1 if it did not run to its end. Its words are lost.
int run(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
    }
    pid_t child = -1;
    const int failure = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failure != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

bool openssl_succeeds(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const int code = run(std::move(arguments));
    EXPECT_TRUE(code >= 0 && code < 126)
        << "cannot run `openssl`: install Debian's package openssl";
    return code == 0;
}

}  // namespace

bool stock_openssl_accepts(const base::Bytes& envelope, base::UtcTime at,
                           const std::filesystem::path& root) {
    const firebreak::test::TemporaryFolder folder;
    const auto file = folder.path() / "package.p7m";
    EXPECT_TRUE(base::write_file(file, envelope).ok());
    return openssl_succeeds({"cms", "-verify", "-binary", "-purpose", "any", "-attime",
                             std::to_string(at.unix_seconds), "-inform", "DER", "-in",
                             file.string(), "-CAfile", root.string(), "-out", "/dev/null"});
}

bool stock_openssl_accepts(const base::Bytes& envelope, base::UtcTime at) {
    return stock_openssl_accepts(envelope, at, firebreak::test::fixtures_dir() / "keys/root.pem");
}

std::optional<base::Bytes> stock_openssl_decrypts(const base::Bytes& cipher, base::ByteView key_id,
                                                  base::ByteView kek) {
    const firebreak::test::TemporaryFolder folder;
    const auto in = folder.path() / "payload.p7m";
    const auto out = folder.path() / "payload";
    EXPECT_TRUE(base::write_file(in, cipher).ok());
    if (!openssl_succeeds({"cms", "-decrypt", "-inform", "DER", "-secretkey", base::to_hex(kek),
                           "-secretkeyid", base::to_hex(key_id), "-in", in.string(), "-out",
                           out.string()})) {
        return std::nullopt;
    }
    return base::read_file(out, 1 << 30).value();
}

}  // namespace firebreak::content::test
