// The content channel.
#include <fmt/format.h>

#include "base/text.h"
#include "scenario/settings_reader.h"

namespace firebreak::scenario {

namespace {

using base::Duration;
using base::Result;
using base::Status;
using base::TomlTable;

// "20m", or as long as copies live.
Result<std::optional<Duration>> read_invalidation(SettingsReader& in) {
    constexpr std::string_view kKey = "invalidation";
    std::optional<TomlTable>& toml = in.toml();
    if (!in.has(kKey)) {
        in.note(kKey, std::string(kAsCdnTtl));
        return std::optional<Duration>();
    }
    if (toml->is_string(kKey)) {
        FB_TRY(const std::string word, toml->string(kKey));
        if (word == kAsCdnTtl) {
            in.note(kKey, word);
            return std::optional<Duration>();
        }
        if (!base::parse_duration(word).ok()) {
            return toml->error(kKey,
                               fmt::format("`{}` cannot be `{}`", kKey, base::printable(word, 60)),
                               "write a duration such as \"20m\", or \"cdn_ttl\"");
        }
    }
    FB_TRY(const Duration given, in.duration(kKey, {}));
    return std::optional(given);
}

// A package may be for any platform; an endpoint is of one.
Result<std::string> read_own_platform(SettingsReader& in, const std::string& fallback) {
    constexpr std::string_view kKey = "platform";
    std::string out = fallback;
    if (in.has(kKey)) {
        FB_TRY(out, read_platform(*in.toml(), kKey, fallback));
        if (out == kAnyPlatform) {
            return in.toml()->error(kKey, "no endpoint is of `any` platform",
                                    "name one, such as \"windows-x64\"");
        }
    }
    in.note(kKey, out);
    return out;
}

// A head must be replaced before it expires.
Status read_head_times(SettingsReader& in, Update& out) {
    FB_TRY(out.head_valid, in.duration("head_valid", out.head_valid));
    FB_TRY(out.head_refresh, in.delay("head_refresh", out.head_refresh));
    if (out.head_refresh < out.head_valid) {
        return {};
    }
    return in.toml()->error(in.has("head_refresh") ? "head_refresh" : "head_valid",
                            "heads expire before they are signed anew",
                            fmt::format("write `head_refresh`, now {}, less than `head_valid`, "
                                        "now {}",
                                        exact_text(out.head_refresh), exact_text(out.head_valid)));
}

}  // namespace

Result<Update> read_update(TomlTable& root, std::vector<Setting>& settings) {
    Update out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, update_format(), settings));
    FB_TRY(out.profile, in.word("profile", kProfileNames, out.profile));
    FB_TRY(const int64_t edges, in.integer("edges", out.edges));
    out.edges = static_cast<uint32_t>(edges);
    FB_TRY(out.invalidation, read_invalidation(in));
    FB_TRY(out.http, in.word("transport", kTransports, out.http));
    FB_TRY(out.platform, read_own_platform(in, out.platform));
    FB_CHECK(read_head_times(in, out));
    FB_CHECK(in.finish());
    if (out.profile == Profile::kPublished) {  // it has no signed heads
        std::erase_if(settings, [](const Setting& setting) {
            return setting.section == "update" && setting.key.starts_with("head_");
        });
    }
    return out;
}

}  // namespace firebreak::scenario
