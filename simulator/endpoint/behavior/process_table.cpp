#include "endpoint/behavior/process_table.h"

#include <algorithm>
#include <array>

namespace firebreak::endpoint::behavior {

namespace {

using host::EventKind;

constexpr size_t kNowhere = host::kMostEventFields;

// Where the fields of a kind stand that say who acts.
struct Places {
    size_t image = kNowhere, command_line = kNowhere, user = kNowhere, parent = kNowhere;
};

std::array<Places, host::kEventKinds> find_places() {
    std::array<Places, host::kEventKinds> places;
    for (const host::EventKindInfo& info : host::event_kinds()) {
        Places& one = places[static_cast<size_t>(info.kind)];
        const auto place = [&info](std::string_view field) {
            return host::find_event_field(info.kind, field).value_or(kNowhere);
        };
        one = {place("image"), place("command_line"), place("user"), place("parent")};
    }
    return places;
}

const Places& places_of(EventKind kind) {
    static const std::array<Places, host::kEventKinds> kPlaces = find_places();
    return kPlaces[static_cast<size_t>(kind)];
}

std::string text_at(const host::Event& event, size_t place) {
    return place == kNowhere ? std::string() : std::string(event.values[place].text());
}

}  // namespace

KnownProcess& ProcessTable::at(uint32_t process) {
    const auto [entry, is_new] = known_.try_emplace(process);
    if (is_new) {
        order_.push_back(process);
    }
    while (known_.size() > kMaxProcesses || order_.size() > 2 * kMaxProcesses) {
        if (order_.front() != process) {
            forget(order_.front());
        }
        order_.pop_front();
    }
    return entry->second;
}

void ProcessTable::note(const host::Event& event) {
    const bool starts = event.kind == EventKind::kProcessStart;
    if (event.process == 0 || event.kind == EventKind::kProcessEnd ||
        (!starts && known_.contains(event.process))) {
        return;
    }
    const Places& places = places_of(event.kind);
    KnownProcess& process = at(event.process);
    process.image = text_at(event, places.image);
    process.user = text_at(event, places.user);
    if (starts) {  // others were there before anybody looked
        process.command_line = text_at(event, places.command_line);
        process.parent = static_cast<uint32_t>(event.values[places.parent].number());
    }
}

void ProcessTable::set_reputation(uint32_t process, uint8_t reputation) {
    at(process).reputation = reputation;
}

void ProcessTable::forget(uint32_t process) {
    const auto found = known_.find(process);
    if (found == known_.end()) {
        return;
    }
    for (const auto& [tag, rule] : found->second.tags) {
        --tags_[rule];
    }
    known_.erase(found);
}

bool ProcessTable::tag(uint32_t process, const std::string& tag, uint32_t rule) {
    const auto found = known_.find(process);
    if (found == known_.end()) {
        return false;
    }
    auto& tags = found->second.tags;
    if (tags.contains(tag)) {
        return true;
    }
    const auto of_rule = std::ranges::count(tags, rule, [](const auto& one) { return one.second; });
    if (static_cast<size_t>(of_rule) == kTagsOfRule || tags_[rule] == kAllTagsOfRule) {
        return false;
    }
    tags.emplace(tag, rule);
    ++tags_[rule];
    return true;
}

const KnownProcess* ProcessTable::find(uint32_t process) const {
    const auto found = known_.find(process);
    return found == known_.end() ? nullptr : &found->second;
}

}  // namespace firebreak::endpoint::behavior
