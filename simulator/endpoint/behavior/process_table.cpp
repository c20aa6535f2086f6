#include "endpoint/behavior/process_table.h"

namespace firebreak::endpoint::behavior {

namespace {

using host::EventKind;

std::string text_of(const host::Event& event, std::string_view field) {
    return std::string(event.value(field).text());
}

}  // namespace

KnownProcess& ProcessTable::at(uint32_t process) {
    const auto [entry, is_new] = known_.try_emplace(process);
    if (is_new) {
        order_.push_back(process);
    }
    while (known_.size() > kMaxProcesses || order_.size() > 2 * kMaxProcesses) {
        if (order_.front() != process) {
            known_.erase(order_.front());
        }
        order_.pop_front();
    }
    return entry->second;
}

void ProcessTable::note(const host::Event& event) {
    if (event.process == 0) {
        return;
    }
    if (event.kind == EventKind::kProcessStart) {
        KnownProcess& process = at(event.process);
        process.image = text_of(event, "image");
        process.command_line = text_of(event, "command_line");
        process.user = text_of(event, "user");
        process.parent = static_cast<uint32_t>(event.value("parent").number());
    } else if (event.kind != EventKind::kProcessEnd && !known_.contains(event.process)) {
        KnownProcess& process = at(event.process);  // it was there before anybody looked
        process.image = text_of(event, "image");
        process.user = text_of(event, "user");
    }
}

void ProcessTable::set_reputation(uint32_t process, uint8_t reputation) {
    at(process).reputation = reputation;
}

bool ProcessTable::tag(uint32_t process, const std::string& tag) {
    const auto found = known_.find(process);
    if (found == known_.end() ||
        (found->second.tags.size() == kMaxTags && !found->second.tags.contains(tag))) {
        return false;
    }
    found->second.tags.insert(tag);
    return true;
}

const KnownProcess* ProcessTable::find(uint32_t process) const {
    const auto found = known_.find(process);
    return found == known_.end() ? nullptr : &found->second;
}

}  // namespace firebreak::endpoint::behavior
