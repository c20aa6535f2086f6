// Every way to get a scenario wrong: one line of a valid one is changed, and the error must name
// the place and the remedy.
#include <gtest/gtest.h>

#include "scenario/mistakes.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

TEST_P(Mistakes, AreNamedWithPlaceAndRemedy) {
    const std::string text = changed(kEveryKey, GetParam().right, GetParam().wrong);
    const auto result = parse(text, kFile);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().text(), with_places(GetParam().error, text));
}

INSTANTIATE_TEST_SUITE_P(
    OfKeys, Mistakes,
    testing::Values(
        Mistake{"Root", "seed = 42", "seeed = 42",
                "<seeed>: unknown key `seeed`; did you mean `seed`? valid keys: schema, extends, "
                "title, description, tags, seed, start, duration, group, inventory, keys, policy, "
                "update, sandbox, protection, scanner, signal, people, crew, recovery, "
                "load_context, baseline, "
                "release, act, fault, campaign, measured, attack, expect, fingerprint"},
        Mistake{"RootTable", "[policy]", "[polcy]",
                "<polcy>: unknown key `polcy`; did you mean `policy`? valid keys: schema, extends, "
                "title, description, tags, seed, start, duration, group, inventory, keys, policy, "
                "update, sandbox, protection, scanner, signal, people, crew, recovery, "
                "load_context, baseline, "
                "release, act, fault, campaign, measured, attack, expect, fingerprint"},
        Mistake{"Group", "tenants = 2", "tennants = 2",
                "<tennants>: unknown key `tennants`; did you mean `tenants`? valid keys: name, "
                "stage, endpoints, tenants, personas"},
        Mistake{"Policy", "gates = false", "gate = false",
                "<gate>: unknown key `gate`; did you mean `gates`? valid keys: staged, gates, "
                "internal_after, public_after, public_interval, ramp, ramp_by, cdn_ttl, download, "
                "halt, test"},
        Mistake{
            "Halt", "reports = 20", "report = 20",
            "<report = 20, on_alerts>: unknown key `report`; did you mean `reports`? valid keys: "
            "share, reports, on_alerts, by, withdraw"},
        Mistake{"Baseline", "version = \"2026.03.01\"", "versoin = \"2026.03.01\"",
                "<versoin>: unknown key `versoin`; did you mean `version`? valid keys: feed, "
                "version, source, with"},
        Mistake{"With", "expedited = true", "expedited = true\nwith = [\"../elsewhere\"]",
                "<[\"../elsewhere\">: `../elsewhere` leads out of fixtures/content; name a folder "
                "under fixtures/content, or one beside the scenario as \"./…\""},
        Mistake{"Release", "expedited = true", "expedite = true",
                "<expedite>: unknown key `expedite`; did you mean `expedited`? valid keys: id, "
                "feed, version, source, with, at, fixes, after_halt, by_hand, kind, expedited, "
                "platform, only_groups, signed_at, signed_by"},
        Mistake{"Act", "at = \"9h\"", "at = \"9h\"\nstop = 1",
                "<stop>: unknown key `stop`; did you mean `to`? valid keys: at, promote, to, halt, "
                "withdraw, resume, release, by_hand"},
        Mistake{"Fault", "variants = 16", "variant = 16",
                "<variant>: unknown key `variant`; did you mean `variants`? valid keys: kind, "
                "feed, target, variants, byte, bit, replayed, stolen_heads, from_group, ahead, "
                "behind, edge, groups, share, from, until"},
        Mistake{"Expect", "at_most = 0", "atmost = 0",
                "<atmost>: unknown key `atmost`; did you mean `at_most`? valid keys: metric, "
                "group, release, part, equals, at_most, at_least, when, profile"},
        Mistake{"Hostile", "seed = 42", "\"\\u001b[31m\\u0000\" = 42",
                "<\"\\u001b[31m\\u0000\">: unknown key `\\x1b[31m\\x00`; valid keys: schema, "
                "extends, title, description, tags, seed, start, duration, group, inventory, "
                "keys, policy, update, sandbox, protection, scanner, signal, people, crew, "
                "recovery, load_context, "
                "baseline, "
                "release, "
                "act, fault, campaign, measured, attack, expect, fingerprint"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfTheRun, Mistakes,
    testing::Values(
        Mistake{"NoSchema", "schema = 1\n", "", "<title>: `schema` is missing; write `schema = 1`"},
        Mistake{"OtherSchema", "schema = 1\n", "schema = 2\n",
                "<schema = |2>: this is not a schema that we read; write `schema = 1`"},
        Mistake{"NoTitle", "title = \"Every key\"\n", "",
                "<schema>: `title` is missing; add `title = …`"},
        Mistake{"EmptyTitle", "title = \"Every key\"", "title = \"\"",
                "<\"\">: `title` must be one line of text; write 1 to 200 bytes without control "
                "characters"},
        Mistake{"LongDescription", "description = \"Two\\nlines.\"", "description = [\"x\"]",
                "<[\"x\"]>: `description` must be a string in quotes, not a list"},
        Mistake{"TagTwice", "tags = [\"fast\", \"rules\"]", "tags = [\"fast\", \"fast\"]",
                "<[\"fast\", \"fast\"]>: `fast` is no tag; write each once, as 1 to 40 of a-z, 0-9 "
                "and -"},
        Mistake{"TagName", "tags = [\"fast\", \"rules\"]", "tags = [\"Fast\"]",
                "<[\"Fast\"]>: `Fast` is no tag; write each once, as 1 to 40 of a-z, 0-9 and -"},
        Mistake{"SeedBelowZero", "seed = 42", "seed = -1",
                "<seed = |-1>: `seed` is out of range: -1; write a whole number from 0 to "
                "9,223,372,036,854,775,807"},
        Mistake{"StartInQuotes", "start = 2026-03-02T00:00:00Z", "start = \"2026-03-02\"",
                "<\"2026-03-02\">: `start` must be a time such as 2026-03-02T08:00:00Z, without "
                "quotes, not the string \"2026-03-02\""},
        Mistake{"StartElsewhere", "start = 2026-03-02T00:00:00Z",
                "start = 2026-03-02T00:00:00+01:00",
                "<2026-03-02T00:00:00+01:00>: `start` must be in UTC, in whole seconds, from 1970 "
                "to 9999; write it as 2026-03-02T08:00:00Z"},
        Mistake{"NoStart", "start = 2026-03-02T00:00:00Z\n", "",
                "<schema>: `start` is missing; add `start = …`"},
        Mistake{"Duration", "duration = \"7d\"", "duration = 7",
                "<duration = |7>: `duration` must be a duration such as \"90m\" or \"2d 6h\", not "
                "the integer 7"},
        Mistake{"ShortDuration", "duration = \"7d\"", "duration = \"4m\"",
                "<\"4m\">: `duration` is too short; a run lasts at least 5m"},
        Mistake{"Fingerprint", "9e2f\"", "9E2F\"",
                "<\"53de-64a7-0c1b-9E2F\">: `53de-64a7-0c1b-9E2F` is not a fingerprint; copy it "
                "from a report: 53de-64a7-0c1b-9e2f"},
        Mistake{"ShortFingerprint", "-9e2f\"", "\"",
                "<\"53de-64a7-0c1b\">: `53de-64a7-0c1b` is not a fingerprint; copy it from a "
                "report: 53de-64a7-0c1b-9e2f"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfGroups, Mistakes,
    testing::Values(
        Mistake{"NotAList", "[[group]]\nname = \"public-2\"", "[group.odd]\nname = \"public-2\"",
                "<odd]>: unknown key `odd`; valid keys: name, stage, endpoints, tenants, personas"},
        Mistake{"NoName", "name = \"internal\"\n", "",
                "<[[group]]\nstage = \"internal\">: `name` is missing; add `name = …`"},
        Mistake{"Name", "name = \"internal\"", "name = \"In house\"",
                "<\"In house\">: `In house` is no valid name; write 1 to 40 of a-z, 0-9 and -"},
        Mistake{"NameTwice", "name = \"public-2\"", "name = \"public-1\"",
                "<[[group]]\nname = \"public-1\"\nstage = \"public\"\nendpoints = 60_000>: a "
                "second group is called `public-1`; the first is at <[[group]]\nname = "
                "\"public-1\"\nstage = \"public\"\nendpoints = 6_000>"},
        Mistake{"Stage", "stage = \"internal\"", "stage = \"intern\"",
                "<\"intern\">: `stage` cannot be `intern`; did you mean `internal`? valid: "
                "engineering, internal, public"},
        Mistake{"SecondInternal", "stage = \"engineering\"", "stage = \"internal\"",
                "<[[group]]\nname = \"internal\">: `internal` is a second group of its stage; have "
                "one engineering and one internal group at most"},
        Mistake{"WrongOrder", "stage = \"engineering\"", "stage = \"public\"",
                "<[[group]]\nname = \"internal\">: group `internal` comes too late; list groups in "
                "the order of release: engineering, internal, public"},
        Mistake{"NoEndpoints", "endpoints = 60\n", "endpoints = 0\n",
                "<endpoints = |0>: `endpoints` is out of range: 0; write a whole number from 1 to "
                "20,000,000"},
        Mistake{"EndpointsInWords", "endpoints = 60\n", "endpoints = \"sixty\"\n",
                "<\"sixty\">: `endpoints` must be a whole number, not the string \"sixty\""},
        Mistake{"TooManyInAll", "endpoints = 60_000", "endpoints = 19_993_341",
                "<[[group]]\nname = \"public-2\">: 20,000,001 endpoints up to here; have at most "
                "20,000,000 in all groups together"},
        Mistake{
            "MoreTenantsThanEndpoints", "tenants = 2", "tenants = 61",
            "<61>: 61 tenants cannot share 60 endpoints; each tenant has at least one endpoint"},
        Mistake{
            "TooManyTenants", "tenants = 40", "tenants = 65_536",
            "<65_536>: `tenants` is out of range: 65,536; write a whole number from 1 to 65,535"},
        Mistake{"NoPersonas", "personas = { developer = 3, server = 1.5 }\n", "",
                "<[[group]]\nname = \"engineering\">: `personas` is missing; add `personas = …`"},
        Mistake{"EmptyPersonas", "{ developer = 3, server = 1.5 }", "{}",
                "<{}>: `personas` names nothing; name at least one"},
        Mistake{"PersonaWeight", "developer = 3,", "developer = 0,",
                "<0, server = 1.5 }>: the weight of `developer` cannot be the integer 0; write a "
                "number above 0 and at most 20000000"},
        Mistake{"PersonaPath", "developer = 3,", "\"../developer\" = 3,",
                "<{ \"../developer\" = 3, server = 1.5 }>: `../developer` is no name of a persona; "
                "write 1 to 40 of a-z, 0-9 and -"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfThePolicy, Mistakes,
    testing::Values(
        Mistake{"Gates", "gates = false", "gates = 0",
                "<gates = |0>: `gates` must be true or false, not the integer 0"},
        Mistake{"PublicInterval", "public_interval = \"12h\"", "public_interval = \"1m\"",
                "<\"1m\">: `public_interval` is shorter than the lab can tell; it decides in "
                "slices of five minutes: write at least 5m"},
        Mistake{"HaltShare", "share = \"0.25%\"", "share = 0",
                "<0, reports = 20>: `share` is zero: every release would be "
                "halted; write it above 0%, such as \"0.1%\""},
        Mistake{"HaltPercent", "share = \"0.25%\"", "share = 25",
                "<share = |25, reports>: `share` is out of range: 25; write a number from 0 to 1, "
                "or a percentage "
                "such as \"12%\""},
        Mistake{"HaltReports", "reports = 20", "reports = 0",
                "<reports = |0>: `reports` is out of range: 0; write a whole number from "
                "1 to 20,000,000"},
        Mistake{"HaltIsNoTable",
                "halt = { share = \"0.25%\", reports = 20, on_alerts = false, by = \"people\", "
                "withdraw = false }",
                "halt = \"never\"",
                "<\"never\">: `halt` must be a table, written below a line [halt], not the string "
                "\"never\""},
        Mistake{"HaltBy", "by = \"people\"", "by = \"person\"",
                "<\"person\">: `by` cannot be `person`; valid: machine, people"},
        Mistake{"InternalAfter", "internal_after = \"24h\"", "internal_after = \"never\"",
                "<\"never\">: `internal_after` cannot be `never`; write a duration such as "
                "\"12h\", or \"by_hand\""},
        Mistake{"InternalAfterTooSoon", "internal_after = \"24h\"", "internal_after = \"4m\"",
                "<\"4m\">: `internal_after` is shorter than the lab can tell; it decides in "
                "slices of five minutes: write at least 5m"},
        Mistake{"PublicAfter", "public_after = \"36h\"", "public_after = 36",
                "<36>: `public_after` must be a duration such as \"90m\" or \"2d 6h\", not the "
                "integer 36"},
        Mistake{"RampShares", "{ share = \"100%\", after = \"1d\" }",
                "{ share = \"1%\", after = \"1d\" }",
                "<{ share = |\"1%\", after = \"1d\" }>: a step of the ramp that adds nobody; write "
                "shares that ascend, from above 0% to 100%"},
        Mistake{"RampTimes", "{ share = \"100%\", after = \"1d\" }",
                "{ share = \"100%\", after = \"4m\" }",
                "<\"4m\">: steps of the ramp that the lab cannot tell apart; it decides in slices "
                "of five minutes: write each at least 5m after the one before"},
        Mistake{"RampEnds", "{ share = \"100%\", after = \"1d\" }",
                "{ share = \"99%\", after = \"1d\" }",
                "<[ { share = \"1%\">: the ramp ends before everybody has the release; add a last "
                "step with share = \"100%\""},
        Mistake{"RampStep", "{ share = \"100%\", after", "{ shares = \"100%\", after",
                "<shares>: unknown key `shares`; did you mean `share`? valid keys: share, after"},
        Mistake{"RampByWithoutARamp",
                "ramp = [ { share = \"1%\", after = \"0s\" }, { share = \"100%\", after = "
                "\"1d\" } ]\n",
                "", "<\"tenant\">: `ramp_by` without a ramp; add `ramp`, or remove it"},
        Mistake{"RampBy", "ramp_by = \"tenant\"", "ramp_by = \"customer\"",
                "<\"customer\">: `ramp_by` cannot be `customer`; valid: endpoint, tenant"},
        Mistake{"FalseAlarms", "false_alarms = \"2%\"", "false_alarms = \"100%\"",
                "<\"100%\", worth>: no test can have such a chance of a false alarm; write it "
                "above 0% and below 100%, or \"none\" for no tests"},
        Mistake{"TestsWithoutAChance", "false_alarms = \"2%\", ", "",
                "<3e-4>: `worth_finding` without tests; add `false_alarms`, such as \"1%\""},
        Mistake{"WorthFinding", "worth_finding = 3e-4", "worth_finding = 0",
                "<worth_finding = |0>: `worth_finding` is out of range: 0; write a number above 0 "
                "and at most 3600"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfOtherSettings, Mistakes,
    testing::Values(
        Mistake{"Channel", "[signal.alert]", "[signal.alerts]",
                "<alerts]>: unknown key `alerts`; did you mean `alert`? valid keys: alert, "
                "crash_report, telemetry, support_call, false_positive_report, silence"},
        Mistake{"AlertDelay", "[signal.alert]\ndelay = \"10m\"", "[signal.alert]\ndelay = \"299s\"",
                "<\"299s\">: `delay` is shorter than the lab can tell; it decides in slices of "
                "five minutes: write at least 5m"},
        Mistake{"IntervalOfACrash", "spread = \"45m\"", "interval = \"1d\"",
                "<interval = \"1d\">: unknown key `interval`; valid keys: delay, spread, loss, "
                "opt_out, background, office_hours"},
        Mistake{"LossOfSilence", "delay = \"2h\"", "loss = 0",
                "<loss = 0>: unknown key `loss`; valid keys: delay"},
        Mistake{"Loss", "loss = \"3%\"", "loss = \"three\"",
                "<\"three\">: `loss` is not a share: \"three\"; write it as \"12%\": 0 to 100, at "
                "most six decimals"},
        Mistake{"Background", "background = 2e-6", "background = -1",
                "<background = |-1>: `background` is out of range: -1; write a number from 0 and "
                "at most 3600"},
        Mistake{"Telemetry", "interval = \"6h\"", "interval = \"1m\"",
                "<\"1m\">: `interval` is shorter than the lab can tell; it decides in slices of "
                "five minutes: write at least 5m"},
        Mistake{"Hours", "from = 9, until = 17", "from = 17, until = 17",
                "<until = |17>: work ends before it begins; write `until` later than `from`, both "
                "on one day"},
        Mistake{"HoursFromTheDefault", "hours = { from = 7 }", "hours = { from = 18 }",
                "<18>: work ends before it begins; write `until` later than `from`, both on one "
                "day"},
        Mistake{"Hour", "until = 17", "until = 25",
                "<until = |25>: `until` is out of range: 25; write a whole number from 1 to 24"},
        Mistake{"People", "overlook = \"1%\"", "overlooks = \"1%\"",
                "<overlooks>: unknown key `overlooks`; did you mean `overlook`? valid keys: hours, "
                "response, on_call, overlook, investigation, resume"},
        Mistake{"Technicians", "endpoints_per_technician = 250", "endpoints_per_technician = 0",
                "<endpoints_per_technician = |0>: `endpoints_per_technician` is out of range: 0; "
                "write a whole number from 1 to 20,000,000"},
        Mistake{"Reboots", "reboot_every = \"48h\"", "reboot_every = \"0s\"",
                "<reboot_every = |\"0s\">: `reboot_every` is shorter than the lab can tell; it "
                "decides in slices of five minutes: write at least 5m"},
        Mistake{"RecoveryByItself", "file_held = \"repair_kit\"", "file_held = \"itself\"",
                "<\"itself\">: `file_held` cannot be `itself`; valid: update, reboot, repair_kit, "
                "by_hand"},
        Mistake{"RecoveryOfARestart", "file_held = \"repair_kit\"", "restart = \"update\"",
                "<restart = \"update\">: unknown key `restart`; valid keys: file_held, slow, "
                "blind, over_exclusion, down, system_file_lost, network_lost, unbootable, "
                "boot_loop, updates_lost, user_file_lost"},
        Mistake{"RecoveryOutOfReach", "network_lost = \"reboot\"", "network_lost = \"update\"",
                "<\"update\">: a machine that is cut off gets no update and no repair kit; write "
                "reboot or by_hand"},
        Mistake{"LoadContext", "DatasetA = \"kernel\"", "DatasetA = \"driver\"",
                "<\"driver\">: `DatasetA` cannot be `driver`; valid: userspace, kernel"},
        Mistake{"LoadContextOfNothing", "DatasetA = \"kernel\"", "ESH = \"kernel\"",
                "<ESH = |\"kernel\">: nothing of ESH is published here; it would change nothing: "
                "add a release, or remove it"},
        Mistake{"Keys", "keys = \"./our-ca\"", "keys = \"/etc/ssl\"",
                "<\"/etc/ssl\">: `/etc/ssl` is not beside the scenario; write it relative to this "
                "file, as \"./…\""}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfTheTimeline, Mistakes,
    testing::Values(
        Mistake{"Feed", "[[baseline]]\nfeed = \"DatasetA\"", "[[baseline]]\nfeed = \"dataseta\"",
                "<\"dataseta\">: no feed is called `dataseta`; did you mean `DatasetA`? valid: "
                "DatasetA, LocalRepData, Behavior, ProductRulesFeed, FlagsSupplement, CRT, ESH, "
                "ScheduledQueryPack, RemapperRules, EPIPS_data, NTP_OVERRIDES, RepairKit, "
                "TELEMSUP, APPFEED, USERAPPFEED, MLModels, Hmpa_data"},
        Mistake{"SecondBaseline", "[[release]]\nid = \"late\"",
                "[[baseline]]\nfeed = \"DatasetA\"\nversion = \"2\"\nsource = "
                "\"x\"\n[[release]]\nid = \"late\"",
                "<feed = |\"DatasetA\"\nversion = \"2\">: a second baseline of DatasetA; the first "
                "is at <[[baseline]]\nfeed = \"DatasetA\"\nversion = \"2026.03.01\">"},
        Mistake{"BaselineVersion", "version = \"2026.03.01\"", "version = \"\"",
                "<\"\">: `` is no valid version; write 1 to 64 of A-Z, a-z, 0-9, '.', '_' and -"},
        Mistake{"VersionOfTheBaseline", "version = \"2026.03.03\"", "version = \"2026.03.01\"",
                "<[[release]]\nid = \"late\">: version `2026.03.01` of DatasetA exists already; it "
                "is used at <[[baseline]]>: write another `version`"},
        Mistake{"VersionOfAnotherRelease", "version = \"2026.03.03\"", "version = \"rules-2\"",
                "<[[release]]\nid = \"rules-2\">: version `rules-2` of DatasetA exists already; it "
                "is used at <[[release]]\nid = \"late\">: write another `version`"},
        Mistake{"AbsoluteSource", "source = \"./late\"", "source = \"/etc\"",
                "<\"/etc\">: `/etc` is no place for content; name a folder under "
                "fixtures/content, or one beside the scenario as \"./…\""},
        Mistake{
            "ClimbingSource", "source = \"./late\"", "source = \"good/../../keys\"",
            "<\"good/../../keys\">: `good/../../keys` leads out of fixtures/content; name a folder "
            "under fixtures/content, or one beside the scenario as \"./…\""},
        Mistake{"SourceWithControls", "source = \"./late\"", "source = \"./\\u0000\"",
                "<\"./\\u0000\">: `./\\x00` is no place for content; name a folder under "
                "fixtures/content, or one beside the scenario as \"./…\""},
        Mistake{"NoSource", "source = \"./late\"\n", "",
                "<[[release]]\nid = \"late\">: `source` is missing; add `source = …`"},
        Mistake{
            "ReleaseTwice", "id = \"late\"", "id = \"rules-2\"",
            "<[[release]]\nid = \"rules-2\"\nfeed = \"DatasetA\"\nsource = "
            "\"good/DatasetA/2026-03-02\">: a second release is called `rules-2`; the first is at "
            "<[[release]]\nid = \"rules-2\"\nfeed = \"DatasetA\"\nversion = \"2026.03.03\">"},
        Mistake{"ReleaseCalledBaseline", "id = \"late\"", "id = \"baseline\"",
                "<id = |\"baseline\">: a release cannot be called `baseline`; faults mean the "
                "content of [[baseline]] by it: choose another name"},
        Mistake{"ReleaseAfterTheEnd", "at = \"3d\"", "at = \"8d\"",
                "<\"8d\">: `at` is after the end of the run; the run lasts 7 d"},
        Mistake{"ReleaseKind", "kind = \"fix\"", "kind = \"patch\"",
                "<\"patch\">: `kind` cannot be `patch`; valid: update, fix, plant"},
        Mistake{"ReleaseWithoutATime", "at = \"3d\"\n", "",
                "<[[release]]\nid = \"late\">: a release without a time; add `at`, or `fixes` with "
                "the id of another release"},
        Mistake{"ByHandAtATime", "at = \"3d\"\n", "at = \"3d\"\nby_hand = true\n",
                "<at = \"3d\"\nby_hand>: `at` does not apply beside `by_hand`; remove it"},
        Mistake{
            "ByHandWithoutAnAct", "at = \"3d\"\n", "by_hand = true\n",
            "<[[release]]\nid = \"late\">: release `late` never comes; add an act that releases "
            "it, or write `at` in place of `by_hand`"},
        Mistake{"FixAtATime", "after_halt = \"4h\"", "at = \"4h\"",
                "<at = \"4h\">: `at` does not apply beside `fixes`; remove it"},
        Mistake{"DelayOfNoHalt", "at = \"3d\"\n", "at = \"3d\"\nafter_halt = \"1h\"\n",
                "<after_halt = \"1h\">: `after_halt` does not apply without `fixes`; remove it"},
        Mistake{"FixOfNothing", "fixes = \"rules-2\"", "fixes = \"rules-3\"",
                "<\"rules-3\">: no release is called `rules-3`; did you mean `rules-2`? valid: "
                "late, mend, rules-2, planted"},
        Mistake{"FixOfItself", "fixes = \"rules-2\"", "fixes = \"mend\"",
                "<fixes = |\"mend\">: releases that wait for one another's halt; give one of them "
                "an `at`"},
        Mistake{"FixOfAnotherFeed", "id = \"mend\"\nfeed = \"DatasetA\"",
                "id = \"mend\"\nfeed = \"ESH\"",
                "<fixes = |\"rules-2\">: release `rules-2` is of another feed; it is of DatasetA"},
        Mistake{"FixAfterTheEnd", "after_halt = \"4h\"", "after_halt = \"8d\"",
                "<\"8d\">: `after_halt` is longer than the run; the run lasts 7 d"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfActs, Mistakes,
    testing::Values(
        Mistake{"NoDeed", "halt = \"rules-2\"\n", "",
                "<[[act]]\nat = \"2d\">: an act without a deed; add `promote` with `to`, `halt`, "
                "`withdraw`, `resume` or `release`, with the id of a release"},
        Mistake{"ReleaseOfWhatComesByItself", "halt = \"rules-2\"\n", "release = \"rules-2\"\n",
                "<release = |\"rules-2\"\n\n[[act]]>: release `rules-2` comes by itself; write "
                "by_hand = true "
                "in its "
                "table, in place of its time"},
        Mistake{"TwoDeeds", "halt = \"rules-2\"\n",
                "halt = \"rules-2\"\npromote = \"rules-2\"\nto = \"public\"\n",
                "<halt = \"rules-2\">: `halt` does not apply to a promotion; remove it"},
        Mistake{"HaltTo", "halt = \"rules-2\"\n", "halt = \"rules-2\"\nto = \"internal\" # here\n",
                "<to = \"internal\" # here>: `to` does not apply to a halt; remove it"},
        Mistake{"WithdrawTo", "withdraw = \"rules-2\"\n",
                "withdraw = \"rules-2\"\nhalt = \"late\"\n",
                "<withdraw = \"rules-2\"\nhalt>: `withdraw` does not apply to a halt; remove it"},
        Mistake{"PromoteNowhere", "promote = \"rules-2\"\nto = \"public\"\n",
                "promote = \"rules-2\"\n", "<[[act]]\nat = \"9h\">: `to` is missing; add `to = …`"},
        Mistake{"PromoteToEngineering", "to = \"public\"", "to = \"engineering\"",
                "<to = |\"engineering\">: `to` cannot be `engineering`; valid: internal, public"},
        Mistake{"UnknownRelease", "halt = \"rules-2\"", "halt = \"rule-2\"",
                "<\"rule-2\">: no release is called `rule-2`; did you mean `rules-2`? valid: "
                "rules-2, late, planted, mend"},
        Mistake{"BeforeTheRelease", "at = \"6h\"", "at = \"1h 5m\"",
                "<[[act]]\nat = \"1h 5m\">: release `rules-2` is not released yet; it is released "
                "at <[[release]]\nid = \"rules-2\">"},
        Mistake{"AfterTheEnd", "at = \"2d\"", "at = \"8d\"",
                "<\"8d\">: `at` is after the end of the run; the run lasts 7 d"},
        Mistake{"PublicBeforeInternal", "at = \"9h\"", "at = \"5h\"",
                "<[[act]]\nat = \"5h\">: release `rules-2` goes public before the internal group "
                "has it; promote it to internal first, or make it expedited"},
        Mistake{"Twice", "to = \"public\"", "to = \"internal\"",
                "<[[act]]\nat = \"9h\">: release `rules-2` is there already, by an "
                "earlier act or by the policy; remove the act, or set `internal_after` and "
                "`public_after` to \"by_hand\""},
        Mistake{"AfterThePolicyHasDoneIt", "internal_after = \"24h\"", "internal_after = \"3h\"",
                "<[[act]]\nat = \"6h\">: release `rules-2` is there already, by an "
                "earlier act or by the policy; remove the act, or set `internal_after` and "
                "`public_after` to \"by_hand\""},
        Mistake{"PublicByPolicy", "at = \"9h\"\npromote = \"rules-2\"",
                "at = \"42h 5m\"\npromote = \"rules-2\"",
                "<[[act]]\nat = \"42h 5m\">: release `rules-2` is there already, by an "
                "earlier act or by the policy; remove the act, or set `internal_after` and "
                "`public_after` to \"by_hand\""},
        Mistake{"NothingIsStaged", "staged = true", "staged = false",
                "<[[act]]\nat = \"6h\">: release `rules-2` is published to all groups at once: "
                "nothing is staged; remove the act"},
        Mistake{"AfterAHalt", "at = \"2d\"", "at = \"7h\"",
                "<[[act]]\nat = \"9h\">: release `rules-2` is halted by then; remove the act, or "
                "the halt"},
        Mistake{"HaltedTwice", "withdraw = \"rules-2\"", "halt = \"rules-2\"",
                "<[[act]]\nat = \"2d 1h\">: release `rules-2` is halted by then; remove the act, "
                "or the halt before"},
        Mistake{"WithdrawnByPolicy", "withdraw = false", "withdraw = true",
                "<[[act]]\nat = \"2d 1h\">: release `rules-2` is withdrawn by then; by policy a "
                "halt withdraws it: remove the act"},
        Mistake{"WithdrawnTwice", "resume = \"rules-2\"", "withdraw = \"rules-2\"",
                "<[[act]]\nat = \"2d 2h\">: release `rules-2` is withdrawn by then; remove one of "
                "the acts"},
        Mistake{"FixBeforeItComes", "at = \"2d 2h\"\nresume = \"rules-2\"",
                "at = \"2d 3h\"\nhalt = \"mend\"",
                "<[[act]]\nat = \"2d 3h\">: release `mend` is not released yet; it is released at "
                "<[[release]]\nid = \"mend\">"},
        Mistake{"FixThatMayNeverCome", "at = \"9h\"\npromote = \"rules-2\"",
                "at = \"9h\"\npromote = \"mend\"",
                "<[[act]]\nat = \"9h\">: release `mend` may never come; it is made only if "
                "`rules-2` is halted: give it an `at`, halt that one by an act before, or remove "
                "this act"},
        Mistake{"Expedited", "at = \"2d\"\nhalt = \"rules-2\"",
                "at = \"4d\"\npromote = \"late\"\nto = \"internal\"",
                "<[[act]]\nat = \"4d\">: release `late` is expedited: it is published to all "
                "groups at once; remove the act"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfExpectations, Mistakes,
    testing::Values(
        Mistake{"Metric", "metric = \"affected\"", "metric = \"effected\"",
                "<\"effected\">: no metric is called `effected`; did you mean `affected`? valid: "
                "exposed, affected, refused, alerts, running, protected, down, halted, "
                "time_to_detect, time_to_halt, lost, harmed, overshoot, unreached, "
                "recovered_by_itself, recovered_by_update, recovered_by_reboot, "
                "recovered_by_repair_kit, recovered_by_hand, time_to_recover, false_halts, "
                "protection_gap, infections, signals, harm, reached_by_halt, reached_by_fix, "
                "installed, evidence"},
        Mistake{"Group", "group = \"public-2\"", "group = \"public-3\"",
                "<\"public-3\">: no group is called `public-3`; did you mean `public-1`? valid: "
                "engineering, internal, public-1, public-2"},
        Mistake{"GroupOfAFlag", "equals = 1\n", "equals = 1\ngroup = \"public-1\"\n",
                "<group = |\"public-1\">: `halted` has no groups; remove `group`: it is measured "
                "over the whole fleet"},
        Mistake{"ReleaseOfHarm", "group = \"public-2\"", "release = \"rules-2\"",
                "<release = |\"rules-2\"\nat_most = 0>: `affected` is not counted by release; "
                "remove `release`"},
        Mistake{"UnknownRelease", "release = \"rules-2\"\nat_least",
                "release = \"rules-3\"\nat_least",
                "<\"rules-3\">: no release is called `rules-3`; did you mean `rules-2`? valid: "
                "rules-2, late, planted, mend"},
        Mistake{"PartOfNothing", "at_least = \"12.5%\"", "at_least = \"12.5%\"\npart = \"server\"",
                "<part = |\"server\"\nwhen>: `running` has no parts; remove `part`"},
        Mistake{"Persona", "part = \"server\"", "part = \"sever\"",
                "<\"sever\">: no persona is called `sever`; did you mean `server`? valid: "
                "developer, office-laptop, server"},
        Mistake{
            "PersonaOfAGroup", "part = \"server\"", "group = \"internal\"\npart = \"server\"",
            "<group = |\"internal\"\npart>: `protection_gap` is counted by group or by persona; "
            "remove `group` or `part`"},
        Mistake{"Harm", "part = \"network_lost\"", "part = \"none\"",
                "<part = |\"none\">: no harm is called `none`; valid: restart, "
                "file_held, slow, blind, over_exclusion, down, system_file_lost, network_lost, "
                "unbootable, boot_loop, exhausted, updates_lost, user_file_lost"},
        Mistake{"HarmOfNoKind", "part = \"network_lost\"\n", "",
                "<metric = |\"harm\">: `harm` of which harm?; add `part`, such as part = "
                "\"boot_loop\""},
        Mistake{"SignalsBy", "part = \"crash_report\"", "part = \"crash_reports\"",
                "<\"crash_reports\">: no channel is called `crash_reports`; did you mean "
                "`crash_report`? valid: alert, crash_report, telemetry, support_call, "
                "false_positive_report, silence"},
        Mistake{"ShareOfHours", "at_most = 1234.5", "at_most = \"1%\"",
                "<at_most = |\"1%\">: `at_most` does not fit `protection_gap`; write a number of "
                "endpoint-hours"},
        Mistake{"NoBound", "at_most = 0\n", "",
                "<[[expect]]\nmetric = \"affected\">: an expectation without a bound; add "
                "`equals`, `at_most` or `at_least`"},
        Mistake{"TwoBounds", "at_most = 0", "at_most = 0\nequals = 0",
                "<at_most = |0>: both `equals` and `at_most`; write two expectations"},
        Mistake{"PercentOfAFlag", "equals = 1\n", "equals = \"1%\"\n",
                "<equals = |\"1%\">: `equals` does not fit `halted`; write 1 for yes or 0 for no"},
        Mistake{"FlagOutOfRange", "equals = 1\n", "equals = 2\n",
                "<equals = |2>: `equals` is out of range: 2; write a whole number from 0 to 1"},
        Mistake{"NumberOfATime", "at_most = \"2h 30s\"", "at_most = 7200",
                "<7200>: `at_most` does not fit `time_to_halt`; write a duration such as \"2h\""},
        Mistake{"ShareOfACount", "metric = \"running\"\nrelease = \"rules-2\"",
                "metric = \"alerts\"",
                "<\"12.5%\">: `at_least` does not fit `alerts`; write a whole number: shares are "
                "for endpoints"},
        Mistake{"DurationOfEndpoints", "at_most = 0", "at_most = \"2h\"",
                "<at_most = |\"2h\">: `at_most` is not a share: \"2h\"; write it as \"12%\": 0 to "
                "100, at most six decimals"},
        Mistake{"FractionOfEndpoints", "at_most = 0", "at_most = 0.5",
                "<0.5>: `at_most` must be a whole number, not the number 0.5"},
        Mistake{"MoreThanTheGroupHas", "at_most = 0", "at_most = 60_001",
                "<60_001>: 60,001 endpoints are more than there are; the scope has 60,000: write a "
                "number up to that, or a share such as \"12%\""},
        Mistake{"When", "when = \"always\"", "when = \"allways\"",
                "<\"allways\">: `allways` is no time; write \"end\", \"always\", \"eventually\", "
                "or a time such as \"3d\""},
        Mistake{"WhenItIsOver", "when = \"1d 12h\"", "when = \"7d 1s\"",
                "<\"7d 1s\">: `when` is after the end of the run; the run lasts 7 d"},
        Mistake{"Twice", "[[expect]]\nmetric = \"halted\"",
                "[[expect]]\nmetric = \"affected\"\ngroup = \"public-2\"\nat_most = 0\nwhen = "
                "\"always\"\n[[expect]]\nmetric = \"halted\"",
                "<when = \"eventually\"\n\n|[[expect]]>: the same expectation twice: affected in "
                "public-2: at most 0, always; the first is at <at_most = \"10%\"\n\n|[[expect]]>"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfCampaigns, Mistakes,
    testing::Values(
        Mistake{"Key", "per_hour = 0.01", "per_day = 0.01",
                "<per_day>: unknown key `per_day`; valid keys: id, "
                "sample, at, until, per_hour"},
        Mistake{"Sample", "sample = \"./wave.txt\"", "sample = \"../wave.txt\"",
                "<\"../wave.txt\">: `../wave.txt` leads out of fixtures/samples; name a file under "
                "fixtures/samples, or one beside the scenario as \"./…\""},
        Mistake{"Rate", "per_hour = 0.01", "per_hour = 0",
                "<per_hour = |0>: `per_hour` is out of range: 0; write a number above 0 and at "
                "most 3600"},
        Mistake{"Window", "until = \"6d\"", "until = \"12h\"",
                "<until = |\"12h\">: the campaign ends before it begins; write `until` later than "
                "`at`"},
        Mistake{
            "Twice", "[[measured]]",
            "[[campaign]]\nid = \"wave\"\nsample = \"x\"\nat = \"0s\"\nper_hour = "
            "1\n[[measured]]",
            "<[[campaign]]\nid = \"wave\"\nsample = \"x\">: a second campaign is called `wave`; "
            "the first is at <[[campaign]]\nid = \"wave\"\nsample = \"./wave.txt\">"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    OfMeasurements, Mistakes,
    testing::Values(
        Mistake{"Release", "[[measured]]\nrelease = \"rules-2\"",
                "[[measured]]\nrelease = \"rules-4\"",
                "<\"rules-4\">: no release is called `rules-4`; did you mean `rules-2`? valid: "
                "rules-2, late, planted, mend"},
        Mistake{"Persona", "persona = \"server\"", "persona = \"till\"",
                "<\"till\">: no persona is called `till`; valid: developer, office-laptop, server"},
        Mistake{"Harm", "harm = \"boot_loop\"", "harm = \"bootloop\"",
                "<\"bootloop\">: no harm is called `bootloop`; did you mean `boot_loop`? valid: "
                "none, restart, file_held, slow, blind, over_exclusion, down, system_file_lost, "
                "network_lost, unbootable, boot_loop, exhausted, updates_lost, user_file_lost"},
        Mistake{"NoEvents", "events = 3\n", "",
                "<[[measured]]>: `boot_loop` without a number of events; write how many there were "
                "in these hours: 1 to 1,000,000,000,000; what was watched for and did not come "
                "about is harm = \"none\""},
        Mistake{"EventsOfNone", "harm = \"boot_loop\"\nwhat = \"a \\\"big\\\" log\"",
                "harm = \"none\"",
                "<events = |3>: events of no harm; name the harm, or leave `events` out"},
        Mistake{"CauseOfNone", "harm = \"boot_loop\"\nwhat = \"a \\\"big\\\" log\"\nevents = 3",
                "harm = \"none\"\nwhat = \"x\"",
                "<what = |\"x\">: something set no harm off; name the harm, or leave `what` out"},
        Mistake{"NoCause", "what = \"a \\\"big\\\" log\"\n", "",
                "<[[measured]]>: `boot_loop` of unknown cause; say in `what` what set it off, for "
                "people"},
        Mistake{"Cause", "\\\"big\\\"", "\\u001b[2J",
                "<what = |\"a \\u001b[2J log\">: `what` must be one line of text; write 1 to 200 "
                "bytes without control characters"},
        Mistake{"Hours", "hours = 12.5", "hours = 0",
                "<hours = |0>: `hours` is out of range: 0; write a number above 0 and at most "
                "1000000000000"},
        Mistake{"FileBesideRows", "hours = 12.5", "hours = 12.5\nfile = \"./farm.csv\"",
                "<events = 3>: `events` does not apply beside `file`; remove it"},
        Mistake{
            "Twice", "[[expect]]\nmetric = \"affected\"",
            "[[measured]]\nrelease = \"rules-2\"\npersona = \"server\"\nharm = \"none\"\nhours = "
            "7\n[[expect]]\nmetric = \"affected\"",
            "<[[measured]]\nrelease = \"rules-2\"\npersona = \"server\"\nharm = \"none\">: "
            "`rules-2` did harm on `server`, and it did none; the other measurement is at "
            "<[[measured]]\nrelease = \"rules-2\"\npersona = \"server\"\nharm = "
            "\"boot_loop\">: remove one of them"}),
    name_of);

TEST(Mistakes, OfAScenarioWithoutGroupsOrReleases) {
    const std::string head =
        "schema = 1\ntitle = \"x\"\nstart = 2026-03-02T00:00:00Z\nduration = \"1d\"\n";
    const std::string group =
        "[[group]]\nname = \"a\"\nstage = \"public\"\nendpoints = 1\npersonas = { x = 1 }\n";
    EXPECT_ERROR(parse(head, kFile),
                 "every-key.toml:1:1: no group; add a table [[group]], or an `inventory`");
    EXPECT_ERROR(parse(head + "group = []\n", kFile), "no group; add a table [[group]]");
    EXPECT_ERROR(parse(head + "group = {}\n", kFile),
                 "`group` must be a list of tables, each below a line [[group]], not a table");
    EXPECT_ERROR(parse(head + group + "[[expect]]\nmetric = \"halted\"\nequals = 0\n", kFile),
                 "`halted` needs a release, and there is none; add a [[release]]");
    const std::string release =
        "[[release]]\nid = \"r\"\nfeed = \"ESH\"\nsource = \"x\"\nat = \"1h\"\n";
    EXPECT_ERROR(
        parse(head + group + release + "[[act]]\nat = \"2h\"\npromote = \"r\"\nto = \"internal\"\n",
              kFile),
        "release `r` has nowhere to go; add a group of that stage, or remove the act");
    const std::string replay = "[[fault]]\nkind = \"replay\"\nfeed = \"ESH\"\n";
    EXPECT_ERROR(parse(head + group + release + replay + "replayed = \"baseline\"\n", kFile),
                 "ESH has no baseline; add one, or name a release");
    EXPECT_ERROR(parse(head + group + release +
                           "[[baseline]]\nfeed = \"CRT\"\nversion = \"1\"\n"
                           "source = \"x\"\n[[fault]]\nkind = \"replay\"\n"
                           "feed = \"CRT\"\nreplayed = \"r\"\n",
                       kFile),
                 "release `r` is not of CRT; it is of ESH");
}

TEST(Names, AreOneToFortyOfAFewCharacters) {
    const auto named = [](const std::string& name) {
        return parse(changed(kEveryKey, "name = \"internal\"", "name = \"" + name + "\""), kFile);
    };
    EXPECT_TRUE(named(std::string(40, 'a')).ok());
    EXPECT_TRUE(named("0-9").ok());
    for (const std::string& bad : {std::string(), std::string(41, 'a'), std::string("a_b"),
                                   std::string("a/b"), std::string("ü"), std::string("..")}) {
        EXPECT_ERROR(named(bad), "is no valid name; write 1 to 40 of a-z, 0-9 and -");
    }
}

}  // namespace
}  // namespace firebreak::scenario
