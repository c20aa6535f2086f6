// Conditions on what a run shows, and expectations, which are such conditions.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::MetricInfo;
using base::Result;
using base::Status;
using base::TomlTable;
using base::Unit;

struct ComparisonWords {
    Comparison comparison;
    std::string_view key;
    std::string_view text;
};
constexpr std::array<ComparisonWords, 3> kComparisons{
    {{Comparison::kEquals, "equals", "exactly"},
     {Comparison::kAtMost, "at_most", "at most"},
     {Comparison::kAtLeast, "at_least", "at least"}}};

Result<const MetricInfo*> read_metric(TomlTable& in) {
    FB_TRY(const std::string name, in.string("metric"));
    if (const std::optional<base::Metric> metric = base::find_metric(name)) {
        return &base::info(*metric);
    }
    std::vector<std::string> names;
    for (const MetricInfo& info : base::metrics()) {
        names.emplace_back(info.name);
    }
    return base::no_such("metric", name, names, in.place("metric"));
}

// Plants are not of the timeline, and what came by hand was not meant.
const Release* last_published(const Experiment& so_far) {
    const auto last =
        std::find_if(so_far.releases.rbegin(), so_far.releases.rend(), [](const Release& release) {
            return release.kind != ReleaseKind::kPlant && !release.by_hand;
        });
    return last == so_far.releases.rend() ? nullptr : &*last;
}

Status read_scope(TomlTable& in, const MetricInfo& metric, const Experiment& so_far,
                  Expectation& out) {
    if (in.has("group")) {
        if (!metric.per_group) {
            return in.error("group", fmt::format("`{}` has no groups", metric.name),
                            "remove `group`: it is measured over the whole fleet");
        }
        FB_TRY(out.group, in.string("group"));
        FB_CHECK(check_group(*out.group, so_far, in.place("group")));
    }
    if (!metric.per_release) {
        if (in.has("release")) {
            return in.error("release", fmt::format("`{}` is not counted by release", metric.name),
                            "remove `release`");
        }
        return {};
    }
    if (in.has("release")) {
        FB_TRY(out.release, in.string("release"));
        FB_CHECK(find_release(*out.release, so_far, in.place("release")));
        return {};
    }
    const Release* const last = last_published(so_far);
    if (last == nullptr) {
        return in.error("metric",
                        fmt::format("`{}` needs a release, and there is none", metric.name),
                        so_far.releases.empty() ? "add a [[release]]"
                                                : "name a plant in `release`, or add a [[release]] "
                                                  "that is published");
    }
    out.release = last->id;
    return {};
}

std::vector<std::string> part_names(base::Part part) {
    std::vector<std::string> names;
    if (part == base::Part::kChannel) {
        for (const base::ChannelInfo& info : base::channels()) {
            names.emplace_back(info.name);
        }
    } else if (part == base::Part::kHarm) {
        for (const base::HarmInfo& info : base::harms()) {
            if (info.harm != base::Harm::kNone) {
                names.emplace_back(info.name);
            }
        }
    }
    return names;
}

// A harm is what `harm` is about, so that it needs one; what others are broken down by, they need
// not be.
Status read_part(TomlTable& in, const MetricInfo& metric, const Experiment& so_far,
                 Expectation& out) {
    if (!in.has("part")) {
        if (metric.part == base::Part::kHarm) {
            return in.error("metric", fmt::format("`{}` of which harm?", metric.name),
                            "add `part`, such as part = \"boot_loop\"");
        }
        return {};
    }
    FB_TRY(out.part, in.string("part"));
    switch (metric.part) {
        case base::Part::kNone:
            return in.error("part", fmt::format("`{}` has no parts", metric.name), "remove `part`");
        case base::Part::kPersona:
            if (out.group) {
                return in.error("group",
                                fmt::format("`{}` is counted by group or by persona", metric.name),
                                "remove `group` or `part`");
            }
            return check_persona(*out.part, so_far, out.group, in.place("part"));
        case base::Part::kChannel:
        case base::Part::kHarm:
            break;
    }
    const std::vector<std::string> names = part_names(metric.part);
    if (std::find(names.begin(), names.end(), *out.part) != names.end()) {
        return {};
    }
    return base::no_such(metric.part == base::Part::kHarm ? "harm" : "channel", *out.part, names,
                         in.place("part"));
}

int64_t endpoints_in_scope(const Expectation& scope, const Experiment& so_far) {
    int64_t sum = 0;
    for (const Group& group : so_far.groups) {
        sum += !scope.group || *scope.group == group.name ? group.endpoints : 0;
    }
    return sum;
}

Error wrong_bound(const TomlTable& in, std::string_view key, const MetricInfo& metric,
                  std::string_view what_to_write) {
    return in.error(key, fmt::format("`{}` does not fit `{}`", key, metric.name),
                    fmt::format("write {}", what_to_write));
}

// A bound that the scope cannot reach would hold always, or never: a slip in either case.
Status read_endpoints(TomlTable& in, std::string_view key, const Experiment& so_far,
                      Expectation& out) {
    if (in.is_string(key)) {
        out.is_share = true;
        FB_TRY(out.bound, in.share(key));
        return {};
    }
    FB_TRY(const int64_t endpoints, in.integer(key, 0, kMaxEndpoints));
    const int64_t most = endpoints_in_scope(out, so_far);
    if (endpoints > most) {
        return in.error(
            key,
            fmt::format("{} endpoints are more than there are", base::with_thousands(endpoints)),
            fmt::format("the scope has {}: write a number up to that, or a share "
                        "such as \"12%\"",
                        base::with_thousands(most)));
    }
    out.bound = static_cast<double>(endpoints);
    return {};
}

Status read_bound(TomlTable& in, std::string_view key, const MetricInfo& metric,
                  const Experiment& so_far, Expectation& out) {
    constexpr int64_t kLargestCount = 1'000'000'000'000;
    switch (metric.unit) {
        case Unit::kEndpoints:
            return read_endpoints(in, key, so_far, out);
        case Unit::kCount: {
            if (in.is_string(key)) {
                return wrong_bound(in, key, metric, "a whole number: shares are for endpoints");
            }
            FB_TRY(const int64_t count, in.integer(key, 0, kLargestCount));
            out.bound = static_cast<double>(count);
            return {};
        }
        case Unit::kFlag: {
            if (in.is_string(key)) {
                return wrong_bound(in, key, metric, "1 for yes or 0 for no");
            }
            FB_TRY(const int64_t flag, in.integer(key, 0, 1));
            out.bound = static_cast<double>(flag);
            return {};
        }
        case Unit::kEndpointHours: {
            if (in.is_string(key)) {
                return wrong_bound(in, key, metric, "a number of endpoint-hours");
            }
            FB_TRY(out.bound, in.number(key, {0, kMostHours}));
            return {};
        }
        case Unit::kSeconds: {
            if (!in.is_string(key)) {
                return wrong_bound(in, key, metric, "a duration such as \"2h\"");
            }
            FB_TRY(const base::Duration duration, in.duration(key));
            out.bound = static_cast<double>(duration.seconds);
            return {};
        }
    }
    return {};
}

Result<const ComparisonWords*> find_comparison(const TomlTable& in) {
    const ComparisonWords* found = nullptr;
    for (const ComparisonWords& words : kComparisons) {
        if (in.has(words.key) && found != nullptr) {
            return in.error(words.key, fmt::format("both `{}` and `{}`", found->key, words.key),
                            "write two expectations");
        }
        if (in.has(words.key)) {
            found = &words;
        }
    }
    if (found == nullptr) {
        return in.error("equals", "an expectation without a bound",
                        "add `equals`, `at_most` or `at_least`");
    }
    return found;
}

Status read_when(TomlTable& in, const Experiment& so_far, Expectation& out) {
    FB_TRY(const std::string when, in.string("when", "end"));
    if (when == "end") {
        out.when = When::kEnd;
    } else if (when == "always") {
        out.when = When::kAlways;
    } else if (when == "eventually") {
        out.when = When::kEventually;
    } else if (!base::parse_duration(when).ok()) {
        return in.error("when", fmt::format("`{}` is no time", base::printable(when, 60)),
                        "write \"end\", \"always\", \"eventually\", or a time such as \"3d\"");
    } else {
        out.when = When::kAt;
        FB_TRY(out.at, read_moment(in, "when", so_far));
    }
    return {};
}

std::string bound_text(const Expectation& expectation, Unit unit) {
    if (expectation.is_share) {
        return share_text(expectation.bound);
    }
    const auto number = static_cast<int64_t>(expectation.bound);
    if (unit == Unit::kSeconds) {
        return exact_text({number});
    }
    const bool whole = static_cast<double>(number) == expectation.bound;
    return whole ? base::with_thousands(number) : value_text(expectation.bound);
}

std::string when_text(const Expectation& expectation) {
    switch (expectation.when) {
        case When::kEnd:
            return "at the end";
        case When::kAlways:
            return "always";
        case When::kEventually:
            return "eventually";
        case When::kAt:
            return "at " + exact_text({expectation.at.seconds});
    }
    return "";
}

std::string sentence(const Expectation& expectation, const MetricInfo& metric,
                     std::string_view comparison) {
    std::string scope(metric.name);
    if (expectation.part) {
        scope += (metric.part == base::Part::kChannel ? " by " : " of ") + *expectation.part;
    }
    if (expectation.release) {
        scope += " of " + *expectation.release;
    }
    if (expectation.group) {
        scope += " in " + *expectation.group;
    }
    return fmt::format("{}: {} {}, {}", scope, comparison, bound_text(expectation, metric.unit),
                       when_text(expectation));
}

}  // namespace

Result<Expectation> read_condition(TomlTable& in, const Experiment& so_far) {
    Expectation out;
    out.place = in.place();
    FB_TRY(const MetricInfo* metric, read_metric(in));
    out.metric = metric->metric;
    FB_CHECK(read_scope(in, *metric, so_far, out));
    FB_CHECK(read_part(in, *metric, so_far, out));
    FB_TRY(const ComparisonWords* words, find_comparison(in));
    out.comparison = words->comparison;
    FB_CHECK(read_bound(in, words->key, *metric, so_far, out));
    FB_CHECK(read_when(in, so_far, out));
    out.text = sentence(out, *metric, words->text);
    return out;
}

Status Sentences::add(const Expectation& sentence, Profile profile) {
    const auto [known, fresh] = places_.emplace(std::pair(sentence.text, profile), sentence.place);
    if (fresh) {
        return {};
    }
    return Error{fmt::format("the same {} twice: {}", what_, sentence.text), sentence.place,
                 "the first is at " + known->second};
}

Result<std::vector<Expectation>> read_expectations(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("expect"));
    std::vector<Expectation> out;
    Sentences sentences("expectation");
    for (TomlTable in : tables) {
        FB_CHECK(allow(in, expect_format()));
        FB_TRY(Expectation expectation, read_condition(in, so_far));
        if (in.has("profile")) {
            FB_TRY(expectation.profile, in.word("profile", kProfileNames));
        }
        FB_CHECK(in.finish());
        const auto counts_under = [&expectation](Profile profile) {
            return expectation.profile.value_or(profile) == profile;
        };
        for (const auto& [name, profile] : kProfileNames) {
            if (counts_under(profile)) {
                FB_CHECK(sentences.add(expectation, profile));
            }
        }
        if (counts_under(so_far.update.profile)) {
            out.push_back(std::move(expectation));
        }
    }
    return out;
}

}  // namespace firebreak::scenario
