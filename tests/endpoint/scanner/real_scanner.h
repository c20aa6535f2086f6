// A component's real process behind its port, and what else a service needs.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "content/package.h"
#include "endpoint/scanner/messages.h"
#include "ports/clock.h"
#include "ports/component_process.h"
#include "ports/installer.h"
#include "ports/store.h"
#include "ports/uptime.h"
#include "sandbox/weakenings/executable_mapping.h"
#include "sandbox/worker.h"
#include "support/memory_store.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::test {

inline sandbox::Policy scanner_policy() {
    return {.component = "scanner", .call_cpu_ms = 400};
}

// firebreak-worker processes, and how many were started.
class SandboxedScanners final : public ports::ComponentProcesses {
  public:
    explicit SandboxedScanners(sandbox::Policy policy = scanner_policy())
        : policy_(std::move(policy)) {}
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(
        bool loads_libraries = false) override {
        ++started;
        sandbox::Policy policy = policy_;
        if (loads_libraries) {
            sandbox::allow_executable_mapping(policy);
        }
        FB_TRY(sandbox::Worker worker, sandbox::Worker::start(spawner_, policy));
        return std::unique_ptr<ports::ComponentProcess>(new Process(std::move(worker)));
    }
    int started = 0;

  private:
    class Process final : public ports::ComponentProcess {
      public:
        explicit Process(sandbox::Worker worker) : worker_(std::move(worker)) {}
        base::Result<ports::CallResult> call(const base::Gathered& request,
                                             std::span<const base::ByteView> files) override {
            return worker_.call(request, files);
        }
        std::chrono::microseconds last_call_cpu() const override { return worker_.last_call_cpu(); }

      private:
        sandbox::Worker worker_;
    };
    sandbox::Policy policy_;
    sandbox::Spawner spawner_{worker_binary()};
};

class SetUptime final : public ports::Uptime {
  public:
    base::Duration up() override { return now; }
    base::Duration now{0};
};

class SetClock final : public ports::Clock {
  public:
    bool reached(base::UtcTime time) override { return now >= time; }
    base::UtcTime now{1'700'000'000};
};

// Content as the update client leaves it in the store before it calls the installer.
struct Stored {
    content::Manifest manifest;
    base::Digest digest;
};

inline Stored keep(MemoryStore& store, const content::Draft& draft) {
    for (const auto& [name, bytes] : draft.payloads) {
        store.blobs[base::sha384(bytes)] = bytes;
    }
    const base::Bytes json = content::canonical_json(draft.manifest);
    const base::Digest digest = base::sha384(json);
    store.entries[ports::package_key(draft.manifest.feed, digest.hex())] = base::text_of(json);
    return {draft.manifest, digest};
}

inline content::Draft draft_of(const std::string& version,
                               std::map<std::string, std::string> files) {
    content::Draft draft;
    draft.manifest.version = version;
    for (const auto& [name, text] : files) {
        const base::Bytes bytes = base::bytes_of(text);
        draft.manifest.payloads.push_back({name, bytes.size(), base::sha384(bytes)});
        draft.payloads[name] = bytes;
    }
    return draft;
}

inline base::Result<content::Draft> fixture(const std::string& folder) {
    const auto path = fixtures_dir() / "content" / folder;
    return content::build(content::Feed::kDatasetA, path.filename().string(), path);
}

// A request to scan one file.
inline base::Gathered scan_request(const std::string& name, base::ByteView bytes) {
    return endpoint::scanner::encode(
        endpoint::scanner::ScanRequest{{ports::file_subject(name, bytes)}});
}
inline base::Gathered load_request(const std::map<std::string, base::Bytes>& files) {
    endpoint::scanner::LoadRules request;
    for (const auto& [name, source] : files) {
        request.files.push_back({name, source});
    }
    return endpoint::scanner::encode(request);
}
inline std::vector<std::string> rules_of(const endpoint::scanner::SubjectReply& reply) {
    std::vector<std::string> rules;
    for (const auto& match : reply.matches) {
        rules.push_back(match.rule);
    }
    return rules;
}

inline std::string eicar() {
    // In two parts, so that this file is not taken for one.
    return std::string("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD") +
           "-ANTIVIRUS-TEST-FILE!$H+H*";
}

// The agreed triggers of defective content (fixtures/content/defective/DatasetA/*/README.md).
inline std::string bundle_of_one_letter() {
    return std::string(1'048'576, 'a');
}
inline std::string rotated_log() {
    return "FBK-ROTATE-MARK\n" + std::string(1'048'576, 'x');
}

}  // namespace firebreak::test
