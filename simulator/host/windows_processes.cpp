#include "host/windows_processes.h"

#include "host/windows_path.h"

namespace firebreak::host {

namespace {

// The two logs write of one start at different moments, one of them in whole seconds.
constexpr int64_t kSameStartMs = 2000;

bool is_same_start(int64_t first_seen_ms, const WindowsProcesses::Seen& seen) {
    return seen.at_ms - first_seen_ms <= kSameStartMs && first_seen_ms - seen.at_ms <= kSameStartMs;
}

// What some records have instead of none.
bool is_zero(std::string_view guid) {
    return guid.find_first_not_of("{0-}") == std::string_view::npos;
}

}  // namespace

uint32_t WindowsProcesses::number_of(std::string_view machine, const Seen& seen) {
    const bool has_guid = !is_zero(seen.guid);
    if (seen.pid == 0 && !has_guid) {
        return 0;
    }
    Holder none;
    Holder& holder = seen.pid == 0 ? none : pids_[{std::string(machine), seen.pid}];
    return has_guid ? by_guid(holder, seen, case_folded(seen.guid)) : by_pid(holder, seen);
}

uint32_t WindowsProcesses::by_guid(Holder& holder, const Seen& seen, std::string guid) {
    const auto [known, fresh] = guids_.emplace(std::move(guid), 0);
    if (!fresh) {
        return known->second;
    }
    const bool is_holder = holder.number != 0 && !holder.has_guid &&
                           (!seen.starts || is_same_start(holder.first_seen_ms, seen));
    if (!is_holder) {
        renew(holder, seen.at_ms);
    }
    holder.has_guid = true;
    return known->second = holder.number;
}

uint32_t WindowsProcesses::by_pid(Holder& holder, const Seen& seen) {
    const bool is_another = seen.starts && !is_same_start(holder.first_seen_ms, seen);
    if (holder.number == 0 || is_another) {
        renew(holder, seen.at_ms);
    }
    return holder.number;
}

void WindowsProcesses::renew(Holder& holder, int64_t at_ms) {
    holder = {++last_, at_ms, false};
}

}  // namespace firebreak::host
