#include "sandbox/library_offer.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sandbox/channel.h"
#include "sandbox/process.h"

namespace firebreak::sandbox {

base::Result<LibraryOffer> LibraryOffer::make(std::span<const base::ByteView> files) {
    LibraryOffer offer;
    for (const base::ByteView file : files) {
        FB_TRY(Descriptor sealed, sealed_file({&file, 1}));
        if (lseek(sealed.get(), 0, SEEK_SET) != 0) {  // the worker reads on where we wrote
            return system_error("lseek of a library");
        }
        offer.files_.push_back(std::move(sealed));
    }
    return offer;
}

base::Result<bool> LibraryOffer::answer(int listener, const seccomp_notif& call) {
    if (call.data.nr == SCMP_SYS(openat) && !files_.empty()) {
        FB_CHECK(open_next(listener, call));
        return true;
    }
    const bool asks_status = call.data.nr == SCMP_SYS(newfstatat) &&
                             call.data.args[0] == kModelFd && call.data.args[3] == AT_EMPTY_PATH;
    if (asks_status && may_ask_status_) {
        FB_CHECK(let_ask(listener, call));
        return true;
    }
    return false;
}

base::Status LibraryOffer::open_next(int listener, const seccomp_notif& call) {
    seccomp_notif_addfd given{};
    given.id = call.id;
    given.flags = SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND;
    given.srcfd = static_cast<uint32_t>(files_.front().get());
    given.newfd = kModelFd;
    given.newfd_flags = O_CLOEXEC;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given) < 0 && errno != ENOENT) {
        return system_error("SECCOMP_IOCTL_NOTIF_ADDFD");  // ENOENT: it was killed meanwhile
    }
    files_.pop_front();
    may_ask_status_ = true;
    return {};
}

// To let a call go on is safe where nobody can change its arguments meanwhile: these two are in
// registers, and the worker has one thread.
base::Status LibraryOffer::let_ask(int listener, const seccomp_notif& call) {
    seccomp_notif_resp go_on{};
    go_on.id = call.id;
    go_on.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    const int error = seccomp_notify_respond(listener, &go_on);
    if (error != 0 && error != -ENOENT && error != -ECANCELED) {
        return system_error("seccomp_notify_respond", error < 0 ? -error : error);
    }
    may_ask_status_ = false;
    return {};
}

}  // namespace firebreak::sandbox
