#include "sandbox/worker.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sandbox/exchange.h"
#include "sandbox/folders.h"
#include "sandbox/inspection.h"
#include "sandbox/process.h"
#include "sandbox/spawn.h"

namespace firebreak::sandbox {
namespace {

WallClock::time_point deadline_of(const Policy& policy) {
    return WallClock::now() + std::chrono::milliseconds(policy.call_wall_ms);
}

base::Status check_size(uint64_t bytes, const char* of_what) {
    if (bytes > kMaxRequestBytes) {
        return base::Error{fmt::format("{} of {} bytes, where {} are allowed", of_what,
                                       base::with_thousands(static_cast<int64_t>(bytes)),
                                       base::with_thousands(kMaxRequestBytes)),
                           "", ""};
    }
    return {};
}

base::Status check_files(std::span<const base::ByteView> files, const Policy& policy) {
    if (!files.empty() && !policy.allows(kExecutableMapping)) {
        return base::Error{"libraries for a worker whose policy does not let it load any", "",
                           "allow executable mapping in its policy"};
    }
    if (files.size() > kMostFiles) {
        return base::Error{fmt::format("{} libraries with one request, where {} are allowed",
                                       files.size(), kMostFiles),
                           "", ""};
    }
    for (const base::ByteView file : files) {
        FB_CHECK(check_size(file.size(), "a library"));
    }
    return {};
}

std::array<int, 2> descriptors_of(const Folders* folders) {
    if (folders == nullptr) {
        return {-1, -1};
    }
    return {folders->descriptor(Folders::Which::kLog),
            folders->descriptor(Folders::Which::kObjects)};
}

// The layers in force: what worker and zygote say and the kernel confirms.
base::Result<uint32_t> handshake(Process& process, uint32_t of_zygote) {
    const WallClock::time_point deadline = deadline_of(process.policy());
    FB_CHECK(send_weakenings(process));
    FB_CHECK(receive_listener(process, deadline));
    FB_TRY(const Reply hello, exchange(process, nullptr, {std::nullopt, deadline}));
    if (const auto* death = std::get_if<base::Outcome>(&hello)) {
        return base::Error{"it did not lock itself down: " + base::to_text(death->evidence), "",
                           ""};
    }
    base::ByteReader reader(std::get<base::Bytes>(hello));
    const uint32_t reported = reader.u32() | of_zygote;
    if (!reader.complete()) {
        return base::Error{"its first message is none that this build understands", "",
                           "build firebreak and firebreak-worker from the same sources"};
    }
    FB_TRY(const uint32_t confirmed, inspect(process.pid(), process.policy(), reported));
    const uint32_t layers = reported & confirmed;
    if (const uint32_t missing = (kMinimumLayers | process.policy().required_layers) & ~layers;
        missing != 0) {
        return base::Error{"without " + base::layer_names(missing) + ": no content is given to it",
                           "", "run where the kernel offers them"};
    }
    return layers;
}

}  // namespace

struct Worker::State {
    Process process;
    uint32_t layers;
    Nanoseconds last_call_cpu{0};
};

base::Result<Worker> Worker::start(Spawner& spawner, const Policy& policy, const Folders* folders) {
    if (policy.allows(kQuotaFolders) != (folders != nullptr)) {
        return base::Error{folders == nullptr ? "a policy that allows quota folders, and no folders"
                                              : "folders for a policy that does not allow them",
                           "", "make folders of this policy, or start the worker without"};
    }
    WorkerEnds theirs;
    FB_TRY(Ends ours, make_ends(theirs));
    FB_TRY(Launched launched, spawner.launch({.policy = &policy,
                                              .socket = theirs.socket.get(),
                                              .page = theirs.page.get(),
                                              .errors = theirs.errors.get(),
                                              .folders = descriptors_of(folders)}));
    theirs = {};  // so that its end closes ours
    const uint32_t of_zygote = launched.layers;
    auto state = std::unique_ptr<State>(
        new State{Process(policy, std::move(ours), std::move(launched)), 0, {}});
    base::Result<uint32_t> layers = handshake(state->process, of_zygote);
    if (!layers.ok()) {
        base::Error error = layers.error();
        error.message = fmt::format("worker for {} cannot be used: {}",
                                    base::printable(policy.component), error.message);
        return error;
    }
    state->layers = *layers;
    return Worker(std::move(state));
}

Worker::Worker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&&) noexcept = default;
Worker::~Worker() = default;

uint32_t Worker::layers() const {
    return state_->layers;
}
int Worker::pid() const {
    return state_->process.pid();
}

base::Result<std::variant<base::Bytes, base::Outcome>> Worker::call(
    const base::Gathered& request, std::span<const base::ByteView> files) {
    Process& process = state_->process;
    if (process.dead()) {
        return base::Error{fmt::format("worker {} is dead", process.pid()), "",
                           "start another one"};
    }
    FB_CHECK(check_size(request.size(), "a request"));
    FB_CHECK(check_files(files, process.policy()));
    const std::chrono::milliseconds cpu(process.policy().call_cpu_ms);
    const Nanoseconds before = process.cpu_time();
    auto reply = exchange(process, &request, {cpu, deadline_of(process.policy())}, files);
    state_->last_call_cpu = process.cpu_time() - before;
    return reply;
}

std::chrono::microseconds Worker::last_call_cpu() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(state_->last_call_cpu);
}

}  // namespace firebreak::sandbox
