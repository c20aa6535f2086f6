// Release groups as an inventory has them: a CSV file, a line for each kind of machine or for each
// machine.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/text.h"
#include "scenario/csv.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::TomlTable;

constexpr uint64_t kMaxInventoryBytes = 16 * 1024 * 1024;
constexpr double kMaxWeight = kMaxEndpoints;
enum Column : size_t { kGroup, kStage, kTenants, kPersona, kWeight };
constexpr std::array<std::string_view, 5> kColumns{"group", "stage", "tenants", "persona",
                                                   "weight"};

Result<std::string> name_in(const CsvRow& row, Column column) {
    if (!is_name(row.fields[column])) {
        return no_name(row.fields[column], row.places[column]);
    }
    return row.fields[column];
}

Result<GroupStage> stage_in(const CsvRow& row) {
    const std::string& word = row.fields[kStage];
    for (const auto& [known, stage] : kStages) {
        if (known == word) {
            return stage;
        }
    }
    return base::no_such("stage", word, words_of(kStages), row.places[kStage]);
}

template <class Number>
bool parse_number(const std::string& text, Number& out) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failure == std::errc{} && end == text.data() + text.size();
}

// Empty: one.
Result<uint32_t> tenants_in(const CsvRow& row) {
    const std::string& text = row.fields[kTenants];
    int64_t tenants = 1;
    if (!text.empty() && (!parse_number(text, tenants) || tenants < 1 || tenants > kMaxTenants)) {
        return Error{
            fmt::format("`{}` is no number of tenants", base::printable(text, 80)),
            row.places[kTenants],
            fmt::format("write a whole number from 1 to {}", base::with_thousands(kMaxTenants))};
    }
    return static_cast<uint32_t>(tenants);
}

Result<double> weight_in(const CsvRow& row, bool counts) {
    const std::string& text = row.fields[kWeight];
    double weight = 0;
    const bool number = parse_number(text, weight) && weight > 0 && weight <= kMaxWeight;
    if (!number) {
        return Error{fmt::format("`{}` is no weight", base::printable(text, 80)),
                     row.places[kWeight],
                     fmt::format("write a number above 0 and at most {}",
                                 base::with_thousands(kMaxEndpoints))};
    }
    if (counts && weight != std::floor(weight)) {
        return Error{fmt::format("`{}` endpoints", base::printable(text, 80)), row.places[kWeight],
                     "write whole numbers, or say how many `endpoints` the inventory stands for"};
    }
    return weight;
}

// The groups in the order in which they first come up, without their endpoints.
class Inventory {
  public:
    explicit Inventory(bool counts) : counts_(counts) {}

    Status add(const CsvRow& row) {
        FB_TRY(const std::string name, name_in(row, kGroup));
        FB_TRY(const GroupStage stage, stage_in(row));
        FB_TRY(const uint32_t tenants, tenants_in(row));
        FB_TRY(const std::string persona, name_in(row, kPersona));
        FB_TRY(const double weight, weight_in(row, counts_));
        const auto [known, fresh] = numbers_.emplace(name, groups_.size());
        if (fresh) {
            if (groups_.size() == kMaxGroups) {
                return too_many_groups(row.places[kGroup]);
            }
            groups_.push_back({name, stage, 0, tenants, {}, row.places[kGroup]});
        }
        Group& group = groups_[known->second];
        if (group.stage != stage) {
            return differs(group, row, kStage);
        }
        if (group.tenants != tenants) {
            return differs(group, row, kTenants);
        }
        double& sum = group.personas[persona];
        sum += weight;
        if (sum > kMaxWeight) {
            return Error{fmt::format("the weights of `{}` in `{}` add up to more than {}", persona,
                                     name, base::with_thousands(kMaxEndpoints)),
                         row.places[kWeight], "write smaller ones"};
        }
        return {};
    }

    std::vector<Group> take() { return std::move(groups_); }

  private:
    static Error differs(const Group& group, const CsvRow& row, Column column) {
        return {
            fmt::format("another {} for `{}`", column == kStage ? "stage" : "number of tenants",
                        group.name),
            row.places[column],
            fmt::format("the group begins at {}: write the same in all its lines", group.place)};
    }

    bool counts_;
    std::vector<Group> groups_;
    std::unordered_map<std::string, size_t> numbers_;
};

double weight_of(const Group& group) {
    return std::accumulate(group.personas.begin(), group.personas.end(), 0.0,
                           [](double sum, const auto& entry) { return sum + entry.second; });
}

// Divides the endpoints by the groups' weights; who is next after rounding down (the largest
// remainders, in order) gets the rest.
void divide(std::vector<Group>& groups, uint32_t endpoints) {
    double all = 0;
    for (const Group& group : groups) {
        all += weight_of(group);
    }
    std::vector<std::pair<double, size_t>> remainders;
    uint32_t left = endpoints;
    for (size_t g = 0; g < groups.size(); ++g) {
        const double exact = endpoints * (weight_of(groups[g]) / all);
        groups[g].endpoints = std::min(static_cast<uint32_t>(exact), left);
        left -= groups[g].endpoints;
        remainders.emplace_back(groups[g].endpoints - exact, g);
    }
    std::sort(remainders.begin(), remainders.end());
    for (size_t i = 0; left > 0; i = (i + 1) % remainders.size(), --left) {
        groups[remainders[i].second].endpoints += 1;
    }
}

Status check_group_sizes(const std::vector<Group>& groups) {
    for (const Group& group : groups) {
        if (group.endpoints == 0) {
            return Error{fmt::format("`{}` is too small for any endpoint", group.name), group.place,
                         "give it more weight, or the inventory more `endpoints`"};
        }
        if (group.tenants > group.endpoints) {
            return Error{fmt::format("{} tenants cannot share {} endpoints",
                                     base::with_thousands(group.tenants),
                                     base::with_thousands(group.endpoints)),
                         group.place, "each tenant has at least one endpoint"};
        }
    }
    return {};
}

Result<std::vector<Group>> read_csv(const std::filesystem::path& file, bool counts) {
    FB_TRY(CsvReader csv, CsvReader::open(file, kMaxInventoryBytes, kColumns));
    Inventory inventory(counts);
    for (CsvRow row;;) {
        FB_CHECK(csv.next(row));
        if (row.fields.empty()) {
            break;
        }
        FB_CHECK(inventory.add(row));
    }
    std::vector<Group> groups = inventory.take();
    if (groups.empty()) {
        return Error{"an inventory without a line", file.string(),
                     "add one for each group and persona"};
    }
    return groups;
}

}  // namespace

Result<std::vector<Group>> read_inventory(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, inventory_format()));
    FB_TRY(const std::filesystem::path file, read_beside(in, "file"));
    FB_TRY(const int64_t endpoints, in.integer("endpoints", 1, kMaxEndpoints, 0));
    FB_CHECK(in.finish());
    Result<std::vector<Group>> groups = read_csv(beside(so_far.file, file), endpoints == 0);
    if (!groups.ok()) {
        Error error = groups.error();
        error.remedy += fmt::format("{}it is the inventory of {}", error.remedy.empty() ? "" : "; ",
                                    in.place("file"));
        return error;
    }
    if (endpoints != 0) {
        divide(*groups, static_cast<uint32_t>(endpoints));
    }
    std::vector<Group> out;
    for (Group& group : *groups) {
        if (endpoints == 0) {
            group.endpoints = static_cast<uint32_t>(std::min(weight_of(group), 2 * kMaxWeight));
        }
        FB_CHECK(add_group(out, std::move(group)));
    }
    FB_CHECK(check_group_sizes(out));
    return out;
}

std::string toml_of(const std::vector<Group>& groups) {
    std::string out;
    for (const Group& group : groups) {
        std::string personas;
        for (const auto& [name, weight] : group.personas) {
            personas += fmt::format("{}\"{}\" = {}", personas.empty() ? "" : ", ", name,
                                    value_text(weight));
        }
        out += fmt::format(
            "[[group]]\nname = \"{}\"\nstage = \"{}\"\nendpoints = {}\ntenants = {}\n"
            "personas = {{ {} }}\n",
            group.name, word_for(group.stage, kStages), group.endpoints, group.tenants, personas);
    }
    return out;
}

}  // namespace firebreak::scenario
