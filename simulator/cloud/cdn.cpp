#include "cloud/cdn.h"

#include <algorithm>

#include "ports/whole_file.h"

namespace firebreak::cloud {

void Cdn::sign_heads(HeadSigner signer, base::UtcTime start, base::Duration refresh) {
    signing_ = Signing{std::move(signer), start, refresh};
}

void Cdn::store(const content::Package& package) {
    store(content::package_path(package.manifest_digest), package.envelope);
    for (const content::PayloadFile& payload : package.draft.manifest.payloads) {
        store(content::payload_path(payload.sha384), package.draft.payloads.at(payload.name));
    }
}

void Cdn::store(const std::string& path, base::Bytes bytes) {
    files_[path] = std::make_shared<const base::Bytes>(std::move(bytes));
}

base::Duration Cdn::lag(unsigned edge) const {
    return {time_to_live_.seconds * edge / edges_};
}

void Cdn::set_head(const std::string& channel, content::Feed feed, const content::Package* package,
                   base::SimTime visible_at) {
    pending_.emplace(visible_at - lag(edges_ - 1), Change{channel, feed, package});
}

base::Status Cdn::advance(base::SimTime now) {
    now_ = now;
    while (!pending_.empty() && pending_.begin()->first <= now) {
        FB_CHECK(add_versions_of(pending_.begin()->first));
    }
    return refresh_heads(now);
}

// Changes of one moment belong together: one version for each channel.
base::Status Cdn::add_versions_of(base::SimTime at) {
    std::map<std::string, Offering> changed;
    for (auto due = pending_.begin(); due != pending_.end() && due->first == at;
         due = pending_.erase(due)) {
        const Change& change = due->second;
        const auto [place, is_new] = changed.try_emplace(change.channel);
        const auto known = channels_.find(change.channel);
        if (is_new && known != channels_.end()) {
            place->second = known->second.back()->offering;
        }
        place->second.packages[change.feed] = change.package;
    }
    for (auto& [channel, offering] : changed) {
        offering.channel = channel;
        ++offering.sequence;
        FB_CHECK(add_version(std::move(offering), at));
    }
    return {};
}

// The same offering under the same number, signed anew.
base::Status Cdn::refresh_heads(base::SimTime now) {
    if (!signing_ || (refreshed_ && now - *refreshed_ < signing_->refresh)) {
        return {};
    }
    const bool first = !refreshed_;
    refreshed_ = now;
    if (first) {
        return {};
    }
    for (const auto& [channel, history] : channels_) {
        if (history.back()->since < now) {
            FB_CHECK(add_version(history.back()->offering, now));
        }
    }
    return {};
}

base::Status Cdn::add_version(Offering offering, base::SimTime since) {
    ChannelHeads version;
    version.id = versions_.size() + 1;
    version.since = since;
    version.files = pointers(offering);
    if (signing_) {
        const base::UtcTime issued =
            signing_->start + base::Duration{std::max(since, now_).seconds};
        FB_TRY(auto files, signing_->signer.sign(offering, issued));
        for (auto& [path, file] : files) {
            if (is_replaced_in_place(path)) {
                version.files[path] = std::move(file);
            } else {
                files_[path] = file.bytes;
            }
        }
    }
    version.offering = std::move(offering);
    versions_.push_back(std::move(version));
    channels_[versions_.back().offering.channel].push_back(&versions_.back());
    return {};
}

const ChannelHeads* Cdn::heads(const std::string& channel, unsigned edge) const {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) {
        return nullptr;
    }
    for (auto version = found->second.rbegin(); version != found->second.rend(); ++version) {
        if ((*version)->since + lag(edge) <= now_) {
            return *version;
        }
    }
    return nullptr;
}

const content::Package* Cdn::offered(const std::string& channel, content::Feed feed) const {
    const ChannelHeads* serving = heads(channel, edges_ - 1);
    if (serving == nullptr) {
        return nullptr;
    }
    const auto found = serving->offering.packages.find(feed);
    return found == serving->offering.packages.end() ? nullptr : found->second;
}

std::vector<const ChannelHeads*> Cdn::history(const std::string& channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() ? std::vector<const ChannelHeads*>() : found->second;
}

base::Result<std::shared_ptr<const StaticFile>> Cdn::open(const std::string& path) {
    std::shared_ptr<const base::Bytes> bytes;
    if (const auto found = files_.find(path); found != files_.end()) {
        bytes = found->second;
    }
    for (const auto& [channel, history] : channels_) {
        const auto& files = history.back()->files;
        if (const auto found = files.find(path); found != files.end()) {
            bytes = found->second.bytes;
        }
    }
    return bytes == nullptr
               ? std::shared_ptr<const StaticFile>()
               : std::shared_ptr<const StaticFile>(std::make_shared<MemoryFile>(bytes));
}

ports::FetchStatus Cdn::get(const ports::Request& request, ports::Receiver& receiver) {
    const auto found = files_.find(request.path);
    return found == files_.end() ? ports::FetchStatus::kMissing
                                 : ports::deliver(*found->second, request.offset, receiver);
}

}  // namespace firebreak::cloud
