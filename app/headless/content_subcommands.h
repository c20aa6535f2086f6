// The subcommands of `firebreak content`, and what they share.
#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "base/outcome.h"
#include "base/result.h"
#include "content/head.h"
#include "content/manifest.h"

namespace firebreak::headless {

// Takes the exit code of a subcommand that ran inside CLI11's parse().
using Finish = std::function<void(int)>;

void add_build(CLI::App& content, const Finish& finish);
void add_sign(CLI::App& content, const Finish& finish);
void add_decrypt(CLI::App& content, const Finish& finish);
void add_verify(CLI::App& content, const Finish& finish);
void add_inspect(CLI::App& content, const Finish& finish);
void add_keys(CLI::App& content, const Finish& finish);
// Subcommands of `keys`: revoke and epoch-reset.
void add_trust(CLI::App& keys, const Finish& finish);

inline constexpr const char* kTestKeysWarning =
    "Keys made here, and those of fixtures/keys, are for tests: keep them apart from any key that\n"
    "somebody trusts.\n";

// More than a verifier takes: that an envelope is too large is for the verifier to say.
inline constexpr uint64_t kMostBytesRead = 64 * 1024 * 1024;

// 0, or 4 once the error has been told.
int exit_code_of(const base::Status& status);
int exit_code_of(const base::Result<int>& code);
// Tells it, with its evidence. Returns exit code 1.
int tell_refusal(const std::string& what, std::string_view why, const base::Evidence& evidence);

// The keys folder that was named, or the project's test keys.
base::Result<std::filesystem::path> keys_folder(const std::string& named);
base::Result<content::Feed> feed_named(const std::string& name);
// The time that an option names.
base::Result<base::UtcTime> time_named(const std::string& option, const std::string& text);

void print_manifest(const content::Manifest& manifest);
void print_statement(const content::RootStatement& statement);
// `text` as one word of a shell's command line.
std::string shell_word(const std::string& text);

}  // namespace firebreak::headless
