// The table that puts somebody's own scanner in the built-in one's place.
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

const Table& exit_codes_format() {
    static const Table kTable{
        .name = "exit_codes",
        .description =
            "What exit statuses say. Any other one breaks the contract, which counts "
            "as a death of the scanner.",
        .keys = {{.name = "clean",
                  .type = Type::kIntegers,
                  .description = "Loaded; or scanned, and nothing found but what rule lines name.",
                  .required = true,
                  .max = kMostExitStatus},
                 {.name = "detected",
                  .type = Type::kIntegers,
                  .description = "Scanned, and something found.",
                  .max = kMostExitStatus},
                 {.name = "failed",
                  .type = Type::kIntegers,
                  .description = "The content is refused; or the scan failed, without a verdict.",
                  .max = kMostExitStatus}}};
    return kTable;
}

const Table& patterns_format() {
    static const Table kTable{
        .name = "patterns",
        .description =
            "RE2 expressions, looked for in each line of standard output and standard error.",
        .keys = {{.name = "rule",
                  .type = Type::kTexts,
                  .description = "A line that names a rule that matched: the first group."},
                 {.name = "error",
                  .type = Type::kTexts,
                  .description = "A line that says what went wrong: the first group, or all of "
                                 "it. With such a line content is refused, and a scan has failed, "
                                 "whatever the exit status."},
                 {.name = "memory",
                  .type = Type::kTexts,
                  .description = "A line that says that there was not enough memory."}}};
    return kTable;
}

const Table& limits_format() {
    static const ExternalScanner kScanner;
    static const Table kTable{
        .name = "limits",
        .description = "Of one run of the program, that is of one check or scan.",
        .keys = {{.name = "memory_mib",
                  .type = Type::kInteger,
                  .description = "Address space of each of its processes.",
                  .fallback = value_text(kScanner.memory_mib),
                  .min = 16,
                  .max = 64 * 1024},
                 {.name = "cpu",
                  .type = Type::kDuration,
                  .description = "Processor time of each of its processes: 1s to 10m.",
                  .fallback = exact_text(kScanner.cpu)},
                 {.name = "wall",
                  .type = Type::kDuration,
                  .description = "Until it is killed: 1s to 1h. A run that was busy by then is "
                                 "repeated, one that was idle has hung.",
                  .fallback = exact_text(kScanner.wall)},
                 {.name = "output_kib",
                  .type = Type::kInteger,
                  .description = "Of standard output, and as much of standard error.",
                  .fallback = value_text(kScanner.output_kib),
                  .min = 1,
                  .max = 64 * 1024},
                 {.name = "processes",
                  .type = Type::kInteger,
                  .description = "At a time; each thread counts.",
                  .fallback = value_text(kScanner.processes),
                  .min = 1,
                  .max = 1000},
                 {.name = "scratch_mib",
                  .type = Type::kInteger,
                  .description = "Of /scratch, where it may write; 0: nowhere.",
                  .fallback = value_text(kScanner.scratch_mib),
                  .max = 16 * 1024}}};
    return kTable;
}

}  // namespace

const Table& scanner_format() {
    static const Table kTable{
        .name = "scanner",
        .description =
            "A program of this machine that takes the built-in scanner's place for DatasetA. It "
            "runs in the sandbox, once for each content that it shall load and each file that it "
            "shall scan. simulator/endpoint/external/README.md has the contract.",
        .keys = {{.name = "command",
                  .description = "The program, an absolute path: \"/usr/bin/yara\".",
                  .required = true},
                 {.name = "package",
                  .description = "Debian's package that brings it, named where it is missing."},
                 {.name = "check",
                  .type = Type::kTexts,
                  .description = "Its arguments for trying out content. {content} is the folder "
                                 "with the content's files, {files} each of them, {subject} an "
                                 "empty file; each stands alone.",
                  .required = true},
                 {.name = "scan",
                  .type = Type::kTexts,
                  .description = "The same for a scan. {subject} is the file to scan.",
                  .required = true},
                 {.name = "binds",
                  .type = Type::kTexts,
                  .description = "Files and folders of this machine that it can read, by absolute "
                                 "paths: its libraries, the dynamic loader. The program itself "
                                 "need not be named."},
                 {.name = "environment",
                  .type = Type::kTexts,
                  .description = "Its whole environment: \"LANG=C\"."},
                 {.name = "exit_codes",
                  .type = Type::kTable,
                  .required = true,
                  .table = &exit_codes_format()},
                 {.name = "patterns", .type = Type::kTable, .table = &patterns_format()},
                 {.name = "limits", .type = Type::kTable, .table = &limits_format()}}};
    return kTable;
}

}  // namespace firebreak::scenario
