// Outcomes that were measured elsewhere: in the scenario, or in a CSV or JSON file beside it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "scenario/csv.h"
#include "scenario/format.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Harm;
using base::Result;
using base::Status;
using base::TomlTable;
using nlohmann::json;

constexpr uint64_t kMaxMeasuredBytes = 1024 * 1024;
constexpr std::array<std::string_view, 6> kMembers{"release", "persona", "harm",
                                                   "what",    "events",  "hours"};

// One measurement as it was written, whatever in.
struct Written {
    std::string release, persona, harm, what;
    std::optional<int64_t> events;
    double hours = 0;
    std::function<Place(std::string_view member)> place;
    Place whole;
};

Result<Harm> check_harm(const Written& in) {
    if (const std::optional<Harm> harm = base::find_harm(in.harm)) {
        return *harm;
    }
    std::vector<std::string> names;
    for (const base::HarmInfo& info : base::harms()) {
        names.emplace_back(info.name);
    }
    return base::no_such("harm", in.harm, names, in.place("harm"));
}

Status check_events(const Written& in, Harm harm) {
    if (harm == Harm::kNone && in.events.value_or(0) != 0) {
        return Error{"events of no harm", in.place("events"),
                     "name the harm, or leave `events` out"};
    }
    if (harm == Harm::kNone && !in.what.empty()) {
        return Error{"something set no harm off", in.place("what"),
                     "name the harm, or leave `what` out"};
    }
    if (harm != Harm::kNone && (!in.events || *in.events < 1 || *in.events > kMostEvents)) {
        return Error{fmt::format("`{}` without a number of events", in.harm), in.place("events"),
                     fmt::format("write how many there were in these hours: 1 to {}; what was "
                                 "watched for and did not come about is harm = \"none\"",
                                 base::with_thousands(kMostEvents))};
    }
    return {};
}

Result<Measurement> check(const Written& in, const Experiment& so_far) {
    FB_CHECK(find_release(in.release, so_far, in.place("release")));
    FB_CHECK(check_persona(in.persona, so_far, std::nullopt, in.place("persona")));
    FB_TRY(const Harm harm, check_harm(in));
    FB_CHECK(check_events(in, harm));
    if (harm != Harm::kNone && in.what.empty()) {
        return Error{fmt::format("`{}` of unknown cause", in.harm), in.place("what"),
                     "say in `what` what set it off, for people"};
    }
    if (in.what.size() > 200 || base::printable(in.what) != in.what) {
        return Error{"`what` must be one line of text", in.place("what"),
                     "write 1 to 200 bytes without control characters"};
    }
    if (!(in.hours > 0 && in.hours <= kMostHours)) {
        return Error{fmt::format("`{}` hours", in.hours), in.place("hours"),
                     fmt::format("write how many machine-hours were watched: above 0 and at most "
                                 "{}",
                                 kMostHours)};
    }
    return Measurement{
        in.release, in.persona, harm, in.what, static_cast<uint64_t>(in.events.value_or(0)),
        in.hours,   in.whole};
}

template <class Number>
Result<Number> parse_number(const std::string& text, const Place& place) {
    Number out = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failure != std::errc{} || end != text.data() + text.size()) {
        return Error{fmt::format("`{}` is no number", base::printable(text, 80)), place,
                     "write it with digits alone, without blanks or commas"};
    }
    return out;
}

Result<Measurement> read_row(const CsvRow& row, const Experiment& so_far) {
    const auto& fields = row.fields;
    Written out;
    out.release = fields[0];
    out.persona = fields[1];
    out.harm = fields[2];
    out.what = fields[3];
    if (!fields[4].empty()) {
        FB_TRY(out.events, parse_number<int64_t>(fields[4], row.places[4]));
    }
    FB_TRY(out.hours, parse_number<double>(fields[5], row.places[5]));
    out.place = [&row](std::string_view member) {
        return row.places[static_cast<size_t>(std::find(kMembers.begin(), kMembers.end(), member) -
                                              kMembers.begin())];
    };
    out.whole = row.places[0];
    return check(out, so_far);
}

Result<std::vector<Measurement>> read_csv(const std::filesystem::path& file,
                                          const Experiment& so_far) {
    FB_TRY(CsvReader csv, CsvReader::open(file, kMaxMeasuredBytes, kMembers));
    std::vector<Measurement> out;
    for (CsvRow row;;) {
        FB_CHECK(csv.next(row));
        if (row.fields.empty()) {
            return out;
        }
        FB_TRY(Measurement measurement, read_row(row, so_far));
        out.push_back(std::move(measurement));
    }
}

Result<std::string> text_in(const json& object, const char* member, const Place& place) {
    const auto found = object.find(member);
    if (found == object.end()) {
        return std::string();
    }
    if (!found->is_string()) {
        return Error{fmt::format("`{}` must be a string", member), place + "." + member, ""};
    }
    return found->get<std::string>();
}

Result<Written> read_numbers(const json& object, Written out) {
    const auto events = object.find("events");
    if (events != object.end()) {
        if (!events->is_number_integer()) {
            return Error{"`events` must be a whole number", out.place("events"), ""};
        }
        // What does not fit is out of range in any case.
        out.events = events->is_number_unsigned() && events->get<uint64_t>() > kMostEvents
                         ? kMostEvents + 1
                         : events->get<int64_t>();
    }
    const auto hours = object.find("hours");
    if (hours == object.end() || !hours->is_number()) {
        return Error{"`hours` must be a number", out.place("hours"), ""};
    }
    out.hours = hours->get<double>();
    return out;
}

Result<Measurement> read_object(const json& object, const Place& place, const Experiment& so_far) {
    if (!object.is_object()) {
        return Error{"not an object", place,
                     fmt::format("write one with the members {}", fmt::join(kMembers, ", "))};
    }
    for (const auto& [member, value] : object.items()) {
        if (std::find(kMembers.begin(), kMembers.end(), member) == kMembers.end()) {
            return base::no_such("member", member,
                                 std::vector<std::string>(kMembers.begin(), kMembers.end()), place);
        }
    }
    Written out;
    out.place = [&place](std::string_view member) { return fmt::format("{}.{}", place, member); };
    out.whole = place;
    FB_TRY(out.release, text_in(object, "release", place));
    FB_TRY(out.persona, text_in(object, "persona", place));
    FB_TRY(out.harm, text_in(object, "harm", place));
    FB_TRY(out.what, text_in(object, "what", place));
    FB_TRY(out, read_numbers(object, std::move(out)));
    return check(out, so_far);
}

// nlohmann's parser and destructor keep their stack on the heap: depth costs memory alone.
Result<json> parse_json(std::string_view text, const std::string& file) {
    std::set<std::string> members;
    std::string twice;
    const auto watch = [&](int, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::object_start) {
            members.clear();
        } else if (event == json::parse_event_t::key &&
                   !members.insert(value.get<std::string>()).second) {
            twice = value.get<std::string>();
        }
        return true;
    };
    try {
        json out = json::parse(text, watch);
        if (!twice.empty()) {
            return Error{fmt::format("an object with two members `{}`", base::printable(twice, 80)),
                         file, "remove one of them"};
        }
        return out;
    } catch (const json::parse_error& failure) {
        const std::string_view before = text.substr(0, std::max<size_t>(failure.byte, 1) - 1);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
        return Error{
            "not JSON", fmt::format("{}:{}:{}", file, line, before.size() - line_begin + 1),
            fmt::format("write a list of objects with the members {}", fmt::join(kMembers, ", "))};
    } catch (const json::exception&) {  // a number that no machine can hold
        return Error{"a number out of range", file, "write numbers as they were measured"};
    }
}

Result<std::vector<Measurement>> read_json(const std::filesystem::path& file,
                                           const Experiment& so_far) {
    FB_TRY(const base::Bytes bytes, base::read_file(file, kMaxMeasuredBytes));
    FB_TRY(const json list, parse_json(base::text_of(bytes), file.string()));
    if (!list.is_array()) {
        return Error{"not a list", file.string(), "write a list of objects: [ { … }, { … } ]"};
    }
    std::vector<Measurement> out;
    for (size_t i = 0; i < list.size(); ++i) {
        FB_TRY(Measurement measurement,
               read_object(list[i], fmt::format("{}[{}]", file.string(), i), so_far));
        out.push_back(std::move(measurement));
    }
    return out;
}

Result<std::vector<Measurement>> read_import(TomlTable& in, const Experiment& so_far) {
    FB_TRY(const std::filesystem::path name, read_beside(in, "file"));
    FB_CHECK(in.finish("beside `file`"));
    const std::filesystem::path file = beside(so_far.file, name);
    if (name.extension() != ".csv" && name.extension() != ".json") {
        return in.error("file", "measurements in a file of unknown kind",
                        "name one that ends in .csv or .json");
    }
    Result<std::vector<Measurement>> out =
        name.extension() == ".csv" ? read_csv(file, so_far) : read_json(file, so_far);
    if (out.ok() && out->empty()) {
        out = Error{"no measurement in it", file.string(), "remove the file from the scenario"};
    }
    if (!out.ok()) {
        Error error = out.error();
        error.remedy +=
            fmt::format("{}it is named at {}", error.remedy.empty() ? "" : "; ", in.place("file"));
        return error;
    }
    return out;
}

Result<Measurement> read_inline(TomlTable& in, const Experiment& so_far) {
    Written out;
    out.place = [&in](std::string_view member) { return in.place(member); };
    out.whole = in.place();
    FB_TRY(out.release, in.string("release"));
    FB_TRY(out.persona, in.string("persona"));
    FB_TRY(out.harm, in.string("harm"));
    FB_TRY(out.what, in.string("what", ""));
    if (in.has("events")) {
        FB_TRY(out.events, in.integer("events", 0, kMostEvents));
    }
    FB_TRY(out.hours, in.number("hours", {0, kMostHours, true}));
    FB_CHECK(in.finish());
    return check(out, so_far);
}

// Hours in which nothing happened leave no room for something else.
class Contradictions {
  public:
    Status add(const Measurement& next) {
        auto& known = known_[{next.release, next.persona}];
        for (const Measurement* other : known) {
            const bool same = other->harm == next.harm && other->what == next.what;
            if (same || other->harm == Harm::kNone || next.harm == Harm::kNone) {
                return Error{same ? fmt::format("`{}` on `{}` was measured twice", next.release,
                                                next.persona)
                                  : fmt::format("`{}` did harm on `{}`, and it did none",
                                                next.release, next.persona),
                             next.place,
                             fmt::format("the other measurement is at {}: {}", other->place,
                                         same ? "add them up" : "remove one of them")};
            }
        }
        known.push_back(&next);
        return {};
    }

  private:
    std::map<std::pair<std::string, std::string>, std::vector<const Measurement*>> known_;
};

}  // namespace

Result<std::vector<Measurement>> read_measured(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("measured"));
    std::vector<Measurement> out;
    for (TomlTable in : tables) {
        FB_CHECK(allow(in, measured_format()));
        if (in.has("file")) {
            FB_TRY(const std::vector<Measurement> imported, read_import(in, so_far));
            out.insert(out.end(), imported.begin(), imported.end());
        } else {
            FB_TRY(Measurement measurement, read_inline(in, so_far));
            out.push_back(std::move(measurement));
        }
    }
    Contradictions contradictions;
    for (const Measurement& measurement : out) {
        FB_CHECK(contradictions.add(measurement));
    }
    return out;
}

std::string toml_of(const std::vector<Measurement>& measurements) {
    std::string out;
    for (const Measurement& row : measurements) {
        out += fmt::format("[[measured]]\nrelease = \"{}\"\npersona = \"{}\"\nharm = \"{}\"\n",
                           row.release, row.persona, base::info(row.harm).name);
        if (row.harm != Harm::kNone) {
            // JSON's strings are TOML's.
            out += fmt::format("what = {}\nevents = {}\n", json(row.what).dump(), row.events);
        }
        out += fmt::format("hours = {}\n", value_text(row.hours));
    }
    return out;
}

}  // namespace firebreak::scenario
