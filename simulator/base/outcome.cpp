#include "base/outcome.h"

namespace firebreak::base {

std::string_view to_text(Stage stage) {
    switch (stage) {
        case Stage::kNever:
            return "never";
        case Stage::kVerify:
            return "verify";
        case Stage::kInstall:
            return "install";
        case Stage::kLoad:
            return "load";
        case Stage::kRun:
            return "run";
    }
    return "unknown";
}

std::string_view to_text(Category category) {
    switch (category) {
        case Category::kNothingNew:
            return "nothing new";
        case Category::kInstalled:
            return "installed";
        case Category::kMissing:
            return "missing";
        case Category::kBlocked:
            return "blocked";
        case Category::kCorrupt:
            return "corrupt";
        case Category::kUntrusted:
            return "untrusted";
        case Category::kTooOld:
            return "too old";
        case Category::kTooNew:
            return "too new";
        case Category::kRejected:
            return "rejected";
        case Category::kCrash:
            return "crash";
        case Category::kCpuLimit:
            return "CPU limit";
        case Category::kMemoryLimit:
            return "memory limit";
        case Category::kForbidden:
            return "forbidden call";
        case Category::kProtocol:
            return "protocol";
        case Category::kHang:
            return "hang";
        case Category::kTooLarge:
            return "too large";
        case Category::kFalsePositive:
            return "false positive";
        case Category::kSlowDown:
            return "slow-down";
        case Category::kMissed:
            return "missed";
        case Category::kInfected:
            return "infected";
        case Category::kRecovered:
            return "recovered";
        case Category::kMeasured:
            return "measured elsewhere";
        case Category::kStale:
            return "stale";
        case Category::kExhausted:
            return "exhausted";
        case Category::kDamaged:
            return "damaged";
    }
    return "unknown";
}

std::string_view to_text(Code code) {
    switch (code) {
        case Code::kNone:
            return "";
        case Code::kHeadMissing:
            return "head is missing";
        case Code::kPackageMissing:
            return "package is missing";
        case Code::kPayloadMissing:
            return "payload is missing";
        case Code::kUnreachable:
            return "CDN cannot be reached";
        case Code::kOverCap:
            return "more bytes than allowed";
        case Code::kHeadMalformed:
            return "head is malformed";
        case Code::kEnvelopeMalformed:
            return "envelope is malformed";
        case Code::kEnvelopeNotCanonical:
            return "envelope is not in canonical encoding";
        case Code::kSignatureWrong:
            return "signature is wrong";
        case Code::kManifestDigestWrong:
            return "manifest is not the one that was signed";
        case Code::kManifestMalformed:
            return "manifest is malformed";
        case Code::kNotWhatTheHeadNames:
            return "package is not the one that the head names";
        case Code::kPayloadSizeWrong:
            return "payload size is wrong";
        case Code::kPayloadDigestWrong:
            return "payload digest is wrong";
        case Code::kChainUntrusted:
            return "certificate chain is untrusted";
        case Code::kChainExpired:
            return "a certificate was not valid at signing time";
        case Code::kUsageWrong:
            return "signer may not sign content";
        case Code::kFeedWrong:
            return "signer may not sign this feed";
        case Code::kChainRevoked:
            return "a certificate is revoked";
        case Code::kTooFewSignatures:
            return "too few signatures";
        case Code::kRoleWrong:
            return "signer may not sign this kind of document";
        case Code::kSignedBeforeFloor:
            return "signed before the newest authenticated download";
        case Code::kProductTooOld:
            return "product is too old for it";
        case Code::kSignedInTheFuture:
            return "signed in the future of the endpoint's clock";
        case Code::kHeadExpired:
            return "head has expired";
        case Code::kHeadReplaced:
            return "head is older than one seen before";
        case Code::kNoFreshHead:
            return "no fresh head for too long";
        case Code::kClockDisagrees:
            return "endpoint's clock disagrees with signed times";
        case Code::kSetMismatch:
            return "package is not the one that the set names";
        case Code::kGroupWrong:
            return "not meant for this release group";
        case Code::kPlatformWrong:
            return "not meant for this platform";
        case Code::kTooSlow:
            return "download is too slow";
        case Code::kPastDeadline:
            return "download took longer than its deadline";
        case Code::kInflatesTooFar:
            return "unpacks to more bytes than allowed";
        case Code::kMachineFull:
            return "no room left on the machine";
        case Code::kStillWaiting:
            return "download is still waiting";
        case Code::kTrustMalformed:
            return "trust statement is malformed";
        case Code::kStateUnreadable:
            return "update client's state cannot be read";
        case Code::kNothingDecrypts:
            return "payload does not decrypt with the feed's key";
        case Code::kSetMalformed:
            return "set manifest is malformed";
        case Code::kInstallFailed:
            return "installer failed";
        case Code::kPayloadSetWrong:
            return "payload files are not what the component expects";
        case Code::kRulesDoNotCompile:
            return "rules do not compile";
        case Code::kIncludeRefused:
            return "includes are refused";
        case Code::kOutOfMemory:
            return "out of memory";
        case Code::kTableMalformed:
            return "reputation table is malformed";
        case Code::kQuarantined:
            return "content is in quarantine: it has killed its component";
        case Code::kModelMalformed:
            return "model is malformed";
        case Code::kModelOverreaches:
            return "model asks for what models may not have";
        case Code::kModelAbi:
            return "model's interface is not the one that is known";
        case Code::kModelSelfTest:
            return "model's self-test failed";
        case Code::kRuleSelfTest:
            return "a rule fails its trial";
        case Code::kKilledBySignal:
            return "killed by a signal";
        case Code::kKilledAtCpuLimit:
            return "killed at its CPU limit";
        case Code::kKilledAtMemoryLimit:
            return "killed at its memory limit";
        case Code::kKilledAtSystemCall:
            return "killed at a forbidden system call";
        case Code::kKilledAtWallDeadline:
            return "killed at the wall deadline";
        case Code::kExited:
            return "exited";
        case Code::kReplyInvalid:
            return "reply is invalid";
        case Code::kScanFailed:
            return "scan failed";
        case Code::kRestarting:
            return "component is about to be restarted";
        case Code::kNothingRuns:
            return "component has no content to run";
        case Code::kModelScoreInvalid:
            return "model's score is invalid";
        case Code::kFileHeld:
            return "a harmless file is held";
        case Code::kSystemFileHeld:
            return "a file of Windows is held";
        case Code::kNetworkFileHeld:
            return "a file that the network needs is held";
        case Code::kBootFileHeld:
            return "a file that starts Windows is held";
        case Code::kSlowScan:
            return "scans take too long";
        case Code::kSampleNotFound:
            return "a sample that must be found is not";
        case Code::kHeldUnscanned:
            return "a file is held because nothing can scan it";
        case Code::kProcessStopped:
            return "a harmless process is stopped";
        case Code::kAttackNotRaised:
            return "an attack that must be raised is not";
        case Code::kCampaign:
            return "met by a campaign";
        case Code::kByItself:
            return "by itself";
        case Code::kByUpdate:
            return "by the next update";
        case Code::kByReboot:
            return "by a reboot";
        case Code::kByRepairKit:
            return "by the repair kit";
        case Code::kByHand:
            return "by hand";
        case Code::kImported:
            return "imported";
        case Code::kSystemFileDamaged:
            return "a part of Windows is damaged";
        case Code::kNetworkFileDamaged:
            return "a file that the network needs is damaged";
        case Code::kBootFileDamaged:
            return "a file that starts Windows is damaged";
        case Code::kProductDamaged:
            return "the product itself is damaged";
        case Code::kDamageLeft:
            return "damage is not mended";
        case Code::kUpdaterDamaged:
            return "the updater is damaged";
        case Code::kUserFileDamaged:
            return "a file of the user's is damaged";
    }
    return "unknown";
}

std::string to_text(const Evidence& evidence) {
    std::string out;
    for (const auto& [name, value] : evidence) {
        out += (out.empty() ? "" : "; ") + name + ": " + value;
    }
    return out;
}

}  // namespace firebreak::base
