#include "endpoint/scanner/engine.h"

#include <openssl/x509.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "endpoint/executables/authenticode.h"
#include "endpoint/executables/find_executables.h"
#include "endpoint/models/model_host.h"
#include "endpoint/reputation/reputation_table.h"
#include "endpoint/scanner/archive.h"
#include "endpoint/scanner/rules.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::ByteView;
using base::Code;

// Of executables in one subject, against its size: they may lie in one another.
constexpr uint64_t kHashedPerByte = 4;

LoadReply refuse(Code code, std::string file, std::string message) {
    message.resize(std::min(message.size(), kMaxMessageBytes));
    return {code, 0, std::move(file), 0, std::move(message)};
}

LoadReply loaded(size_t count) {
    LoadReply reply;
    reply.loaded = static_cast<uint32_t>(count);
    return reply;
}

std::string inside(const std::string& where, const std::string& member) {
    std::string path = where.empty() ? member : where + "/" + member;
    path.resize(std::min(path.size(), kMaxWhereBytes));
    return path;
}

std::string at_byte(const std::string& where, uint64_t offset) {
    return offset == 0 ? where : where + "@" + base::with_thousands(static_cast<int64_t>(offset));
}

content::Certificate certificate_of(ByteView der) {
    const uint8_t* at = der.data();
    content::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())),
                                     [](X509* raw) { X509_free(raw); });
    return certificate != nullptr && at == der.data() + der.size() ? certificate : nullptr;
}

}  // namespace

struct Engine::State {
    std::unique_ptr<Rules> rules;
    std::shared_ptr<const void> table_owner;
    std::optional<reputation::ReputationTable> table;
    std::vector<content::Certificate> publishers;
    base::UtcTime judged_at;
    models::ModelHost models{kTelemetryInterval};
    std::unique_ptr<WorkingFolders> folders;  // null: none
    bool begun = false;

    void log(const std::string& line) {
        if (folders != nullptr) {
            folders->log(line + "\n");
        }
    }
};

namespace {

// What is known of programs.
struct Knowledge {
    const std::optional<reputation::ReputationTable>& table;
    std::span<const content::Certificate> publishers;
    base::UtcTime judged_at;
    bool models;  // want features

    bool any() const { return table.has_value() || !publishers.empty() || models; }
};

// One scan of one subject.
class Scan {
  public:
    Scan(Rules& rules, const Knowledge& known, WorkingFolders* folders)
        : rules_(rules), known_(known), folders_(folders) {}

    SubjectReply run(const Subject& subject) {
        uint64_t bytes = 0;
        for (const Region& region : subject.regions) {
            bytes += region.bytes.size();
        }
        to_hash_ = kHashedPerByte * bytes;
        rules_.scan(subject.name, subject.regions, "", reply_);
        if (subject.kind != SubjectKind::kMemory && subject.regions.size() == 1) {
            ArchiveBudget budget({}, bytes);
            look_into(subject.regions[0].bytes, "", 0, budget);
        }
        return std::move(reply_);
    }

  private:
    void look_into(ByteView bytes, const std::string& where, unsigned depth,
                   ArchiveBudget& budget) {
        if (known_.any()) {
            find_programs(bytes, where);
        }
        if (!may_be_archive(bytes)) {
            return;
        }
        if (depth == budget.limits().depth) {
            note_gap(GapReason::kTooDeep, where);
            return;
        }
        take_apart(bytes, budget,
                   {[&](const std::string& name, ByteView contents) {
                        const std::string path = inside(where, name);
                        to_hash_ += kHashedPerByte * contents.size();
                        const Region region{0, contents};
                        scan_member(name, region, path);
                        look_into(contents, path, depth + 1, budget);
                    },
                    [&](GapReason reason, const std::string& name) {
                        note_gap(reason, name.empty() ? where : inside(where, name));
                    }},
                   folders_);
    }

    // A member that fails is a gap and no reason to forget what was found.
    void scan_member(const std::string& name, const Region& region, const std::string& path) {
        const Code before = reply_.code;
        rules_.scan(name, {&region, 1}, path, reply_);
        if (before == Code::kNone && reply_.code != Code::kNone) {
            reply_.code = Code::kNone;
            reply_.message.clear();
            note_gap(GapReason::kFailed, path);
        }
    }

    void note_gap(GapReason reason, const std::string& where) {
        if (reply_.gaps.size() < kMaxGaps) {
            reply_.gaps.push_back({reason, where});
        }
    }

    void find_programs(ByteView bytes, const std::string& where) {
        const executables::SearchResult result = executables::find_executables(bytes);
        if (!result.complete) {
            note_gap(GapReason::kTooMany, where);
        }
        for (const executables::FoundExecutable& one : result.found) {
            // What begins where the file does is the whole of it, appended bytes and all.
            const ByteView program =
                one.offset == 0 ? bytes : bytes.subspan(one.offset, one.length);
            if (reply_.programs.size() == kMaxPrograms || program.size() > to_hash_) {
                note_gap(GapReason::kTooMany, where);
                return;
            }
            to_hash_ -= program.size();
            add_program(program, at_byte(where, one.offset));
        }
        if (known_.table && (result.found.empty() || result.found.front().offset != 0)) {
            look_up(bytes, where);
        }
    }

    // What is no program can be known all the same, by its hash.
    void look_up(ByteView bytes, const std::string& where) {
        Program known;
        known.where = where;
        known.sha256 = base::sha256(bytes);
        known.by_hash = known_.table->files().look_up(known.sha256);
        if (known.by_hash && reply_.programs.size() < kMaxPrograms) {
            reply_.programs.push_back(std::move(known));
        }
    }

    void add_program(ByteView bytes, std::string where) {
        Program program;
        program.where = std::move(where);
        program.sha256 = base::sha256(bytes);
        if (!known_.publishers.empty()) {
            const auto verdict =
                executables::verify_authenticode(bytes, known_.publishers, known_.judged_at);
            if (const auto* signer = std::get_if<executables::SignedBy>(&verdict)) {
                program.signer = signer->certificate;
                program.signer_name = signer->common_name;
                program.signer_name.resize(std::min(program.signer_name.size(), kMaxSignerBytes));
            }
        }
        if (known_.models) {
            const models::FeatureVector features = models::features_of(bytes);
            program.features.assign(features.begin(), features.end());
        }
        if (known_.table) {
            program.by_hash = known_.table->files().look_up(program.sha256);
            program.by_signer =
                program.signer ? known_.table->signers().look_up(*program.signer) : std::nullopt;
        }
        reply_.programs.push_back(std::move(program));
    }

    Rules& rules_;
    Knowledge known_;
    WorkingFolders* folders_;
    uint64_t to_hash_ = 0;
    SubjectReply reply_;
};

}  // namespace

base::Result<std::unique_ptr<Engine>> Engine::create() {
    base::keep_configuration_out();
    base::sha256({});  // has OpenSSL find its algorithms now
    prepare_archives();
    auto state = std::make_unique<State>();
    FB_TRY(state->rules, Rules::create());
    return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

LoadReply Engine::load(const LoadRules& request) {
    return state_->rules->load(request);
}

LoadReply Engine::load(const LoadTable& request, std::shared_ptr<const void> owner) {
    if (state_->table) {
        return refuse(Code::kPayloadSetWrong, request.name, "this process has a table already");
    }
    const auto table = reputation::ReputationTable::open(request.table);
    if (!table.ok()) {
        const base::Error& error = table.error();
        return refuse(Code::kTableMalformed, request.name,
                      error.place.empty() ? error.message : error.place + ": " + error.message);
    }
    state_->table = *table;
    state_->table_owner = std::move(owner);
    return loaded(table->files().size() + table->signers().size());
}

LoadReply Engine::load(const LoadModel& request) {
    const auto refusal =
        state_->models.load(request.name, "/models/" + request.name, request.library);
    return refusal ? refuse(refusal->code, request.name, base::to_text(refusal->evidence))
                   : loaded(1);
}

LoadReply Engine::trust(const TrustPublishers& request) {
    if (!state_->publishers.empty()) {
        return refuse(Code::kPayloadSetWrong, "", "this process knows its publishers already");
    }
    for (const ByteView der : request.roots) {
        content::Certificate certificate = certificate_of(der);
        if (certificate == nullptr) {
            state_->publishers.clear();
            return refuse(Code::kPayloadSetWrong, "", "a publisher's root is no certificate");
        }
        state_->publishers.push_back(std::move(certificate));
    }
    state_->judged_at = request.at;
    return loaded(request.roots.size());
}

SubjectReply Engine::scan(const Subject& subject) {
    if (!state_->rules->loaded()) {
        SubjectReply reply;
        reply.code = Code::kScanFailed;
        reply.message = "no rules are loaded";
        return reply;
    }
    return Scan(*state_->rules,
                {state_->table, state_->publishers, state_->judged_at, !state_->models.empty()},
                state_->folders.get())
        .run(subject);
}

ScoreReply Engine::score(const ScoreRequest& request) const {
    ScoreReply reply;
    models::FeatureVector features{};
    if (request.features.size() != features.size()) {
        return reply;
    }
    std::copy(request.features.begin(), request.features.end(), features.begin());
    for (const models::SlotScore& one : state_->models.score(features, request.number)) {
        Score& score = reply.scores.emplace_back();
        score.model = one.payload.model;
        score.version = one.version;
        score.telemetry = one.payload.slot == models::Slot::kTelemetry;
        score.score = one.score;
        score.threshold = one.threshold;
        score.malicious = one.detected;
        if (one.refusal) {
            score.refusal = base::to_text(one.refusal->evidence);
            score.refusal.resize(std::min(score.refusal.size(), kMaxMessageBytes));
        }
    }
    return reply;
}

void Engine::use(std::unique_ptr<WorkingFolders> folders) {
    state_->folders = std::move(folders);
}

// With the first request: the process is locked down by then.
void Engine::begin() {
    if (state_->begun || state_->folders == nullptr) {
        return;
    }
    state_->begun = true;
    state_->log("started; left-over objects removed: " +
                std::to_string(state_->folders->tidy_up()));
}

base::Bytes Engine::answer(ByteView bytes, const std::shared_ptr<const void>& owner) {
    const base::Result<Request> request = parse_request(bytes);
    if (!request.ok()) {
        return {};
    }
    begin();
    return answer_request(*request, owner);
}

base::Bytes Engine::answer_request(const Request& request,
                                   const std::shared_ptr<const void>& owner) {
    const auto told = [this](const char* what, const LoadReply& reply) {
        state_->log(reply.code == Code::kNone
                        ? std::string("loaded ") + what + ": " + std::to_string(reply.loaded)
                        : std::string("refused ") + what + ": " + base::printable(reply.message));
        return encode(reply);
    };
    if (const auto* rules = std::get_if<LoadRules>(&request)) {
        return told("rules", load(*rules));
    }
    if (const auto* table = std::get_if<LoadTable>(&request)) {
        return told("reputations", load(*table, owner));
    }
    if (const auto* model = std::get_if<LoadModel>(&request)) {
        return told("models", load(*model));
    }
    if (const auto* publishers = std::get_if<TrustPublishers>(&request)) {
        return told("publishers", trust(*publishers));
    }
    if (const auto* features = std::get_if<ScoreRequest>(&request)) {
        return encode(score(*features));
    }
    ScanReply reply;
    for (const Subject& subject : std::get<ScanRequest>(request).subjects) {
        reply.subjects.push_back(scan(subject));
        for (const Gap& gap : reply.subjects.back().gaps) {
            state_->log(std::string(to_text(gap.reason)) + ": " +
                        base::printable(subject.name + " " + gap.where));
        }
    }
    return encode(reply);
}

}  // namespace firebreak::endpoint::scanner
