// Somebody's own scanner: what [scanner] says, and every way to get it wrong.
#include <gtest/gtest.h>

#include "scenario/mistakes.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

TEST(ScannerOfSomebody, IsReadWithAllThatItSays) {
    ASSERT_OK_AND(const Experiment experiment, parse(kEveryKey, kFile));
    ASSERT_TRUE(experiment.scanner.has_value());
    const ExternalScanner& scanner = *experiment.scanner;
    using Texts = std::vector<std::string>;
    EXPECT_EQ(scanner.command, "/usr/bin/grep");
    EXPECT_EQ(scanner.package, "grep");
    EXPECT_EQ(scanner.check, (Texts{"-c", "x", "{files}", "{subject}"}));
    EXPECT_EQ(scanner.scan, (Texts{"-H", "{content}", "{subject}"}));
    EXPECT_EQ(scanner.binds, (Texts{"/lib64", "/usr/lib"}));
    EXPECT_EQ(scanner.environment, (Texts{"LANG=C", "TZ=UTC0"}));
    EXPECT_EQ(scanner.exit_codes, (std::map<int, ScannerAnswer>{{0, ScannerAnswer::kClean},
                                                                {7, ScannerAnswer::kClean},
                                                                {8, ScannerAnswer::kDetected},
                                                                {9, ScannerAnswer::kFailed}}));
    EXPECT_EQ(scanner.rule_lines, (Texts{"^(\\S+) found"}));
    EXPECT_EQ(scanner.error_lines, (Texts{"^error: "}));
    EXPECT_EQ(scanner.memory_lines, (Texts{"exhausted$"}));
    EXPECT_EQ(scanner.memory_mib, 77u);
    EXPECT_EQ(scanner.cpu, base::Duration{3});
    EXPECT_EQ(scanner.wall, base::Duration{41});
    EXPECT_EQ(scanner.output_kib, 78u);
    EXPECT_EQ(scanner.processes, 79u);
    EXPECT_EQ(scanner.scratch_mib, 80u);
}

TEST(ScannerOfSomebody, IsNoneWithoutTheTable) {
    const std::string text(kEveryKey);
    const size_t begin = text.find("[scanner]"), end = text.find("[signal.alert]");
    ASSERT_OK_AND(const Experiment experiment,
                  parse(text.substr(0, begin) + text.substr(end), kFile));
    EXPECT_EQ(experiment.scanner, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    OfTheScanner, Mistakes,
    testing::Values(
        Mistake{"Key", "package = \"grep\"", "pakage = \"grep\"",
                "<pakage>: unknown key `pakage`; did you mean `package`? valid keys: command, "
                "package, check, scan, binds, environment, exit_codes, patterns, limits"},
        Mistake{"Command", "command = \"/usr/bin/grep\"", "command = \"grep -c\"",
                "<\"grep -c\">: `grep -c` is no absolute path; write it from / on: "
                "\"/usr/bin/yara\"; no shell looks for it"},
        Mistake{"Package", "package = \"grep\"", "package = \"grep; reboot\"",
                "<\"grep; reboot\">: `grep; reboot` is no package's name; write what apt-get "
                "calls it: \"yara\""},
        Mistake{"Part", "\"-H\", \"{content}\"", "\"-H\", \"--rules={content}\"",
                "<[\"-H\", \"--rules={content}\", \"{subject}\"]>: `{content}` is a part of "
                "`--rules={content}`; make it an argument of its own"},
        Mistake{"NoContent", "\"-c\", \"x\", \"{files}\", ", "\"-c\", ",
                "<[\"-c\", \"{subject}\"]>: `check` does not name the content; add "
                "\"{content}\", its folder, or \"{files}\", its files"},
        Mistake{"NoSubject", "\"{content}\", \"{subject}\"]", "\"{content}\"]",
                "<[\"-H\", \"{content}\"]>: `scan` does not name the file to scan; add "
                "\"{subject}\""},
        Mistake{"Bind", "\"/lib64\", \"/usr/lib\"", "\"/lib64\", \"usr/lib\"",
                "<[\"/lib64\", \"usr/lib\"]>: `usr/lib` is no absolute path; write it from / on"},
        Mistake{"Environment", "\"LANG=C\", \"TZ=UTC0\"", "\"LANG\"",
                "<[\"LANG\"]>: `LANG` is no setting, or the second of its name; write "
                "NAME=value, each name once"},
        Mistake{"EnvironmentTwice", "\"TZ=UTC0\"", "\"LANG=D\"",
                "<[\"LANG=C\", \"LANG=D\"]>: `LANG=D` is no setting, or the second of its name; "
                "write NAME=value, each name once"},
        Mistake{"ExitCodes", "exit_codes = { clean = [0, 7], detected = [8], failed = [9] }\n", "",
                "<[scanner]>: `exit_codes` is missing; write what exit statuses say: exit_codes "
                "= { clean = [0], failed = [1] }"},
        Mistake{"ExitCode", "failed = [9]", "failed = [256]",
                "<failed = [|256]>: `failed` must hold integers from 0 to 255, not the integer "
                "256"},
        Mistake{"ExitCodeTwice", "failed = [9]", "failed = [8]",
                "<failed = |[8]>: exit status 8 stands there twice; say one thing of it"},
        Mistake{"NothingClean", "clean = [0, 7], ", "clean = [], ",
                "<clean = |[]>: no exit status says that all is well; write `clean`, such as "
                "clean = [0]"},
        Mistake{"Answer", "failed = [9]", "fails = [9]",
                "<fails>: unknown key `fails`; did you mean `failed`? valid keys: clean, "
                "detected, failed"},
        Mistake{"Pattern", "'^error: '", "'error ('",
                "<error = |['error (']>: `error (` is no RE2 expression: missing ): error (; "
                "write it between single quotes, in which \\ is an ordinary letter"},
        Mistake{"PatternWithoutGroup", "'^(\\S+) found'", "'found'",
                "<['found']>: `found` has no group; put the part that is the rule's name in "
                "brackets"},
        Mistake{"PatternKey", "memory = ['", "memories = ['",
                "<memories>: unknown key `memories`; valid keys: rule, "
                "error, memory"},
        Mistake{"Limit", "output_kib = 78", "output = 78",
                "<output =>: unknown key `output`; valid keys: memory_mib, cpu, wall, "
                "output_kib, processes, scratch_mib"},
        Mistake{"Memory", "memory_mib = 77", "memory_mib = 1",
                "<memory_mib = |1\nc>: `memory_mib` is out of range: 1; write a whole number from "
                "16 to 65,536"},
        Mistake{"Cpu", "cpu = \"3s\"", "cpu = \"11m\"",
                "<cpu = |\"11m\">: `cpu` is out of range; write 1s to 10m"},
        Mistake{"Wall", "wall = \"41s\"", "wall = \"0s\"",
                "<wall = |\"0s\">: `wall` is out of range; write 1s to 1h"}),
    name_of);

}  // namespace
}  // namespace firebreak::scenario
