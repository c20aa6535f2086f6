#include "lab/fault_menu.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"

namespace firebreak::lab {

namespace {

using scenario::FaultKind;

constexpr size_t kMostAtATime = 4;
// An attacker's heads do not run out.
constexpr base::Duration kForgedValid = base::days(3650);

faults::FaultKind kind_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::kBitFlip:
            return faults::FaultKind::kBitFlip;
        case FaultKind::kTruncate:
            return faults::FaultKind::kTruncate;
        case FaultKind::kReplay:
        case FaultKind::kFreeze:
        case FaultKind::kCrossGroup:
            return faults::FaultKind::kServe;
        case FaultKind::kMissing:
            return faults::FaultKind::kMissing;
        case FaultKind::kBlackHole:
            return faults::FaultKind::kBlackHole;
        case FaultKind::kEndless:
            return faults::FaultKind::kEndless;
        case FaultKind::kInflate:
            return faults::FaultKind::kInflate;
        case FaultKind::kSlow:
            return faults::FaultKind::kSlow;
        case FaultKind::kWrongClock:
            return faults::FaultKind::kWrongClock;
        case FaultKind::kStateLost:
            return faults::FaultKind::kStateLost;
        case FaultKind::kStoreFull:
            return faults::FaultKind::kStoreFull;
        case FaultKind::kStoreReadOnly:
            break;
    }
    return faults::FaultKind::kStoreReadOnly;
}

bool has_variants(const scenario::Fault& plan) {
    return plan.kind == FaultKind::kBitFlip || plan.kind == FaultKind::kTruncate;
}

// Heads of one feed; without a feed all of them.
bool is_of(const std::string& path, const std::string& channel,
           const std::optional<content::Feed>& feed) {
    return !feed || path == content::head_path(channel, *feed) ||
           path == content::signed_head_path(channel, *feed);
}

}  // namespace

faults::Fault damage_planned(const scenario::Experiment& experiment, size_t number,
                             uint32_t variant) {
    const scenario::Fault& plan = experiment.faults.at(number);
    faults::Fault fault;
    fault.kind = kind_of(plan.kind);
    fault.target = static_cast<faults::FaultTarget>(plan.target);
    fault.feed = plan.feed;
    fault.draw = base::RandomStream(experiment.seed, base::Stream::kMutation).bits(number, variant);
    if (plan.byte) {
        fault.spot = faults::Spot{*plan.byte, plan.bit};
    }
    return fault;
}

FaultMenu::FaultMenu(
    const scenario::Experiment& experiment, cloud::Cdn& cdn, Keys keys,
    std::function<const content::Package*(const std::string&, content::Feed)> package_of)
    : experiment_(experiment),
      cdn_(cdn),
      keys_(std::move(keys)),
      package_of_(std::move(package_of)) {}

bool FaultMenu::strikes(const scenario::Fault& plan, const std::string& group,
                        base::SimTime now) const {
    return now >= plan.from && now < plan.until &&
           (plan.groups.empty() ||
            std::find(plan.groups.begin(), plan.groups.end(), group) != plan.groups.end());
}

base::Status FaultMenu::check() const {
    for (const scenario::Group& group : experiment_.groups) {
        for (const scenario::Fault& plan : experiment_.faults) {
            const auto meets = [&](const scenario::Fault& other) {
                return strikes(other, group.name, plan.from);
            };
            if (strikes(plan, group.name, plan.from) &&
                static_cast<size_t>(std::count_if(
                    experiment_.faults.begin(), experiment_.faults.end(), meets)) > kMostAtATime) {
                return base::Error{
                    fmt::format("more than {} faults are in force in `{}` at one time",
                                kMostAtATime, group.name),
                    plan.place, "give them other groups or times"};
            }
            for (const scenario::Fault& other : experiment_.faults) {
                if (&other < &plan && has_variants(plan) && has_variants(other) && meets(other) &&
                    strikes(plan, group.name, plan.from) && plan.feed == other.feed) {
                    return base::Error{
                        "two kinds of damage to one feed are in force in a group at one time",
                        plan.place,
                        "give them other groups or times; the other stands at " + other.place};
                }
            }
        }
    }
    return {};
}

const cloud::ChannelHeads* FaultMenu::heads_at(const std::string& channel, base::SimTime at) const {
    const cloud::ChannelHeads* found = nullptr;
    for (const cloud::ChannelHeads* heads : cdn_.history(channel)) {
        found = heads->since <= at ? heads : found;
    }
    return found;
}

uint64_t FaultMenu::source_of(const scenario::Fault& plan, const std::string& channel) {
    if (plan.kind == FaultKind::kCrossGroup) {
        const cloud::ChannelHeads* heads = cdn_.heads(plan.from_group);
        return heads == nullptr ? 0 : heads->id;
    }
    if (plan.kind == FaultKind::kFreeze) {
        const cloud::ChannelHeads* heads = heads_at(channel, plan.from);
        return heads == nullptr ? 0 : heads->id;
    }
    return 0;
}

base::Result<std::vector<const ControlPlane::Fault*>> FaultMenu::in_force(
    const SegmentPlan& segment, base::SimTime now) {
    std::vector<const ControlPlane::Fault*> out;
    const std::string& group = experiment_.groups[segment.group].name;
    for (size_t i = 0; i < experiment_.faults.size(); ++i) {
        const scenario::Fault& plan = experiment_.faults[i];
        if (!strikes(plan, group, now)) {
            continue;
        }
        const auto [place, is_new] =
            known_.emplace(std::tuple(i, segment.name, source_of(plan, segment.name)), nullptr);
        if (is_new) {
            FB_TRY(ControlPlane::Fault fault, make(i, segment.name));
            place->second = &made_.emplace_back(std::move(fault));
        }
        out.push_back(place->second);
    }
    return out;
}

base::Result<ControlPlane::Fault> FaultMenu::make(size_t number, const std::string& channel) {
    const scenario::Fault& plan = experiment_.faults[number];
    faults::Fault fault;
    fault.kind = kind_of(plan.kind);
    fault.target = static_cast<faults::FaultTarget>(plan.target);
    fault.feed = plan.feed;
    fault.shift = plan.shift;
    fault.own_edge = plan.edge.has_value();
    if (fault.kind == faults::FaultKind::kServe) {
        FB_CHECK(serve(plan, channel, fault));
    }
    ControlPlane::Fault made;
    made.number = made_.size() + 1;
    made.draw = {number, plan.share, has_variants(plan) ? plan.variants : 1};
    if (plan.edge) {
        made.edge = *plan.edge - 1;
    }
    for (uint32_t v = 0; v < made.draw.variants; ++v) {
        if (has_variants(plan)) {
            fault = damage_planned(experiment_, number, v);
            fault.own_edge = plan.edge.has_value();
        }
        made.variants.push_back(fault);
    }
    return made;
}

// Whoever sits on the CDN has kept all that was ever served there: it plays back what the vendor
// signed where it can, and signs itself, as well as it can, where it cannot.
base::Status FaultMenu::serve(const scenario::Fault& plan, const std::string& channel,
                              faults::Fault& fault) const {
    std::map<std::string, cloud::HeadFile> files;
    const cloud::ChannelHeads* recorded = nullptr;
    if (plan.kind == FaultKind::kFreeze) {
        recorded = heads_at(channel, plan.from);
    } else if (plan.kind == FaultKind::kReplay) {
        const content::Package* package = package_of_(plan.replayed, *plan.feed);
        for (const cloud::ChannelHeads* heads : cdn_.history(channel)) {
            const auto offered = heads->offering.packages.find(*plan.feed);
            if (offered != heads->offering.packages.end() && offered->second == package) {
                recorded = heads;
            }
        }
    }
    if (recorded != nullptr) {
        for (const auto& [path, file] : recorded->files) {
            if (is_of(path, channel, plan.feed)) {
                files[path] = file;
            }
        }
    } else if (plan.kind == FaultKind::kCrossGroup) {
        if (const cloud::ChannelHeads* other = cdn_.heads(plan.from_group)) {
            for (const auto& [path, file] : other->files) {
                if (is_of(path, plan.from_group, plan.feed)) {
                    std::string here = path;
                    here.replace(here.find(plan.from_group), plan.from_group.size(), channel);
                    files[here] = file;
                }
            }
        }
    } else if (plan.kind == FaultKind::kReplay) {
        FB_TRY(files, forged(plan, channel));
    }
    for (const auto& [path, file] : files) {
        fault.files[path] = *file.bytes;
        fault.served += fmt::format("{}{}: {}", fault.served.empty() ? "" : ", ", path, file.words);
    }
    if (recorded == nullptr && plan.kind == FaultKind::kReplay) {
        fault.served += fmt::format(" (forged, {} stolen keys)", plan.stolen_heads);
    }
    return {};
}

base::Result<std::map<std::string, cloud::HeadFile>> FaultMenu::forged(
    const scenario::Fault& plan, const std::string& channel) const {
    cloud::Offering offering;
    if (const cloud::ChannelHeads* now = heads_at(channel, plan.from)) {
        offering = now->offering;
    }
    offering.channel = channel;
    ++offering.sequence;
    offering.packages[*plan.feed] = package_of_(plan.replayed, *plan.feed);

    std::map<std::string, cloud::HeadFile> files = cloud::pointers(offering);
    if (!keys_.own.empty()) {
        std::vector<content::Signer> keys(
            keys_.stolen.begin(),
            keys_.stolen.begin() + std::min<size_t>(plan.stolen_heads, keys_.stolen.size()));
        while (keys.size() < keys_.own.size()) {
            keys.push_back(keys_.own[keys.size()]);
        }
        const base::UtcTime issued = experiment_.start + base::Duration{plan.from.seconds};
        FB_TRY(auto forgeries, cloud::HeadSigner(keys, kForgedValid).sign(offering, issued));
        files.merge(forgeries);
    }
    std::erase_if(files, [&](const auto& file) {
        return file.first.starts_with("heads/") && !is_of(file.first, channel, plan.feed);
    });
    return files;
}

std::string FaultMenu::words(const scenario::Fault& plan) const {
    switch (plan.kind) {
        case FaultKind::kReplay:
            return "replay of " + plan.replayed;
        case FaultKind::kFreeze:
            return "nothing but what was served when it began";
        case FaultKind::kCrossGroup:
            return "what " + plan.from_group + " is offered";
        default:
            break;
    }
    faults::Fault fault;
    fault.kind = kind_of(plan.kind);
    fault.target = static_cast<faults::FaultTarget>(plan.target);
    fault.feed = plan.feed;
    fault.shift = plan.shift;
    const std::string text = fault.text();
    return text.substr(0, text.find(','));
}

}  // namespace firebreak::lab
