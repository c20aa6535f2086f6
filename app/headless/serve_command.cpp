#include "headless/serve_command.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cloud/folder_origin.h"
#include "cloud/http_server.h"
#include "headless/exit_codes.h"
#include "headless/output.h"

namespace firebreak::headless {

namespace {

struct ServeOptions {
    std::string folder;
    cloud::HttpServerSettings server;
};

// Ctrl-C and the like, held back from all threads that are started while this lives.
class Interruption {
  public:
    Interruption() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    }
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    void wait() const {
        int signal = 0;
        ::sigwait(&signals_, &signal);
    }

  private:
    sigset_t signals_{};
    sigset_t before_{};
};

base::Status serve(const ServeOptions& options) {
    FB_TRY(const auto origin, cloud::FolderOrigin::of(options.folder));
    const Interruption interruption;
    FB_TRY(const auto server, cloud::HttpServer::start(*origin, options.server));
    fmt::print(
        "serving {} at {} until Ctrl-C\n"
        "Any server of static files does as well:\n"
        "  python3 -m http.server --bind {} --directory {} {}\n",
        options.folder, server->url(), options.server.host, options.folder, server->port());
    std::fflush(stdout);
    interruption.wait();
    return {};
}

}  // namespace

void add_serve(CLI::App& content, const std::function<void(int)>& finish) {
    const auto options = std::make_shared<ServeOptions>();
    CLI::App* command = content.add_subcommand(
        "serve",
        "Serve a folder with the CDN's static layout over HTTP until Ctrl-C, as\n"
        "`content publish` writes one. Hidden files and symbolic links are not served.\n"
        "Other machines are answered only if --host names an address that they can reach.");
    command->add_option("folder", options->folder, "folder to serve")->required()->type_name("DIR");
    command->add_option("--port", options->server.port, "port to listen on; 0: any that is free")
        ->type_name("PORT")
        ->capture_default_str();
    command->add_option("--host", options->server.host, "address to listen on")
        ->type_name("ADDRESS")
        ->capture_default_str();
    command->add_flag("--deflate", options->server.deflate,
                      "pack files for clients that accept `deflate`");
    command->footer(
        "Example:\n"
        "  firebreak content serve site/ --port 8080");
    command->callback([options, finish] {
        const base::Status served = serve(*options);
        if (!served.ok()) {
            complain(served.error());
        }
        finish(served.ok() ? kPassed : kUsage);
    });
}

}  // namespace firebreak::headless
