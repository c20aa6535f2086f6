// The file scanner's sandboxed process: what it has loaded, and scans with all of it.
#pragma once

#include <memory>

#include "endpoint/scanner/messages.h"
#include "endpoint/scanner/working_folders.h"

namespace firebreak::endpoint::scanner {

// Telemetry models score one program in so many.
inline constexpr uint64_t kTelemetryInterval = 4;

// Not thread-safe; one per process. Made before the process is locked down, without content.
//
// A scan looks at the subject itself and at what is in it: members of archives, nested ones too,
// and executables, found by parsing. Executables are looked for only where something is known of
// them (a table, publishers or a model is loaded), and not in memory of processes, where they do
// not lie as in files.
class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> create();
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Where it may keep what is too large for its memory, and its log. What is left over there is
    // removed with the first request. Without them large members stay in memory.
    void use(std::unique_ptr<WorkingFolders> folders);

    LoadReply load(const LoadRules& request);
    // A table that ReputationTable::open() finds sound, once (kTableMalformed, kPayloadSetWrong).
    // `owner`: what keeps the table's bytes, which are not copied.
    LoadReply load(const LoadTable& request, std::shared_ptr<const void> owner);
    // What models::ModelHost takes; the library is found at "/models/<name>".
    LoadReply load(const LoadModel& request);
    // Certificates (DER), once.
    LoadReply trust(const TrustPublishers& request);
    SubjectReply scan(const Subject& subject);
    ScoreReply score(const ScoreRequest& request) const;

    // The encoded reply to an encoded request; empty, which is no reply at all, to anything else.
    // `owner` keeps the request's bytes.
    base::Bytes answer(base::ByteView request, const std::shared_ptr<const void>& owner);

  private:
    base::Bytes answer_request(const Request& request, const std::shared_ptr<const void>& owner);
    void begin();

    struct State;
    explicit Engine(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::scanner
