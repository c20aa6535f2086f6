// `firebreak content keys revoke` and `epoch-reset`: statements of the root.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "base/file.h"
#include "content/envelope.h"
#include "headless/content_subcommands.h"

namespace firebreak::headless {

namespace {

using base::Error;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

// What every statement needs.
struct Statement {
    std::string folder;
    std::string output;
    std::string previous;
    std::string at;
    uint64_t number = 0;
};

struct Revoke {
    Statement statement;
    std::vector<std::string> certificates;
};

struct EpochReset {
    Statement statement;
    std::string feed;  // empty: no feed's floor
    std::string to;
    std::optional<uint64_t> sequence;
};

// The one that goes before, if it was named and is good.
Result<content::RootStatement> previous_statement(const Statement& options,
                                                  const content::Identity& root) {
    if (options.previous.empty()) {
        return content::RootStatement();
    }
    FB_TRY(const base::Bytes envelope, base::read_file(options.previous, kMostBytesRead));
    const auto verdict = content::Verifier({root.certificate}).verify_root_statement(envelope);
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        return Error{std::string(base::to_text(refusal->code)), options.previous,
                     "name a statement that this folder's root signed"};
    }
    const auto& previous = std::get<content::RootStatement>(verdict);
    if (previous.number >= options.number) {
        return Error{
            fmt::format("not above {}, the number of the previous statement", previous.number),
            "--number", ""};
    }
    return previous;
}

// `change` says what is new; revocations stay, resets are for one statement only.
Status make_statement(
    const Statement& options,
    const std::function<Status(const content::Identity&, content::RootStatement&)>& change) {
    FB_TRY(const base::UtcTime at, time_named("--at", options.at));
    FB_TRY(const content::Identity root,
           content::load_identity(fs::path(options.folder) / "root.pem"));
    FB_TRY(const content::RootStatement previous, previous_statement(options, root));
    content::RootStatement statement{options.number, previous.revoked, {}};
    FB_CHECK(change(root, statement));
    FB_TRY(const base::Bytes envelope, content::sign_root_statement(statement, root, at));
    FB_CHECK(base::write_file(options.output, envelope));
    fmt::print("wrote {}, signed by the root at {}\n", options.output, base::to_text(at));
    print_statement(statement);
    fmt::print("{}", kTestKeysWarning);
    return {};
}

Status revoke(const Revoke& options) {
    return make_statement(
        options.statement,
        [&options](const content::Identity& root, content::RootStatement& statement) -> Status {
            for (const std::string& file : options.certificates) {
                FB_TRY(const auto certificates, content::load_certificates(file));
                if (certificates.size() != 1) {
                    return Error{fmt::format("{} certificates in it", certificates.size()), file,
                                 "name a file with one"};
                }
                const base::Digest digest = content::certificate_digest(certificates.front());
                if (digest == content::certificate_digest(root.certificate)) {
                    return Error{"the root cannot revoke itself", file,
                                 "ship another root with the product"};
                }
                statement.revoked.insert(digest);
            }
            return {};
        });
}

Status reset_epoch(const EpochReset& options) {
    if (options.feed.empty() && !options.sequence) {
        return Error{"nothing to reset", "", "name --feed and --to, or --sequence, or both"};
    }
    return make_statement(
        options.statement,
        [&](const content::Identity&, content::RootStatement& statement) -> Status {
            statement.sequence = options.sequence;
            if (!options.feed.empty()) {
                FB_TRY(const content::Feed feed, feed_named(options.feed));
                FB_TRY(statement.floors[feed], time_named("--to", options.to));
            }
            return {};
        });
}

// --- command line ------------------------------------------------------------------------------

void add_statement_options(CLI::App& command, Statement& options) {
    command.add_option("folder", options.folder, "folder with root.pem")
        ->required()
        ->type_name("DIR");
    command.add_option("-o,--output", options.output, "file to write the statement to")
        ->required()
        ->type_name("FILE");
    command.add_option("--number", options.number, "of the statement: 1, 2, …; endpoints go by it")
        ->required()
        ->type_name("N");
    command
        .add_option("--at", options.at,
                    "signing time in UTC, as 2026-03-02T08:00:00Z; no clock is asked")
        ->required()
        ->type_name("TIME");
    command
        .add_option("--previous", options.previous,
                    "statement that goes before: what it revokes stays revoked")
        ->type_name("FILE");
}

}  // namespace

void add_trust(CLI::App& keys, const Finish& finish) {
    const auto revocation = std::make_shared<Revoke>();
    CLI::App* command = keys.add_subcommand(
        "revoke",
        "Write a statement of the root's that revokes certificates: nothing that they\n"
        "ever signed is accepted any more. Goes to the CDN as trust/<number>.p7m and\n"
        "trust/latest.p7m.");
    add_statement_options(*command, revocation->statement);
    command
        ->add_option("--certificate", revocation->certificates,
                     "PEM file with the certificate; may be repeated")
        ->required()
        ->allow_extra_args(false)
        ->type_name("PEM");
    command->footer(
        "Example:\n"
        "  firebreak content keys revoke keys/ --certificate keys/DatasetA.1.old.pem \\\n"
        "      --number 1 --at 2026-03-02T08:00:00Z -o statement.p7m");
    command->callback([revocation, finish] { finish(exit_code_of(revoke(*revocation))); });

    const auto reset = std::make_shared<EpochReset>();
    command = keys.add_subcommand(
        "epoch-reset",
        "Write a statement of the root's that sets a feed's floor: endpoints take what is\n"
        "signed from then on, also those that have seen a signature of a later time. Or\n"
        "one that sets the number of heads, for endpoints that have seen a higher one.");
    add_statement_options(*command, reset->statement);
    CLI::Option* feed = command->add_option("--feed", reset->feed, "feed, as DatasetA");
    CLI::Option* to =
        command->add_option("--to", reset->to, "its new floor, as 2026-03-02T08:00:00Z");
    feed->needs(to)->type_name("FEED");
    to->needs(feed)->type_name("TIME");
    command
        ->add_option("--sequence", reset->sequence,
                     "number from which heads are good; old ones that have not expired are\n"
                     "good again, unless their keys are revoked")
        ->type_name("N");
    command->footer(
        "Example:\n"
        "  firebreak content keys epoch-reset keys/ --feed DatasetA --to 2026-03-02T08:00:00Z \\\n"
        "      --number 2 --previous statement.p7m --at 2026-03-02T08:00:00Z -o reset.p7m");
    command->callback([reset, finish] { finish(exit_code_of(reset_epoch(*reset))); });
}

}  // namespace firebreak::headless
