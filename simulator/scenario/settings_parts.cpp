// Signals, people, crews, and what it takes to undo harm.
#include <fmt/format.h>

#include <algorithm>

#include "base/sandbox_layers.h"
#include "base/text.h"
#include "scenario/settings_reader.h"

namespace firebreak::scenario {

namespace {

using base::Channel;
using base::ChannelInfo;
using base::ChannelSettings;
using base::Harm;
using base::HarmInfo;
using base::Result;
using base::Status;
using base::TomlTable;

Result<ChannelSettings> read_channel(SettingsReader in, const ChannelInfo& info) {
    ChannelSettings out = info.usual;
    FB_TRY(out.delay, in.delay("delay", out.delay));
    if (info.channel == Channel::kSilence) {
        FB_CHECK(in.finish());
        return out;
    }
    FB_TRY(out.spread, in.duration("spread", out.spread));
    if (info.channel == Channel::kTelemetry) {
        FB_TRY(out.interval, in.delay("interval", out.interval));
    }
    FB_TRY(out.loss, in.share("loss", out.loss));
    FB_TRY(out.opt_out, in.share("opt_out", out.opt_out));
    FB_TRY(out.background_per_h, in.number("background", out.background_per_h));
    FB_TRY(out.office_hours, in.boolean("office_hours", out.office_hours));
    FB_CHECK(in.finish());
    return out;
}

Result<base::WorkingHours> read_hours(SettingsReader in) {
    base::WorkingHours out;
    FB_TRY(const int64_t from, in.integer("from", out.from_hour));
    FB_TRY(const int64_t until, in.integer("until", out.until_hour));
    if (until <= from) {
        return in.toml()->error(in.has("until") ? "until" : "from", "work ends before it begins",
                                "write `until` later than `from`, both on one day");
    }
    out.from_hour = static_cast<int>(from);
    out.until_hour = static_cast<int>(until);
    FB_TRY(out.weekends, in.boolean("weekends", out.weekends));
    FB_CHECK(in.finish());
    return out;
}

}  // namespace

Result<base::Channels> read_signals(TomlTable& root, std::vector<Setting>& settings) {
    base::Channels out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, signals_format(), settings));
    for (const ChannelInfo& info : base::channels()) {
        FB_TRY(SettingsReader channel, in.table(info.name));
        FB_TRY(out.at(static_cast<size_t>(info.channel)), read_channel(std::move(channel), info));
    }
    FB_CHECK(in.finish());
    return out;
}

Result<People> read_people(TomlTable& root, std::vector<Setting>& settings) {
    People out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, people_format(), settings));
    FB_TRY(SettingsReader hours, in.table("hours"));
    FB_TRY(out.hours, read_hours(std::move(hours)));
    FB_TRY(out.response, in.duration("response", out.response));
    FB_TRY(out.on_call, in.duration("on_call", out.on_call));
    FB_TRY(out.overlook, in.share("overlook", out.overlook));
    FB_TRY(out.investigation, in.duration("investigation", out.investigation));
    FB_TRY(out.resume, in.boolean("resume", out.resume));
    FB_CHECK(in.finish());
    return out;
}

Result<Crew> read_crew(TomlTable& root, std::vector<Setting>& settings) {
    Crew out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, crew_format(), settings));
    FB_TRY(SettingsReader hours, in.table("hours"));
    FB_TRY(out.hours, read_hours(std::move(hours)));
    FB_TRY(const int64_t endpoints,
           in.integer("endpoints_per_technician", out.endpoints_per_technician));
    out.endpoints_per_technician = static_cast<uint32_t>(endpoints);
    FB_TRY(out.repair, in.duration("repair", out.repair));
    FB_TRY(out.repair_kit, in.duration("repair_kit", out.repair_kit));
    FB_TRY(out.reboot_every, in.delay("reboot_every", out.reboot_every));
    FB_CHECK(in.finish());
    return out;
}

Result<std::map<Harm, base::Recovery>> read_recovery(TomlTable& root,
                                                     std::vector<Setting>& settings) {
    std::map<Harm, base::Recovery> out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, recovery_format(), settings));
    for (const HarmInfo& info : base::harms()) {
        if (info.recovery == base::Recovery::kItself) {
            continue;
        }
        FB_TRY(const base::Recovery recovery, in.word(info.name, kRecoveries, info.recovery));
        const std::vector<std::string> words = recovery_words(info);
        if (std::find(words.begin(), words.end(), word_for(recovery, kRecoveries)) == words.end()) {
            return in.toml()->error(info.name,
                                    "a machine that is cut off gets no update and no repair kit",
                                    "write reboot or by_hand");
        }
        if (recovery != info.recovery) {
            out.emplace(info.harm, recovery);
        }
    }
    FB_CHECK(in.finish());
    return out;
}

// Of feeds that nobody publishes, it would change nothing.
Result<std::set<content::Feed>> read_load_context(TomlTable& root, const Experiment& so_far,
                                                  std::vector<Setting>& settings) {
    std::set<content::Feed> out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, load_context_format(), settings));
    for (const content::FeedInfo& info : content::catalogue()) {
        if (!is_published(info.feed, so_far)) {
            if (in.has(info.name)) {
                return in.toml()->error(info.name,
                                        fmt::format("nothing of {} is published here", info.name),
                                        "it would change nothing: add a release, or remove it");
            }
            continue;
        }
        FB_TRY(const bool kernel, in.word(info.name, kLoadContexts, false));
        if (kernel) {
            out.insert(info.feed);
        }
    }
    FB_CHECK(in.finish());
    return out;
}

Result<uint32_t> read_sandbox(TomlTable& root, std::vector<Setting>& settings) {
    constexpr std::string_view kKey = "require";
    uint32_t layers = 0;
    FB_TRY(SettingsReader in, SettingsReader::open(root, sandbox_format(), settings));
    if (in.has(kKey)) {
        FB_TRY(const std::vector<std::string> names, in.toml()->strings(kKey));
        for (const std::string& name : names) {
            const auto layer = base::find_layer(name);
            if (!layer) {
                const std::string near = base::nearest(name, base::all_layer_names());
                return in.toml()->error(
                    kKey, fmt::format("the sandbox has no layer `{}`", base::printable(name, 60)),
                    near.empty() ? "`firebreak doctor` lists them"
                                 : fmt::format("did you mean `{}`?", near));
            }
            layers |= *layer;
        }
    }
    in.note(kKey, base::layer_names(layers));
    FB_CHECK(in.finish());
    return layers;
}

}  // namespace firebreak::scenario
