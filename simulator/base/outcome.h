// What came of handing content to a component: where it was caught, how, and the evidence. Charts
// group by category, reports show evidence, the fingerprint covers category and code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace firebreak::base {

// The stage that caught it. Append only.
enum class Stage : uint8_t {
    kNever = 0,  // nothing caught it: the content runs
    kVerify = 1,
    kInstall = 2,
    kLoad = 3,
    kRun = 4,
};

// Append only: numbers are stored in run files and covered by fingerprints.
enum class Category : uint8_t {
    kNothingNew = 0,      // the poll found nothing to do
    kInstalled = 1,       // new content verified, loaded and running
    kMissing = 2,         // the CDN says that it does not exist
    kBlocked = 3,         // the CDN cannot be reached
    kCorrupt = 4,         // bytes are not what was signed, or not well-formed
    kUntrusted = 5,       // well-formed, but nobody whom we trust signed it for this use
    kTooOld = 6,          // signed before the newest authenticated download
    kTooNew = 7,          // needs a newer product
    kRejected = 8,        // authentic, but the component refuses to load it
    kCrash = 9,           // the component died of a signal
    kCpuLimit = 10,       // killed at its CPU limit
    kMemoryLimit = 11,    // died at its memory limit
    kForbidden = 12,      // killed at a system call that its sandbox forbids
    kProtocol = 13,       // sent something that is no valid reply
    kHang = 14,           // killed at the wall deadline while it waited for what never comes
    kTooLarge = 15,       // more bytes than a cap allows
    kFalsePositive = 16,  // a harmless file was detected
    kSlowDown = 17,       // within its limits, but far slower than it should be
    kMissed = 18,         // what must be found was not
    kInfected = 19,       // a threat met an endpoint that did not find it
    kRecovered = 20,      // harm that was there is over
    kMeasured = 21,       // harm that was measured elsewhere and imported
    kStale = 22,          // what arrives is too old to be trusted as current
    kExhausted = 23,      // used up the machine's disk or memory
    kDamaged = 24,        // content that may change the machine changed it for the worse
};

// Append only. Hundreds by stage.
enum class Code : uint16_t {
    kNone = 0,
    kHeadMissing = 100,
    kPackageMissing = 101,
    kPayloadMissing = 102,
    kUnreachable = 103,
    kOverCap = 104,
    kHeadMalformed = 105,
    kEnvelopeMalformed = 106,
    kEnvelopeNotCanonical = 107,
    kSignatureWrong = 108,
    kManifestDigestWrong = 109,
    kManifestMalformed = 110,
    kNotWhatTheHeadNames = 111,
    kPayloadSizeWrong = 112,
    kPayloadDigestWrong = 113,
    kChainUntrusted = 120,
    kChainExpired = 121,
    kUsageWrong = 122,
    kFeedWrong = 123,
    kChainRevoked = 124,
    kTooFewSignatures = 125,
    kRoleWrong = 126,
    kSignedBeforeFloor = 130,
    kProductTooOld = 131,
    kSignedInTheFuture = 132,
    kHeadExpired = 133,
    kHeadReplaced = 134,
    kNoFreshHead = 135,
    kClockDisagrees = 136,
    kSetMismatch = 137,
    kGroupWrong = 138,
    kPlatformWrong = 139,
    kTooSlow = 140,
    kPastDeadline = 141,
    kInflatesTooFar = 142,
    kMachineFull = 143,
    kStillWaiting = 144,
    kTrustMalformed = 145,
    kStateUnreadable = 146,
    kNothingDecrypts = 147,
    kSetMalformed = 148,
    kInstallFailed = 200,
    kPayloadSetWrong = 300,
    kRulesDoNotCompile = 301,
    kIncludeRefused = 302,
    kOutOfMemory = 303,
    kTableMalformed = 304,
    kQuarantined = 305,
    kModelMalformed = 310,
    kModelOverreaches = 311,
    kModelAbi = 312,
    kModelSelfTest = 313,
    kRuleSelfTest = 314,
    kKilledBySignal = 400,
    kKilledAtCpuLimit = 401,
    kKilledAtMemoryLimit = 402,
    kKilledAtSystemCall = 403,
    kKilledAtWallDeadline = 404,
    kExited = 405,
    kReplyInvalid = 406,
    kScanFailed = 407,
    kRestarting = 408,
    kNothingRuns = 409,
    kModelScoreInvalid = 410,
    kFileHeld = 500,
    kSystemFileHeld = 501,
    kNetworkFileHeld = 502,
    kBootFileHeld = 503,
    kSlowScan = 504,
    kSampleNotFound = 505,
    kHeldUnscanned = 506,
    kProcessStopped = 507,
    kAttackNotRaised = 508,
    kCampaign = 510,
    kByItself = 520,  // kRecovered: how
    kByUpdate = 521,
    kByReboot = 522,
    kByRepairKit = 523,
    kByHand = 524,
    kImported = 530,
    kSystemFileDamaged = 540,
    kNetworkFileDamaged = 541,
    kBootFileDamaged = 542,
    kProductDamaged = 543,
    kDamageLeft = 544,
    kUpdaterDamaged = 545,
    kUserFileDamaged = 546,
};

std::string_view to_text(Stage stage);        // "verify"
std::string_view to_text(Category category);  // "corrupt"
std::string_view to_text(Code code);          // "payload digest is wrong"

// Names and values in the order in which a person wants to read them: ("signal", "SIGSYS"), …
// Values come from outside: printable() before showing.
using Evidence = std::vector<std::pair<std::string, std::string>>;

struct Outcome {
    Stage stage = Stage::kNever;
    Category category = Category::kNothingNew;
    Code code = Code::kNone;
    Evidence evidence;

    // Content arrived and was turned away before it could run.
    bool refused() const {
        const bool arrived = category != Category::kMissing && category != Category::kBlocked;
        return arrived && stage != Stage::kNever && stage != Stage::kRun;
    }
};

// "signal: SIGSYS; system call: openat".
std::string to_text(const Evidence& evidence);

}  // namespace firebreak::base
