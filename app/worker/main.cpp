// firebreak-worker <component>: the zygote of the sandboxed processes in which one component loads
// content. Started by sandbox::Spawner alone, on descriptors that it finds in place.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "base/text.h"
#include "endpoint/applications/engine.h"
#include "endpoint/behavior/engine.h"
#include "endpoint/repair/engine.h"
#include "endpoint/scanner/engine.h"
#include "sandbox/command_life.h"
#include "sandbox/quota_folder.h"
#include "sandbox/serve.h"
#include "sandbox/zygote.h"
#include "worker/scanner_folders.h"

namespace {

using namespace firebreak;

constexpr int kUsage = 64;     // EX_USAGE of sysexits.h
constexpr int kSoftware = 70;  // EX_SOFTWARE

int complain(int status, const std::string& what) {
    std::fprintf(stderr, "firebreak-worker: %s\n", what.c_str());
    return status;
}

int scanner() {
    auto engine = endpoint::scanner::Engine::create();
    if (!engine.ok()) {
        return complain(kSoftware, engine.error().text());
    }
    return sandbox::be_zygote([&engine] {
        if (sandbox::has_quota_folders()) {
            (*engine)->use(std::make_unique<worker::ScannerFolders>());
        }
        return sandbox::serve([&](const std::shared_ptr<const sandbox::Request>& request) {
            return (*engine)->answer(request->bytes(), request);
        });
    });
}

// The engine is made by each process for itself: its timer is one of the thread's own, and is set
// before the process is locked down.
template <class Engine>
int rules() {
    return sandbox::be_zygote([] {
        auto engine = Engine::create();
        if (!engine.ok()) {
            return complain(kSoftware, engine.error().text());
        }
        return sandbox::serve([&](const std::shared_ptr<const sandbox::Request>& request) {
            return (*engine)->answer(request->bytes());
        });
    });
}

// For programs that are not ours: nothing is loaded here but what starts and watches them.
int command() {
    return sandbox::be_zygote(sandbox::live_for_command, sandbox::World::kOfItsOwn);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        return complain(kUsage, "usage: firebreak-worker <component>; firebreak starts it itself");
    }
    const std::string_view component = arguments[1];
    if (component == "scanner") {
        return scanner();
    }
    if (component == "applications") {
        return rules<endpoint::applications::Engine>();
    }
    if (component == "behavior") {
        return rules<endpoint::behavior::Engine>();
    }
    if (component == "repair") {
        return rules<endpoint::repair::Engine>();
    }
    if (component == "command") {
        return command();
    }
    return complain(kUsage, "unknown component `" + base::printable(component) +
                                "`; this build knows: scanner, applications, behavior, repair, "
                                "command");
}
