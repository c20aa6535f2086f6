// Attacks on the content channel: what makes a scenario a row of the attack matrix.
#include <fmt/format.h>

#include <algorithm>

#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Result;
using base::TomlTable;

Result<std::vector<Expectation>> read_conditions(TomlTable& in, std::string_view key,
                                                 const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, in.tables(key));
    std::vector<Expectation> out;
    Sentences sentences("condition");
    for (TomlTable table : tables) {
        FB_CHECK(allow(table, condition_format()));
        FB_TRY(Expectation condition, read_condition(table, so_far));
        FB_CHECK(table.finish());
        FB_CHECK(sentences.add(condition, so_far.update.profile));
        out.push_back(std::move(condition));
    }
    return out;
}

Result<std::map<Profile, Standing>> read_standings(TomlTable& in, bool can_be_contained) {
    std::map<Profile, Standing> out;
    FB_TRY(std::optional<TomlTable> table, in.table("expect"));
    if (!table) {
        return in.error("expect", "an attack without an expectation",
                        "add `expect = { published = \"fell\", hardened = \"held\" }`, as it "
                        "must come out");
    }
    FB_CHECK(allow(*table, *attack_format().at("expect").table));
    for (const auto& [name, profile] : kProfileNames) {
        FB_TRY(const Standing standing, table->word(name, kStandings));
        if (standing == Standing::kContained && !can_be_contained) {
            return table->error(name, "no attack can be contained here",
                                "add a table [[attack.contained]], or write held or fell");
        }
        out.emplace(profile, standing);
    }
    FB_CHECK(table->finish());
    return out;
}

}  // namespace

Result<std::optional<Attack>> read_attack(TomlTable& root, const Experiment& so_far) {
    FB_TRY(std::optional<TomlTable> in, root.table("attack"));
    if (!in) {
        return std::optional<Attack>();
    }
    FB_CHECK(allow(*in, attack_format()));
    Attack out;
    out.place = in->place();
    FB_TRY(out.row, in->line("row"));
    FB_TRY(out.aim, in->line("aim"));
    FB_TRY(out.held, read_conditions(*in, "held", so_far));
    if (out.held.empty()) {
        return in->error("held", "nothing says when the attack was held",
                         "add a table [[attack.held]]");
    }
    FB_TRY(out.contained, read_conditions(*in, "contained", so_far));
    FB_TRY(out.expected, read_standings(*in, !out.contained.empty()));
    FB_CHECK(in->finish());
    return std::optional(std::move(out));
}

}  // namespace firebreak::scenario
