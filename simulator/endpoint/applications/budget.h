// What application detection may exclude on a machine, whoever asks for it.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "endpoint/applications/application.h"
#include "host/machine.h"

namespace firebreak::endpoint::applications {

// An exclusion is a hole in the protection, and rules are content: their author, or the process in
// which they run, may have gone bad. So nothing that a rule says is believed: the application must
// be there by what the machine itself shows, and each exclusion is judged by these rules.
//
//  - It is an absolute path, without wildcards and short names: those cover what nobody has seen.
//  - Never a drive, nothing in Windows' own folder, and nothing that holds all programs or all of
//    their data. Nothing in users' profiles: a user, and all that runs in the user's name, writes
//    there without asking anybody.
//  - At or below a folder that the application is installed in, as its Programs key or its service
//    says: nobody but an administrator writes those. A key of a user's own shows that something is
//    there, and not where: any program can write it.
//  - Or elsewhere (a database's files on another drive): then it exists, there are at most
//    kElsewhere, and they cover a small share of the machine's other files.
//
// The figures are assumed: room for what the makers of database and mail servers ask for, and a
// machine stays one of which nine tenths are seen. kFewFiles and kFewFilesOfFeed are for machines
// with hardly any files, as personas are.
inline constexpr size_t kExclusionsOfApplication = 8;
inline constexpr size_t kExclusionsOfFeed = 64;
inline constexpr size_t kElsewhere = 3;  // of one application's, not in its own folders
inline constexpr size_t kPercentOfApplication = 5;
inline constexpr size_t kPercentOfFeed = 10;
inline constexpr size_t kFewFiles = 3;
inline constexpr size_t kFewFilesOfFeed = 6;

// Why an exclusion is refused.
enum class Refusal : uint8_t {
    kNoPath = 0,
    kWildcard = 1,
    kShortName = 2,
    kDrive = 3,
    kWindows = 4,
    kShared = 5,
    kProfile = 6,
    kNotThere = 7,
    kShare = 8,
    kTooManyElsewhere = 9,
    kTooManyOfApplication = 10,
    kTooManyOfFeed = 11,
};
std::string_view to_text(Refusal refusal);  // "a whole drive"

// What is granted of a claim.
struct Judgement {
    bool there = false;  // else nothing is granted, and nothing refused
    std::vector<Exclusion> granted;
    std::vector<std::pair<Exclusion, Refusal>> refused;
};

// One judgement for each claim. Those of one feed share its budget: the first exclusion of each is
// granted before the second of any, so that who asks for many takes nothing from who asks for few.
std::vector<Judgement> judge(const host::Machine& machine, std::span<const Claim> claims);

}  // namespace firebreak::endpoint::applications
