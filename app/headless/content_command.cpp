#include "headless/content_command.h"

#include "headless/content_subcommands.h"
#include "headless/make_executable_command.h"
#include "headless/mutate_command.h"
#include "headless/publish_command.h"
#include "headless/serve_command.h"
#include "headless/test_rule_command.h"

namespace firebreak::headless {

void add_content_command(CLI::App& app, std::function<void(int)> finish) {
    CLI::App* content = app.add_subcommand(
        "content",
        "Build, sign, verify, publish, serve and damage content packages, and make test\n"
        "keys. A package is a folder: manifest.json says what is in it, payload/ has the\n"
        "files, package.p7m is the manifest, signed (CMS, SHA-384, ECDSA P-384).");
    content->require_subcommand(1);
    content->footer(
        "Example:\n"
        "  firebreak content build rules/ --feed DatasetA --version 2026.3.2 -o package/\n"
        "  firebreak content sign package/ --at 2026-03-02T08:00:00Z\n"
        "  firebreak content verify package/");
    add_build(*content, finish);
    add_sign(*content, finish);
    add_verify(*content, finish);
    add_inspect(*content, finish);
    add_decrypt(*content, finish);
    add_publish(*content, finish);
    add_serve(*content, finish);
    add_mutate(*content, finish);
    add_make_executable(*content, finish);
    add_test_rule(*content, finish);
    add_keys(*content, finish);
}

}  // namespace firebreak::headless
