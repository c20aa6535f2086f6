// Assays over real HTTP: a real server on loopback, asked by a real client.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "assay/wire.h"
#include "cloud/http_server.h"
#include "cloud/origin.h"

namespace firebreak::lab {

// Each assay has a folder of its own on the server, "<number>/", in which its stimulus's files
// stand beside everything that the CDN has. Safe from any thread.
class HttpWire final : public assay::Wire {
  public:
    // The CDN must outlive this, and must not change while an assay is under way. Errors: cannot
    // listen on loopback.
    static base::Result<std::unique_ptr<HttpWire>> start(cloud::Origin& cdn);
    ~HttpWire() override;

    base::Result<std::unique_ptr<ports::Transport>> connect(
        const std::map<std::string, assay::ServedFile>& files, unsigned edges) override;

    // How many assays have been served so far.
    uint64_t connections() const { return next_; }

  private:
    class Folders;
    class Connection;
    HttpWire(std::unique_ptr<Folders> folders, std::unique_ptr<cloud::HttpServer> server);

    std::unique_ptr<Folders> folders_;
    std::unique_ptr<cloud::HttpServer> server_;  // ends before what it serves
    std::atomic<uint64_t> next_{0};
};

}  // namespace firebreak::lab
