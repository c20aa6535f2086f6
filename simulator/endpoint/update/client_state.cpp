#include "endpoint/update/client_state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

namespace firebreak::endpoint::update {

namespace {

base::Error damaged(const std::string& key) {
    return {"what the update client remembers is damaged", key, "repair or reinstall the endpoint"};
}

template <class Number>
base::Result<std::optional<Number>> read_number(ports::Store& store, const std::string& key) {
    FB_TRY(const auto text, store.get(key));
    if (!text) {
        return std::optional<Number>();
    }
    Number number = 0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return damaged(key);
    }
    return std::optional(number);
}

base::Result<std::optional<base::UtcTime>> read_time(ports::Store& store, const std::string& key) {
    FB_TRY(const auto seconds, read_number<int64_t>(store, key));
    return seconds ? std::optional(base::UtcTime{*seconds}) : std::nullopt;
}

base::Result<content::Trust> read_revoked(ports::Store& store) {
    content::Trust trust;
    const std::string key = state_key("revoked");
    FB_TRY(const auto text, store.get(key));
    for (std::string_view rest = text ? std::string_view(*text) : ""; !rest.empty();) {
        const size_t end = std::min(rest.find(' '), rest.size());
        const auto digest = base::parse_digest(rest.substr(0, end));
        if (!digest.ok()) {
            return damaged(key);
        }
        trust.revoked.insert(*digest);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return trust;
}

base::Result<std::optional<std::string>> read_digest(ports::Store& store, const std::string& key) {
    FB_TRY(const auto text, store.get(key));
    if (text && !base::parse_digest(*text).ok()) {
        return damaged(key);
    }
    return text;
}

base::Result<FeedState> read_feed(ports::Store& store, content::Feed feed) {
    FeedState state;
    FB_TRY(state.floor, read_time(store, state_key(feed, "floor")));
    FB_TRY(state.installed, read_digest(store, state_key(feed, "installed")));
    FB_TRY(state.rejected, read_digest(store, state_key(feed, "rejected")));
    FB_TRY(state.staged, read_digest(store, state_key(feed, "staged")));
    FB_TRY(state.alerted, store.get(state_key(feed, "alerted")));
    return state;
}

}  // namespace

std::string state_key(content::Feed feed, std::string_view name) {
    return fmt::format("update/{}/{}", content::info(feed).name, name);
}

std::string state_key(std::string_view name) {
    return fmt::format("update/{}", name);
}

base::Result<ClientState> read_state(ports::Store& store, std::span<const content::Feed> feeds,
                                     bool with_heads) {
    ClientState state;
    for (const content::Feed feed : feeds) {
        FB_TRY(state.feeds[feed], read_feed(store, feed));
    }
    FB_TRY(state.alerted, store.get(state_key("alerted")));
    if (!with_heads) {
        return state;
    }
    FB_TRY(const auto sequence, read_number<uint64_t>(store, state_key("sequence")));
    state.sequence = sequence.value_or(0);
    FB_TRY(state.fresh, read_time(store, state_key("fresh")));
    FB_TRY(const auto trust, read_number<uint64_t>(store, state_key("trust")));
    state.trust = trust.value_or(0);
    FB_TRY(state.revoked, read_revoked(store));
    FB_TRY(state.set, store.get(state_key("set")));
    return state;
}

std::string to_text(const std::set<base::Digest>& digests) {
    std::string out;
    for (const base::Digest& digest : digests) {
        out += (out.empty() ? "" : " ") + digest.hex();
    }
    return out;
}

}  // namespace firebreak::endpoint::update
