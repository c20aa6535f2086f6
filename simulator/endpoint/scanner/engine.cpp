#include "endpoint/scanner/engine.h"

#include <openssl/crypto.h>
#include <yara.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace firebreak::endpoint::scanner {
namespace {

using base::Code;

constexpr std::array kExternalVariables = {"filename", "filepath", "extension", "filetype",
                                           "owner"};

struct DestroyCompiler {
    void operator()(YR_COMPILER* compiler) const { yr_compiler_destroy(compiler); }
};
struct DestroyRules {
    void operator()(YR_RULES* rules) const { yr_rules_destroy(rules); }
};
struct DestroyScanner {
    void operator()(YR_SCANNER* scanner) const { yr_scanner_destroy(scanner); }
};

LoadReply refuse(Code code, std::string file, uint32_t line, std::string message) {
    message.resize(std::min(message.size(), kMaxMessageBytes));
    return {code, 0, std::move(file), line, std::move(message)};
}

ScanReply failed(Code code, std::string message) {
    ScanReply reply;
    reply.code = code;
    reply.message = std::move(message);
    return reply;
}

LoadReply out_of_memory() {
    return refuse(Code::kOutOfMemory, "", 0, "libyara has no memory for these rules");
}

// What libyara complains of while it compiles one file: the first error counts.
struct Complaints {
    std::string file;
    uint32_t line = 0;
    std::string message;
    bool include = false;
};

void note_complaint(int level, const char*, int line, const YR_RULE*, const char* message,
                    void* data) {
    Complaints& complaints = *static_cast<Complaints*>(data);
    if (level == YARA_ERROR_LEVEL_ERROR && complaints.message.empty()) {
        complaints.line = static_cast<uint32_t>(std::max(line, 0));
        complaints.message = message;
    }
}

// Every file that is wanted is in the request already.
const char* refuse_include(const char*, const char*, const char*, void* data) {
    static_cast<Complaints*>(data)->include = true;
    return nullptr;
}

void free_nothing(const char*, void*) {}

bool is_rule_file(std::string_view name) {
    return name.ends_with(".yar") || name.ends_with(".yara");
}

// What libyara would not say by itself.
std::optional<LoadReply> check(const LoadRequest& request) {
    if (request.files.empty()) {
        return refuse(Code::kPayloadSetWrong, "", 0, "no rule files");
    }
    for (const auto& [name, source] : request.files) {
        if (!is_rule_file(name)) {
            return refuse(Code::kPayloadSetWrong, name, 0,
                          "not a rule file: its name ends in neither .yar nor .yara");
        }
        // libyara takes source as a C string: what follows a NUL would be left out in silence.
        const auto nul = std::find(source.begin(), source.end(), uint8_t{0});
        if (nul != source.end()) {
            const auto lines = 1 + std::count(source.begin(), nul, uint8_t{'\n'});
            return refuse(Code::kRulesDoNotCompile, name, static_cast<uint32_t>(lines),
                          "a NUL byte: this is no rule source");
        }
    }
    return std::nullopt;
}

// "C:\Users\a\b.DOC" is file b.DOC with extension .DOC in folder C:\Users\a.
struct PathParts {
    std::string folder, name, extension;
};
PathParts parts_of(const std::string& path) {
    const size_t slash = path.find_last_of("\\/");
    PathParts parts;
    parts.folder = slash == std::string::npos ? "" : path.substr(0, slash);
    parts.name = slash == std::string::npos ? path : path.substr(slash + 1);
    const size_t dot = parts.name.rfind('.');
    parts.extension = dot == std::string::npos ? "" : parts.name.substr(dot);
    return parts;
}

int note_match(YR_SCAN_CONTEXT*, int message, void* message_data, void* user_data) {
    if (message != CALLBACK_MSG_RULE_MATCHING) {
        return CALLBACK_CONTINUE;
    }
    auto& rules = *static_cast<std::vector<std::string>*>(user_data);
    rules.emplace_back(static_cast<const YR_RULE*>(message_data)->identifier);
    return rules.size() < kMaxMatches ? CALLBACK_CONTINUE : CALLBACK_ABORT;
}

}  // namespace

struct Engine::State {
    bool loaded = false;  // or tried to
    std::unique_ptr<YR_RULES, DestroyRules> rules;
    std::unique_ptr<YR_SCANNER, DestroyScanner> scanner;
};

base::Result<std::unique_ptr<Engine>> Engine::create() {
    // libyara would have OpenSSL read the machine's configuration, and nothing that rules see may
    // depend on that.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    if (const int error = yr_initialize(); error != ERROR_SUCCESS) {
        return base::Error{"libyara cannot be initialized: error " + std::to_string(error), "", ""};
    }
    return std::unique_ptr<Engine>(new Engine(std::make_unique<State>()));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}

Engine::~Engine() {
    state_.reset();
    yr_finalize();
}

LoadReply Engine::load(const LoadRequest& request) {
    if (state_->loaded) {
        return refuse(Code::kPayloadSetWrong, "", 0, "this process has loaded rules before");
    }
    state_->loaded = true;
    if (const auto refusal = check(request)) {
        return *refusal;
    }
    YR_COMPILER* raw = nullptr;
    if (yr_compiler_create(&raw) != ERROR_SUCCESS) {
        return out_of_memory();
    }
    const std::unique_ptr<YR_COMPILER, DestroyCompiler> compiler(raw);
    Complaints complaints;
    yr_compiler_set_callback(raw, note_complaint, &complaints);
    yr_compiler_set_include_callback(raw, refuse_include, free_nothing, &complaints);
    for (const char* name : kExternalVariables) {
        if (yr_compiler_define_string_variable(raw, name, "") != ERROR_SUCCESS) {
            return out_of_memory();
        }
    }
    for (const auto& [name, source] : request.files) {
        const std::string text(base::text_of(source));
        if (yr_compiler_add_string(raw, text.c_str(), nullptr) == 0) {
            continue;
        }
        if (raw->last_error == ERROR_INSUFFICIENT_MEMORY) {
            return out_of_memory();
        }
        const Code code = complaints.include ? Code::kIncludeRefused : Code::kRulesDoNotCompile;
        return refuse(code, name, complaints.line, complaints.message);
    }
    YR_RULES* rules = nullptr;
    if (yr_compiler_get_rules(raw, &rules) != ERROR_SUCCESS) {
        return out_of_memory();
    }
    state_->rules.reset(rules);
    if (rules->num_rules == 0) {  // a scanner that finds nothing, and says that all is well
        return refuse(Code::kPayloadSetWrong, "", 0, "no rules in any of the files");
    }
    YR_SCANNER* scanner = nullptr;
    if (yr_scanner_create(rules, &scanner) != ERROR_SUCCESS) {
        return out_of_memory();
    }
    state_->scanner.reset(scanner);
    // NO_TRYCATCH: libyara would set signal handlers, which is forbidden, to survive what shall
    // kill this process.
    yr_scanner_set_flags(
        scanner, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
    LoadReply loaded;
    loaded.rules = rules->num_rules;
    return loaded;
}

ScanReply Engine::scan(const ScanRequest& request) {
    YR_SCANNER* scanner = state_->scanner.get();
    if (scanner == nullptr) {
        return failed(Code::kScanFailed, "no rules are loaded");
    }
    const PathParts parts = parts_of(request.name);
    ScanReply reply;
    int error = ERROR_SUCCESS;
    for (const auto& [name, value] : {std::pair{"filename", &parts.name},
                                      {"filepath", &parts.folder},
                                      {"extension", &parts.extension}}) {
        if (error == ERROR_SUCCESS) {
            error = yr_scanner_define_string_variable(scanner, name, value->c_str());
        }
    }
    if (error == ERROR_SUCCESS) {
        yr_scanner_set_callback(scanner, note_match, &reply.rules);
        error = yr_scanner_scan_mem(scanner, request.subject.data(), request.subject.size());
    }
    if (error == ERROR_INSUFFICIENT_MEMORY) {
        return failed(Code::kOutOfMemory, "libyara has no memory for this scan");
    }
    if (error != ERROR_SUCCESS) {
        return failed(Code::kScanFailed, "libyara error " + std::to_string(error));
    }
    return reply;
}

base::Bytes Engine::answer(base::ByteView request) {
    const base::Result<Request> parsed = parse_request(request);
    if (!parsed.ok()) {
        return {};
    }
    if (const auto* load_request = std::get_if<LoadRequest>(&*parsed)) {
        return encode(load(*load_request));
    }
    return encode(scan(std::get<ScanRequest>(*parsed)));
}

}  // namespace firebreak::endpoint::scanner
