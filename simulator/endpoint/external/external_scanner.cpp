#include "endpoint/external/external_scanner.h"

#include <algorithm>

namespace firebreak::endpoint::external {

namespace {

constexpr char kFolder[] = "/content";
constexpr size_t kMaxSubjectName = 100;

// "C:\Users\a\b c.doc" → "/subject/b c.doc". The name is whatever somebody gave a file.
std::string place_of(std::string_view path) {
    const size_t slash = path.find_last_of("\\/");
    std::string name(path.substr(slash == path.npos ? 0 : slash + 1));
    name.erase(0, name.size() - std::min(name.size(), kMaxSubjectName));
    for (char& c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ' ';
        c = plain ? c : '_';
    }
    const bool no_name = name.empty() || name == "." || name == "..";
    return "/subject/" + (no_name ? "file" : name);
}

class ExternalProcess final : public ports::ComponentProcess {
  public:
    ExternalProcess(const ports::Program& program, const Reading& reading)
        : program_(program), reading_(reading) {}

    base::Result<ports::CallResult> call(const base::Gathered& message,
                                         std::span<const base::ByteView>) override {
        const base::Bytes bytes = message.joined();
        FB_TRY(scanner::Request request, scanner::parse_request(bytes));
        if (const auto* load = std::get_if<scanner::LoadRules>(&request)) {
            keep(*load);
            return check();
        }
        if (const auto* subjects = std::get_if<scanner::ScanRequest>(&request)) {
            return scan(*subjects);
        }
        // It knows rules and nothing else: publishers say nothing to it, and other feeds' content
        // is not for it.
        scanner::LoadReply reply;
        if (!std::holds_alternative<scanner::TrustPublishers>(request)) {
            reply.code = base::Code::kPayloadSetWrong;
            reply.message = "a program under test takes DatasetA alone";
        }
        return ports::CallResult(scanner::encode(reply));
    }

    std::chrono::microseconds last_call_cpu() const override { return last_cpu_; }

  private:
    base::Result<ports::CallResult> check() {
        FB_TRY(const base::ProgramEnd end,
               run(reading_.contract().check, "/subject/nothing", base::ByteView()));
        check_cpu_ = last_cpu_ = end.cpu;
        FB_TRY(auto answer, reading_.of_check(end));
        if (auto* died = std::get_if<base::Outcome>(&answer)) {
            return ports::CallResult(std::move(*died));
        }
        return ports::CallResult(scanner::encode(std::get<scanner::LoadReply>(answer)));
    }

    void keep(const scanner::LoadRules& rules) {
        for (const scanner::LoadRules::File& file : rules.files) {
            content_.emplace_back(std::string(kFolder) + "/" + file.name,
                                  base::Bytes(file.source.begin(), file.source.end()));
        }
    }

    base::Result<ports::CallResult> scan(const scanner::ScanRequest& request) {
        scanner::ScanReply reply;
        last_cpu_ = {};
        for (const scanner::Subject& subject : request.subjects) {
            FB_TRY(auto answer, scan(subject));
            if (auto* died = std::get_if<base::Outcome>(&answer)) {
                return ports::CallResult(std::move(*died));
            }
            reply.subjects.push_back(std::get<scanner::SubjectReply>(std::move(answer)));
        }
        return ports::CallResult(scanner::encode(reply));
    }

    // Every scan loads the content first. What it took beyond that is the subject's share. Memory
    // of a process comes as one file, its regions one after another.
    base::Result<std::variant<scanner::SubjectReply, base::Outcome>> scan(
        const scanner::Subject& subject) {
        base::Bytes bytes;
        for (const scanner::Region& region : subject.regions) {
            bytes.insert(bytes.end(), region.bytes.begin(), region.bytes.end());
        }
        FB_TRY(const base::ProgramEnd end,
               run(reading_.contract().scan, place_of(subject.name), bytes));
        last_cpu_ += std::max(end.cpu - check_cpu_, std::chrono::microseconds(0));
        return reading_.of_scan(end);
    }

    base::Result<base::ProgramEnd> run(const std::vector<std::string>& arguments,
                                       const std::string& subject, base::ByteView bytes) {
        std::vector<base::InputFile> files = {{subject, bytes}};
        for (const auto& [path, source] : content_) {
            files.push_back({path, source});
        }
        std::vector<std::string> filled;
        for (const std::string& argument : arguments) {
            if (argument == kContentFiles) {
                for (size_t i = 1; i < files.size(); ++i) {
                    filled.push_back(files[i].path);
                }
            } else {
                filled.push_back(argument == kContentFolder ? kFolder
                                 : argument == kSubject     ? subject
                                                            : argument);
            }
        }
        return program_.run(filled, files);
    }

    const ports::Program& program_;
    const Reading& reading_;
    std::vector<std::pair<std::string, base::Bytes>> content_;
    std::chrono::microseconds check_cpu_{0}, last_cpu_{0};
};

}  // namespace

base::Result<std::unique_ptr<ExternalScanner>> ExternalScanner::create(
    const ports::Program& program, Contract contract) {
    FB_TRY(Reading reading, Reading::create(std::move(contract)));
    return std::unique_ptr<ExternalScanner>(new ExternalScanner(program, std::move(reading)));
}

base::Result<std::unique_ptr<ports::ComponentProcess>> ExternalScanner::start(bool) {
    return std::unique_ptr<ports::ComponentProcess>(
        std::make_unique<ExternalProcess>(program_, reading_));
}

}  // namespace firebreak::endpoint::external
