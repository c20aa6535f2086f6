// What somebody who brings a scanner along says of it (README.md): how it is called, and what its
// answers mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace firebreak::endpoint::external {

// Arguments that stand for something, each a whole argument.
inline constexpr const char* kContentFolder = "{content}";  // the folder with the content's files
inline constexpr const char* kContentFiles = "{files}";     // each of these files, an argument each
inline constexpr const char* kSubject = "{subject}";        // the file to scan; in a check: empty

enum class Answer : uint8_t {
    kClean,     // loaded; scanned, and nothing found but what rule lines name
    kDetected,  // loaded; scanned, and something found
    kFailed,    // the content refused; the scan failed
};

struct Contract {
    std::vector<std::string> check, scan;  // arguments
    std::map<int, Answer> exit_codes;      // an exit status that is not here breaks the contract
    // RE2 expressions, looked for in each line of output. The first group of a rule line is the
    // rule's name, and that of an error line what went wrong.
    std::vector<std::string> rules, errors;
    std::vector<std::string> memory;    // says that there was not enough of it
    std::chrono::milliseconds wall{0};  // the deadline of a run, to judge one that passed it
};

}  // namespace firebreak::endpoint::external
