// The table that says how the built-in scanner is run.
#include <fmt/format.h>

#include <charconv>

#include "base/digest.h"
#include "base/text.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/settings_reader.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Result;
using base::TomlTable;

constexpr int64_t kMostScore = 100;

// "275a…fd0f=0": a file's SHA-256 and its reputation.
Result<std::pair<base::Sha256, uint8_t>> read_known(const TomlTable& in, std::string_view key,
                                                    std::string_view text) {
    const size_t equals = text.find('=');
    const auto bytes = base::from_hex(text.substr(0, equals));
    base::Sha256 file{};
    int score = -1;
    if (equals != text.npos) {
        std::from_chars(text.data() + equals + 1, text.data() + text.size(), score);
    }
    const std::string said = fmt::format("{}", std::max(score, 0));
    if (!bytes.ok() || bytes->size() != file.size() || score < 0 || score > kMostScore ||
        text.substr(equals + 1) != said) {
        return in.error(
            key, fmt::format("`{}` is no file with its reputation", base::printable(text, 90)),
            "write SHA-256=reputation: 64 hexadecimal digits, and 0 (bad) to 100");
    }
    std::copy(bytes->begin(), bytes->end(), file.begin());
    return std::pair(file, static_cast<uint8_t>(score));
}

base::Status read_cloud_known(SettingsReader& in, Protection& out) {
    constexpr std::string_view kKey = "cloud_known";
    if (in.has(kKey)) {
        FB_TRY(const std::vector<std::string> known, in.toml()->strings(kKey));
        for (const std::string& text : known) {
            FB_TRY(const auto entry, read_known(*in.toml(), kKey, text));
            if (!out.cloud_known.insert(entry).second) {
                return in.toml()->error(
                    kKey, fmt::format("`{}` is there twice", text.substr(0, 16)), "leave one out");
            }
        }
    }
    in.note(kKey, fmt::format("{} files", out.cloud_known.size()));
    return {};
}

}  // namespace

Result<Protection> read_protection(TomlTable& root, std::vector<Setting>& settings) {
    Protection out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, protection_format(), settings));
    FB_TRY(out.hold, in.word("when_down", kWhenDown, out.hold));
    FB_TRY(const int64_t kills, in.integer("kills", out.kills));
    out.kills = static_cast<uint32_t>(kills);
    FB_TRY(out.cloud, in.word("cloud", kClouds, out.cloud));
    FB_TRY(const int64_t latency, in.integer("cloud_latency_ms", out.cloud_latency_ms));
    out.cloud_latency_ms = static_cast<uint32_t>(latency);
    FB_CHECK(read_cloud_known(in, out));
    FB_TRY(out.cloud_overrules, in.boolean("cloud_overrules", out.cloud_overrules));
    FB_CHECK(in.finish());
    return out;
}

}  // namespace firebreak::scenario
