// Applications that stand on a machine, and what scanning shall leave out because of them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::endpoint::applications {

// Append only: numbers are stored.
enum class ExclusionKind : uint8_t {
    kFolder = 0,  // with all below it
    kFile = 1,
    kProcess = 2,  // what a program does, by its path
};
std::string_view to_text(ExclusionKind kind);  // "folder"

struct Exclusion {
    ExclusionKind kind = ExclusionKind::kFolder;
    std::string path;
    friend auto operator<=>(const Exclusion&, const Exclusion&) = default;
};

// What there is on a machine if the application is there. Append only: numbers are stored.
enum class EvidenceKind : uint8_t {
    kProgram = 0,  // a key of Windows' Programs
    kService = 1,
    kFile = 2,
    kComponent = 3,  // an optional part of Windows that is enabled
};
std::string_view to_text(EvidenceKind kind);  // "program"

struct Evidence {
    EvidenceKind kind = EvidenceKind::kProgram;
    std::string name;  // full path of the key; name of the service; path; name of the component
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

// As a rule has found it.
struct Application {
    std::string id;    // "sql-server": of the rule
    std::string name;  // "SQL Server", for people
    std::string version;
    std::vector<Evidence> evidence;
    friend bool operator==(const Application&, const Application&) = default;
};

// What one rule says of one machine.
struct Claim {
    Application application;
    std::vector<Exclusion> exclusions;  // that it asks for
    friend bool operator==(const Claim&, const Claim&) = default;
};

}  // namespace firebreak::endpoint::applications
