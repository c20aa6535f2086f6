#include "headless/content_subcommands.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "headless/exit_codes.h"
#include "headless/output.h"
#include "places/places.h"

namespace firebreak::headless {

using base::Error;
using base::printable;
using base::Result;
namespace fs = std::filesystem;

int exit_code_of(const base::Status& status) {
    if (status.ok()) {
        return kPassed;
    }
    complain(status.error());
    return kUsage;
}

int exit_code_of(const Result<int>& code) {
    if (code.ok()) {
        return *code;
    }
    complain(code.error());
    return kUsage;
}

int tell_refusal(const std::string& what, std::string_view why, const base::Evidence& evidence) {
    fmt::print("refused: {}: {}\n", printable(what), why);
    for (const auto& [name, value] : evidence) {
        fmt::print("  {:<24} {}\n", name, printable(value));
    }
    return kExpectationFailed;
}

Result<fs::path> keys_folder(const std::string& named) {
    if (!named.empty()) {
        return fs::path(named);
    }
    std::error_code ignored;
    const auto fixtures = places::find_fixtures(fs::current_path(ignored));
    if (!fixtures.ok()) {
        return Error{"no folder fixtures/keys above the current one or above this program", "",
                     "name one with --keys or --root; `firebreak content keys new DIR` makes one"};
    }
    return *fixtures / "keys";
}

Result<content::Feed> feed_named(const std::string& name) {
    if (const auto feed = content::find_feed(name)) {
        return *feed;
    }
    std::vector<std::string> names;
    for (const content::FeedInfo& feed : content::catalogue()) {
        names.emplace_back(feed.name);
    }
    const std::string near = base::nearest(name, names);
    return Error{fmt::format("no feed is named `{}`", name), "--feed",
                 near.empty() ? fmt::format("the feeds are {}", fmt::join(names, ", "))
                              : fmt::format("did you mean `{}`?", near)};
}

Result<base::UtcTime> time_named(const std::string& option, const std::string& text) {
    auto time = base::parse_utc(text);
    if (!time.ok()) {
        return Error{time.error().message, option, time.error().remedy};
    }
    return time;
}

void print_manifest(const content::Manifest& manifest) {
    fmt::print("  feed            {}\n  version         {}\n  needs product   {} or newer\n",
               content::info(manifest.feed).name, manifest.version, manifest.min_product_version);
    fmt::print(
        "  platform        {}\n  release groups  {}\n", manifest.platform,
        manifest.groups.empty() ? "all" : fmt::format("{}", fmt::join(manifest.groups, ", ")));
    for (const content::PayloadFile& payload : manifest.payloads) {
        fmt::print("  payload         {}  {} bytes\n                  SHA-384 {}\n", payload.name,
                   base::with_thousands(static_cast<int64_t>(payload.size)), payload.sha384.hex());
    }
}

void print_statement(const content::RootStatement& statement) {
    fmt::print("  number          {}\n", statement.number);
    for (const base::Digest& certificate : statement.revoked) {
        fmt::print("  revoked         SHA-384 {}\n", certificate.hex());
    }
    for (const auto& [feed, floor] : statement.floors) {
        fmt::print("  epoch reset     {}: nothing signed before {}\n", content::info(feed).name,
                   base::to_text(floor));
    }
    if (statement.sequence) {
        fmt::print("  epoch reset     heads: numbers from {} on\n", *statement.sequence);
    }
}

std::string shell_word(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

}  // namespace firebreak::headless
