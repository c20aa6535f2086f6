#include "scenario/amend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/toml_document.h"
#include "scenario/parts.h"
#include "scenario/resolve.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Result;
using base::TomlDocument;

constexpr char kPlace[] = "what was done by hand";

std::string when(base::SimTime at) {
    return exact_text(base::Duration{at.seconds});
}

std::string line(std::string_view key, std::string_view value) {
    return fmt::format("{} = {}\n", key, base::toml_string(value));
}

template <class Texts>
std::string list(std::string_view key, const Texts& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : ", ") + base::toml_string(std::string(text));
    }
    return out.empty() ? "" : fmt::format("{} = [{}]\n", key, out);
}

std::string table_of(const Act& act) {
    std::string out = "[[act]]\n" + line("at", when(act.at)) + "by_hand = true\n";
    switch (act.kind) {
        case ActKind::kPromoteToInternal:
        case ActKind::kPromoteToPublic:
            return out + line("promote", act.release) +
                   line("to", word_for(act.kind, kDestinations));
        case ActKind::kHalt:
            return out + line("halt", act.release);
        case ActKind::kWithdraw:
            return out + line("withdraw", act.release);
        case ActKind::kResume:
            return out + line("resume", act.release);
        case ActKind::kRelease:
            break;
    }
    return out + line("release", act.release);
}

std::string table_of(const Release& release) {
    std::string out = "[[release]]\n" + line("id", release.id) + "by_hand = true\n" +
                      line("feed", content::info(release.feed).name) +
                      line("source", release.source.string()) + list("with", release.with);
    if (!release.version.empty() && release.version != release.id) {
        out += line("version", release.version);
    }
    if (release.kind == ReleaseKind::kFix) {
        out += line("kind", word_for(release.kind, kReleaseKinds));
    }
    if (release.expedited) {
        out += "expedited = true\n";
    }
    if (release.platform != kAnyPlatform) {
        out += line("platform", release.platform);
    }
    return out + list("only_groups", release.only_groups);
}

std::string table_of(const Fault& fault) {
    std::string out = "[[fault]]\n" + line("kind", word_of(fault.kind)) +
                      line("from", when(fault.from)) + line("until", when(fault.until)) +
                      list("groups", fault.groups) + line("share", share_text(fault.share));
    if (is_on_the_way(fault.kind)) {
        out += fault.feed ? line("feed", content::info(*fault.feed).name) : "";
        out += fault.edge ? fmt::format("edge = {}\n", *fault.edge) : "";
    }
    if (!targets_of(fault.kind).empty()) {
        out += line("target", word_of(fault.target));
    }
    switch (fault.kind) {
        case FaultKind::kBitFlip:
        case FaultKind::kTruncate:
            return out + fmt::format("variants = {}\n", fault.variants);
        case FaultKind::kReplay:
            return out + line("replayed", fault.replayed) +
                   fmt::format("stolen_heads = {}\n", fault.stolen_heads);
        case FaultKind::kCrossGroup:
            return out + line("from_group", fault.from_group);
        case FaultKind::kWrongClock:
            return out + line(fault.shift.seconds < 0 ? "behind" : "ahead",
                              exact_text(base::Duration{std::abs(fault.shift.seconds)}));
        default:
            return out;
    }
}

Result<std::string> text_of(TomlDocument document) {
    std::string text = document.text();
    if (text.size() > base::kMaxTomlBytes) {
        return base::Error{"the scenario gets too large to be kept in a run file", "",
                           "end the run here, and begin another"};
    }
    return text;
}

Result<TomlDocument> without_fingerprint(const std::string& toml) {
    FB_TRY(TomlDocument document, TomlDocument::parse(toml, kPlace));
    document.remove("fingerprint");
    return document;
}

Result<std::string> with_tables(const std::string& toml, const std::string& tables) {
    FB_TRY(TomlDocument document, without_fingerprint(toml));
    FB_TRY(TomlDocument more, TomlDocument::parse(tables, kPlace));
    document.append(std::move(more));
    return text_of(std::move(document));
}

}  // namespace

Result<std::string> with_act(const std::string& toml, const Act& act) {
    return with_tables(toml, table_of(act));
}

Result<std::string> with_release(const std::string& toml, const Release& release) {
    Act act;
    act.kind = ActKind::kRelease;
    act.release = release.id;
    act.at = release.at;
    return with_tables(toml, table_of(release) + table_of(act));
}

Result<std::string> with_fault(const std::string& toml, const Fault& fault) {
    return with_tables(toml, table_of(fault));
}

Result<std::string> with_fault_ended(const std::string& toml, size_t number, const Fault& fault,
                                     base::SimTime until) {
    FB_TRY(TomlDocument document, without_fingerprint(toml));
    if (until <= fault.from) {
        document.remove_from("fault", number);
    } else {
        FB_CHECK(document.set(fmt::format("fault.{}.until", number), when(until), "--until"));
    }
    return text_of(std::move(document));
}

Result<std::string> moved(const std::string& toml, const std::filesystem::path& from,
                          const std::filesystem::path& to) {
    FB_TRY(TomlDocument document, TomlDocument::parse(toml, kPlace));
    const auto here = [](const std::filesystem::path& folder) {
        return folder.empty() ? std::filesystem::path(".") : folder;
    };
    move_names(document, here(from), here(to));
    return text_of(std::move(document));
}

Result<std::string> with_outcome(const std::string& toml, uint64_t seed,
                                 const std::optional<std::string>& fingerprint) {
    FB_TRY(TomlDocument document, without_fingerprint(toml));
    FB_CHECK(document.set("seed", std::to_string(seed), "--seed"));
    if (fingerprint) {
        FB_CHECK(document.set("fingerprint", base::toml_string(*fingerprint), "--fingerprint"));
    }
    return text_of(std::move(document));
}

std::string word_of(FaultKind kind) {
    return word_for(kind, kFaultKinds);
}

std::string word_of(FaultTarget target) {
    return word_for(target, kFaultTargets);
}

// What goes wrong on the endpoint itself has no feed and no edge.
bool is_on_the_way(FaultKind kind) {
    switch (kind) {
        case FaultKind::kWrongClock:
        case FaultKind::kStateLost:
        case FaultKind::kStoreFull:
        case FaultKind::kStoreReadOnly:
            return false;
        default:
            return true;
    }
}

// Only a bit can be wrong in a part of a file; everything else befalls whole files.
std::vector<FaultTarget> targets_of(FaultKind kind) {
    std::vector<FaultTarget> out;
    switch (kind) {
        case FaultKind::kBitFlip:
            for (const auto& [word, target] : kFaultTargets) {
                out.push_back(target);
            }
            return out;
        case FaultKind::kTruncate:
        case FaultKind::kMissing:
        case FaultKind::kEndless:
        case FaultKind::kInflate:
        case FaultKind::kSlow:
            return {FaultTarget::kPayload, FaultTarget::kPackage, FaultTarget::kHead,
                    FaultTarget::kSet};
        default:
            return out;
    }
}

}  // namespace firebreak::scenario
