#include "endpoint/scanner/rules.h"

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

void fail(SubjectReply& reply, Code code, std::string message) {
    reply.code = code;
    reply.message = std::move(message);
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
std::optional<LoadReply> check(const LoadRules& request) {
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

// Where matches go.
struct Matches {
    const std::string& where;
    std::vector<Match>& found;
};

int note_match(YR_SCAN_CONTEXT*, int message, void* message_data, void* user_data) {
    if (message != CALLBACK_MSG_RULE_MATCHING) {
        return CALLBACK_CONTINUE;
    }
    const Matches& matches = *static_cast<const Matches*>(user_data);
    matches.found.push_back({static_cast<const YR_RULE*>(message_data)->identifier, matches.where});
    return matches.found.size() < kMaxMatches ? CALLBACK_CONTINUE : CALLBACK_ABORT;
}

// The regions of a process's memory as libyara walks them.
class Blocks {
  public:
    explicit Blocks(std::span<const Region> regions) : regions_(regions) {
        iterator_.context = this;
        iterator_.first = first;
        iterator_.next = next;
        iterator_.last_error = ERROR_SUCCESS;
        block_.context = this;
        block_.fetch_data = fetch;
    }
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;
    YR_MEMORY_BLOCK_ITERATOR* iterator() { return &iterator_; }

  private:
    static YR_MEMORY_BLOCK* first(YR_MEMORY_BLOCK_ITERATOR* iterator) {
        Blocks& blocks = *static_cast<Blocks*>(iterator->context);
        blocks.at_ = 0;
        return blocks.current();
    }
    static YR_MEMORY_BLOCK* next(YR_MEMORY_BLOCK_ITERATOR* iterator) {
        Blocks& blocks = *static_cast<Blocks*>(iterator->context);
        ++blocks.at_;
        return blocks.current();
    }
    static const uint8_t* fetch(YR_MEMORY_BLOCK* block) {
        const Blocks& blocks = *static_cast<const Blocks*>(block->context);
        return blocks.regions_[blocks.at_].bytes.data();
    }
    YR_MEMORY_BLOCK* current() {
        if (at_ >= regions_.size()) {
            return nullptr;
        }
        block_.base = regions_[at_].address;
        block_.size = regions_[at_].bytes.size();
        return &block_;
    }

    std::span<const Region> regions_;
    size_t at_ = 0;
    YR_MEMORY_BLOCK block_{};
    YR_MEMORY_BLOCK_ITERATOR iterator_{};
};

int run(YR_SCANNER* scanner, std::span<const Region> regions) {
    if (regions.size() == 1 && regions[0].address == 0) {
        return yr_scanner_scan_mem(scanner, regions[0].bytes.data(), regions[0].bytes.size());
    }
    Blocks blocks(regions);
    return yr_scanner_scan_mem_blocks(scanner, blocks.iterator());
}

}  // namespace

struct Rules::State {
    bool tried = false;  // to load
    std::unique_ptr<YR_RULES, DestroyRules> rules;
    std::unique_ptr<YR_SCANNER, DestroyScanner> scanner;
};

base::Result<std::unique_ptr<Rules>> Rules::create() {
    if (const int error = yr_initialize(); error != ERROR_SUCCESS) {
        return base::Error{"libyara cannot be initialized: error " + std::to_string(error), "", ""};
    }
    return std::unique_ptr<Rules>(new Rules(std::make_unique<State>()));
}

Rules::Rules(std::unique_ptr<State> state) : state_(std::move(state)) {}

Rules::~Rules() {
    state_.reset();
    yr_finalize();
}

bool Rules::loaded() const {
    return state_->scanner != nullptr;
}

LoadReply Rules::load(const LoadRules& request) {
    if (state_->tried) {
        return refuse(Code::kPayloadSetWrong, "", 0, "this process has loaded rules before");
    }
    state_->tried = true;
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
    loaded.loaded = rules->num_rules;
    return loaded;
}

void Rules::scan(const std::string& name, std::span<const Region> regions, const std::string& where,
                 SubjectReply& reply) {
    YR_SCANNER* scanner = state_->scanner.get();
    if (scanner == nullptr || reply.matches.size() >= kMaxMatches) {
        return;
    }
    const PathParts parts = parts_of(name);
    int error = ERROR_SUCCESS;
    for (const auto& [variable, value] : {std::pair{"filename", &parts.name},
                                          {"filepath", &parts.folder},
                                          {"extension", &parts.extension}}) {
        if (error == ERROR_SUCCESS) {
            error = yr_scanner_define_string_variable(scanner, variable, value->c_str());
        }
    }
    Matches matches{where, reply.matches};
    if (error == ERROR_SUCCESS) {
        yr_scanner_set_callback(scanner, note_match, &matches);
        error = run(scanner, regions);
    }
    if (error == ERROR_INSUFFICIENT_MEMORY) {
        fail(reply, Code::kOutOfMemory, "libyara has no memory for this scan");
    } else if (error != ERROR_SUCCESS) {
        fail(reply, Code::kScanFailed, "libyara error " + std::to_string(error));
    }
}

}  // namespace firebreak::endpoint::scanner
