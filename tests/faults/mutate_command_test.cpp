// `firebreak content mutate`, run as a user runs it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "content/package.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::headless {
namespace {

using base::Bytes;
using firebreak::test::TemporaryFolder;
using testing::HasSubstr;
namespace fs = std::filesystem;

struct Finished {
    int exit_code = -1;
    std::string output;  // stdout and stderr
};

Finished run(std::vector<std::string> arguments) {
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

std::map<fs::path, Bytes> contents_of(const fs::path& folder) {
    std::map<fs::path, Bytes> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            files[fs::relative(entry.path(), folder)] =
                base::read_file(entry.path(), 1 << 20).value();
        }
    }
    return files;
}

// A signed package with two payload files.
class MutateCommand : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_OK(base::write_file(source / "a.yar", base::view_of("rule a { condition: true }")));
        ASSERT_OK(base::write_file(source / "b.yar", base::view_of("rule b { condition: true }")));
        ASSERT_OK_AND(const auto pki, content::load_pki(firebreak::test::fixtures_dir() / "keys"));
        ASSERT_OK_AND(content::Draft draft,
                      content::build(content::Feed::kDatasetA, "2026.3", source));
        ASSERT_OK_AND(const content::Package made,
                      content::sign(std::move(draft), pki.signers.at(content::Feed::kDatasetA),
                                    {1'772'438'400}));
        ASSERT_OK(content::save(made, package));
        before = contents_of(package);
    }
    Finished mutate(const fs::path& from, const std::string& fault, const std::string& target,
                    const std::string& draw = "0") const {
        std::error_code ignored;
        fs::remove_all(out, ignored);
        return run({"content", "mutate", from.string(), "-o", out.string(), "--fault", fault,
                    "--target", target, "--draw", draw});
    }
    // Names of the files of `out` that are not as in the package.
    std::set<std::string> changed() const {
        std::set<std::string> names;
        const auto after = contents_of(out);
        EXPECT_EQ(after.size(), before.size());
        for (const auto& [name, bytes] : after) {
            if (before.at(name) != bytes) {
                names.insert(name.string());
            }
        }
        return names;
    }

    TemporaryFolder temporary;
    fs::path source = temporary.path() / "source";
    fs::path package = temporary.path() / "package";
    fs::path out = temporary.path() / "damaged";
    std::map<fs::path, Bytes> before;
};

TEST_F(MutateCommand, DamagesTheTargetInACopyAndLeavesThePackageAsItIs) {
    for (const char* fault : {"bit-flip", "truncate"}) {
        for (const char* target :
             {"package", "signature", "chain", "manifest", "length", "encoding"}) {
            const Finished done = mutate(package, fault, target, "5");
            EXPECT_EQ(done.exit_code, 0) << done.output;
            EXPECT_EQ(changed(), std::set<std::string>{"package.p7m"});
            EXPECT_THAT(done.output, HasSubstr("package.p7m: "));
        }
        const Finished done = mutate(package, fault, "payload");
        EXPECT_EQ(done.exit_code, 0) << done.output;
        EXPECT_EQ(changed(), (std::set<std::string>{"payload/a.yar", "payload/b.yar"}));
    }
    EXPECT_EQ(contents_of(package), before);
}

TEST_F(MutateCommand, SaysWhichByteItChangedIntoWhat) {
    const Finished done = mutate(package, "bit-flip", "manifest", "0x7c");
    const Bytes& was = before.at("package.p7m");
    const Bytes is = contents_of(out).at("package.p7m");
    ASSERT_EQ(is.size(), was.size());
    const size_t at =
        static_cast<size_t>(std::mismatch(was.begin(), was.end(), is.begin()).first - was.begin());
    ASSERT_LT(at, was.size());
    EXPECT_EQ(std::popcount(static_cast<unsigned>(was[at] ^ is[at])), 1);
    const auto in_hex = [](uint8_t byte) { return "0x" + base::to_hex({&byte, 1}); };
    for (const std::string& part : {"offset " + std::to_string(at) + " ", "was " + in_hex(was[at]),
                                    "is " + in_hex(is[at]), std::string("the manifest, byte ")}) {
        EXPECT_THAT(done.output, HasSubstr(part));
    }
}

TEST_F(MutateCommand, SaysWhereAFileEnds) {
    const Finished done = mutate(package, "truncate", "chain", "3");
    const Bytes is = contents_of(out).at("package.p7m");
    EXPECT_LT(is.size(), before.at("package.p7m").size());
    EXPECT_THAT(done.output, HasSubstr("ends at offset " + std::to_string(is.size())));
    EXPECT_THAT(done.output, HasSubstr("certificate "));
}

TEST_F(MutateCommand, DoesTheSameForTheSameDrawAndSomethingElseForAnother) {
    ASSERT_EQ(mutate(package, "bit-flip", "package", "8").exit_code, 0);
    const auto first = contents_of(out);
    ASSERT_EQ(mutate(package, "bit-flip", "package", "8").exit_code, 0);
    EXPECT_EQ(contents_of(out), first);
    ASSERT_EQ(mutate(package, "bit-flip", "package", "9").exit_code, 0);
    EXPECT_NE(contents_of(out), first);
}

TEST_F(MutateCommand, TakesOneFileToo) {
    ASSERT_EQ(mutate(package / "package.p7m", "bit-flip", "signature").exit_code, 0);
    EXPECT_EQ(base::read_file(out, 1 << 20).value().size(), before.at("package.p7m").size());
    const fs::path head = temporary.path() / "head.json";
    ASSERT_OK(base::write_file(head, base::view_of(R"({"feed":"DatasetA"})")));
    const Finished done = mutate(head, "truncate", "head");
    EXPECT_EQ(done.exit_code, 0) << done.output;
    EXPECT_LT(fs::file_size(out), fs::file_size(head));
}

TEST_F(MutateCommand, OverwritesNothing) {
    ASSERT_OK(base::write_file(out, base::view_of("precious")));
    const Finished done = run({"content", "mutate", package.string(), "-o", out.string(), "--fault",
                               "bit-flip", "--target", "payload"});
    EXPECT_EQ(done.exit_code, 4);
    EXPECT_THAT(done.output, HasSubstr("is there already"));
    EXPECT_EQ(base::read_file(out, 100).value(), base::bytes_of("precious"));
}

TEST_F(MutateCommand, ExplainsInvalidInput) {
    EXPECT_THAT(mutate(package, "bit-flip", "head").output, HasSubstr("a package has no head"));
    EXPECT_EQ(mutate(package, "bit-flip", "nose").exit_code, 4);
    EXPECT_EQ(mutate(package, "other-key", "payload").exit_code, 4);
    EXPECT_EQ(mutate(package, "bit-flip", "payload", "many").exit_code, 4);
    const Finished text = mutate(package / "manifest.json", "bit-flip", "signature");
    EXPECT_EQ(text.exit_code, 4);
    EXPECT_THAT(text.output, HasSubstr("has no part `signature`"));
    const Finished nowhere = mutate(package / "nowhere", "bit-flip", "payload");
    EXPECT_EQ(nowhere.exit_code, 4);
    EXPECT_THAT(nowhere.output, HasSubstr("nowhere"));
    fs::remove(package / "package.p7m");
    const Finished draft = mutate(package, "bit-flip", "chain");
    EXPECT_EQ(draft.exit_code, 4);
    EXPECT_THAT(draft.output, HasSubstr("not signed"));
    EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace firebreak::headless
