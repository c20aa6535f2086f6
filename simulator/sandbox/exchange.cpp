#include "sandbox/exchange.h"

#include <fmt/format.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "sandbox/inspection.h"
#include "sandbox/library_offer.h"
#include "sandbox/message.h"

namespace firebreak::sandbox {
namespace {

base::Status wait_for(std::span<pollfd> watched, Nanoseconds at_most) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const timespec time{seconds.count(), (at_most - seconds).count()};
    if (ppoll(watched.data(), watched.size(), &time, nullptr) < 0 && errno != EINTR) {
        return system_error("ppoll");
    }
    return {};
}

base::Error deadline_passed(Process& process) {
    process.end();
    return {fmt::format("worker {} gave no answer before its wall deadline", process.pid()), "",
            "try again on a machine that is less busy"};
}

// Until there is something to read. Ends the process at the deadline.
base::Status wait_until(int readable, Process& process, WallClock::time_point deadline) {
    std::array<pollfd, 1> watched = {{{readable, POLLIN, 0}}};
    while (watched[0].revents == 0) {
        const Nanoseconds left = deadline - WallClock::now();
        if (left <= Nanoseconds(0)) {
            return deadline_passed(process);
        }
        if (base::Status waited = wait_for(watched, left); !waited.ok()) {
            process.end();
            return waited;
        }
    }
    return {};
}

bool has_gone_or_waits(int error) {
    return error == EAGAIN || error == EPIPE || error == ECONNRESET;
}

class Exchange {
  public:
    Exchange(Process& process, const ExchangeLimits& limits)
        : process_(process),
          limits_(limits),
          deadline_(limits.deadline),
          cpu_at_start_(process.cpu_time()) {}

    // What to ask; without it, the worker speaks unasked. `request` must outlive the exchange.
    base::Status ask(const base::Gathered& request, std::span<const base::ByteView> files);
    base::Result<Reply> run();

  private:
    enum Watched : size_t { kSocket, kListener, kErrors, kEnd, kWatched };
    // Nothing: go on.
    using Verdict = std::optional<base::Result<Reply>>;

    base::Status send_header();
    base::Status watch(Nanoseconds at_most);
    Verdict step();
    Verdict out_of_time();
    Verdict past_deadline();
    base::Status send();
    Verdict receive();
    Verdict check_length();
    Verdict complete();
    Verdict stopped_call();
    Verdict ended();

    bool sent() const { return header_sent_ && unsent_.empty(); }
    Nanoseconds cpu_used() const { return process_.cpu_time() - cpu_at_start_; }
    Remains remains() { return process_.remains(cpu_used()); }
    base::Result<Reply> against_protocol(const std::string& what) {
        return Reply(stopped_for(what, remains()));
    }
    base::Result<Reply> over_cpu_limit() {
        return Reply(stopped_at_call_limit(remains(), process_.policy()));
    }

    Process& process_;
    const ExchangeLimits limits_;
    WallClock::time_point deadline_;
    bool seen_asleep_ = false;  // at the deadline
    const Nanoseconds cpu_at_start_;
    std::array<uint8_t, kFrameHeaderBytes> header_{};
    bool header_sent_ = true;  // or there is none
    Descriptor file_;          // that goes with the header
    base::Bytes short_;        // what goes behind it
    base::ByteView unsent_;    // of that
    LibraryOffer libraries_;
    std::array<uint8_t, kFrameHeaderBytes> reply_header_{};
    base::Bytes reply_;
    size_t received_ = 0;  // header included
    std::array<pollfd, kWatched> watched_{};
    // Nothing more will come from there. The socket: the worker is on its way out.
    std::array<bool, kWatched> closed_{};
};

base::Status Exchange::ask(const base::Gathered& request, std::span<const base::ByteView> files) {
    FB_TRY(libraries_, LibraryOffer::make(files));
    for (size_t i = 0; i < header_.size(); ++i) {
        header_[i] = static_cast<uint8_t>(request.size() >> (8 * i));
    }
    header_sent_ = false;
    if (request.size() <= kMostInline) {
        short_ = request.joined();
        unsent_ = short_;
        return {};
    }
    FB_TRY(file_, sealed_file(request.pieces()));
    return {};
}

base::Result<Reply> Exchange::run() {
    uint8_t early = 0;
    if (!sent() && recv(process_.socket(), &early, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
        return against_protocol("spoke without being asked");
    }
    for (;;) {
        if (Verdict verdict = step()) {
            return *std::move(verdict);
        }
        if (Verdict verdict = out_of_time()) {
            return *std::move(verdict);
        }
        Nanoseconds pause = deadline_ - WallClock::now();
        if (limits_.cpu) {
            // One thread uses no more CPU time than wall time passes, so looking again after what
            // is left is soon enough. The kernel's account lags by a tick: hence the minimum.
            constexpr Nanoseconds kTick = std::chrono::milliseconds(1);
            pause = std::min(pause, std::max(*limits_.cpu - cpu_used(), kTick));
        }
        if (base::Status waited = watch(std::max(pause, Nanoseconds(0))); !waited.ok()) {
            process_.end();
            return waited.error();
        }
    }
}

base::Status Exchange::watch(Nanoseconds at_most) {
    const auto unless_closed = [this](Watched which, int fd) { return closed_[which] ? -1 : fd; };
    const auto socket_events = static_cast<short>(sent() ? POLLIN : POLLIN | POLLOUT);
    watched_ = {{
        {unless_closed(kSocket, process_.socket()), socket_events, 0},
        {unless_closed(kListener, process_.listener()), POLLIN, 0},
        {unless_closed(kErrors, process_.errors()), POLLIN, 0},
        {process_.pidfd(), POLLIN, 0},
    }};
    FB_CHECK(wait_for(watched_, at_most));
    for (const Watched which : {kListener, kErrors}) {
        closed_[which] = closed_[which] || watched_[which].revents == POLLHUP;
    }
    return {};
}

// All that can be done without waiting. The reply comes first: a worker that answers and then dies
// has answered, however late we look, and its death is the next request's outcome.
Exchange::Verdict Exchange::step() {
    if (base::Status status = send(); !status.ok()) {
        process_.end();
        return status.error();
    }
    if (Verdict verdict = receive()) {
        return verdict;
    }
    process_.read_errors();
    if ((watched_[kListener].revents & POLLIN) != 0) {
        if (Verdict verdict = stopped_call()) {
            return verdict;
        }
    }
    if ((watched_[kEnd].revents & POLLIN) != 0) {
        return ended();
    }
    return std::nullopt;
}

Exchange::Verdict Exchange::out_of_time() {
    if (limits_.cpu && cpu_used() >= *limits_.cpu) {
        return over_cpu_limit();
    }
    return WallClock::now() >= deadline_ ? past_deadline() : std::nullopt;
}

// Looks twice, because it may have been us who were late: what we have sent since then, the worker
// has had time to react to.
Exchange::Verdict Exchange::past_deadline() {
    constexpr Nanoseconds kTimeToWake = std::chrono::milliseconds(100);
    const bool in_call = limits_.cpu.has_value();
    if (!in_call || !is_asleep(process_.pid())) {
        return deadline_passed(process_);
    }
    if (seen_asleep_) {
        return Reply(stopped_at_deadline(remains(), process_.policy()));
    }
    seen_asleep_ = true;
    deadline_ = WallClock::now() + kTimeToWake;
    return std::nullopt;
}

// As much as the socket takes. That the worker has gone shows when we receive.
base::Status Exchange::send() {
    FB_CHECK(send_header());
    while (header_sent_ && !unsent_.empty()) {
        const ssize_t n = ::send(process_.socket(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (n < 0) {
            return has_gone_or_waits(errno) ? base::Status() : system_error("send");
        }
        unsent_ = unsent_.subspan(static_cast<size_t>(n));
    }
    return {};
}

// In one piece: so few bytes fit, or none does.
base::Status Exchange::send_header() {
    if (header_sent_) {
        return {};
    }
    const int file = file_.get();
    const std::span<const int> along(&file, file_.valid() ? 1 : 0);
    const base::Status sent =
        send_message(process_.socket(), std::as_bytes(std::span(header_)), along);
    header_sent_ = sent.ok();
    return sent.ok() || has_gone_or_waits(errno) ? base::Status() : sent;
}

// As much as there is, but never a byte beyond the frame.
Exchange::Verdict Exchange::receive() {
    while (!closed_[kSocket]) {
        const bool in_header = received_ < kFrameHeaderBytes;
        uint8_t* to = in_header ? reply_header_.data() + received_
                                : reply_.data() + (received_ - kFrameHeaderBytes);
        const size_t wanted = in_header ? kFrameHeaderBytes - received_
                                        : reply_.size() - (received_ - kFrameHeaderBytes);
        const ssize_t n = recv(process_.socket(), to, wanted, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            closed_[kSocket] = true;
            return std::nullopt;
        }
        if (n < 0) {
            return std::nullopt;  // nothing there
        }
        if (!sent()) {
            return against_protocol("answered before it had read the request");
        }
        received_ += static_cast<size_t>(n);
        if (in_header && received_ == kFrameHeaderBytes) {
            if (Verdict verdict = check_length()) {
                return verdict;
            }
        }
        if (received_ == kFrameHeaderBytes + reply_.size() && !in_header) {
            return complete();
        }
    }
    return std::nullopt;
}

Exchange::Verdict Exchange::check_length() {
    const uint32_t length = base::ByteReader(reply_header_).u32();
    const uint32_t limit = process_.policy().max_reply_bytes;
    if (length > limit) {
        return against_protocol(fmt::format("a reply of {} bytes, where {} are allowed",
                                            base::with_thousands(length),
                                            base::with_thousands(limit)));
    }
    reply_.resize(length);
    return length == 0 ? complete() : std::nullopt;
}

// Judged by CPU time alone, however late a busy machine delivers the reply.
Exchange::Verdict Exchange::complete() {
    if (limits_.cpu && cpu_used() > *limits_.cpu) {
        return over_cpu_limit();
    }
    return Reply(std::move(reply_));
}

// The kernel has stopped the worker at a call that is not on its list, before doing any of it, and
// tells us which one. Unless it loads a library that we offer, no answer ever goes back: the worker
// ends here.
Exchange::Verdict Exchange::stopped_call() {
    seccomp_notif* raw = nullptr;
    if (const int error = seccomp_notify_alloc(&raw, nullptr); error != 0) {
        process_.end();
        return system_error("seccomp_notify_alloc", -error);
    }
    const std::unique_ptr<seccomp_notif, void (*)(void*)> call(raw, std::free);
    if (seccomp_notify_receive(process_.listener(), call.get()) != 0) {
        return std::nullopt;  // killed meanwhile, by somebody else
    }
    const base::Result<bool> answered = libraries_.answer(process_.listener(), *call);
    if (!answered.ok()) {
        process_.end();
        return answered.error();
    }
    if (*answered) {
        return std::nullopt;
    }
    return Reply(stopped_at_call(call->data.nr, call->data.arch, remains()));
}

Exchange::Verdict Exchange::ended() {
    base::Result<base::Outcome> outcome = judge(remains(), process_.policy());
    if (!outcome.ok()) {
        return outcome.error();
    }
    return Reply(*std::move(outcome));
}

}  // namespace

base::Result<Reply> exchange(Process& process, const base::Gathered* request,
                             const ExchangeLimits& limits, std::span<const base::ByteView> files) {
    Exchange one(process, limits);
    if (request != nullptr) {
        if (base::Status asked = one.ask(*request, files); !asked.ok()) {
            process.end();
            return asked.error();
        }
    }
    return one.run();
}

base::Status send_weakenings(Process& process) {
    base::ByteWriter weakenings;
    weakenings.u32(process.policy().weakenings);
    const base::Bytes bytes = std::move(weakenings).take();
    // The socket is empty: so few bytes fit. That the worker has gone shows when we receive.
    if (::send(process.socket(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 &&
        !has_gone_or_waits(errno)) {
        return system_error("send");
    }
    return {};
}

base::Status receive_listener(Process& process, WallClock::time_point deadline) {
    FB_CHECK(wait_until(process.socket(), process, deadline));
    std::byte nothing{};
    base::Result<Received> received = receive_message(process.socket(), std::span(&nothing, 1));
    if (received.ok() && received->bytes == 0) {  // closed: it is on its way out
        FB_CHECK(wait_until(process.pidfd(), process, deadline));
        FB_TRY(const base::Outcome how, judge(process.remains({}), process.policy()));
        return base::Error{"it did not lock itself down: " + base::to_text(how.evidence), "", ""};
    }
    if (!received.ok() || received->count != 1) {
        process.end();
        return received.ok() ? base::Error{"it did not lock itself down: it sent something else "
                                           "first, or this process has no descriptor left",
                                           "", ""}
                             : received.error();
    }
    process.set_listener(std::move(received->descriptors[0]));
    return {};
}

}  // namespace firebreak::sandbox
