#include "endpoint/supervision/content_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "ports/installer.h"

namespace firebreak::endpoint::supervision {
namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find(' ', at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

}  // namespace

bool Contents::quarantined(const std::string& digest) const {
    return std::find(quarantine.begin(), quarantine.end(), digest) != quarantine.end();
}

std::string quarantined(const std::string& list, const std::string& digest) {
    std::vector<std::string> all = words_of(list);
    std::erase(all, digest);
    all.push_back(digest);
    const size_t first = all.size() - std::min(all.size(), kQuarantined);
    return fmt::format("{}",
                       fmt::join(all.begin() + static_cast<ptrdiff_t>(first), all.end(), " "));
}

ContentRecord::ContentRecord(ports::Store& store, std::string_view component, content::Feed feed)
    : store_(&store),
      prefix_(fmt::format("{}/{}/", component, content::info(feed).name)),
      feed_(feed) {}

std::string ContentRecord::key(std::string_view what) const {
    return prefix_ + std::string(what);
}

base::Result<Contents> ContentRecord::contents() const {
    Contents contents;
    FB_TRY(contents.running, store_->get(key("running")));
    FB_TRY(contents.last_known_good, store_->get(key("last-known-good")));
    FB_TRY(const std::optional<std::string> kills, store_->get(key("kills")));
    FB_TRY(const std::optional<std::string> quarantine, store_->get(key("quarantine")));
    if (kills) {
        const std::vector<std::string> words = words_of(*kills);
        if (words.size() == 2 && words[0] == contents.running) {
            std::from_chars(words[1].data(), words[1].data() + words[1].size(), contents.kills);
        }
    }
    if (quarantine) {
        contents.quarantine = words_of(*quarantine);
    }
    return contents;
}

base::Result<content::Manifest> ContentRecord::manifest(const std::string& digest) const {
    const std::string place = ports::package_key(feed_, digest);
    FB_TRY(const std::optional<std::string> json, store_->get(place));
    if (!json || base::sha384(base::view_of(*json)).hex() != digest) {
        return base::Error{json ? "is not the manifest that it is stored as" : "is missing",
                           "store key " + place, ""};
    }
    return content::parse_manifest(base::view_of(*json));
}

base::Result<std::optional<content::Manifest>> ContentRecord::running() const {
    FB_TRY(const std::optional<std::string> digest, store_->get(key("running")));
    if (!digest) {
        return std::optional<content::Manifest>();
    }
    FB_TRY(content::Manifest found, manifest(*digest));
    return std::optional(std::move(found));
}

base::Result<bool> ContentRecord::keeps(const std::string& digest) const {
    FB_TRY(const Contents kept, contents());
    return kept.running == digest || kept.last_known_good == digest;
}

void ContentRecord::erase(const std::string& digest, ports::Changes& changes) const {
    changes[ports::package_key(feed_, digest)] = std::nullopt;
}

void ContentRecord::note_installed(const Contents& before, const std::string& digest,
                                   ports::Changes& changes) const {
    if (before.running == digest) {
        return;
    }
    changes[key("running")] = digest;
    changes[key("last-known-good")] = before.running;
    changes[key("kills")] = std::nullopt;
    const std::optional<std::string>& gone = before.last_known_good;
    if (gone && gone != digest && gone != before.running) {
        erase(*gone, changes);
    }
}

void ContentRecord::note_proven(const Contents& before, ports::Changes& changes) const {
    changes[key("last-known-good")] = before.running;
    const std::optional<std::string>& gone = before.last_known_good;
    if (gone && gone != before.running) {
        erase(*gone, changes);
    }
}

void ContentRecord::note_kill(const Contents& before, ports::Changes& changes) const {
    if (before.running) {
        changes[key("kills")] = fmt::format("{} {}", *before.running, before.kills + 1);
    }
}

void ContentRecord::note_fallen_back(const Contents& before, const std::optional<std::string>& good,
                                     ports::Changes& changes) const {
    changes[key("running")] = good;
    changes[key("last-known-good")] = std::nullopt;
    changes[key("kills")] = std::nullopt;
    if (!before.running || before.running == good) {
        return;
    }
    if (before.running != before.last_known_good) {
        changes[key("quarantine")] = supervision::quarantined(
            fmt::format("{}", fmt::join(before.quarantine, " ")), *before.running);
    }
    erase(*before.running, changes);
}

}  // namespace firebreak::endpoint::supervision
